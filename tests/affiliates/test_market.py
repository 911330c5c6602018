"""Creators pick products by what a sale earns, and take links in place."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import collaborations, market, pricelist
from affiliates.models import BrandLight, Link, Participation, ProductRate
from shop import refunds, storefront
from shop.models import Category, Product, TaxRate
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db
TAKE = "/creator/market/take/"


@pytest.fixture
def creator(client):
    creator = make_creator(handle="noor", followers=1_240, user=make_user())
    client.force_login(creator.user)
    return creator


def offer(title="Jar", rate_bp=1200):
    brand = money.make_brand()
    money.make_collaboration(brand, rate_bp=rate_bp)
    product = money.make_variant(brand).product
    product.title = title
    product.save()
    return product


def test_a_card_says_what_a_sale_earns(client, creator):
    offer()

    text = client.get("/creator/market/").content.decode()

    assert "€3.42" in text
    assert "per sale (12%)" in text


@pytest.mark.parametrize(
    ("light", "programme", "line"),
    [
        (None, "thousand_first", "You earn first"),
        (("green", 20), "thousand_first", "Pays after about 20 days · you earn first"),
        (("amber", 1), "newest", "Pays after about 1 day · the newest click earns"),
        (("green", None), "own_first", "No payout yet · the brand's own programme goes first"),
        (("red", 20), "thousand_first", "No new links now · you earn first"),
    ],
)
def test_a_card_says_in_one_line_when_it_pays_and_who_goes_first(
    client, creator, light, programme, line
):
    brand = offer().brand
    brand.collaborations.update(other_programme=programme)
    if light:
        BrandLight.objects.create(
            brand=brand, health=light[0], median_days=light[1], seen_at=timezone.now()
        )

    text = client.get("/creator/market/").content.decode()

    assert f"<span>{line}</span>" in text
    assert f"If {brand.name}'s own programme claims an order too, " in text


def test_products_without_an_offer_are_not_there(client, creator):
    money.make_variant(money.make_brand())

    assert client.get("/creator/market/").context["cards"] == []


@pytest.mark.parametrize("query", ["", "sort=earn&earn_min=1", "invited=on", "category=for-you"])
@pytest.mark.parametrize("rows", [1, 3, 12])
def test_the_market_takes_the_same_few_queries(
    client, creator, rows, query, django_assert_max_num_queries
):
    for n in range(rows):
        offer(f"Thing {n}")

    with django_assert_max_num_queries(12):
        assert client.get(f"/creator/market/?{query}").status_code == 200


def test_the_database_computes_what_the_card_says(creator):
    """Open, targeted and products' own rates, with and without VAT known; half up."""
    at = timezone.now()
    products = [offer(rate_bp=bp) for bp in (100, 1250, 3333, 8000)]
    for product, price in zip(products, (1, 999, 3_450, 10_007), strict=True):
        Product.objects.filter(pk=product.pk).update(price_from=price)
    Product.objects.filter(pk=products[1].pk).update(tax_class="reduced")
    assert TaxRate.objects.filter(country="NL", tax_class="reduced").exists()
    own = products[2].brand.collaborations.get()
    ProductRate.objects.create(collaboration=own, product=products[2], rate_bp=777)
    targeted = money.make_brand()
    money.make_collaboration(targeted, rate_bp=2_000)
    invitation = collaborations.create(
        targeted, kind="targeted", name="Friends", rate_bp=1_500, at=at - timedelta(days=1)
    )
    Participation.objects.create(
        creator=creator, collaboration=invitation, state="accepted", asked_at=at
    )
    money.make_variant(targeted)

    book, taxes = collaborations.book_of(creator, at), market.tax_rates(at)
    rows = pricelist.with_earnings(storefront.cards(Product.objects.on_sale()), book, taxes)

    said = {card.product.pk: card.earns for card in market.cards(creator, list(rows), at)}
    assert {row.pk: row.earns for row in rows} == said
    assert len(said) == 5


def test_sorted_and_filtered_by_what_a_sale_earns(client, creator):
    small, large, middle = (offer(f"Rate {bp}", rate_bp=bp) for bp in (500, 3000, 1200))

    by_earnings = client.get("/creator/market/?sort=earn").context["cards"]
    at_least = client.get("/creator/market/?earn_min=3,42").context["page"]

    assert [card.product for card in by_earnings] == [large, middle, small]
    assert {card.product for card in at_least.cards} == {large, middle}
    assert at_least.total == 2


def test_an_amount_that_is_none_is_said_and_filters_nothing(client, creator):
    offer()

    page = client.get("/creator/market/?earn_min=abc")

    text = page.content.decode()
    assert "One thing to fix" in text
    assert 'href="#id_earn_min"' in text
    assert "<title>Error:" in text
    assert len(page.context["cards"]) == 1


