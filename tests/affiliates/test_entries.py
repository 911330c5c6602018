"""Every row of the table of entries (docs/money.md): who causes it, which accounts, once."""

from datetime import timedelta

import pytest

from affiliates import (
    adjustments,
    bookings,
    funding,
    ledger,
    payouts,
    rails,
    settlement,
)
from affiliates.models import Adjustment, LedgerEntry, Payout
from affiliates.rails.fake import Fake
from shop import movements, payments, refunds
from shop.gateways import Event
from shop.models import Movement, Payment, TopUp
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    PAID,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_payable,
    make_user,
)
from tests.affiliates.test_refunds import chargeback, win

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FRIDAY = NIGHT_OVER
LATER = PAID + timedelta(days=40)


def entries(**of) -> list[tuple]:
    """Return (kind, debit, credit, amount) of the entries, in order."""
    rows = LedgerEntry.objects.filter(**of).select_related("debit", "credit").order_by("id")
    return [(row.kind, row.debit.kind, row.credit.kind, row.amount) for row in rows]


def balance(owner, currency="EUR"):
    return ledger.balance(owner, currency)


@pytest.fixture
def admins():
    return [make_user(is_staff=True), make_user(is_staff=True)]


@pytest.fixture
def connect(monkeypatch):
    """A Connect rail that pays nobody: what is tested here is what is booked."""
    monkeypatch.setitem(rails.RAILS, "connect", Fake())


CLEARING, BANK, SUSPENSE = "provider_clearing", "bank", "suspense"
BRAND, CREATOR, TRANSIT = "brand_balance", "creator_balance", "payout_in_transit"
REVENUE, VAT, LOSS, FEES = "platform_revenue", "vat", "platform_loss", "provider_fees"


def sale(**order):
    return make_order({"brand": make_brand(), "creator": make_creator()}, **order)


def test_a_capture_and_the_fee_of_a_line():
    order = sale(shipping=495)

    assert entries() == [
        ("capture", CLEARING, BRAND, 3945), ("fee", BRAND, REVENUE, 143), ("fee_vat", BRAND, VAT, 30)
    ]  # fmt: skip
    bookings.paid(order, PAID)
    assert len(entries()) == 3


def test_a_capture_of_two_brands_is_one_entry_each():
    one, two = make_brand(), make_brand()
    make_order(
        {"brand": one, "price": 1000}, {"brand": two, "price": 2500}, {"brand": one, "price": 7}
    )

    assert entries() == [("capture", CLEARING, BRAND, 1007), ("capture", CLEARING, BRAND, 2500)]
    assert (balance(ledger.brand(one.pk)), balance(ledger.brand(two.pk))) == (1007, 2500)


def test_a_refund_gives_back_the_fee():
    order = sale()
    refund = refunds.refund(order, at=DELIVERED, amount=1725)
    bookings.refunded(refund, DELIVERED)

    assert entries(source_kind="refund_line") == [
        ("refund", BRAND, CLEARING, 1725), ("fee_refund", REVENUE, BRAND, 72),
        ("fee_vat_refund", VAT, BRAND, 15),
    ]  # fmt: skip


def test_a_chargeback_takes_what_was_not_refunded_and_we_bear_the_rest():
    order = sale()
    refunds.refund(order, at=DELIVERED, amount=1000)
    dispute = chargeback(order, "dp", 3450)
    bookings.disputed(dispute, DELIVERED)

    assert entries(source_kind="dispute_line", kind__startswith="chargeback") == [
        ("chargeback", BRAND, CLEARING, 2450), ("chargeback_loss", LOSS, CLEARING, 1000),
    ]  # fmt: skip
    win(dispute)
    assert entries(source_kind="dispute_line", kind__endswith="won") == [
        ("chargeback_won", CLEARING, BRAND, 2450), ("chargeback_loss_won", CLEARING, LOSS, 1000),
        ("fee_dispute_won", BRAND, REVENUE, 101), ("fee_vat_dispute_won", BRAND, VAT, 21),
    ]  # fmt: skip


# ------------------------------------------------------------ what fits no order


