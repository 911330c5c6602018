"""Taking links, and every page that shows them."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import clock, links, market
from affiliates.models import Click, LinkDay
from creators.models import Decision
from shop.models import Acceptance, Product, Terms
from tests.affiliates.factories import make_brand, make_collaboration, make_creator, make_variant

pytestmark = pytest.mark.django_db


def enrolled(status="full", **facts):
    """Make a creator who is in and has agreed to the terms."""
    creator = make_creator(**facts)
    now = timezone.now()
    creator.decision = Decision.objects.create(
        creator=creator, outcome=status, facts={}, sha256="0" * 64, decided_at=now
    )
    creator.status, creator.pilot_since = status, now
    creator.save()
    if terms := Terms.objects.filter(kind="creator").order_by("-version").first():
        Acceptance.objects.create(terms=terms, user=creator.user, accepted_at=now)
    return creator


def offered(rate_bp=1200, **facts) -> Product:
    """Make a product that every enrolled creator may share."""
    brand = make_brand(**facts)
    make_collaboration(brand, rate_bp=rate_bp)
    return make_variant(brand).product


def test_a_link_asked_for_twice_is_one_link():
    creator, product, at = enrolled(), offered(), timezone.now()

    first = links.take(creator, product, platform="tiktok", at=at)
    second = links.take(creator, product, platform="tiktok", at=at)
    other = links.take(creator, product, platform="youtube", at=at)

    assert first == second != other
    assert links.CODE.fullmatch(first.code)
    assert (first.taken_bp, first.rate_locked_until) == (1200, at + timedelta(days=30))
    assert first.destination == product.get_absolute_url()


def test_a_pilot_takes_five_new_products_a_week_and_copies_for_free():
    creator, at = enrolled("pilot"), timezone.now()
    taken = [links.take(creator, offered(), platform="tiktok", at=at) for _ in range(5)]

    with pytest.raises(links.QuotaReached) as full:
        links.take(creator, offered(), platform="tiktok", at=at)
    links.take(creator, taken[0].product, platform="instagram", at=at)
    links.take(creator, offered(), platform="page", at=at)
    links.take(creator, offered(), platform="tiktok", at=at + timedelta(days=8))

    assert (full.value.limit, full.value.again_at) == (5, at + timedelta(days=7))


def test_who_is_not_in_takes_no_link():
    with pytest.raises(links.NotEnrolled):
        links.take(make_creator(), offered(), at=timezone.now())


def test_without_the_terms_no_link():
    creator = enrolled()
    Acceptance.objects.all().delete()
    with pytest.raises(links.TermsMissing):
        links.take(creator, offered(), at=timezone.now())


def test_without_an_offer_no_link():
    with pytest.raises(links.NoOffer):
        links.take(enrolled(), make_variant(make_brand()).product, at=timezone.now())


def test_an_alias_is_one_word_of_one_creator():
    creator, at = enrolled(), timezone.now()
    one, two = (links.take(creator, offered(), at=at) for _ in range(2))
    links.name(one, "Lamp")
    with pytest.raises(links.AliasTaken):
        links.name(two, "lamp")
    with pytest.raises(links.BadAlias):
        links.name(two, "la mp")
    assert links.share_url(one).endswith(f"/@{creator.handle}/lamp")


def test_a_card_says_the_euro_of_the_price_without_vat():
    creator, product = enrolled(), offered()
    (card,) = market.cards(creator, [product], timezone.now())
    assert (card.product, card.earns, card.rate_bp) == (product, 342, 1200)


def test_a_link_has_its_place_on_the_links_page_and_two_pictures(client):
    creator = enrolled()
    link = links.take(creator, offered(), at=timezone.now())
    client.force_login(creator.user)
    page = client.get(reverse("affiliates:links"))
    assert link.code in page.content.decode()
    shown = client.get(reverse("affiliates:link_qr_page", args=[link.pk]))
    assert f"/go/{link.code}" in shown.content.decode()
    for kind in ("svg", "png"):
        assert client.get(reverse("affiliates:link_qr", args=[link.pk, kind])).status_code == 200


def test_more_rows_ask_no_more(client, django_assert_max_num_queries):
    creator, at = enrolled(), timezone.now()
    client.force_login(creator.user)
    for _ in range(3):
        links.take(creator, offered(), at=at)
    client.get(reverse("affiliates:links"))
    with django_assert_max_num_queries(12):
        client.get(reverse("affiliates:links"))


def test_anothers_link_cannot_be_switched_off(client):
    link = links.take(enrolled(), offered(), at=timezone.now())
    client.force_login(enrolled().user)
    assert client.post(reverse("affiliates:link_off", args=[link.pk])).status_code == 404


def click(link, platform, n):
    """A click as the drain writes it, and the day's sum."""
    at = timezone.now() - timedelta(minutes=n)
    Click.objects.create(
        uid=uuid.uuid4(), link_id=link.pk, clicked_at=at, visitor=b"v" * 16,
        seen_platform=platform, counted=True,
    )  # fmt: skip


