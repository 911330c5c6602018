"""A brand is told by mail what stands still between here and its shop, and not more than it can read."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import health
from shop import pushes, stockalarms, stocklevels
from shop.models import Membership, OrderPush, Stockroom
from tests.affiliates.factories import sign_in
from tests.shop.beside import Beside
from tests.shop.factories import make_brand, make_user
from tests.shop.stock_shops import Shopify, running

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(settings):
    with running(Shopify) as there:
        settings.PRIVATE_PICTURES_FROM = there.url
        yield Beside(there)


def died(shop, note="said_no: 400 | Variant does not exist"):
    """Return a sale that did not get to its shop."""
    order = shop.order()
    OrderPush.objects.filter(brand_order__order=order).update(state="dead", problem=note)
    return order


def test_all_sales_that_died_are_in_one_mail_to_each_of_the_team(shop):
    Membership.objects.create(user=make_user(), brand=shop.brand, role="member")
    Membership.objects.create(user=make_user(), brand=make_brand(), role="owner")
    orders = [died(shop), died(shop, "disconnected")]
    assert [stockalarms.tell_dead(NOW), stockalarms.tell_dead(NOW + HOUR)] == [1, 0]
    assert sorted(one.to[0] for one in mail.outbox) == sorted(
        shop.brand.memberships.values_list("user__email", flat=True)
    )
    said = mail.outbox[0]
    assert said.subject.startswith("2 verkopen")  # the brand is Dutch
    for words in (*(one.number for one in orders), "Variant does not exist", "/integrations/"):
        assert words in said.body


def test_more_that_die_are_told_after_a_while_and_again_after_another_try(shop):
    died(shop)
    assert stockalarms.tell_dead(NOW) == 1
    died(shop)
    assert [stockalarms.tell_dead(NOW + 3 * HOUR), stockalarms.tell_dead(NOW + 4 * HOUR)] == [0, 1]
    push = OrderPush.objects.earliest("pk")
    assert pushes.again(push, NOW)
    OrderPush.objects.filter(pk=push.pk).update(state="dead")
    assert stockalarms.tell_dead(NOW + 9 * HOUR) == 1
    assert [one.subject[:1] for one in mail.outbox] == ["1", "1", "1"]


def test_while_no_mail_goes_out_it_stays_to_be_told(shop, settings, monkeypatch):
    from config.lib import post

    died(shop)
    monkeypatch.setattr(post, "send", lambda _mail: (_ for _ in ()).throw(OSError("away")))
    with pytest.raises(OSError):
        stockalarms.tell_dead(NOW)
    monkeypatch.undo()
    assert (stockalarms.tell_dead(NOW), len(mail.outbox)) == (1, 1)


def test_a_shop_that_does_not_answer_is_told_once_until_it_does(shop):
    at = NOW
    for n in range(1, 8):
        shop.there.fails += [503]
        at += 3 * HOUR
        stocklevels.read(shop.fresh_room(), at)
        assert stockalarms.tell_silent(at) == (n == stockalarms.SILENT)
    assert len(mail.outbox) == 1
    assert "antwoordt ons niet" in mail.outbox[0].subject
    stocklevels.read(shop.fresh_room(), at + HOUR)
    assert (shop.fresh_room().failures, shop.room.warned_at) == (0, None)


def test_what_nobody_tried_degrades_the_market_and_what_a_shop_refused_does_not(shop, client):
    shop.order()
    due = OrderPush.objects.get().next_try_at
    looked = {"names": ["database", "shops"]}
    assert health.look(due + 59 * timedelta(minutes=1), **looked)["shops"] == "ok"
    found = health.look(due + 3 * HOUR, **looked)
    assert "3 hours ago: is the worker running?" in found["shops"]
    assert health.verdict(found) == "degraded"
    OrderPush.objects.update(state="dead")
    Stockroom.objects.update(failures=stockalarms.SILENT)
    assert health.look(due + 3 * HOUR, **looked)["shops"] == "ok"
    figures = client.get("/metrics").content.decode()
    for figure in ("pushes_dead 1.0", "pushes_late_seconds 0.0", "stockrooms_silent 1.0"):
        assert f"\nthousand_{figure}" in figures


def test_support_sees_shops_without_their_keys_and_pushes_again(shop, client):
    order = died(shop)
    push = OrderPush.objects.get()
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    rooms = client.get("/admin/shop/stockroom/").content.decode()
    one = client.get(f"/admin/shop/stockroom/{shop.room.pk}/change/").content.decode()
    assert shop.room.address in rooms and shop.room.address in one
    for secret in (*shop.there.KEYS, shop.fresh_room().token or "shpat_"):
        assert secret not in rooms + one
    page = "/admin/shop/orderpush/"
    assert order.number in client.get(page).content.decode()
    client.post(page, {"action": "push_again", "_selected_action": [push.pk]})
    push.refresh_from_db()
    assert push.state == "waiting"
