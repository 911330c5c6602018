"""Any history of the market keeps every promise of its books, to the cent, in three currencies.

Hypothesis chooses what happens; a small model counts beside it what shoppers, banks and the
provider moved. After each step every invariant holds, and what the market has at the provider
and at its bank is what the model says.
"""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from affiliates import adjustments, collaborations, commissions, invariants, ledger, payouts
from affiliates import settlement as nights
from affiliates.models import Commission, LedgerEntry, Payout, PayoutBatch, RiskFlag
from config.lib.money import half_up
from shop import misfits, orders, payback, payments, refunds
from shop.gateways import Event
from shop.models import Dispute, OrderLine, Payment, TopUp
from tests.affiliates import factories as money

DAY = timedelta(days=1)
CURRENCIES = ("EUR", "JPY", "KWD")
amounts = st.integers(1, 60_000)


class Market(RuleBasedStateMachine):
    """Two brands per currency, three creators, two admins, and everything that may happen."""

    unpaid, paid, disputes = Bundle("unpaid"), Bundle("paid"), Bundle("disputes")
    batches, on_their_way, gone = Bundle("batches"), Bundle("on_their_way"), Bundle("gone")

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.at = money.PAID
        self.n = 0
        self.provider, self.bank = Counter(), Counter()  # what lies there, by currency

    seen = Counter()  # kinds of entries that the histories led to

    def teardown(self):
        self.seen.update(LedgerEntry.objects.values_list("kind", flat=True))
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize()
    def open_the_market(self):
        self.admins = [money.make_user(is_staff=True), money.make_user(is_staff=True)]
        self.creators = [money.make_creator() for _n in range(3)]
        for creator, kind in zip(self.creators, ("private", "vat_liable", "kor"), strict=True):
            method = money.make_payable(creator)
            type(method).objects.filter(pk=method.pk).update(rail="fake")
            creator.tax_profiles.update(kind=kind, vat_number="NL000099998B57")
        self.brands = {}
        for currency in CURRENCIES:
            self.brands[currency] = [
                money.make_brand(currency=currency, connect_account="acct_1"),
                money.make_brand(currency=currency, country="US", vat_number=""),
            ]
            for brand in self.brands[currency]:
                money.make_collaboration(brand, hold_days=15)

    def number(self) -> str:
        self.n += 1
        return str(self.n)

    def tell(self, order, kind, amount=0, reference="", **more):
        """Bring what the provider says to the shop, as its webhook does."""
        return payments.receive(
            Event(
                gateway="fake", external_id=self.number(), kind=kind, at=self.at,
                order_number=order.number if order else "", amount=amount,
                currency=more.pop("currency", order.currency if order else ""),
                reference=reference, **more,
            )
        )  # fmt: skip

    # -------------------------------------------------------- shoppers

    @rule(
        target=unpaid,
        currency=st.sampled_from(CURRENCIES),
        lines=st.lists(
            st.tuples(
                st.integers(0, 1), st.integers(0, 3), amounts, st.integers(1, 4),
                st.sampled_from([0, 900, 2100]), st.integers(0, 100),
            ),
            min_size=1, max_size=3,
        ),
        shipping=st.sampled_from([0, 495]),
    )  # fmt: skip
    def order(self, currency, lines, shipping):
        wanted = []
        for brand, creator, price, quantity, tax_bp, discount in lines:
            brand = self.brands[currency][brand]
            offer = brand.collaborations.get()
            rates = collaborations.rates_of([offer.pk])[offer.pk]
            wanted.append(
                {
                    "brand": brand, "price": price, "quantity": quantity, "tax_bp": tax_bp,
                    "creator": self.creators[creator] if creator < 3 else None,
                    "discount": price * quantity * discount // 200,
                    "rate_bp": rates.at(None, self.at),
                }
            )  # fmt: skip
        return money.make_order(
            *wanted, at=self.at, paid=False, currency=currency, shipping=shipping
        )

    @rule(target=paid, order=consumes(unpaid))
    def pay(self, order):
        amount = orders.total(order)
        self.tell(order, "captured", amount, reference=f"ch{order.pk}")
        self.tell(order, "captured", amount, reference=f"ch{order.pk}")
        self.provider[order.currency] += amount
        order.refresh_from_db()
        return order

    @rule(
        target=paid,
        currency=st.sampled_from(CURRENCIES),
        who=st.integers(0, 2),
        price=st.integers(20_000, 90_000),
    )
    def sell(self, currency, who, price):
        """A whole sale at once, so that histories get as far as the bank."""
        order = self.pay(self.order(currency, [(0, who, price, 1, 2100, 0)], 0))
        self.deliver(order)
        return order

    @rule(order=unpaid, amount=amounts)
    def pay_wrong(self, order, amount):
        if amount == orders.total(order):
            return
        self.tell(order, "captured", amount, reference=f"odd{self.number()}")
        self.provider[order.currency] += amount

    @rule()
    def send_misfits_back(self):
        for misfit in Payment.objects.filter(kind="misfit"):
            self.provider[misfit.currency] -= misfits.left(misfit)
        payback.send_back(self.at)

    @rule(order=paid)
    def deliver(self, order):
        money.deliver(order, self.at)

    @rule(order=paid, amount=amounts)
    def refund(self, order, amount):
        left = refunds.left(refunds.slots_of(order))
        if left:
            made = refunds.refund(order, at=self.at, amount=min(left, amount))
            self.provider[order.currency] -= made.amount

    @rule(target=disputes, order=paid, amount=amounts)
    def chargeback(self, order, amount):
        taken = sum(order.disputes.filter(reinstated_at=None).values_list("amount", flat=True))
        amount = min(amount, orders.total(order) - taken)
        if amount <= 0:
            return multiple()
        fee = {"reference": f"txn{self.number()}", "amount": 1500, "currency": order.currency}
        reference = f"dp{self.number()}"
        self.tell(order, "dispute_opened", amount, reference)
        self.tell(order, "chargeback", amount, reference, fees=[fee])
        self.provider[order.currency] -= amount + 1500
        return Dispute.objects.get(reference=reference)

    @rule(dispute=consumes(disputes), won=st.booleans())
    def dispute_ends(self, dispute, won):
        kind = "chargeback_won" if won else "chargeback_lost"
        self.tell(dispute.order, kind, dispute.amount, dispute.reference)
        if won:
            self.provider[dispute.currency] += dispute.amount

    @rule(order=paid, opened=st.booleans())
    def return_opens_or_closes(self, order, opened):
        part = order.parts.first()
        if opened:
            part.returns.create(asked_at=self.at)
        part.returns.filter(closed_at=None).update(closed_at=None if opened else self.at)
        commissions.reschedule(part)

    # -------------------------------------------------------- brands, creators, admins

    @rule(currency=st.sampled_from(CURRENCIES), rate_bp=st.integers(100, 8000))
    def rate_changes(self, currency, rate_bp):
        offer = self.brands[currency][0].collaborations.get()
        collaborations.change_rate(offer, rate_bp, self.at)

    @rule(currency=st.sampled_from(CURRENCIES), amount=amounts)
    def top_up(self, currency, amount):
        row = TopUp.objects.create(
            number=f"TU-{self.number()}", brand=self.brands[currency][1], gateway="fake",
            amount=amount, currency=currency, created_at=self.at,
        )  # fmt: skip
        facts = {"currency": currency, "order_number": row.number}
        event = Event(
            gateway="fake", external_id=self.number(), kind="captured", at=self.at,
            amount=amount, reference=f"ch{row.number}", **facts,
        )  # fmt: skip
        payments.receive(event)
        self.provider[currency] += amount

    @rule(currency=st.sampled_from(CURRENCIES), amount=st.integers(1, 500))
    def provider_takes_a_fee_and_pays_our_bank(self, currency, amount):
        fee = {"reference": f"txn{self.number()}", "amount": amount, "currency": currency}
        self.tell(None, "fee", fees=[fee], currency=currency)
        self.tell(None, "payout_paid", amount, f"po{self.number()}", currency=currency)
        self.provider[currency] -= 2 * amount
        self.bank[currency] += amount

    @rule(
        kind=st.sampled_from(["correction", "goodwill", "write_off", "topup_bank"]),
        currency=st.sampled_from(CURRENCIES),
        amount=amounts,
        whom=st.integers(0, 2),
    )
    def adjust(self, kind, currency, amount, whom):
        brand = self.brands[currency][whom % 2]
        has_creator = kind == "correction" or (kind == "goodwill" and whom)
        row = adjustments.propose(
            kind, brand, -amount if kind == "correction" and whom else amount, currency,
            "as agreed", self.admins[0], self.at, reference=self.number(),
            creator=self.creators[whom] if has_creator else None,
        )  # fmt: skip
        try:
            adjustments.approve(row, self.admins[1], self.at)
        except adjustments.NotAllowed:
            assert kind == "write_off"
            return
        if kind == "topup_bank":
            self.bank[currency] += amount

    @precondition(lambda self: Commission.objects.exists())
    @rule(act=st.sampled_from(["hold", "release", "void"]), pick=st.integers(0, 99))
    def decide_on_a_sale(self, act, pick):
        sales = Commission.objects.filter(kind="sale").order_by("id")
        if not (count := sales.count()):
            return
        ids = [sales[pick % count].pk]
        if act == "hold":
            facts = {"rule": "by_hand", "subject": "x", "evidence_hash": self.number()}
            commissions.hold(ids, flag=RiskFlag.objects.create(opened_at=self.at, **facts))
        elif act == "release":
            commissions.release(ids)
        else:
            try:
                commissions.void(ids)
            except commissions.NotHeld:
                assert Commission.objects.filter(reverses__in=ids, state="settled").exists()

    # -------------------------------------------------------- nights and payouts

    @rule(days=st.integers(0, 20))
    def night(self, days):
        self.at += days * DAY
        result = nights.settle(self.at)
        assert (result.left, result.set_aside) == (0, 0)
        assert nights.settle(self.at).nights == []

    @rule(target=batches)
    def build(self):
        built = payouts.build(self.at)
        assert payouts.build(self.at) == []
        return multiple(*built)

    @rule(target=on_their_way, batch=consumes(batches), cancelled=st.booleans())
    def approve_and_export(self, batch, cancelled):
        if cancelled:
            payouts.cancel(batch.payouts.first(), "on request", self.at)
        batch = PayoutBatch.objects.get(pk=batch.pk)
        if batch.state != "built":
            return multiple()
        return multiple(*self._exported(batch))

    def _exported(self, batch):
        payouts.approve(batch, self.admins[0], self.at)
        payouts.export(batch, self.admins[1], self.at)
        found = list(batch.payouts.filter(state="processing"))
        anew = PayoutBatch.objects.filter(state="built", payouts__retries__batch=batch)
        for rest in anew.distinct():  # what of it may still go out
            found += self._exported(rest)
        return found

    @rule(who=st.integers(0, 2), name_check=st.sampled_from(["match", "match", "none"]))
    def the_bank_looks_at_a_name(self, who, name_check):
        self.creators[who].payout_methods.update(name_check=name_check)

    @rule(target=gone, days=st.integers(16, 40), paid=st.sampled_from([True, True, False]))
    def friday(self, days, paid):
        """A night and a payout day, from the balance to the bank."""
        self.night(days)
        found = []
        for batch in payouts.build(self.at):
            for payout in self._exported(batch):
                answer = self._answered(payout, paid)
                found += [answer] if answer else []
        return multiple(*found)

    @rule(target=gone, payout=consumes(on_their_way), paid=st.booleans())
    def bank_answers(self, payout, paid):
        return self._answered(payout, paid) or multiple()

    def _answered(self, payout, paid):
        if not paid:
            payouts.fail(payout, "refused", self.at)
            return None
        payouts.confirm(payout, self.at)
        self.pot(payout)[payout.currency] -= payout.amount + payout.vat
        return payout

    @rule(payout=consumes(gone))
    def payout_comes_back(self, payout):
        payouts.returned(payout, "account closed", self.at)
        self.pot(payout)[payout.currency] += payout.amount + payout.vat

    def pot(self, payout):
        return self.provider if payout.rail == "connect" else self.bank

    # -------------------------------------------------------- what must hold

    @invariant()
    def the_books_hold(self):
        assert invariants.check() == {}

    @invariant()
    def money_in_is_money_out(self):
        for currency in CURRENCIES:
            assert -ledger.balance(ledger.CLEARING, currency) == self.provider[currency]
            assert -ledger.balance(ledger.BANK, currency) == self.bank[currency]

    @invariant()
    def creators_have_what_their_lines_earned(self):
        """By the rule alone, from what is left of each line: nothing lost, nothing twice."""
        earned = Counter()
        for sale in Commission.objects.live().filter(kind="sale").select_related("order_line"):
            line = OrderLine.objects.get(pk=sale.order_line_id)
            left = line.net - line.refunded - line.charged_back
            earned[sale.creator_id, sale.currency] += half_up(left, sale.rate_bp)
        for row in Commission.objects.live().filter(kind="adjustment"):
            earned[row.creator_id, row.currency] += row.amount
        has = Counter()
        for row in Commission.objects.filter(state__in=["pending", "held"]):
            has[row.creator_id, row.currency] += row.amount
        for payout in Payout.objects.filter(state__in=["pending", "processing", "paid"]).exclude(
            creator=None
        ):
            has[payout.creator_id, payout.currency] += payout.amount
        for creator in getattr(self, "creators", ()):
            for currency in CURRENCIES:
                owner = ledger.creator(creator.pk)
                has[creator.pk, currency] += ledger.balance(owner, currency)
                assert has[creator.pk, currency] == earned[creator.pk, currency]


def run(examples: int, steps: int) -> None:
    Market.seen.clear()
    run_state_machine_as_test(
        Market,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.django_db
def test_any_history_of_the_market_keeps_its_books():
    run(examples=6, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.django_db
def test_many_long_histories_of_the_market_keep_its_books():
    run(examples=60, steps=60)
    kinds = {
        "capture", "misfit", "misfit_back", "fee", "fee_vat", "fee_refund", "refund", "chargeback",
        "chargeback_won", "dispute_fee", "provider_fee", "provider_payout", "topup", "topup_bank",
        "goodwill", "settlement", "settlement_vat", "payout", "payout_back", "payout_paid",
        "payout_returned",
    }  # fmt: skip
    assert kinds - set(Market.seen) == set()  # the histories were not empty