def test_a_links_page_tells_days_places_rate_and_programme(client, django_assert_max_num_queries):
    creator, at = enrolled(), timezone.now()
    link = links.take(creator, offered(), platform="tiktok", at=at)
    link.collaboration.other_programme = "own_first"
    link.collaboration.save()
    LinkDay.objects.create(
        link=link, day=clock.local_day(at), clicks=3, uniques=2, orders=1, income=342
    )
    for n, platform in enumerate(["tiktok", "instagram", "tiktok"]):
        click(link, platform, n)
    client.force_login(creator.user)

    with django_assert_max_num_queries(12):
        page = client.get(f"/creator/links/{link.pk}/")

    text = page.content.decode()
    assert page.context["seen"] == [("tiktok", 2), ("instagram", 1)]
    assert (page.context["top_clicks"], page.context["days"][-1].people) == (3, 2)
    assert "It pays at least 12% until" in text
    assert "that programme goes first and you earn nothing" in text


def test_the_days_come_as_a_table_that_no_spreadsheet_runs(client):
    creator, at = enrolled(), timezone.now()
    product = offered()
    product.title = "=HYPERLINK(1)"
    product.save()
    one, two = (links.take(creator, p, at=at) for p in (product, offered()))
    for link in (one, two):
        LinkDay.objects.create(link=link, day=clock.local_day(at), clicks=3, uniques=2, income=342)
    client.force_login(creator.user)

    file = client.get("/creator/links/days.csv")
    assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+\.csv"', file["Content-Disposition"])
    both = file.getvalue().decode()
    alone = client.get(f"/creator/links/{one.pk}/days.csv").getvalue().decode()

    assert len(both.splitlines()) == 3
    assert alone.splitlines()[1] == (
        f"{one.code},'=HYPERLINK(1),{product.brand.name},TikTok,"
        f"{clock.local_day(at)},3,2,0,3.42,EUR"
    )


def test_a_pilot_sees_how_many_are_left_and_when_the_next_comes(client):
    creator = enrolled("pilot")
    links.take(creator, offered(), at=timezone.now())
    client.force_login(creator.user)

    text = client.get("/creator/links/").content.decode()

    assert "Pilot: 4 of 5 new products left this week." in text
    assert "The next one comes free on" in text


def test_the_market_says_before_a_link_is_taken_who_goes_first(client):
    creator, product = enrolled(), offered()
    client.force_login(creator.user)
    text = client.get("/creator/market/").content.decode()
    assert f"If {product.brand.name}&#x27;s own programme claims an order too, you still earn" in (
        text.replace("'s own", "&#x27;s own")
    )


def test_many_links_are_taken_in_one_go(client, django_assert_max_num_queries):
    creator = enrolled("pilot")
    products = [offered() for _ in range(6)]
    unoffered = make_variant(make_brand()).product
    client.force_login(creator.user)
    lines = [f"http://localhost{p.get_absolute_url()}?x=1" for p in [*products, unoffered]]
    form = {"products": "\n".join([*lines, "/shop/none/none/"]), "platform": "tiktok"}

    with django_assert_max_num_queries(26):  # eight lines; each alone would take twelve
        page = client.post("/creator/links/many/", form)

    whys = [row.get("why", "") for row in page.context["rows"]]
    assert whys == [""] * 5 + ["Your products of this week are taken.", "No offer for you.",
                               "Not on sale."]  # fmt: skip
    assert creator.links.count() == 5
    client.post("/creator/links/many/", form)
    assert creator.links.count() == 5


def test_a_line_that_is_no_product_page_is_told_and_kept(client):
    client.force_login(enrolled().user)
    page = client.post("/creator/links/many/", {"products": "hello", "platform": "tiktok"})
    assert page.status_code == 422
    assert "No product page: hello" in str(page.context["form"].errors["products"])
    assert ">\nhello</textarea>" in page.content.decode()
