"""Whoever took over an account cannot cash out unseen."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from affiliates import mails, payouts
from affiliates.payouts import brands
from shop.models import Brand
from tests.affiliates.factories import make_brand, make_creator, make_user, sign_in

pytestmark = pytest.mark.django_db
IBAN = "NL91ABNA0417164300"


def test_a_new_bank_account_is_told_to_every_address_of_hers(client):
    creator = make_creator()
    for address, verified in [("first@x.example", True), ("second@x.example", True),
                              ("typo@x.example", False)]:  # fmt: skip
        EmailAddress.objects.create(user=creator.user, email=address, verified=verified)
    sign_in(client, creator.user)
    client.post("/creator/payouts/bank/", {"bank-iban": IBAN, "bank-holder": "A. Person"})

    now = timezone.now()
    assert [mails.accounts_changed(now), mails.accounts_changed(now)] == [1, 0]

    told = {address for letter in mail.outbox for address in letter.to}
    assert told == {"first@x.example", "second@x.example", creator.user.email}
    assert len(mail.outbox) == 3  # each by herself: no address learns of another
    assert "NL91…4300" in mail.outbox[0].body and IBAN not in mail.outbox[0].body


def test_a_brands_new_account_at_the_provider_waits_like_a_creators(client):
    brand = make_brand(connect_account="acct_1")
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    now = timezone.now()
    assert brand in brands.payable_brands(now)

    page = client.get(f"/admin/shop/brand/{brand.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    data |= {"connect_account": "acct_thief", "ships_to": "[]", "memberships-TOTAL_FORMS": 0,
             "memberships-INITIAL_FORMS": 0}  # fmt: skip
    saved = client.post(f"/admin/shop/brand/{brand.pk}/change/", data)
    assert saved.status_code == 302, saved.context["errors"]

    brand = Brand.objects.get()
    assert brand.connect_account == "acct_thief"
    assert brand not in brands.payable_brands(timezone.now())
    assert brand in brands.payable_brands(timezone.now() + timedelta(hours=49))
    assert payouts.METHOD_WAIT_HOURS == 48
