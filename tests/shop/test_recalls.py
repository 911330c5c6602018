"""A recall takes a product off the shop and tells each who bought it, once."""

import copy
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from shop import orders, postroom, products, recalls, returns
from shop.models import Membership, Order, OrderLetter, Recall
from tests.shop.factories import make_brand, make_order, make_user, make_variant, tell

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sold_once(shared_rows):
    """A mug bought by Ann twice and by Bob, and not by Cas, who did not pay, nor by Dee."""
    with shared_rows():
        brand = make_brand(owner=make_user())
        mug = make_variant(brand=brand, title="Iron mug")
        for who, paid in (("ann", True), ("ann", True), ("bob", True), ("cas", False)):
            make_order((mug, 1), email=f"{who}@people.example", paid=paid, language="nl")
        make_order((make_variant(brand=brand), 1), email="dee@people.example")
        OrderLetter.objects.all().delete()
        return mug.product


@pytest.fixture
def sold(sold_once):
    return copy.deepcopy(sold_once)


def test_each_buyer_is_told_once_and_it_is_off_the_shop(sold):
    made = recalls.make(sold, "De greep breekt af.", "Stop, en mail ons.", make_user(), AT)

    assert [postroom.send_waiting(AT) for _n in "ab"] == [2, 0]
    assert sorted(one.to[0] for one in mail.outbox) == ["ann@people.example", "bob@people.example"]
    letter = mail.outbox[0]
    assert letter.subject == "Terugroepactie voor de veiligheid: Iron mug"
    for said in ("De greep breekt af.", "Stop, en mail ons.", sold.brand.email):
        assert said in letter.body
    assert recalls.reach(made) == {"all": 2, "sent": 2, "refused": 0}
    assert Client().get(sold.get_absolute_url()).status_code == 404


def test_an_owner_recalls_a_member_only_looks_and_others_see_nothing(sold):
    path = f"/brand/{sold.brand.slug}/products/{sold.pk}/recall/"
    member, stranger = make_user(), make_user()
    Membership.objects.create(user=member, brand=sold.brand, role="member")
    make_brand(owner=stranger)
    clients = {}
    for name, user in (("owner", sold.brand.memberships.get(role="owner").user),
                       ("member", member), ("stranger", stranger)):  # fmt: skip
        clients[name] = Client()
        clients[name].force_login(user)
    facts = {"hazard": "It breaks.", "todo": "Mail us.", "sure": "on"}

    assert clients["stranger"].post(path, facts).status_code == 404
    assert clients["member"].get(path).status_code == 200
    assert clients["member"].post(path, facts).status_code == 403
    assert clients["owner"].post(path, {"hazard": "It breaks."}).status_code == 422
    assert Recall.objects.count() == 0
    assert "2 addresses bought it." in clients["owner"].get(path).content.decode()
    assert clients["owner"].post(path, facts).status_code == 302
    OrderLetter.objects.filter(to="bob@people.example").update(sent_at=AT, refused=True)
    assert "bob@people.example" in clients["owner"].get(path).content.decode()


def test_support_recalls_in_the_admin(sold):
    from tests.affiliates.factories import sign_in

    boss = make_user(is_staff=True, is_superuser=True)
    client = Client()
    sign_in(client, boss)
    facts = {"product": sold.pk, "hazard": "It breaks.", "todo": "Mail us."}
    answer = client.post("/admin/shop/recall/add/", facts)

    assert answer.status_code == 302
    assert Recall.objects.values_list("product", "made_by").get() == (sold.pk, boss.pk)
    assert OrderLetter.objects.filter(kind="recall").count() == 2
    assert Order.objects.filter(status="paid").count() == 4
    assert client.get("/admin/shop/recall/").status_code == 200


def test_who_pays_after_the_recall_is_told_as_well(sold):
    late = Order.objects.get(email="cas@people.example")
    made = recalls.make(sold, "It breaks.", "Mail us.", make_user(), timezone.now())
    told = OrderLetter.objects.filter(kind="recall", about=made.pk, to=late.email)
    assert not told.exists()
    tell(late, "captured", reference="ch-late", amount=orders.total(late))
    assert told.get().order == late

    products.show_again(sold)
    mended = make_order((sold.variants.get(), 1), email="eve@people.example")
    assert not mended.letters.filter(kind="recall").exists()


def test_who_bought_it_in_the_brands_own_shop_is_led_to_the_seller_and_withdraws_there(sold):
    bob = Order.objects.get(email="bob@people.example")
    Order.objects.filter(pk=bob.pk).update(own_shop=True)
    recalls.make(sold, "It breaks.", "Mail us.", make_user(), timezone.now())
    postroom.send_waiting(timezone.now())
    said = {one.to[0]: one.body for one in mail.outbox}
    assert "/orders/" in said["ann@people.example"] and "/orders/" not in said["bob@people.example"]
    assert sold.brand.get_absolute_url() in said["bob@people.example"]
    bob.refresh_from_db()
    assert returns.returnable(bob.parts.get(), timezone.now()) == {}
    assert "withdraw" not in Client().get(f"/orders/{orders.token(bob)}/").content.decode()


def test_two_clicks_are_one_recall_and_a_brand_calls_back_so_often(sold):
    client = Client()
    client.force_login(sold.brand.memberships.get().user)
    path = f"/brand/{sold.brand.slug}/products/{sold.pk}/recall/"
    facts = {"hazard": "It breaks.", "todo": "Mail us.", "sure": "on"}

    answers = [client.post(path, facts | {"hazard": f"It breaks. {n}"}).status_code
               for n in (1, 1, 2, 3, 4)]  # fmt: skip
    assert answers == [302, 302, 302, 302, 422]
    assert OrderLetter.objects.filter(kind="recall").count() == 3 * 2
    text = client.post(path, facts).content.decode()
    assert "called this back 3 times" in text and "It breaks.</textarea>" in text
    assert recalls.make(sold, "By us.", "Mail us.", make_user(), timezone.now())


def test_a_recall_of_many_holds_up_no_receipt_and_is_not_held_up(sold, monkeypatch):
    monkeypatch.setattr(postroom, "AT_ONCE", 4)
    order = Order.objects.first()
    written = {"order": order, "written_at": AT}
    OrderLetter.objects.bulk_create(
        OrderLetter(kind="recall", about=n, to=f"p{n}@people.example", **written)
        for n in range(10)
    )  # fmt: skip
    OrderLetter.objects.bulk_create(
        OrderLetter(kind="order_new", about=n, to=order.email, **written) for n in range(2)
    )
    assert _kinds(postroom._next()) == ["order_new"] * 2 + ["recall"] * 2
    OrderLetter.objects.bulk_create(
        OrderLetter(kind="order_new", about=9 + n, to=order.email, **written) for n in range(10)
    )
    assert _kinds(postroom._next()) == ["order_new"] * 3 + ["recall"]


def _kinds(rows):
    kinds = dict(OrderLetter.objects.values_list("pk", "kind"))
    return [kinds[pk] for pk, *_more in rows]
