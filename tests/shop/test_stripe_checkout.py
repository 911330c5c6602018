"""From the bag to the money at Stripe and back, over HTTP: early, late, twice and never."""

import itertools
import urllib.request
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from shop import orders, tasks
from shop.models import Cart, Order, Payment, PaymentSession, Variant
from tests.shop.factories import make_variant
from tests.shop.stripe_api import KEY, SECRET, StripeApi
from tests.shop.test_checkout import order_it, put_in_bag

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe(settings):
    with StripeApi() as api:
        settings.STRIPE_API_URL = api.url
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, SECRET
        settings.PAYMENT_GATEWAY = "stripe"
        yield api


def at_stripe(client, variant=None) -> str:
    """Order one piece; return the id of the session that the shopper is led to."""
    put_in_bag(client, variant or make_variant(price=3450, stock=3))
    return order_it(client)["Location"].rpartition("/")[2]


def delivers(client, stripe, *picked) -> list[int]:
    """Bring messages (by their number; all if none is named) to our door."""
    wanted = picked or range(len(stripe.messages))
    return [
        client.post("/hooks/stripe/", body, "application/json", headers=headers).status_code
        for headers, body in (stripe.messages[n] for n in wanted)
    ]


def state():
    order = Order.objects.get()
    variant = Variant.objects.get()
    return (
        order.status, bool(order.processing_at), variant.stock, variant.reserved,
        list(order.payments.values_list("kind", "amount")),
    )  # fmt: skip


PAID = ("paid", False, 2, 0, [("capture", 3450)])
PROCESSING = ("pending", True, 3, 1, [])
WAITING = ("pending", False, 3, 1, [])


def page_of(client) -> str:
    cache.clear()  # the page asks the provider at most every ten seconds
    return client.get(f"/orders/{orders.token(Order.objects.get())}/").content.decode()


def test_the_hosted_page_is_paid_and_the_message_comes_before_the_shopper(client, stripe):
    session = at_stripe(client)
    hosted = stripe.sessions[session]["url"]

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments):
            return None

    opener = urllib.request.build_opener(Stay)
    with pytest.raises(urllib.error.HTTPError) as sent:
        opener.open(hosted, urlencode({"method": "card"}).encode())

    assert delivers(client, stripe) == [200]
    assert state() == PAID
    where = sent.value.headers["Location"]
    assert where.endswith(f"/orders/{orders.token(Order.objects.get())}/")
    assert ". It is coming." in page_of(client)
    assert not Cart.objects.exists()


def test_who_comes_back_without_a_message_is_not_left_waiting(client, stripe):
    stripe.pay(at_stripe(client), "card")

    assert ". It is coming." in page_of(client)
    assert state() == PAID
    assert delivers(client, stripe, 0, 0) == [200, 200]  # it comes late, and twice
    tasks.release_reservations()
    assert state() == PAID
    assert [letter.subject.split()[0] for letter in mail.outbox] == ["Your"]


def test_who_comes_back_while_stripe_is_down_reads_that_it_waits(client, stripe):
    stripe.pay(at_stripe(client), "card")
    stripe.down = True

    assert "Waiting for your payment" in page_of(client)
    stripe.down = False
    assert ". It is coming." in page_of(client)


def test_a_lost_message_is_asked_for_before_the_stock_is_given_away(client, stripe):
    stripe.pay(at_stripe(client), "card")
    Order.objects.update(expires_at=timezone.now())
    stripe.down = True

    assert tasks.release_reservations() == 0
    assert Order.objects.get().expires_at > timezone.now()
    stripe.down = False
    Order.objects.update(expires_at=timezone.now())
    assert tasks.release_reservations() == 0
    assert state() == PAID


def test_an_order_that_nobody_paid_gives_its_stock_back(client, stripe):
    stripe.expire(at_stripe(client))
    Order.objects.update(expires_at=timezone.now())

    assert tasks.release_reservations() == 1
    assert state() == ("cancelled", False, 3, 0, [])


@pytest.mark.parametrize("method", ["ideal", "sepa_debit"])
def test_a_slow_method_waits_as_processing_and_is_paid(client, stripe, method):
    session = at_stripe(client)
    stripe.pay(session, method)
    delivers(client, stripe)

    order = Order.objects.get()
    assert state() == PROCESSING
    assert order.expires_at > timezone.now() + timedelta(days=13)
    assert "Your bank is working on it" in page_of(client)
    assert not Cart.objects.exists()  # it is ordered; nothing is left to order again
    again = client.post(f"/orders/{orders.token(order)}/pay/")
    assert again["Location"].startswith("/orders/")  # and not to a second payment page
    tasks.release_reservations()
    assert [letter.subject for letter in mail.outbox] == [
        f"Order {order.number}: your bank is working on it"
    ]

    stripe.bank(session, pays=True)
    delivers(client, stripe, 1)
    assert state() == PAID
    tasks.release_reservations()
    assert mail.outbox[-1].subject == f"Your order {order.number}"


