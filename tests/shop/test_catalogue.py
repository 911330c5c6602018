"""What a product must tell before it is shown, and which price it may be compared with."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from shop import cart as carts
from shop import currencies, pricing, productlists, products, tasks
from shop.models import Category, PriceChange, Product, Variant
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_feeds import HEADER, run, write

pytestmark = pytest.mark.django_db


def change(variant, price, *, days_ago):
    """Give a variant another price, as if so many days ago."""
    Variant.objects.filter(pk=variant.pk).update(price=price)
    moment = timezone.now() - timedelta(days=days_ago)
    PriceChange.objects.filter(variant=variant).order_by("-id")[:1]
    newest = PriceChange.objects.filter(variant=variant).latest("id")
    PriceChange.objects.filter(pk=newest.pk).update(until=moment)
    Variant.objects.filter(pk=variant.pk).update(priced_at=moment)


def before(variant):
    return Variant.objects.with_before().get(pk=variant.pk).before


def make_old(price, **facts):
    variant = make_variant(price=price, **facts)
    since = timezone.now() - timedelta(days=400)
    Variant.objects.filter(pk=variant.pk).update(priced_at=since, compare_at=9_900)
    return variant


def test_what_is_sold_here_is_priced_in_the_currency_of_its_brand():
    brand = make_brand(shipping_price=495)  # euro cents: no bag of dollars may be asked for them
    variant = make_variant(brand=brand)
    rows = Product.objects.filter(pk=variant.product_id)
    rows.update(currency="USD")
    variant = Variant.objects.select_related("product__brand").get()
    with pytest.raises(carts.CannotAdd):
        carts.add(carts.new(), variant, 1)

    products.publish(brand, [variant.product_id])
    assert rows.values_list("status", "missing").get() == ("draft", ["currency"])
    assert productlists.lacks(rows.get()) == ["a price in the currency of your brand"]

    rows.update(sells_at="own_shop", own_shop_url="https://mill.example/mug")
    products.publish(brand, [variant.product_id])
    assert rows.values_list("status", "missing").get() == ("active", [])


def test_another_currency_of_a_brand_sets_its_prices_aside_and_says_so(
    admin_client, admin_user, django_capture_on_commit_callbacks, mailoutbox
):
    Authenticator.objects.create(user=admin_user, type="totp", data={"secret": "x"})
    owner = make_user()
    brand = make_brand(owner=owner)
    dear, away = make_variant(brand=brand, title="Mug"), make_variant(brand=brand)
    make_variant()
    Product.objects.filter(pk=away.product_id).update(
        sells_at="own_shop", own_shop_url="https://mill.example/mug"
    )
    page = admin_client.get(f"/admin/shop/brand/{brand.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    data |= {"ships_to": "[]", "currency": "USD", "memberships-TOTAL_FORMS": 0,
             "memberships-INITIAL_FORMS": 0}  # fmt: skip

    with django_capture_on_commit_callbacks() as rung:
        assert admin_client.post(page.request["PATH_INFO"], data).status_code == 302

    assert {one.func.__self__ for one in rung} >= {tasks.set_currencies_aside, tasks.look_again}
    assert [currencies.set_aside(brand_id=brand.pk) for _n in "ab"] == [1, 0]
    dear.product.refresh_from_db()
    assert (dear.product.status, dear.product.missing) == ("draft", ["currency"])
    assert Product.objects.filter(status="active").count() == 2
    assert [mail.to for mail in mailoutbox] == [[owner.email]]
    assert "Mug" in mailoutbox[0].body and "USD" in mailoutbox[0].body


def test_an_import_in_another_currency_says_so_once(tmp_path):
    brand = make_brand()
    path = tmp_path / "catalogue.csv"
    path.write_text(
        "slug,sku,name,price,currency\nmug,m1,Mug,5,USD\ncup,c1,Cup,5,USD\npot,p1,Pot,5,EUR\n"
    )

    made = run(brand, path)

    assert sorted(Product.objects.values_list("title", "status")) == [
        ("Cup", "draft"), ("Mug", "draft"), ("Pot", "active"),
    ]  # fmt: skip
    assert [(row.line, row.field, row.value) for row in made.problems.all()] == [
        (2, "price", "USD")
    ]


def test_every_change_of_a_price_is_remembered():
    variant = make_variant(price=3000)
    Variant.objects.filter(pk=variant.pk).update(price=2500, stock=3)
    variant.refresh_from_db()
    variant.price = 2000
    variant.save()
    Variant.objects.filter(pk=variant.pk).update(stock=2)

    rows = PriceChange.objects.filter(variant=variant).order_by("id")
    assert list(rows.values_list("price", flat=True)) == [3000, 2500]
    assert all(row.since <= row.until for row in rows)


def test_a_reduction_is_compared_with_the_lowest_price_of_30_days(client):
    variant = make_old(3000)
    change(variant, 2600, days_ago=100)
    change(variant, 2800, days_ago=80)
    change(variant, 2000, days_ago=2)

    assert before(variant) == 2800  # 2600 ended 80 days ago
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "<del>€28.00</del>" in page and "99.00" not in page


@pytest.mark.parametrize("story", ["never changed", "new", "dearer before", "not announced"])
def test_without_a_lower_price_of_our_own_nothing_is_compared(story):
    variant = make_old(3000)
    if story == "new":
        Variant.objects.filter(pk=variant.pk).update(priced_at=timezone.now() - timedelta(days=10))
        change(variant, 2000, days_ago=1)
    elif story == "dearer before":
        change(variant, 1900, days_ago=20)
        change(variant, 2000, days_ago=1)
    elif story == "not announced":
        change(variant, 2000, days_ago=1)
        Variant.objects.filter(pk=variant.pk).update(compare_at=None)

    assert before(variant) is None


def test_an_import_remembers_prices_too(tmp_path):
    brand = make_brand()
    run(brand, write(tmp_path, HEADER + "cup,Cup,,,,,5,,,\n"))
    run(brand, write(tmp_path, HEADER + "cup,Cup,,,,,4,,,\n"))

    assert PriceChange.objects.values_list("variant__brand", "price").get() == (brand.pk, 500)


@pytest.mark.parametrize(
    ("price", "content", "expected"),
    [
        (139, "500 g", (278, "kg")), (100, "330 ml", (303, "l")), (250, "1.5 l", (167, "l")),
        (100, "1 kg", None), (100, "6 piece", None), (100, "", None), (1, "1 mg", (1_000_000, "kg")),
    ],
)  # fmt: skip
def test_the_price_of_a_unit_is_rounded_half_up(price, content, expected):
    assert pricing.unit_price(price, content) == expected


@pytest.mark.parametrize("text", ["", "g", "0 g", "500", "five g", "1.2.3 kg", "500 stone"])
def test_what_is_no_content_is_refused(text):
    with pytest.raises(ValueError, match="no content"):
        pricing.content(text)


def test_contents_have_one_spelling():
    assert [pricing.content(t) for t in ("1,5 KG", "750ml", "6 stuks")] == [
        "1.5 kg", "750 ml", "6 piece",
    ]  # fmt: skip


def lacks(product, **facts):
    Product.objects.filter(pk=product.pk).update(**facts)
    products.publish(product.brand, [product.pk])
    product.refresh_from_db()
    return product.missing


def test_food_tells_ingredients_allergens_and_content():
    variant = make_variant()
    product, bread = variant.product, Category.objects.get(slug="bread")

    assert lacks(product, category=bread) == [
        "detail:ingredients", "detail:allergens", "detail:content",
    ]  # fmt: skip
    Variant.objects.filter(pk=variant.pk).update(content="500 g")
    assert lacks(product, details={"ingredients": "rye", "allergens": "gluten"}) == []


def test_goods_tell_their_maker_and_some_their_warnings():
    own, other = make_variant(), make_variant(brand=make_brand(made_by="others"))
    assert (own.product.status, other.product.status) == ("active", "draft")
    assert other.product.missing == ["detail:manufacturer", "detail:manufacturer_contact"]
    details = {"manufacturer": "Mill, Road 1", "manufacturer_contact": "mill@mill.example"}
    assert lacks(other.product, details=details) == []

    toys = Category.objects.get(slug="games")
    assert lacks(own.product, category=toys) == ["detail:warnings"]


def test_the_trader_stands_as_maker_where_it_is(client):
    variant = make_variant()
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert f"{variant.brand.legal_name}, Mill Road 1, 1500 AA Zaandam" in page


def test_vat_comes_from_product_shelf_or_brand_and_else_it_is_a_draft():
    brand = make_brand(tax_class="")
    product = make_variant(brand=brand).product
    product.refresh_from_db()

    assert lacks(product, tax_class="") == ["tax_class"]
    Category.objects.filter(slug="kitchen").update(tax_class="reduced")
    assert lacks(product, tax_class="") == []
    assert (product.status, product.tax_class) == ("active", "reduced")
    brand.tax_class = "standard"
    brand.save()
    Category.objects.filter(slug="kitchen").update(tax_class="")
    assert lacks(Product.objects.get(pk=product.pk), tax_class="") == []
    assert Product.objects.get(pk=product.pk).tax_class == "standard"


def test_a_blocked_shelf_sells_nothing(client):
    variant = make_variant()
    Category.objects.filter(slug="kitchen").update(is_blocked=True)

    assert lacks(variant.product) == ["category_blocked"]
    assert client.get(variant.product.get_absolute_url()).status_code == 404


def test_a_feed_tells_details_and_contents(tmp_path):
    brand = make_brand(category=Category.objects.get(slug="bread"))
    columns = "id\ttitle\tprice\tingredients\tallergens\tunit_pricing_measure\n"
    path = write(tmp_path, columns + "1\tRye\t3 EUR\trye, salt\tgluten\t800g\n", "feed.tsv")

    made = run(brand, path)

    product = Product.objects.get(brand=brand)
    assert (made.state, product.status, product.details) == (
        "done", "active", {"ingredients": "rye, salt", "allergens": "gluten"},
    )  # fmt: skip
    assert product.variants.get().content == "800 g"


def test_a_product_typed_in_by_hand_has_content_and_price_before(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    typed = {
        "title": "Jam", "category": Category.objects.get(slug="pantry").pk, "tax_class": "",
        "withdrawal": "yes", "sells_at": "here", "detail_ingredients": "fruit",
        "detail_allergens": "none", "variants-TOTAL_FORMS": 1, "variants-INITIAL_FORMS": 0,
        "variants-0-price": "4.50", "variants-0-content": "half a jar",
        "variants-0-compare_at": "5.50", "images-TOTAL_FORMS": 0, "images-INITIAL_FORMS": 0,
    }  # fmt: skip
    path = f"/brand/{brand.slug}/products/new/"

    assert client.post(path, typed).status_code == 422
    client.post(path, typed | {"variants-0-content": "340g"})

    product = Product.objects.get(brand=brand)
    assert (product.status, product.tax_class) == ("active", "standard")
    page = client.get(product.get_absolute_url()).content.decode()
    assert "€13.24 / kg" in page and "5.50" not in page


def test_what_is_moved_to_another_shelf_is_taxed_and_asked_as_that_shelf_says(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    pantry = Category.objects.get(slug="pantry")
    Category.objects.filter(pk=pantry.pk).update(tax_class="reduced")
    food = {"ingredients": "fruit", "allergens": "none"}
    jam, mug, own, draft = (
        make_variant(brand=brand, title=title, **facts)
        for title, facts in {
            "Jam": {"details": food}, "Mug": {}, "Tea": {"details": food, "tax_class": "zero"},
            "Plan": {},
        }.items()
    )  # fmt: skip
    Variant.objects.update(content="340g")
    Product.objects.filter(pk=draft.product_id).update(status="draft", missing=["x"])
    chosen = [one.product_id for one in (jam, mug, own, draft)]

    said = client.post(f"/brand/{brand.slug}/products/many/",
                       {"product": chosen, "category": pantry.pk}, follow=True)  # fmt: skip

    assert list(Product.objects.order_by("pk").values_list(
        "title", "category__slug", "tax_class", "status"
    )) == [
        ("Jam", "pantry", "reduced", "active"), ("Mug", "kitchen", "standard", "active"),
        ("Tea", "pantry", "zero", "active"), ("Plan", "pantry", "reduced", "draft"),
    ]  # fmt: skip
    page = said.content.decode()
    assert "3 products changed." in page
    assert "needs first: ingredients, allergens. (Mug)" in page


def test_one_product_that_is_moved_by_hand_takes_the_vat_of_its_shelf():
    variant = make_variant()
    pantry = Category.objects.get(slug="pantry")
    pantry.tax_class = "reduced"
    kitchen = variant.product.category
    for says, expected in {"standard": "reduced", "zero": "zero", "": "reduced"}.items():
        variant.product.tax_class = says
        assert products.tax_class_on(variant.product, kitchen, pantry) == expected


def test_several_products_are_changed_at_once(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    first, second, third = (make_variant(brand=brand, title=f"Mug {n}").product for n in "abc")
    foreign = make_variant().product
    path = f"/brand/{brand.slug}/products/many/"
    bags = Category.objects.get(slug="bags")

    page = client.get(f"/brand/{brand.slug}/products/").content.decode()
    assert f'name="product" value="{first.pk}"' in page
    chosen = {"product": [first.pk, second.pk, foreign.pk, "x"], "category": bags.pk}
    client.post(path, chosen | {"tax_class": "reduced", "withdrawal": "custom", "change": "1"})
    facts = Product.objects.order_by("pk").values_list(
        "category__slug", "tax_class", "withdrawal", "status"
    )
    changed, same = (
        ("bags", "reduced", "custom", "active"),
        ("kitchen", "standard", "yes", "active"),
    )
    assert list(facts) == [changed, changed, same, same]

    client.post(path, {"all": "1", "q": "mug a", "archive": "1"})
    assert Product.objects.get(status="archived") == first
    client.post(path, {"product": first.pk, "restore": "1", "status": "archived"})
    assert not Product.objects.filter(status="archived").exists()
    said = client.post(path, {"change": "1"}, follow=True).content.decode()
    assert "Choose products first." in said
