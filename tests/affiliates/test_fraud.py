"""Rules that hold a commission when its order is paid; flags decided, once, and taken back."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from affiliates import clickwatch, fraud, holds
from affiliates.models import Commission, PayoutMethod, RiskFlag
from config.lib.money import half_up
from tests.affiliates.clicking import DAY, SOON, burst, make_link, sold, state
from tests.affiliates.factories import (
    PAID,
    make_brand,
    make_creator,
    make_order,
    make_user,
    sign_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


# ------------------------------------------------------------------ when the order is paid


def held_rules(creator, **order):
    """Return the rules that hold what a creator earns on one order."""
    make_order({"brand": make_brand(), "creator": creator}, **order)
    found = Commission.objects.order_by("pk").last()
    return sorted({found.flag.rule} if found.flag else set())


def test_a_creator_who_buys_through_anothers_link_is_no_fraud():
    seller, buyer = make_creator(), make_creator()
    for one in (seller, buyer):
        PayoutMethod.objects.create(
            creator=one, iban=f"NL00TEST{one.pk:010}", holder="A", usable_from=PAID,
            created_at=PAID,
        )  # fmt: skip
    assert held_rules(seller, buyer=buyer.user, email=buyer.user.email) == []


def test_two_accounts_with_one_bank_account():
    seller, buyer = make_creator(), make_creator()
    for one in (seller, buyer):
        PayoutMethod.objects.create(
            creator=one, iban="NL91ABNA0417164300", holder="A", usable_from=PAID,
            created_at=PAID,
        )  # fmt: skip
    assert held_rules(seller, buyer=buyer.user) == ["same_account"]
    EmailAddress.objects.create(user=buyer.user, email=buyer.user.email, verified=True)
    assert held_rules(seller, email=buyer.user.email.upper()) == ["same_account"]


def test_another_mail_of_hers_confirmed_or_not():
    seller = make_creator()
    EmailAddress.objects.create(user=seller.user, email="second@people.example")
    assert held_rules(seller, email="Second@people.example") == ["same_mail"]


def test_the_third_order_with_a_mail_that_is_thrown_away():
    seller = make_creator()
    mails = [f"{n}@mailinator.com" for n in range(3)]
    assert [held_rules(seller, email=mail) for mail in mails] == [[], [], ["disposable_mail"]]


def test_the_same_payment_twice_is_one_flag():
    seller = make_creator()
    order = make_order({"brand": make_brand(), "creator": seller}, email=seller.user.email)
    flags = [fraud.flag_order(order, seller, PAID).pk for _ in range(2)]
    assert len(set(flags)) == RiskFlag.objects.count() == 1


# ------------------------------------------------------------------ decided, and taken back


def held_sale():
    link = make_link()
    sale = sold(link, burst(link)[0])
    clickwatch.run(SOON)
    return sale, RiskFlag.objects.get(), make_user(is_staff=True)


def test_a_confirmed_flag_taken_back_pays_the_sale_as_a_new_row():
    sale, flag, admin = held_sale()
    holds.decide_flag(flag, True, by=admin, reason="A script.", at=SOON)
    assert state(sale) == ["void"]

    assert holds.reverse_flag(flag, by=admin, reason="It was her class.", at=SOON + DAY) == 1

    flag.refresh_from_db()
    again = Commission.objects.live().get()
    facts = ["creator_id", "order_line_id", "base", "rate_bp", "amount", "currency", "link_id"]
    assert [getattr(again, f) for f in facts] == [getattr(sale, f) for f in facts]
    assert (again.state, state(sale), flag.state) == ("pending", ["void"], "cleared")
    clickwatch.run(SOON + 2 * DAY)
    assert state(again) == ["pending"]


def test_a_part_that_went_back_meanwhile_goes_off_again():
    from shop import refunds

    sale, flag, admin = held_sale()
    holds.decide_flag(flag, True, by=admin, reason="A script.", at=SOON)
    line = sale.order_line
    refunds.refund(line.brand_order.order, amount=line.gross // 2, at=SOON)
    holds.reverse_flag(flag, by=admin, reason="It was her class.", at=SOON + DAY)
    rows = Commission.objects.live()
    line.refresh_from_db()
    target = half_up(line.net - line.refunded, sale.rate_bp)
    assert sum(row.amount for row in rows) == target < sale.amount


def test_a_cleared_flag_taken_back_is_open_with_its_own_ten_days():
    sale, flag, admin = held_sale()
    holds.decide_flag(flag, False, by=admin, reason="Fine.", at=SOON)
    assert holds.reverse_flag(flag, by=admin, reason="Not fine.", at=SOON + DAY) == 1
    flag.refresh_from_db()
    assert (state(sale), flag.state, flag.opened_at) == (["held"], "open", SOON + DAY)
    assert holds.lift(SOON + 11 * DAY).flags == 1
    with pytest.raises(holds.NotFreezable):
        holds.reverse_flag(flag, by=admin, reason="Again.", at=SOON + 12 * DAY)


def test_the_queue_says_what_was_found_and_takes_back_in_bulk(client):
    sale, flag, _admin = held_sale()
    admin = make_user(is_staff=True, is_superuser=True)
    sign_in(client, admin)
    url = reverse("admin:affiliates_riskflag_changelist")
    page = client.get(url).content.decode()
    assert "3 visitors clicked the link 90 times" in page
    assert "13 November" in page
    for action, wanted in [("confirm", "void"), ("take_back", "void"), ("clear", "void")]:
        client.post(url, {"action": action, "reason": "So.", "_selected_action": [flag.pk]})
        assert state(sale) == [wanted]
    assert Commission.objects.live().get().state == "pending"


def test_the_creator_reads_why_and_until_when(client):
    sale, _flag, _admin = held_sale()
    client.force_login(sale.creator.user)
    page = client.get(reverse("affiliates:earnings")).content.decode()
    assert "3 visitors clicked the link 90 times" in page
    assert "Without a decision by 13 Nov" in page
    first = client.get(reverse("affiliates:creator_dashboard")).content.decode()
    assert "3 visitors clicked the link 90 times" in first
