"""A creator's code: chosen once, typed at checkout, and stronger than any click."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import attribution, codes, links
from affiliates.models import (
    Attribution,
    Collaboration,
    Commission,
    CreatorCode,
    Link,
    OwnProgramme,
)
from shop.models import Brand, Cart, Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant
from tests.shop.test_discounts import make_code
from tests.test_journeys import BUYER, CHROME

pytestmark = pytest.mark.django_db
PAGE = "/creator/links/code/"


def creator_named(handle, **facts):
    now = timezone.now()
    creator = make_creator(handle=handle, followers=6_000, user=make_user(), at=now, **facts)
    links.accept_terms(creator.user, now)
    return creator


@pytest.fixture
def variant():
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand, rate_bp=1200)
    return variant


@pytest.fixture
def shopper():
    return Client(**CHROME)


def fill(shopper, variant, **changes):
    """Put it in the bag and return the filled form of the checkout."""
    shopper.post("/cart/add/", {"variant": variant.pk})
    form = shopper.get("/checkout/").context["form"]
    return BUYER | {name: form.initial[name] for name in ("total", "key")} | changes


def test_a_code_is_kept_plain_and_replaces_the_one_before():
    noor = creator_named("noor")

    first = codes.choose(noor, "noor-10")
    assert (first.code, codes.choose(noor, " Noor 10 ")) == ("NOOR10", first)
    second = codes.choose(noor, "NOOR2026")

    assert codes.current(noor) == second
    assert list(noor.codes.order_by("code").values_list("code", "is_active")) == [
        ("NOOR10", False),
        ("NOOR2026", True),
    ]


def test_nobody_takes_the_words_that_shoppers_type_for_a_brand(client):
    owner, noor = make_user(), creator_named("noor", display_name="Noor de Wit")
    brand = make_brand(owner=owner)
    make_code(brand, "WELCOME-10")
    OwnProgramme.objects.create(brand=brand, codes=["AWIN5"])
    codes.choose(noor, "NOOR10")

    for word in ("welcome10", "Welcome-10", "awin5"):
        with pytest.raises(codes.CodeTaken):
            codes.choose(noor, word)

    assert codes.current(noor).code == "NOOR10"
    client.force_login(owner)
    facts = {"code": "noor-10", "percent": "10"}
    page = client.post(f"/brand/{brand.slug}/discounts/", facts, follow=True).content.decode()
    assert "It is also the code of Noor de Wit" in page
    assert codes.choose(noor, "NOOR10").is_active  # hers before it was the brand's


def test_a_word_is_never_given_to_a_second_person():
    noor, sam = creator_named("noor"), creator_named("sam_s")
    codes.choose(noor, "LAMPS")
    codes.switch_off(noor)

    for word in ("lamps", "NOOR"):
        with pytest.raises(codes.CodeTaken):
            codes.choose(sam, word)
    for word in ("abc", "é" * 6, "A" * 25):
        with pytest.raises(codes.BadCode):
            codes.choose(sam, word)
    assert codes.suggested(sam) == "SAMS"


def test_who_is_not_in_has_no_code():
    waiting = creator_named("late")
    waiting.status = "waiting"
    waiting.save()
    with pytest.raises(codes.NotEnrolled):
        codes.choose(waiting, "LATE10")


def test_the_page_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(client):
    noor = creator_named("noor")
    client.force_login(noor.user)

    wrong = client.post(PAGE, {"code": "no"})
    assert wrong.status_code == 422
    assert 'value="no"' in wrong.content.decode()
    assert "4 to 24 letters" in str(wrong.context["form"].errors["code"])

    client.post(PAGE, {"code": "noor10"})
    for page in (PAGE, "/creator/links/"):
        assert 'data-copy="NOOR10"' in client.get(page).content.decode()
    client.post(PAGE, {"off": "1"})
    assert codes.current(noor) is None


def test_a_code_goes_before_a_click(shopper, variant):
    clicked, said = creator_named("noor"), creator_named("sam")
    codes.choose(said, "SAM10")
    link = links.take(clicked, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")

    sent = shopper.post("/checkout/", fill(shopper, variant, creator_code="sam 10"))
    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})

    receipt = Attribution.objects.get()
    assert Commission.objects.get().creator == said
    assert (receipt.rule, receipt.code.code) == ("code", "SAM10")
    assert sorted((t["creator"], t["excluded_by"]) for t in receipt.touches) == sorted(
        [(clicked.pk, "code_wins"), (said.pk, None)]
    )


def test_what_was_ordered_with_a_code_stays_hers_when_it_is_off_before_the_bank_pays(
    shopper, variant
):
    noor = creator_named("noor")
    codes.choose(noor, "NOOR10")
    sent = shopper.post("/checkout/", fill(shopper, variant, creator_code="NOOR10"))
    codes.switch_off(noor)

    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})

    assert Commission.objects.get().creator == noor


def test_what_a_code_stood_for_when_it_was_typed_is_what_it_earns_by(shopper, variant):
    noor, brand = creator_named("noor"), variant.brand
    codes.choose(noor, "NOOR10")
    sent = shopper.post("/checkout/", fill(shopper, variant, creator_code="NOOR10"))
    Collaboration.objects.update(min_followers=90_000)
    Brand.objects.filter(pk=brand.pk).update(status="draft")
    CreatorCode.objects.update(code="GONE1", is_active=False, off_at=timezone.now())

    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})

    assert Commission.objects.get().creator == noor


def test_a_link_that_is_switched_off_before_the_bank_pays_keeps_what_was_ordered(shopper, variant):
    noor = creator_named("noor")
    link = links.take(noor, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")
    sent = shopper.post("/checkout/", fill(shopper, variant))
    links.deactivate(link, timezone.now())

    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})

    assert Commission.objects.get().creator == noor
    assert attribution.replay(Attribution.objects.get()).rule == "newest_click"


def test_a_link_that_was_off_at_the_order_earns_nothing_though_it_is_on_again(shopper, variant):
    link = links.take(creator_named("noor"), product=variant.product, platform="tiktok",
                      at=timezone.now())  # fmt: skip
    shopper.get(f"/go/{link.code}")
    links.deactivate(link, timezone.now())
    sent = shopper.post("/checkout/", fill(shopper, variant))
    links.activate(link, timezone.now())

    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})

    assert Attribution.objects.get().rule == "link_inactive"


def test_a_switch_knows_how_it_stood():
    now = timezone.now()
    link, hour = Link(), timedelta(hours=1)
    assert link.worked_at(now)
    assert (link.switch(on=True, at=now), link.switch(on=False, at=now)) == (
        [], ["is_active", "off_at"],
    )  # fmt: skip
    assert [link.worked_at(now - hour), link.worked_at(now), link.worked_at(now + hour)] == [
        True, False, False,
    ]  # fmt: skip
    link.switch(on=True, at=now + hour)
    assert [link.worked_at(now + n * hour / 2) for n in (-1, 0, 1, 2)] == [True, False, False, True]


def test_a_wrong_code_is_told_at_the_field_and_nothing_is_lost(shopper, variant):
    form = fill(shopper, variant, creator_code="SAM99")

    answer = shopper.post("/checkout/", form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "SAM99" in str(answer.context["form"].errors["creator_code"])
    assert all(f'value="{form[name]}"' in page for name in ("email", "name", "city"))
    assert Cart.objects.get().lines.count() == 1
    assert not Order.objects.exists()


def test_checkout_says_whose_code_it_is_before_anything_else_is_filled_in(
    shopper, variant, django_assert_max_num_queries
):
    codes.choose(creator_named("noor", display_name="Noor de Wit"), "NOOR10")
    form = fill(shopper, variant) | {"email": "", "name": ""}

    with django_assert_max_num_queries(12):
        answer = shopper.post("/checkout/", form | {"creator_code": "noor10", "apply_code": "1"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "This is the code of Noor de Wit." in page
    assert "Noor de Wit earns a commission on this order." in page
    assert not answer.context["form"].errors
    assert "NOOR10" in shopper.get("/checkout/").content.decode()


def test_checkout_says_where_a_code_earns_nothing(shopper, variant):
    codes.choose(creator_named("noor"), "NOOR10")
    other = make_variant(brand=make_brand(name="Quiet Mill"))
    shopper.post("/cart/add/", {"variant": other.pk})
    form = fill(shopper, variant, creator_code="NOOR10", apply_code="1")

    page = shopper.post("/checkout/", form).content.decode()

    assert f"on what you buy from {variant.brand.name}." in page


def test_a_code_that_is_typed_after_coming_back_from_the_payment_counts(shopper, variant):
    noor = creator_named("noor")
    codes.choose(noor, "NOOR10")
    form = fill(shopper, variant)
    shopper.post("/checkout/", form)

    again = shopper.post("/checkout/", form | {"creator_code": "NOOR10"})
    shopper.post("/pay/" + again["Location"].split("/pay/")[1], {"pay": "1"})

    assert Order.objects.count() == 1
    assert Commission.objects.get().creator == noor


def test_only_one_code_of_a_creator_works():
    noor = creator_named("noor")
    codes.choose(noor, "NOOR10")
    with pytest.raises(Exception, match="creator_code_active_once"):
        CreatorCode.objects.create(creator=noor, code="NOOR11")