def astray(kind, misfit=None, amount=3450, reference=""):
    payment = Payment.objects.create(
        gateway="fake", kind=kind, amount=amount, currency="EUR", misfit=misfit,
        reference=reference or f"{kind}-1", created_at=PAID,
    )  # fmt: skip
    bookings.misfit(payment, PAID)
    bookings.misfit(payment, PAID)
    return payment


def test_a_misfit_lies_in_suspense_until_it_goes_back():
    misfit = astray("misfit")
    assert entries() == [("misfit", CLEARING, SUSPENSE, 3450)]
    astray("refund", misfit)
    assert entries()[1:] == [("misfit_back", SUSPENSE, CLEARING, 3450)]
    assert balance(ledger.SUSPENSE) == 0


def test_a_misfit_that_goes_back_twice_is_our_loss_until_it_is_won():
    misfit = astray("misfit")
    astray("refund", misfit, 1000)
    astray("chargeback", misfit)
    assert entries()[2:] == [
        ("misfit_back", SUSPENSE, CLEARING, 2450), ("misfit_loss", LOSS, CLEARING, 1000),
    ]  # fmt: skip
    astray("chargeback_won", misfit)
    assert entries()[4:] == [
        ("misfit_loss_won", CLEARING, LOSS, 1000), ("misfit_won", CLEARING, SUSPENSE, 2450),
    ]  # fmt: skip


# ------------------------------------------------------------ what the provider takes and pays


def move(kind, amount, reference="m", **cause):
    row = Movement.objects.create(
        gateway="stripe", kind=kind, amount=amount, currency="EUR", reference=reference,
        created_at=PAID, **cause,
    )  # fmt: skip
    bookings.moved(row, PAID)
    bookings.moved(row, PAID)
    return entries(source_kind="movement", source_id=row.pk)


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("fee", 77, ("provider_fee", FEES, CLEARING, 77)),
        ("fee", -77, ("provider_fee", CLEARING, FEES, 77)),
        ("payout", 90_000, ("provider_payout", BANK, CLEARING, 90_000)),
        ("payout_back", 90_000, ("provider_payout_back", CLEARING, BANK, 90_000)),
        ("dispute_fee", 1500, ("dispute_fee", FEES, CLEARING, 1500)),
    ],
)
def test_what_the_provider_does_for_itself(kind, amount, expected):
    assert move(kind, amount) == [expected]


def test_a_fee_that_is_not_known_yet_moves_nothing():
    assert move("fee", None) == move("fee", 0, "other") == []


def test_a_disputes_fee_is_split_over_its_brands_and_comes_back_alike():
    one, two = make_brand(), make_brand()
    order = make_order({"brand": one, "price": 1000}, {"brand": two, "price": 2000})
    dispute = chargeback(order, "dp", 3000)

    assert move("dispute_fee", 1501, dispute=dispute) == [
        ("dispute_fee", BRAND, CLEARING, 500), ("dispute_fee", BRAND, CLEARING, 1001),
    ]  # fmt: skip
    move("dispute_fee", -1501, "back", dispute=dispute)
    assert balance(ledger.brand(one.pk)) == balance(ledger.brand(two.pk)) == 0


def test_the_messages_of_a_provider_are_booked():
    """From the message to the books: a fee, a dispute with its fee, a payout to our bank."""
    order = sale()
    facts = {"gateway": "fake", "at": PAID, "currency": "EUR"}
    fee = {"amount": 1500, "currency": "EUR", "reference": "txn_2"}
    for event in (
        Event(external_id="1", kind="fee", fees=[fee | {"amount": 77, "reference": "t"}], **facts),
        Event(external_id="2", kind="chargeback", order_number=order.number, amount=3450,
              reference="dp", fees=[fee], **facts),
        Event(external_id="3", kind="payout_paid", amount=50, reference="po_1", **facts),
    ):  # fmt: skip
        payments.receive(event)

    assert entries(source_kind="movement") == [
        ("provider_fee", FEES, CLEARING, 77), ("dispute_fee", BRAND, CLEARING, 1500),
        ("provider_payout", BANK, CLEARING, 50),
    ]  # fmt: skip
    assert balance(ledger.CLEARING) == 77 + 1500 + 50


# ------------------------------------------------------------ what brands pay in