def test_a_slow_method_that_failed_is_told_and_can_be_paid_again(client, stripe):
    session = at_stripe(client)
    stripe.pay(session, "sepa_debit")
    delivers(client, stripe)
    stripe.bank(session, pays=False)
    delivers(client, stripe, 1)

    order = Order.objects.get()
    assert state() == WAITING
    assert order.expires_at > timezone.now() + timedelta(hours=23)
    tasks.release_reservations()
    assert mail.outbox[-1].subject == f"Order {order.number} is not paid"
    assert orders.token(order) in mail.outbox[-1].body
    again = client.post(f"/orders/{orders.token(order)}/pay/")["Location"].rpartition("/")[2]
    assert again != session
    stripe.pay(again, "card")
    delivers(client, stripe, 2)
    assert state() == PAID


def test_messages_in_any_order_and_twice_end_alike(client, stripe):
    session = at_stripe(client)
    stripe.pay(session, "sepa_debit")
    stripe.bank(session, pays=True)
    order = Order.objects.get()
    ends = []
    for turn in itertools.permutations([0, 1, 0, 1]):
        assert set(delivers(client, stripe, *turn)) == {200}
        ends.append(state())
        Payment.objects.all().delete()
        order.events.all().delete()
        PaymentSession.objects.update(state="open")
        Order.objects.update(status="pending", paid_at=None, processing_at=None,
                             expires_at=timezone.now() + timedelta(minutes=9))  # fmt: skip
        Variant.objects.update(stock=3, reserved=1)

    assert ends == [PAID] * 24


def test_a_refusal_that_comes_before_its_beginning_stays_refused(client, stripe):
    session = at_stripe(client)
    stripe.pay(session, "sepa_debit")
    stripe.bank(session, pays=False)

    delivers(client, stripe, 1, 0)

    assert state() == WAITING
    assert "Waiting for your payment" in page_of(client)


def test_a_bank_check_that_failed_leaves_the_page_open(client, stripe):
    session = at_stripe(client)

    assert stripe.pay(session, "card_refused") == ""  # 3-D Secure said no
    assert "Waiting for your payment" in page_of(client)
    assert order_it(client)["Location"].rpartition("/")[2] == session
    stripe.pay(session, "card")
    delivers(client, stripe)
    assert state() == PAID


def test_a_bag_changed_in_a_second_tab_closes_the_page_of_the_first(client, stripe):
    variant = make_variant(price=3450, stock=3)
    first = at_stripe(client, variant)
    second = at_stripe(client, variant)  # two pieces now
    assert tasks.close_pages(Order.objects.get(status="cancelled").pk) == 1

    assert stripe.sessions[first]["status"] == "expired"
    assert [stripe.sessions[one]["amount_total"] for one in (first, second)] == [3450, 6900]
    stripe.pay(second, "card")
    delivers(client, stripe)
    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == [
        "cancelled", "paid",
    ]  # fmt: skip
    variant.refresh_from_db()
    assert (variant.stock, variant.reserved) == (1, 0)


def test_a_page_that_was_paid_in_the_first_tab_meanwhile_goes_back(client, stripe):
    variant = make_variant(price=3450, stock=3)
    first = at_stripe(client, variant)
    stripe.pay(first, "card")  # its message is on the way
    at_stripe(client, variant)
    assert tasks.close_pages(Order.objects.get(status="cancelled").pk) == 0

    kinds = Payment.objects.order_by("pk").values_list("kind", "amount")
    assert ("misfit", 3450) in list(kinds)
    delivers(client, stripe)
    assert Payment.objects.filter(kind__in=["misfit", "capture"]).count() == 1


def test_an_altered_or_unsigned_message_changes_nothing(client, stripe):
    stripe.pay(at_stripe(client), "card")
    headers, body = stripe.messages[0]

    assert client.post("/hooks/stripe/", body, "application/json").status_code in {400, 401}
    less = body.replace(b"3450", b"9999")
    seen = client.post("/hooks/stripe/", less, "application/json", headers=headers)
    assert seen.status_code in {400, 401}
    assert state() == WAITING


def test_the_reservation_lives_as_long_as_the_page(client, stripe):
    stripe.expire(at_stripe(client))
    delivers(client, stripe)
    order = Order.objects.get()
    Order.objects.update(expires_at=timezone.now() + timedelta(minutes=4))

    client.post(f"/orders/{orders.token(order)}/pay/")

    assert Order.objects.get().expires_at > timezone.now() + timedelta(minutes=34)
