"""The rows of the table of entries for what comes back or is lost; and that each row has a test."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from affiliates import bookings, ledger, payouts, settlement
from shop import refunds
from shop.models import Payment, RefundFailure
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    PAID,
    make_commission,
    make_numbered,
    make_payable,
    make_user,
)
from tests.affiliates.test_entries import (
    BANK,
    BRAND,
    CLEARING,
    CREATOR,
    LOSS,
    REVENUE,
    SUSPENSE,
    TRANSIT,
    VAT,
    balance,
    entries,
    sale,
)
from tests.affiliates.test_refunds import chargeback, win

FRIDAY = NIGHT_OVER
money = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


class TestBack:
    pytestmark = money

    def test_the_fee_goes_back_with_a_chargeback(self):
        chargeback(sale(), "dp", 3450)

        assert entries(source_kind="dispute_line") == [
            ("chargeback", BRAND, CLEARING, 3450), ("fee_dispute", REVENUE, BRAND, 143),
            ("fee_vat_dispute", VAT, BRAND, 30),
        ]  # fmt: skip

    def test_a_refund_of_what_a_dispute_took_is_our_loss_until_that_is_won(self):
        order = sale()
        dispute = chargeback(order, "dp", 3450)
        payment = Payment.objects.create(
            order=order, gateway="fake", kind="refund", amount=1000, currency="EUR",
            reference="re_1", created_at=DELIVERED,
        )  # fmt: skip
        refund = refunds.told_by_provider(payment, DELIVERED)
        assert entries(source_kind="refund") == [("refund_loss", LOSS, CLEARING, 1000)]

        win(dispute)

        assert entries(source_kind="refund_line", kind__startswith="refund") == [
            ("refund_late", BRAND, LOSS, 1000)
        ]
        bookings.refunded(refund, DELIVERED)
        assert (balance(ledger.LOSS), len(entries(source_kind="refund"))) == (0, 1)

    @pytest.mark.parametrize(
        ("state", "paid"),
        [
            ("open", []),
            ("sent_again", [("refund_again", SUSPENSE, CLEARING, 900)]),
            ("by_bank", [("refund_by_bank", SUSPENSE, BANK, 900)]),
        ],
    )
    def test_a_refund_that_failed(self, state, paid):
        made = refunds.refund(sale(), at=DELIVERED, amount=900)
        row = RefundFailure.objects.create(
            payment=Payment.objects.get(refund=made), gateway="fake", reference="re_x", amount=900,
            currency="EUR", failed_at=DELIVERED, state=state,
            resolved_at=DELIVERED if paid else None,
            sent_reference="re_y" if state == "sent_again" else "",
            bank_reference="T1" if state == "by_bank" else "",
        )  # fmt: skip
        for _twice in range(2):
            bookings.bounced(row)

        assert entries(source_kind="refund_failure") == [
            ("refund_failed", CLEARING, SUSPENSE, 900), *paid
        ]  # fmt: skip

    def payout(self, export=True):
        """A payout of a creator who charges VAT, on its way."""
        creator = make_commission(price=34500).creator
        make_payable(creator)
        make_numbered(creator)
        settlement.settle(NIGHT_OVER)
        (batch,) = payouts.build(FRIDAY)
        if export:
            payouts.approve(batch, make_user(is_staff=True), PAID)
            payouts.export(batch, make_user(is_staff=True), FRIDAY)
        return batch.payouts.get()

    BUILT = [("payout", CREATOR, TRANSIT, 3421), ("payout_vat", VAT, TRANSIT, 718)]

    def test_vat_goes_out_and_comes_back_with_a_payout(self):
        payout = self.payout()
        payouts.confirm(payout, FRIDAY)
        payouts.returned(payout, "account closed", FRIDAY)

        assert entries(source_kind="payout") == [
            *self.BUILT,
            ("payout_paid", TRANSIT, BANK, 3421), ("payout_vat_paid", TRANSIT, BANK, 718),
            ("payout_returned", BANK, CREATOR, 3421), ("payout_vat_returned", BANK, VAT, 718),
        ]  # fmt: skip

    @pytest.mark.parametrize("end", ["failed", "cancelled"])
    def test_vat_of_a_payout_that_never_arrived(self, end):
        payout = self.payout(export=end == "failed")
        (payouts.fail if end == "failed" else payouts.cancel)(payout, "closed", FRIDAY)

        assert entries(source_kind="payout") == [
            *self.BUILT,
            ("payout_back", TRANSIT, CREATOR, 3421), ("payout_vat_back", TRANSIT, VAT, 718),
        ]  # fmt: skip


def test_each_row_of_the_table_is_booked_by_name_in_a_test():
    """A row of docs/money.md whose entry no test writes out in full would be a promise only."""
    said = (settings.BASE_DIR / "docs" / "money.md").read_text()
    table = said.partition("## The table of entries")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    kinds = {kind for row in rows for kind in re.findall(r"`([a-z]\w+)`", row)}
    here = Path(__file__).parent
    tests = "".join((here / f"test_{name}.py").read_text() for name in ("entries", "entries_back"))

    assert len(kinds) > 35
    assert {kind for kind in kinds if f'("{kind}", ' not in tests} == set()
