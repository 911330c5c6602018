"""Products' own rates and the days of an offer: set by the brand, with notice and promise."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import collaborations, offerdays, offerletters
from affiliates.attribution import facts
from affiliates.clock import local_day, midnight
from affiliates.models import Collaboration, Commission, Link
from affiliates.rates import Taken
from shop.models import Membership
from tests.affiliates import factories as money

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = money.PAID
TERMS = {"window_days": 30, "hold_days": 15, "min_followers": 0}


@pytest.fixture
def brand(client):
    brand = money.make_brand()
    user = money.make_user()
    Membership.objects.create(user=user, brand=brand)
    client.force_login(user)
    return brand


def take(offer, creator=None, product=None, at=AT, **more) -> Link:
    n = next(money.NUMBERS)
    return Link.objects.create(
        code=f"x{n:09d}", creator=creator or money.make_creator(), collaboration=offer,
        product=product, platform="tiktok", destination="/", taken_bp=offer.rate_bp,
        rate_locked_until=at + 30 * DAY, created_at=at, **more,
    )  # fmt: skip


# ------------------------------------------------------------------ rates of products


def test_a_brand_gives_products_a_rate_of_their_own(client, brand):
    offer = money.make_collaboration(brand, rate_bp=1200)
    dear, cheap, plain = (money.make_variant(brand) for _n in range(3))
    url = f"/brand/{brand.slug}/collaborations/{offer.pk}/"

    typed = f"{dear.sku}\nhttps://shop.example{cheap.product.get_absolute_url()}\n"
    sent = client.post(url + "products/", {"products": typed, "percent": "20"})

    assert sent.status_code == 302
    now = timezone.now()
    rates = collaborations.rates_of([offer.pk])[offer.pk]
    paid = [rates.at(one.product_id, now) for one in (dear, cheap, plain)]
    assert paid == [2000, 2000, 1200]
    page = client.get(url).content.decode()
    assert dear.product.title in page and "20%" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_products_cut_keeps_the_notice_and_the_promise_and_is_told(client, brand, mailoutbox):
    offer = money.make_collaboration(brand, rate_bp=2000)
    product = money.make_variant(brand).product
    now = timezone.now()
    holder = take(offer, product=product, at=now - DAY)
    of_the_shop = take(offer, at=now - DAY)
    take(offer, product=money.make_variant(brand).product, at=now - DAY)
    url = f"/brand/{brand.slug}/collaborations/{offer.pk}/products/"

    client.post(url, {"products": product.slug, "percent": "5"})

    change = offer.rate_changes.get()
    assert (change.product, change.old_bp, change.new_bp) == (product, 2000, 500)
    assert (change.effective_at - change.announced_at).days == 7
    rates = collaborations.rates_of([offer.pk])[offer.pk]
    taken = Taken(holder.created_at, holder.rate_locked_until)
    seen = [rates.at(product.pk, now + n * DAY, taken) for n in (0, 10, 30)]
    assert (seen, rates.at(product.pk, now + 8 * DAY)) == ([2000, 2000, 500], 500)
    assert offerletters.send_waiting(timezone.now()) == 2
    told = {letter.to[0] for letter in mailoutbox}
    assert told == {holder.creator.user.email, of_the_shop.creator.user.email}


@pytest.mark.parametrize(
    ("products", "percent", "wrong"),
    [("", "20", "products"), ("{own}", "81", "percent"), ("{other}", "20", "products")],
)
def test_what_is_wrong_stands_at_its_field_and_changes_nothing(
    client, brand, products, percent, wrong
):
    offer = money.make_collaboration(brand)
    words = {
        "own": money.make_variant(brand).sku,
        "other": money.make_variant(money.make_brand()).product.slug,
    }

    sent = client.post(
        f"/brand/{brand.slug}/collaborations/{offer.pk}/products/",
        {"products": products.format(**words), "percent": percent},
    )

    assert sent.status_code == 422
    assert set(sent.context["product_form"].errors) == {wrong}
    assert not offer.product_rates.exists() and not offer.rate_changes.exists()


@pytest.mark.parametrize("what", ["products", "terms", "budget"])
def test_nobody_changes_another_brands_offer(client, brand, what):
    foreign = money.make_collaboration(money.make_brand())
    typed = TERMS | {"products": "x", "percent": "20", "budget": "10"}

    for slug in (brand.slug, foreign.brand.slug):
        sent = client.post(f"/brand/{slug}/collaborations/{foreign.pk}/{what}/", typed)
        assert sent.status_code in (403, 404)


# ------------------------------------------------------------------ days


def test_a_new_collaboration_has_its_own_days_and_followers(client, brand):
    typed = {
        "kind": "open", "name": "Every day", "percent": "12", "other_programme": "thousand_first",
        "window_days": "14", "hold_days": "30", "min_followers": "2500",
    }  # fmt: skip

    assert client.post(f"/brand/{brand.slug}/collaborations/new/", typed).status_code == 302

    found = Collaboration.objects.values_list("window_days", "hold_days", "min_followers")
    assert list(found) == [(14, 30, 2500)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("hold_days", "14"), ("hold_days", "46"), ("window_days", "0"), ("window_days", "91"),
     ("min_followers", "-1"), ("hold_days", "")],
)  # fmt: skip
def test_days_out_of_bounds_are_refused_at_their_field(client, brand, name, value):
    offer = money.make_collaboration(brand)

    sent = client.post(
        f"/brand/{brand.slug}/collaborations/{offer.pk}/terms/", TERMS | {name: value}
    )

    assert (sent.status_code, set(sent.context["terms_form"].errors)) == (422, {name})
    offer.refresh_from_db()
    assert (offer.window_days, offer.hold_days, offer.min_followers) == (30, 15, 0)


def test_better_counts_at_once_and_worse_after_notice(client, brand):
    offer = money.make_collaboration(brand, window_days=30, hold_days=30)
    url = f"/brand/{brand.slug}/collaborations/{offer.pk}/terms/"
    now = timezone.now()

    client.post(url, {"window_days": "10", "hold_days": "20", "min_followers": "500"})

    offer.refresh_from_db()
    later = now + 7 * DAY + timedelta(minutes=1)
    soon = now + timedelta(minutes=1)
    assert [offerdays.window(offer, at) for at in (soon, later)] == [30, 10]
    assert [offerdays.hold(offer, at) for at in (soon, later)] == [20, 20]
    assert offer.min_followers == 500


def test_a_link_keeps_its_days_for_thirty_days():
    offer = money.make_collaboration(money.make_brand())
    taken = Taken(AT - DAY, AT + 29 * DAY)
    offerdays.change(offer, AT, window_days=5, hold_days=45, min_followers=0)
    offer.refresh_from_db()

    days = [offerdays.both(offer, AT + n * DAY, taken) for n in (1, 8, 28, 30)]
    assert days == [{"window_days": 30, "hold_days": 15}] * 3 + [
        {"window_days": 5, "hold_days": 45}
    ]


def test_a_click_keeps_the_window_that_it_was_promised():
    offer = money.make_collaboration(money.make_brand())
    link = take(offer, at=AT - 60 * DAY)  # its own promise is over
    offerdays.change(offer, AT, window_days=5, hold_days=15, min_followers=0)
    link = Link.objects.get(pk=link.pk)

    assert facts.window(link, AT - DAY, AT + 10 * DAY) == 30
    assert facts.window(link, AT + 8 * DAY, AT + 10 * DAY) == 5


@pytest.mark.usefixtures("books")
def test_what_was_paid_before_a_longer_wait_keeps_its_own():
    brand, creator = money.make_brand(), money.make_creator()
    offer = money.make_collaboration(brand)
    before = money.make_order({"brand": brand, "creator": creator})
    offerdays.change(offer, AT + DAY, window_days=30, hold_days=45, min_followers=0)
    after = money.make_order({"brand": brand, "creator": creator}, at=AT + 9 * DAY)

    for order in (before, after):
        money.deliver(order, AT + 10 * DAY)

    due = dict(Commission.objects.values_list("order_line__brand_order__order", "due_at"))
    day = local_day(AT + 10 * DAY)
    assert due == {
        before.pk: midnight(day + 15 * DAY),
        after.pk: midnight(day + 45 * DAY),
    }


def test_new_days_are_told_once_to_who_has_a_link(mailoutbox):
    offer = money.make_collaboration(money.make_brand())
    holder = take(offer).creator
    take(money.make_collaboration(money.make_brand()))
    offerdays.change(offer, AT, window_days=10, hold_days=15, min_followers=0)

    assert [offerletters.term_changes(AT), offerletters.term_changes(AT)] == [1, 0]
    (letter,) = mailoutbox
    assert letter.to == [holder.user.email]
    assert "10 days in place of 30" in letter.body and "first 30 days" in letter.body


def test_an_end_leaves_the_longest_window_that_was_promised():
    offer = money.make_collaboration(money.make_brand(), window_days=60)
    offerdays.change(offer, AT, window_days=10, hold_days=15, min_followers=0)
    offer.refresh_from_db()

    assert collaborations.end(offer, AT + DAY) == AT + 61 * DAY


def test_a_creator_reads_the_days_before_and_after_she_takes_a_link(client):
    offer = money.make_collaboration(money.make_brand(), window_days=21, hold_days=33)
    link = take(offer, at=timezone.now())
    client.force_login(link.creator.user)

    page = client.get(f"/creator/links/{link.pk}/").content.decode()

    assert "counts for 21 days" in page and "33 days after delivery" in page


def test_the_day_an_offer_ends_is_said_where_a_link_is_and_judges_orders(client, brand):
    offer = money.make_collaboration(brand)
    link = take(offer, at=timezone.now())
    page = f"/brand/{brand.slug}/collaborations/{offer.pk}/"
    assert "whenever the click was" in client.get(page).content.decode()
    client.post(page + "end/")
    offer.refresh_from_db()

    client.force_login(link.creator.user)
    said = client.get(f"/creator/links/{link.pk}/").content.decode()

    assert "What is bought later earns nothing." in said
