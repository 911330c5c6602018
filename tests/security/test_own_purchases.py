"""A creator who buys by her own link under another of her names."""

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from affiliates.models import Commission
from shop import payers
from shop.models import Payment
from tests.affiliates.factories import make_brand, make_creator, make_order
from tests.shop import test_stripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
api = test_stripe.api


def buy(creator, email, **facts):
    order = make_order({"brand": make_brand(), "creator": creator}, email=email, **facts)
    return Commission.objects.get(order_line__brand_order__order=order)


@pytest.mark.parametrize("verified", [True, False])
def test_any_address_of_her_account_holds_the_commission(verified):
    creator = make_creator()
    other = "noor.second@gmail.com"
    EmailAddress.objects.create(user=creator.user, email=other, verified=verified)

    held = buy(creator, "NoorSecond+shop@googlemail.com")

    assert (held.state, held.flag.rule) == ("held", "same_mail")
    assert buy(creator, "somebody@people.example").state == "pending"


def test_a_card_that_paid_an_order_of_hers_holds_the_commission():
    creator = make_creator()
    make_order({"brand": make_brand()}, email=creator.user.email, payment_fingerprint="card-1")

    held = buy(creator, "cousin@people.example", payment_fingerprint="card-1")

    assert (held.state, held.flag.rule) == ("held", "same_payment")


@pytest.mark.parametrize("first", ["hers", "cousins"])
def test_a_card_that_stripe_names_after_the_payment_holds_it_too(api, monkeypatch, first):
    """In live mode the message of a payment says nothing of the card."""
    creator, now = make_creator(), timezone.now()
    cards = {"type": "card", "card": {"fingerprint": "fp_1"}}
    monkeypatch.setattr(test_stripe.Api, "paid_by", cards)
    orders = {
        "hers": make_order({"brand": make_brand()}, email=creator.user.email),
        "cousins": make_order({"brand": make_brand(), "creator": creator}),
        "stranger": make_order({"brand": make_brand(), "creator": creator}),
    }
    earned = Commission.objects.order_by("pk")
    assert {row.state for row in earned} == {"pending"}

    for name in (first, *({"hers", "cousins"} - {first})):
        row = Payment.objects.filter(order=orders[name])
        row.update(gateway="stripe", ask_payer=True, created_at=now)
        assert payers.ask(now) == 1

    assert [(row.state, row.flag and row.flag.rule) for row in earned.all()] == [
        ("held", "same_payment"), ("pending", None),
    ]  # fmt: skip
