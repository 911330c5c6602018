"""Discount codes of brands: whose lines they touch, by how much, and how often."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from shop import bag as bags
from shop import cart as carts
from shop import checkout, discounts, orders
from shop.models import BrandOrder, DiscountCode, DiscountUse, Order, OrderLine
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_checkout import ADDRESS, hidden, order_it, put_in_bag
from tests.together import at_once

BUYER = checkout.Buyer("a@people.example", "A", "Canal 1", "3511 AB", "Utrecht", "NL")


def make_code(brand, code="SPRING", *, products=(), **facts) -> DiscountCode:
    facts = {"starts_at": timezone.now() - timedelta(days=1)} | facts
    if "amount" not in facts:
        facts.setdefault("rate_bp", 1_000)
    return discounts.make(DiscountCode(brand=brand, code=code, **facts), products)


def bag_with(*variants, code="", quantity=1):
    cart = carts.new()
    for variant in variants:
        carts.add(cart, variant, quantity)
    if code:
        carts.add_discount(cart, code)
    return cart


def place(cart, buyer=BUYER):
    total = bags.contents(cart, timezone.now()).total
    return checkout.place(
        cart, buyer, checkout_key=checkout.key_for(cart), total=total, referral={},
        at=timezone.now(),
    )  # fmt: skip


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=9).filter(any),
    st.one_of(st.tuples(st.integers(1, 9_000), st.none()),
              st.tuples(st.none(), st.integers(1, 10**8))),
)  # fmt: skip
def test_the_shares_add_up_and_leave_something_to_pay(prices, terms):
    rate_bp, amount = terms
    goods, shares = sum(prices), discounts.off(rate_bp, amount, prices)

    wanted = amount if amount is not None else (goods * rate_bp + 5_000) // 10_000
    assert sum(shares) == min(wanted, goods * 9_000 // 10_000) < goods
    assert all(0 <= share <= price for share, price in zip(shares, prices, strict=True))
    exact = [sum(shares) * price / goods for price in prices]
    assert all(abs(share - one) < 1 for share, one in zip(shares, exact, strict=True))


@pytest.mark.django_db
def test_a_code_of_one_brand_touches_only_its_lines():
    one, other = make_brand(shipping_price=495, free_shipping_from=3000), make_brand()
    mine = [make_variant(brand=one, price=price) for price in (1999, 1001)]
    make_code(one, rate_bp=1_050)
    order = place(bag_with(*mine, make_variant(brand=other), code=" spring "))

    lines = OrderLine.objects.order_by("brand_order__brand", "-unit_price")
    assert list(lines.values_list("unit_price", "discount", "gross", "tax")) == [
        (1999, 210, 1789, 310), (1001, 105, 896, 156), (3450, 0, 3450, 599),
    ]  # fmt: skip
    parts = BrandOrder.objects.order_by("brand").values_list("discount_code", "shipping_gross")
    assert list(parts) == [("SPRING", 0), ("", 0)]  # free from 30.00, before the discount
    assert orders.total(order) == 1789 + 896 + 3450
    assert DiscountUse.objects.values_list("amount").get() == (315,)


@pytest.mark.django_db
def test_two_brands_may_have_the_same_word_each_for_its_own():
    one, other = make_brand(), make_brand()
    make_code(one, "WELCOME", amount=500)
    make_code(other, "welcome", rate_bp=2_000)
    cart = bag_with(make_variant(brand=one), make_variant(brand=other), code="Welcome")

    assert [part.off for part in bags.contents(cart, timezone.now()).parts] == [500, 690]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"starts_at": timezone.now() + timedelta(days=1)}, "It does not count yet."),
        ({"ends_at": timezone.now() - timedelta(minutes=1)}, "It has ended."),
        ({"stopped_at": timezone.now()}, "It has ended."),
        ({"most_uses": 1, "used": 1}, "It has been used up."),
        ({"minimum": 4000}, "It counts from €40.00 of Mill: €5.50 more."),
    ],
)
def test_a_code_that_does_not_count_says_why(facts, why):
    brand = make_brand(name="Mill")
    make_code(brand, **facts)
    bag = bags.contents(bag_with(make_variant(brand=brand), code="SPRING"), timezone.now())

    assert [(one.off, one.problem) for one in bag.applied] == [(0, why)]
    assert bag.total == 3450


@pytest.mark.django_db
def test_a_code_for_some_products_leaves_the_others():
    brand = make_brand()
    mug, jar = (make_variant(brand=brand) for _n in "ab")
    make_code(brand, products=[mug.product], amount=10_000)
    bag = bags.contents(bag_with(mug, jar, code="SPRING"), timezone.now())

    assert [line.priced.discount for line in bag.lines] == [3105, 0]  # nine tenths of the mug
    other = bags.contents(bag_with(jar, code="SPRING"), timezone.now())
    assert other.applied[0].problem == "It is for other products of this brand."


@pytest.mark.django_db
def test_a_shopper_uses_it_as_often_as_she_may_and_a_cancelled_order_gives_it_back():
    brand = make_brand()
    variant, code = make_variant(brand=brand), make_code(brand, most_per_shopper=1)
    first = place(bag_with(variant, code="SPRING"))
    again = checkout.Buyer(**{**_facts(BUYER), "email": "A+b@people.example"})

    with pytest.raises(discounts.Refused, match="as often as you may"):
        place(bag_with(variant, code="SPRING"), again)
    assert Order.objects.count() == 1
    orders.cancel(first, timezone.now())
    code.refresh_from_db()
    assert (code.used, DiscountUse.objects.count()) == (0, 0)
    place(bag_with(variant, code="SPRING"), again)
    code.refresh_from_db()
    assert code.used == 1


@pytest.mark.django_db
def test_an_order_that_becomes_anothers_is_counted_for_her():
    brand = make_brand()
    variant = make_variant(brand=brand)
    make_code(brand, most_per_shopper=1)
    place(bag_with(variant, code="SPRING"))
    cart = bag_with(variant, code="SPRING")
    other = checkout.Buyer(**{**_facts(BUYER), "email": "b@people.example"})
    order = place(cart, other)

    with pytest.raises(discounts.Refused):
        place(cart, BUYER)
    order.refresh_from_db()
    assert order.email == "b@people.example"


def _facts(buyer):
    return {name: getattr(buyer, name) for name in buyer.__slots__}


@pytest.mark.django_db(transaction=True)
def test_three_uses_go_to_three_of_twelve_at_once():
    brand = make_brand()
    variant, code = make_variant(brand=brand, stock=50), make_code(brand, most_uses=3)
    made_before = [bag_with(variant, code="SPRING") for _n in range(12)]

    def buy(cart):
        try:
            return place(cart).pk
        except discounts.Refused:
            return None

    # each bag is looked at while the code is free, then all order
    totals = {bags.contents(cart, timezone.now()).total for cart in made_before}
    made = [one for one in at_once(*[partial(buy, cart) for cart in made_before],
                                   may_raise=(checkout.PriceChanged,))
            if isinstance(one, int)]  # fmt: skip
    code.refresh_from_db()
    discounted = OrderLine.objects.filter(discount__gt=0).count()
    assert (totals, code.used, DiscountUse.objects.count(), discounted) == ({3105}, 3, 3, 3)
    assert len(made) >= 3


@pytest.mark.django_db
def test_the_checkout_takes_a_code_and_takes_it_out(client):
    brand = make_brand(name="Mill")
    put_in_bag(client, make_variant(brand=brand))
    make_code(brand)

    def press(**more):
        fields = ADDRESS | hidden(client.get("/checkout/")) | more
        return client.post("/checkout/", fields)

    wrong = press(apply_discount="1", discount_code="AUTUMN")
    assert (wrong.status_code, "has the code AUTUMN" in wrong.content.decode()) == (422, True)
    page = press(apply_discount="1", discount_code="spring").content.decode()
    assert "<b>SPRING</b> takes 10% off what Mill sells." in page
    assert "Order with obligation to pay: €31.05" in page
    assert "−€3.45" in client.get("/cart/").content.decode()
    assert "€34.50" in press(drop_discount="SPRING").content.decode()
    asked = press(discount_code="SPRING")  # typed, and ordered at once: the total is another one
    assert (asked.status_code, Order.objects.count()) == (422, 0)
    sent = order_it(client)
    client.post(sent["Location"], {"pay": "1"})
    order = Order.objects.get()
    assert (order.status, orders.total(order)) == ("paid", 3105)
    page = client.get(f"/orders/{orders.token(order)}/").content.decode()
    assert "Discount SPRING" in page and "−€3.45" in page


@pytest.mark.django_db
def test_a_discount_typed_as_a_creators_code_counts_all_the_same(client):
    brand = make_brand()
    put_in_bag(client, make_variant(brand=brand))
    make_code(brand)

    page = order_it(client, creator_code="spring", apply_code="1")

    assert page.context["bag"].total == 3105
    assert not page.context["form"].errors


@pytest.mark.django_db
def test_a_code_used_up_meanwhile_orders_nothing(client):
    brand = make_brand()
    variant, code = make_variant(brand=brand), make_code(brand, most_per_shopper=1)
    place(bag_with(variant, code="SPRING"), checkout.Buyer(
        ADDRESS["email"], "F", "Canal 1", "3511 AB", "Utrecht", "NL"))  # fmt: skip
    put_in_bag(client, variant)
    order_it(client, discount_code="SPRING", apply_discount="1")

    page = order_it(client)

    assert page.status_code == 422
    assert "You have used it as often as you may. Take the code out" in page.content.decode()
    assert Order.objects.count() == 1
    code.refresh_from_db()
    assert code.used == 1


@pytest.mark.django_db
def test_a_brand_makes_and_stops_a_code(client):
    owner = make_user()
    brand, stranger = make_brand(owner=owner), make_brand()
    mug, _other = make_variant(brand=brand), make_variant(brand=stranger)
    client.force_login(owner)
    path = f"/brand/{brand.slug}/discounts/"
    asked = {"code": "autumn-5", "amount": "5,00", "minimum": "20", "most_uses": "100",
             "ends_on": (timezone.localdate() + timedelta(days=3)).isoformat(),
             "products": f"https://market.example/shop/{brand.slug}/{mug.product.slug}/?x=1"}  # fmt: skip

    assert client.post(path, asked).status_code == 302
    code = brand.discount_codes.get()
    assert (code.code, code.amount, code.rate_bp, code.minimum) == ("AUTUMN-5", 500, None, 2000)
    assert timezone.localtime(code.ends_at).time().isoformat() == "00:00:00"
    assert [one.pk for one in code.products.all()] == [mug.product_id]

    again = client.post(path, asked)
    assert "You have made this code before" in again.content.decode()
    both = client.post(path, asked | {"code": "BOTH", "percent": "10"})
    assert re.search(r"either how many percent", both.content.decode())
    foreign = client.post(path, asked | {"code": "F", "products": _other.sku})
    assert set(foreign.context["form"].errors) == {"code", "products"}

    assert client.get(path).status_code == 200
    assert client.post(f"{path}{code.pk}/stop/").status_code == 302
    code.refresh_from_db()
    assert code.stopped_at
    theirs = make_code(stranger)
    assert client.post(f"{path}{theirs.pk}/stop/").status_code == 404


@pytest.mark.django_db
def test_the_database_keeps_a_code_to_its_uses():
    code = make_code(make_brand(), most_uses=1)
    with pytest.raises(IntegrityError):
        DiscountCode.objects.filter(pk=code.pk).update(used=2)
