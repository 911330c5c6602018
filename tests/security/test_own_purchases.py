"""A creator who buys by her own link under another of her names."""

import pytest
from allauth.account.models import EmailAddress

from affiliates.models import Commission
from tests.affiliates.factories import make_brand, make_creator, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


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