def test_a_top_up_by_card_and_its_way_back():
    brand = make_brand()
    row = TopUp.objects.create(
        number="TU-1", brand=brand, gateway="fake", charge="ch", amount=5000, currency="EUR",
        state="paid", created_at=PAID, paid_at=PAID,
    )  # fmt: skip
    for _twice in range(2):
        bookings.topped_up(row, PAID)
    assert entries() == [("topup", CLEARING, BRAND, 5000)]
    assert move("topup_back", 5000, top_up=row) == [("topup_back", BRAND, CLEARING, 5000)]
    assert move("topup_back", -5000, "won", top_up=row) == [("topup_back", CLEARING, BRAND, 5000)]
    assert move("dispute_fee", 1500, top_up=row) == [("dispute_fee", BRAND, CLEARING, 1500)]


def propose(admins, kind, amount, **facts):
    facts = {"brand": make_brand()} | facts
    row = adjustments.propose(
        kind, facts.pop("brand"), amount, "EUR", "as agreed by phone", admins[0], PAID, **facts
    )
    assert entries(source_kind="adjustment") == []
    return row


def test_a_top_up_by_bank(admins):
    row = propose(admins, "topup_bank", 9900, reference="NL26-1")
    adjustments.approve(row, admins[1], PAID, "seen on the statement")
    assert entries() == [("topup_bank", BANK, BRAND, 9900)]


# ------------------------------------------------------------ what we give


def test_goodwill_for_a_brand(admins):
    row = propose(admins, "goodwill", 700)
    adjustments.approve(row, admins[1], PAID)
    assert entries() == [("goodwill", LOSS, BRAND, 700)]


def test_goodwill_for_a_creator_costs_the_brand_nothing(admins):
    creator, brand = make_creator(), make_brand()
    row = propose(admins, "goodwill", 701, brand=brand, creator=creator)
    row = adjustments.approve(row, admins[1], PAID)
    settlement.settle(NIGHT_OVER)

    assert entries() == [
        ("goodwill", LOSS, BRAND, 848), ("settlement", BRAND, CREATOR, 701),
        ("settlement_vat", BRAND, VAT, 147),
    ]  # fmt: skip
    assert row.commission.amount == balance(ledger.creator(creator.pk)) == 701
    assert balance(ledger.brand(brand.pk)) == 0


def test_a_correction_is_borne_by_the_brand(admins):
    creator = make_creator()
    row = propose(admins, "correction", -300, creator=creator)
    row = adjustments.approve(row, admins[1], PAID)
    settlement.settle(NIGHT_OVER)

    assert entries(kind="settlement") == [("settlement", CREATOR, BRAND, 300)]
    assert row.commission.reason == "as agreed by phone"


def test_a_write_off_clears_a_brands_debt_and_no_more(admins):
    commission = make_commission(price=34500)
    settlement.settle(NIGHT_OVER)
    refunds.refund(commission.order_line.brand_order.order, at=NIGHT_OVER)
    brand = commission.brand
    owed = -balance(ledger.brand(brand.pk))
    assert owed == 3421 + 718

    too_much = propose(admins, "write_off", owed + 1, brand=brand)
    with pytest.raises(adjustments.NotAllowed, match="owes €41.39"):
        adjustments.approve(too_much, admins[1], NIGHT_OVER)
    adjustments.approve(propose(admins, "write_off", owed, brand=brand), admins[1], NIGHT_OVER)
    assert entries(kind="write_off") == [("write_off", LOSS, BRAND, owed)]
    assert balance(ledger.brand(brand.pk)) == 0
    assert not funding.waiting_lines(commission.creator_id)


def test_one_proposes_and_another_decides_once(admins):
    row = propose(admins, "goodwill", 700)
    with pytest.raises(adjustments.NotAllowed, match="Whoever proposed"):
        adjustments.approve(row, admins[0], PAID)
    with pytest.raises(adjustments.NotAllowed, match="Whoever proposed"):
        adjustments.refuse(row, admins[0], PAID, "no")
    adjustments.refuse(row, admins[1], PAID, "not agreed")
    with pytest.raises(adjustments.NotAllowed, match="refused"):
        adjustments.approve(row, admins[1], PAID)
    assert entries() == []
    with pytest.raises(ValueError, match="reason"):
        adjustments.propose("goodwill", row.brand, 5, "EUR", "  ", admins[0], PAID)
    assert Adjustment.objects.get().decision == "not agreed"


