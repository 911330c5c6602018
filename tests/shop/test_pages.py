"""Who sees which page of the shop, and in how many queries."""

import pytest
from django.contrib import admin as django_admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from affiliates import brandletters
from shop import brands
from shop.models import Brand, Membership, OrderLetter, Product, Variant
from tests.shop.factories import make_brand, make_order, make_user, make_variant
from tests.shop.test_troubles import picture

pytestmark = pytest.mark.django_db
BRAND_PAGES = ["products/", "products/new/", "feeds/", "orders/", "settings/"]


def queries(client, path):
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_the_shop_takes_few_queries_at_any_size(client):
    brand = make_brand()
    variant = make_variant(brand=brand)
    client.post("/cart/add/", {"variant": variant.pk})
    paths = ["/shop/", "/shop/?q=mug&category=kitchen&sort=cheap", f"/shop/{brand.slug}/",
             f"/shop/{brand.slug}/{variant.product.slug}/"]  # fmt: skip
    one = [queries(client, path) for path in paths]
    for _n in range(2):
        make_variant(brand=brand)
        make_variant(product=variant.product, brand=brand)

    three = [queries(client, path) for path in paths]

    assert max(three) <= 6
    assert three[:3] == one[:3]


def test_the_bag_and_the_brand_take_few_queries(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    client.get(f"/brand/{brand.slug}/")  # which notes the language that she reads
    paths = ["/cart/", "/checkout/", *(f"/brand/{brand.slug}/{page}" for page in BRAND_PAGES)]
    counts = []
    for times in (1, 2):
        for _n in range(times):
            client.post("/cart/add/", {"variant": make_variant(brand=brand).pk})
            make_order((make_variant(brand=brand), 1))
        counts.append([queries(client, path) for path in paths])

    assert counts[0] == counts[1]
    assert max(counts[1]) <= 12


def test_an_order_takes_few_queries(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    client.get(f"/brand/{brand.slug}/")  # which notes the language that she reads
    one = make_order((make_variant(brand=brand), 1))
    three = make_order(*((make_variant(brand=brand), 1) for _n in "abc"))

    counts = [
        queries(client, f"/brand/{brand.slug}/orders/{o.parts.get().pk}/") for o in (one, three)
    ]

    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("page", BRAND_PAGES)
def test_a_brand_is_its_members_only(client, page):
    brand = make_brand(owner=make_user())
    path = f"/brand/{brand.slug}/{page}"

    assert client.get(path)["Location"].startswith("/accounts/login/")
    client.force_login(make_user())
    assert client.get(path).status_code == 404


def test_another_brands_order_is_not_found(client):
    owner = make_user()
    mine = make_brand(owner=owner)
    part = make_order((make_variant(), 1)).parts.get()
    client.force_login(owner)

    assert client.get(f"/brand/{mine.slug}/orders/{part.pk}/").status_code == 404
    assert client.post(f"/brand/{mine.slug}/orders/{part.pk}/deliver/").status_code == 404


def test_drafts_and_suspended_brands_are_not_shown(client):
    variant = make_variant()
    path = variant.product.get_absolute_url()
    assert client.get(path).status_code == 200
    Brand.objects.update(status="suspended")
    assert client.get(path).status_code == 404
    Brand.objects.update(status="active")
    Product.objects.update(status="draft")
    assert client.get(path).status_code == 404


def test_search_finds_words_in_both_languages(client):
    make_variant(title="Stoneware mugs")
    make_variant(title="Bread knife")

    def found(words):
        return [p.title for p in client.get("/shop/", {"q": words}).context["products"]]

    assert found("mug") == ["Stoneware mugs"]
    assert found("knives bread") == []
    assert found("'; drop --") == []


def test_a_word_that_nothing_has_finds_what_begins_like_it(client, django_assert_max_num_queries):
    make_variant(title="Koffiemok van keramiek")
    make_variant(title="Bread knife")

    def found(words):
        with django_assert_max_num_queries(4):
            page = client.get("/shop/", {"q": words})
        titles = [p.title for p in page.context["products"]]
        assert page.context["is_near"] == ("These come close" in page.content.decode())
        return titles, page.context["is_near"]

    assert found("keramiek") == (["Koffiemok van keramiek"], False)
    for near in ("koffie", "keramik", "kerami", "keramiekje koffie"):
        assert found(near) == (["Koffiemok van keramiek"], True)
    for nothing in ("kettle", "ko", "br kn", "'koffie':* & !bread", "koffie bread"):
        assert found(nothing) == ([], False)


def test_bad_filters_are_told_and_left_out(client):
    make_variant()

    page = client.get("/shop/", {"price_min": "abc", "page": "x", "sort": "?"})

    assert len(page.context["products"]) == 1
    assert page.context["form"].errors["price_min"]


def test_a_person_signs_up_a_brand(client):
    assert client.get("/brands/join/").status_code == 200
    user = make_user()
    client.force_login(user)
    fields = {
        "name": "Mölen & Meel", "legal_name": "Molen & Meel V.O.F.", "address": "Kade 1",
        "postal_code": "1500 AA", "city": "Zaandam", "country": "NL", "email": "m@brands.example",
        "register_number": "12345678", "vat_number": "NL 123456782 B12", "tax_class": "reduced",
        "category": "", "sells_at": "here", "currency": "EUR", "certified": "on", "terms": "on",
    }  # fmt: skip
    bad = client.post("/brands/join/", fields | {"vat_number": "NL123456789B01"})
    assert bad.status_code == 422 and "vat_number" in bad.context["form"].errors
    assert "Molen &amp; Meel V.O.F." in bad.content.decode()

    fields["vat_number"] = ""
    for phone in ("", "call me", "12 34"):
        asked = client.post("/brands/join/", fields | {"phone": phone})
        assert list(asked.context["form"].errors) == ["phone"]
    fields["phone"] = "+31 (0)75 612.34-56"
    done, again = (client.post("/brands/join/", fields) for _double_click in "ab")
    assert done["Location"] == again["Location"]

    brand = Brand.objects.get()
    assert done["Location"] == f"/brand/{brand.slug}/feeds/"
    assert (brand.slug, brand.status, brand.tax_class) == ("molen-meel", "active", "reduced")
    assert Membership.objects.values_list("user", "role").get() == (user.pk, "owner")


def test_a_brand_that_sells_here_owes_its_phone_and_is_asked_gently(client, mailoutbox):
    owner, pal = make_user(), make_user()
    variant = make_variant(brand=make_brand(owner=owner, phone=""))
    brand = variant.brand
    brand.memberships.create(user=pal, role="member")
    client.force_login(pal)
    assert "Ask an owner to add it" in client.get(f"/brand/{brand.slug}/products/").content.decode()
    client.force_login(owner)
    page = client.get(f"/brand/{brand.slug}/settings/")
    assert "Shoppers cannot call you yet" in page.content.decode()
    form = page.context["form"]
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}

    asked = client.post(f"/brand/{brand.slug}/settings/", typed | {"description": "Old mill"})
    brand.refresh_from_db()
    assert list(asked.context["form"].errors) == ["phone"]
    assert "Old mill" in asked.content.decode()
    assert (brand.status, brands.lacks(brand)) == ("active", ["phone"])
    assert client.get(variant.product.get_absolute_url()).status_code == 200

    letters = [brandletters.send_waiting(timezone.now()) for _n in "ab"]
    assert (letters, [mail.to for mail in mailoutbox]) == ([1, 0], [[owner.email]])

    client.post(f"/brand/{brand.slug}/settings/", typed | {"phone": "075 612 34 56"})
    assert "075 612 34 56" in client.get(variant.product.get_absolute_url()).content.decode()
    assert "cannot call" not in client.get(f"/brand/{brand.slug}/products/").content.decode()


def test_a_brand_with_its_own_shop_needs_no_phone_until_it_sells_here(client):
    owner = make_user()
    brand = make_brand(owner=owner, phone="", sells_at="own_shop")
    client.force_login(owner)

    typed = {"title": "Basket", "sells_at": "here", "category": brand.category_id}
    answer = client.post(f"/brand/{brand.slug}/products/new/", typed)

    assert brands.lacks(brand) == []
    assert "an owner adds your phone number" in str(answer.context["form"].errors["sells_at"])


def test_a_product_by_hand(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    fields = {
        "title": "Bread basket", "description": "<b>Round</b><script>1</script>",
        "category": brand.category_id, "tax_class": "standard", "withdrawal": "yes",
        "sells_at": "here", "own_shop_url": "",
        "images-TOTAL_FORMS": "0", "images-INITIAL_FORMS": "0",
        "variants-TOTAL_FORMS": "2", "variants-INITIAL_FORMS": "0",
        "variants-MIN_NUM_FORMS": "1", "variants-MAX_NUM_FORMS": "500",
        "variants-0-option": "S", "variants-0-price": "24,50", "variants-0-stock": "3",
        "variants-0-sku": "", "variants-1-option": "L", "variants-1-price": "abc",
        "variants-1-stock": "", "variants-1-sku": "",
    }  # fmt: skip
    path = f"/brand/{brand.slug}/products/new/"
    assert client.post(path, fields).status_code == 422
    twice = {"variants-1-price": "30", "variants-0-sku": "B-1", "variants-1-sku": "B-1"}
    bad = client.post(path, fields | twice | {"pictures": picture()})
    assert bad.status_code == 422 and not Product.objects.filter(brand=brand).exists()
    said = bad.content.decode()
    assert "One of these SKUs stands here twice" in said and "Choose your pictures again" in said
    assert "/status/" not in said  # there is nothing to take off the shelves
    client.post(path, fields | {"variants-1-price": "30"})

    product = Product.objects.get(brand=brand)
    assert (product.status, product.price_from, product.slug) == ("active", 2450, "bread-basket")
    assert product.description == "<b>Round</b>"
    assert list(product.variants.values_list("price", "stock")) == [(2450, 3), (3000, None)]
    page = client.get(f"/brand/{brand.slug}/products/{product.pk}/")
    assert page.status_code == 200
    client.post(f"/brand/{brand.slug}/products/{product.pk}/status/", {"archive": "1"})
    assert Product.objects.get(brand=brand).status == "archived"


def test_a_brand_sends_delivers_and_refunds(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    order = make_order((make_variant(brand=brand, price=3450), 1))
    part = order.parts.get()
    path = f"/brand/{brand.slug}/orders/{part.pk}/"

    client.post(f"{path}ship/", {"track_url": "https://parcels.example/1"})
    client.post(f"{path}deliver/")
    page = client.get(path)
    key = page.context["refund_form"].initial["key"]
    assert (
        client.post(f"{path}refund/", {"amount": "40", "reason": "late", "key": key}).status_code
        == 422
    )
    for _twice in "ab":
        client.post(f"{path}refund/", {"amount": "10", "reason": "late", "key": key})

    part.refresh_from_db()
    assert part.shipped_at and part.delivered_at <= timezone.now()
    assert list(order.refunds.values_list("amount", "made_by")) == [(1000, owner.pk)]
    rest = {"amount": "", "reason": "all of it", "key": "another"}
    answers = [client.post(f"{path}refund/", rest).status_code for _double_click in "ab"]
    assert answers == [302, 302]
    assert list(order.refunds.values_list("amount", flat=True).order_by("pk")) == [1000, 2450]


def test_what_was_paid_in_the_brands_own_shop_is_not_given_back_here(client):
    owner = make_user()
    order = make_order((make_variant(brand=make_brand(owner=owner)), 1))
    type(order).objects.update(own_shop=True)
    part = order.parts.get()
    client.force_login(owner)
    path = f"/brand/{part.brand.slug}/orders/{part.pk}/"

    page = client.get(path).content.decode()
    assert "Give money back there" in page and f"{path}refund/" not in page
    asked = {"amount": "", "reason": "no more commission", "key": "k"}
    assert client.post(f"{path}refund/", asked).status_code == 404
    request = admins(make_user())
    django_admin.site._registry[type(order)].refund_order(request, type(order).objects.all())

    assert not order.refunds.exists()
    written = OrderLetter.objects.count()
    client.post(f"{path}ship/", {"carrier": "PostNL"})
    part.refresh_from_db()
    assert part.shipped_at and OrderLetter.objects.count() == written


def test_the_auditor_reads_the_shop():
    order = make_order((make_variant(price=3450, stock=4, brand=make_brand(shipping_price=495)), 2))
    columns = {
        "orders": "order_id, number, buyer_user_id, state, currency, total, own_shop, placed_at, paid_at",
        "order_lines": "line_id, order_id, brand_id, variant_id, quantity, gross, tax, net, refunded,"
        " charged_back, delivered_at",
        "payments": "payment_id, order_id, kind, amount, currency, gateway, event_id, reference",
        "stock": "variant_id, on_hand, reserved",
    }
    rows = {}
    with connection.cursor() as cursor:
        for view, names in columns.items():
            cursor.execute(f"select * from audit.{view}")
            assert [column.name for column in cursor.description] == names.replace(",", "").split()
            rows[view] = cursor.fetchall()

    assert rows["orders"][0][1:6] == (order.number, None, "paid", "EUR", 7395)
    assert rows["order_lines"][0][4:10] == (2, 6900, 1198, 5702, 0, 0)
    assert rows["payments"][0][2:6] == ("capture", 7395, "EUR", "fake")
    assert rows["stock"] == [(Variant.objects.get().pk, 2, 0)]


def admins(boss):
    """Return a request of an admin with a place for messages."""
    request = RequestFactory().get("/")
    request.user, request.session = boss, {}
    request._messages = FallbackStorage(request)
    return request


def test_admin_lists_open_and_refund(django_user_model):
    boss = django_user_model.objects.create_superuser("boss", "boss@staff.example", "x")
    order = make_order((make_variant(price=3450), 1))
    request = admins(boss)
    for model, page in django_admin.site._registry.items():
        if model._meta.app_label == "shop":
            assert page.changelist_view(request).render().status_code == 200
    page = django_admin.site._registry[type(order)]
    with pytest.raises(PermissionDenied):
        page.delete_view(request, str(order.pk))

    page.refund_order(request, type(order).objects.all())

    assert order.refunds.get().amount == 3450


def test_the_page_of_a_product_says_what_a_shopper_needs(client):
    variant = make_variant(price=3450)
    product = variant.product
    Product.objects.filter(pk=product.pk).update(
        description="<p>Round &amp; sturdy.</p><ul><li>" + "Fired twice. " * 30 + "</li></ul>"
    )
    Variant.objects.filter(pk=variant.pk).update(options=[["Glaze", "moss"]])
    dear = make_variant(product=product, brand=variant.brand, price=3950)
    Variant.objects.filter(pk=dear.pk).update(options=[["Glaze", "clay"]])

    page = client.get(product.get_absolute_url())
    text = page.content.decode()

    assert page.context["lead"].startswith("Round & sturdy. Fired twice.")
    assert len(page.context["lead"]) <= 180 and page.context["is_longer"]
    assert page.context["choice_of"] == "Glaze"
    assert 'data-price="€39.50"' in text and text.count('data-price-of="buy"') == 2
    assert variant.brand.legal_name in text and variant.brand.register_number in text


def test_a_search_that_finds_nothing_names_the_filters(client):
    page = client.get("/shop/?q=frother&category=kitchen&price_max=5&available=on")

    assert page.context["filters_on"] == ["Kitchen and table", "Price to 5", "In stock only"]
    assert "Nothing for “frother”" in page.content.decode()