def test_for_her_are_the_shelves_that_fit_what_she_posts_about(client):
    creator = make_creator(followers=2_000, user=make_user(), niches=("food",))
    client.force_login(creator.user)
    bread = offer("Loaf")
    bread.category = Category.objects.get(slug="bread")
    bread.save()
    offer("Something else")

    cards = client.get("/creator/market/?category=for-you").context["cards"]

    assert [card.product.title for card in cards] == ["Loaf"]


def test_only_what_she_is_invited_to(client, creator):
    at = timezone.now()
    offer("Open to all")
    brand = money.make_brand()
    invitation = collaborations.create(
        brand, kind="targeted", name="Friends", rate_bp=1_500, at=at - timedelta(days=1)
    )
    Participation.objects.create(
        creator=creator, collaboration=invitation, state="accepted", asked_at=at
    )
    product = money.make_variant(brand).product

    page = client.get("/creator/market/?invited=on")

    assert [card.product for card in page.context["cards"]] == [product]
    assert "Invited: 15%" in page.content.decode()


def test_how_much_comes_back_is_said_once_enough_was_sold():
    brand, at = money.make_brand(), timezone.now()
    long_ago = at - timedelta(days=60)
    orders = [money.make_order({"brand": brand}, at=long_ago) for _n in range(20)]
    products = Product.objects.filter(brand=brand)
    Product.objects.filter(pk__in=products[1:]).update(status="draft")
    only = products[0]
    for order in orders:
        line = order.parts.get().lines.get()
        line.variant.product_id = only.pk
        line.variant.save()

    assert storefront.with_returns(products, at).get(pk=only.pk).returned == 0
    refunds.refund(orders[3], at=long_ago + timedelta(days=5))
    assert storefront.with_returns(products, at).get(pk=only.pk).returned == 5
    assert storefront.with_returns(products, long_ago).get(pk=only.pk).returned is None


def test_show_more_goes_on_where_the_page_ends(client, creator):
    for n in range(market.PAGE + 2):
        offer(f"Thing {n}")

    first = client.get("/creator/market/").content.decode()
    second = client.get("/creator/market/?page=2")

    assert "1–18 of 20" in first
    assert "Show 2 more" in first
    assert "19–20 of 20" in second.content.decode()
    assert len(second.context["cards"]) == 2
    assert client.get("/creator/market/?page=3").status_code == 200


def test_a_link_is_taken_in_place(client, creator):
    product = offer()

    response = client.post(
        TAKE,
        {"product": product.pk, "platform": "tiktok", "terms": "on"},
        headers={"HX-Request": "true"},
    )

    link = Link.objects.get(creator=creator)
    text = response.content.decode()
    assert f"/go/{link.code}" in text
    assert "<html" not in text
    assert "4 of 5 new products left this week" in text
    assert (link.platform, link.product_id, link.taken_bp) == ("tiktok", product.pk, 1200)
    assert f"/go/{link.code}" in client.get("/creator/market/").content.decode()


def test_without_script_it_leads_to_the_links_page(client, creator):
    product = offer()

    response = client.post(TAKE, {"product": product.pk, "platform": "tiktok", "terms": "on"})

    assert response.headers["Location"] == "/creator/links/"


def test_without_the_terms_there_is_no_link(client, creator):
    product = offer()

    response = client.post(
        TAKE, {"product": product.pk, "platform": "tiktok"}, headers={"HX-Request": "true"}
    )

    assert response.status_code == 422
    assert not Link.objects.exists()


def test_the_sixth_new_product_of_a_pilots_week_is_refused_in_words(client, creator):
    for n in range(6):
        response = client.post(
            TAKE,
            {"product": offer(f"Thing {n}").pk, "platform": "tiktok", "terms": "on"},
            headers={"HX-Request": "true"},
        )

    assert response.status_code == 422
    assert "5 new products this week" in response.content.decode()
    assert Link.objects.count() == 5


def test_a_waiting_creator_may_look_and_not_take(client):
    creator = make_creator(handle="sam", followers=900, user=make_user())
    client.force_login(creator.user)
    product = offer()

    assert client.get("/creator/market/").status_code == 200
    client.post(TAKE, {"product": product.pk, "platform": "tiktok", "terms": "on"})
    assert not Link.objects.exists()


def test_a_search_without_a_find_names_the_filters_that_are_on(client, creator):
    offer()

    text = client.get("/creator/market/?q=samovar&earn_min=900&invited=on").content.decode()

    assert "Now on: Search products and brands: samovar, Earn at least, per sale: 900" in text
    assert "I am invited. Take a filter away" in text