# ------------------------------------------------------------ payouts


def to_the_bank(batch, admins):
    payouts.approve(batch, admins[0], FRIDAY)
    payouts.export(batch, admins[1], FRIDAY)
    payouts.confirm_batch(batch, FRIDAY)
    return batch.payouts.get()


def test_a_night_and_a_creators_payout_by_sepa(admins):
    commission = make_commission(price=34500)
    make_payable(commission.creator)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payout = to_the_bank(batch, admins)
    payouts.returned(payout, "account closed", FRIDAY)

    assert entries(source_kind__in=["settlement_line", "payout"]) == [
        ("settlement", BRAND, CREATOR, 3421), ("settlement_vat", BRAND, VAT, 718),
        ("payout", CREATOR, TRANSIT, 3421), ("payout_paid", TRANSIT, BANK, 3421),
        ("payout_returned", BANK, CREATOR, 3421),
    ]  # fmt: skip


def test_a_brands_payout_by_connect(admins, connect):
    brand = make_brand(connect_account="acct_1")
    deliver(make_order({"brand": brand, "price": 34500}))
    assert payouts.build(DELIVERED + timedelta(days=14)) == []  # the window is open
    (batch,) = payouts.build(LATER)
    assert (batch.rail, batch.payouts.get().amount, balance(ledger.brand(brand.pk))) == (
        "connect", 34500, 0,
    )  # fmt: skip
    assert payouts.build(LATER) == []
    payout = to_the_bank(batch, admins)
    payouts.returned(payout, "account restricted", LATER)

    assert entries(source_kind="payout") == [
        ("payout", BRAND, TRANSIT, 34500), ("payout_paid", TRANSIT, CLEARING, 34500),
        ("payout_returned", CLEARING, BRAND, 34500),
    ]  # fmt: skip
    (again,) = payouts.build(LATER + timedelta(days=7))
    payouts.cancel(again.payouts.get(), "on request", LATER)
    assert entries(kind="payout_back") == [("payout_back", TRANSIT, BRAND, 34500)]


def test_a_brand_is_paid_what_nobody_else_waits_for(connect):
    """Open windows, unsettled commissions with their VAT: none of it is the brand's to take."""
    brand = make_brand(connect_account="acct_1")
    make_commission(brand=brand, price=34500, delivered=None)  # commission 3421, VAT 719, fee
    open_window = make_order({"brand": brand, "price": 5000}, at=LATER - timedelta(days=3))
    free = balance(ledger.brand(brand.pk)) - 5000 - 3421 - 719
    assert funding.of(brand, at=LATER + timedelta(days=6)).payable == free

    payouts.build(LATER + timedelta(days=6))
    assert Payout.objects.get().amount == free
    settlement.settle(LATER + timedelta(days=12))
    refunds.refund(open_window, at=LATER)
    assert balance(ledger.brand(brand.pk)) == 1  # the reserve rounds VAT up


def test_without_an_account_or_the_rail_no_brand_is_paid(connect, monkeypatch):
    deliver(make_order({"brand": make_brand(), "price": 34500}))
    assert payouts.build(LATER) == []
    monkeypatch.delitem(rails.RAILS, "connect")
    assert payouts.build(LATER) == []


def test_a_brands_own_shop_has_no_entries_of_its_own():
    make_order({"brand": make_brand()}, own_shop=True)
    assert entries() == []


def test_an_open_return_keeps_the_window_open(connect):
    brand = make_brand(connect_account="acct_1")
    order = make_order({"brand": brand, "price": 34500})
    deliver(order)
    row = order.parts.get().returns.create(asked_at=DELIVERED)
    assert payouts.build(LATER) == []
    row.closed_at = LATER
    row.save()
    assert len(payouts.build(LATER)) == 1


def test_begin_asks_for_the_amount(settings):
    started = movements.begin(
        make_brand(), 5000, "EUR", by=make_user(), at=PAID, return_url="/x", cancel_url="/x"
    )
    assert TopUp.objects.get().session == started.reference
