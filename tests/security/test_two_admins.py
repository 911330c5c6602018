"""What would pay again, or redirect money, takes two people or a fresh second factor, and is told."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import brandletters, commissions, fraud, payouts, settlement
from affiliates.models import Commission, FeePolicy, Payout, PayoutWord, RiskFlag
from shop.models import Brand, Membership
from tests.affiliates.factories import (
    NIGHT_OVER,
    make_brand,
    make_commission,
    make_creator,
    make_payable,
    make_user,
    sign_in,
)
from tests.affiliates.test_payouts import FRIDAY
from tests.desk import act, make_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def desks():
    """Two admins of finance, each signed in with a fresh second factor."""
    return [make_desk(), make_desk()]


def stale(client):
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()
    return client


def sent_payout(paid=False):
    creator = make_creator()
    make_commission(creator, price=34500)
    make_payable(creator)
    settlement.settle(NIGHT_OVER)
    batch = payouts.build(FRIDAY)[0]
    payouts.approve(batch, make_user(is_staff=True), FRIDAY)
    payouts.export(batch, make_user(is_staff=True), FRIDAY)
    if paid:
        payouts.confirm_batch(batch, FRIDAY)
    return batch.payouts.get()


@pytest.mark.parametrize("end", ["failed", "returned"])
def test_one_admin_alone_does_not_make_a_payout_payable_again(desks, end):
    payout, action = sent_payout(paid=end == "returned"), {"failed": "fail"}.get(end, end)
    before = payout.state

    for _n in range(2):
        act(desks[0], Payout, action, [payout], "closed account")
        payout.refresh_from_db()
        assert payout.state == before
    assert PayoutWord.objects.get().agreed_by is None
    act(desks[1], Payout, action, [payout], "seen at the bank")

    payout.refresh_from_db()
    assert (payout.state, payout.reason) == (end, "closed account")
    word = PayoutWord.objects.get()
    assert word.agreed_by and word.agreed_by != word.said_by
    said = LogEntry.objects.filter(object_id=str(payout.pk)).values_list(
        "change_message", flat=True
    )
    assert sum("closed account" in one or "seen at the bank" in one for one in said) == 2


def test_nobody_says_it_of_her_own_payout():
    payout = sent_payout()
    with pytest.raises(payouts.NotAllowed):
        payouts.say(payout, "failed", "x", payout.creator.user, FRIDAY)
    assert not PayoutWord.objects.exists()


def test_what_waits_lets_go_only_with_a_fresh_second_factor_and_a_reason(desks):
    sale, other = make_commission(), make_commission()
    flag = fraud.flag("by_hand", sale.creator, "order:1", {"x": 1}, timezone.now())
    commissions.hold([sale.pk], flag=flag)
    commissions.hold([other.pk], flag=fraud.flag("by_hand", None, "y", {}, timezone.now()))
    asks = "/accounts/2fa/reauthenticate/"

    old = stale(desks[0])
    assert act(old, RiskFlag, "clear", [flag], "why")["Location"].startswith(asks)
    assert act(old, Commission, "release", [other], "why")["Location"].startswith(asks)
    act(desks[1], RiskFlag, "clear", [flag], "")
    assert {row.state for row in Commission.objects.all()} == {"held"}
    act(desks[1], RiskFlag, "clear", [flag], "explained")
    act(desks[1], Commission, "release", [other], "explained")

    assert {row.state for row in Commission.objects.all()} == {"pending"}
    assert LogEntry.objects.filter(change_message__contains="explained").count() == 2


def fee(client, **facts):
    when = timezone.localtime(facts.pop("at"))
    facts = {
        "rate_bp": 600, "base": "attributed", "minimum": 0, "minimum_currency": "EUR", "brand": "",
        "gives_back": "on", "effective_from_0": f"{when:%Y-%m-%d}",
        "effective_from_1": f"{when:%H:%M:%S}", "note": "",
    } | facts  # fmt: skip
    return client.post(reverse("admin:affiliates_feepolicy_add"), facts)


def test_a_fee_is_announced_fifteen_days_before_and_told_to_owners_once(desks):
    brand, other = make_brand(country="DE"), make_brand(country="DE")
    owner, member = make_user(), make_user()
    Membership.objects.create(user=owner, brand=brand)
    Membership.objects.create(user=member, brand=brand, role="member")
    Membership.objects.create(user=make_user(), brand=other)
    now, known = timezone.now(), FeePolicy.objects.count()

    fee(desks[0], at=now + timedelta(days=14), brand=brand.pk)
    fee(stale(desks[0]), at=now + timedelta(days=16), brand=brand.pk)
    assert FeePolicy.objects.count() == known
    fee(desks[1], at=now + timedelta(days=16), brand=brand.pk)
    assert FeePolicy.objects.count() == known + 1
    assert [brandletters.send_waiting(now), brandletters.send_waiting(now)] == [1, 0]

    assert [letter.to for letter in mail.outbox] == [[owner.email]]
    assert "it is 6 % of the net price" in mail.outbox[0].body
    FeePolicy.objects.filter(brand=brand).update(rate_bp=650)
    assert brandletters.send_waiting(now) == 1
    assert "it is 6.5 % of the net price" in mail.outbox[1].body
    assert LogEntry.objects.filter(content_type__model="feepolicy").count() == 1


def change(client, brand, **facts):
    page = client.get(f"/admin/shop/brand/{brand.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    data |= {"ships_to": "[]", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    return client.post(f"/admin/shop/brand/{brand.pk}/change/", data | facts)


def test_a_brands_account_is_changed_by_finance_with_a_fresh_factor_and_told(desks):
    brand = make_brand(connect_account="acct_1", country="DE")
    owner = Membership.objects.create(user=make_user(), brand=brand).user
    shopkeeper = make_user(is_staff=True)
    shopkeeper.user_permissions.set(Permission.objects.filter(content_type__app_label="shop"))
    client = Client()
    sign_in(client, shopkeeper)
    change(client, brand, connect_account="acct_2", name="Renamed")
    assert Brand.objects.values_list("name", "connect_account").get() == ("Renamed", "acct_1")

    answer = change(stale(desks[0]), brand, connect_account="acct_3")
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert Brand.objects.get().connect_account == "acct_1"
    change(desks[1], brand, connect_account="acct_4")
    now = timezone.now()
    assert [brandletters.send_waiting(now), brandletters.send_waiting(now)] == [1, 0]

    assert mail.outbox[0].to == [owner.email]
    assert "The payout account of Renamed was changed" in mail.outbox[0].subject
    logged = LogEntry.objects.filter(content_type__model="brand").first()
    assert "onnect account" in logged.get_change_message()
