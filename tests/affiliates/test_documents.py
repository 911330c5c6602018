"""Self-bills and invoices: numbered without gaps, equal to the ledger, the owner's alone."""

import re
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from affiliates import brandinvoices, documents, payouts, settlement
from affiliates.models import Account, BrandInvoice, LedgerEntry, SelfBill
from shop import refunds
from tests.affiliates import factories as money
from tests.affiliates.test_payouts import FRIDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DECEMBER = datetime(2026, 12, 3, tzinfo=UTC)


def words(pdf: bytes) -> str:
    """Return the text of a PDF of ours."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    found = []
    for part in parts:
        try:
            found += re.findall(rb"\((.*?)\) Tj", zlib.decompressobj().decompress(part), re.S)
        except zlib.error:
            continue
    return b" ".join(found).replace(b"\\(", b"(").replace(b"\\)", b")").decode("latin-1")


def pay(at=FRIDAY):
    """Build and pay everything that can be paid."""
    (batch,) = payouts.build(at)
    payouts.approve(batch, money.make_user(is_staff=True), at)
    payouts.export(batch, money.make_user(is_staff=True), at)
    payouts.confirm_batch(batch, at)
    return batch.payouts.get()


def bills(creator):
    rows = SelfBill.objects.filter(creator=creator).order_by("number")
    return list(rows.values_list("number", "kind", "amount", "vat"))


@pytest.fixture
def creator():
    creator = money.make_creator()
    money.make_payable(creator)
    return creator


def vat_liable(creator):
    money.make_numbered(creator, legal_name="Łucja (Example)", address="Road 2")


def test_what_was_corrected_gets_a_credit_note(creator):
    vat_liable(creator)
    first = money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    pay()
    refunds.refund(first.order_line.brand_order.order, at=FRIDAY, amount=17250)
    money.make_commission(creator, price=69000, delivered=money.DELIVERED + timedelta(days=5))
    later = FRIDAY + timedelta(days=7)
    settlement.settle(later)
    payout = pay(later)

    assert (payout.amount, payout.vat) == (6843 - 1710, 1078)
    assert bills(creator) == [
        (1, "invoice", 3421, 718), (2, "invoice", 6843, 1437), (3, "credit", 1710, 359),
    ]  # fmt: skip


def test_a_payout_that_came_back_is_credited_and_billed_again(creator):
    money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    payouts.returned(pay(), "MS03", FRIDAY)
    pay(FRIDAY + timedelta(days=7))
    assert bills(creator) == [
        (1, "invoice", 3421, 0), (2, "reversal", 3421, 0), (3, "invoice", 3421, 0),
    ]  # fmt: skip


def test_the_document_says_what_the_law_asks_and_stays_the_same(creator):
    vat_liable(creator)
    commission = money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    pay()
    row = SelfBill.objects.get()
    pdf = documents.self_bill(row)
    text = words(pdf)
    for part in (
        "Factuur uitgereikt door afnemer", f"{creator.pk}-1", "Lucja (Example)", "NL000099998B57",
        commission.brand.name, "EUR 34.21", "EUR 7.18", "EUR 41.39", "Thousand",
    ):  # fmt: skip
        assert part in text, part
    commission.brand.name = "Renamed"
    commission.brand.save()
    row.refresh_from_db()
    assert documents.self_bill(row) == pdf
    assert len(row.pdf_sha256) == 64


def test_only_its_owner_reads_a_document(creator, client):
    money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    pay()
    money.sign_in(client, creator.user, second_factor=False)
    url = "/creator/payouts/documents/1.pdf"
    answer = client.get(url)
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert url in client.get("/creator/payouts/").content.decode()
    other = Client()
    money.sign_in(other, money.make_creator().user, second_factor=False)
    assert other.get(url).status_code == 404
    assert Client().get(url).status_code == 302


# ------------------------------------------------------------------ to brands


def taken(brand) -> int:
    """Return what the ledger took from a brand for commission, fee and VAT."""
    account = Account.objects.get(kind="brand_balance", brand=brand)
    kinds = re.compile(r"settlement|fee")
    rows = LedgerEntry.objects.filter(debit=account) | LedgerEntry.objects.filter(credit=account)
    return sum(
        row.amount if row.debit_id == account.pk else -row.amount
        for row in rows
        if kinds.match(row.kind)
    )


def test_a_month_is_invoiced_once_and_equals_the_ledger(creator):
    brand = money.make_brand(legal_name="Brand B.V.")
    first = money.make_commission(creator, brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    at = max(DECEMBER, datetime.now(UTC) + timedelta(days=32))
    assert (brandinvoices.issue(at), brandinvoices.issue(at)) == (1, 0)
    invoice = BrandInvoice.objects.get()
    assert (invoice.number, invoice.commission, invoice.total) == (1, 3421, taken(brand))
    text = words(documents.brand_invoice(invoice))
    for part in ("Brand B.V.", "34.21", documents.sum_of(invoice.total, "EUR").split()[1]):
        assert part in text.replace(",", "."), part

    refunds.refund(first.order_line.brand_order.order, at=at)
    settlement.settle(at)
    much_later = at + timedelta(days=32)
    assert brandinvoices.issue(much_later) == 1
    total = sum(row.total for row in BrandInvoice.objects.filter(brand=brand))
    assert (BrandInvoice.objects.first().number, total) == (2, taken(brand))
    assert words(documents.brand_invoice(BrandInvoice.objects.first()))


def test_a_month_that_is_not_over_is_not_invoiced():
    with pytest.raises(ValueError, match="not over"):
        brandinvoices.issue(DECEMBER, DECEMBER.date())


def test_only_the_brand_reads_its_invoice(creator, client):
    brand = money.make_brand()
    money.make_commission(creator, brand)
    brandinvoices.issue(max(DECEMBER, datetime.now(UTC) + timedelta(days=32)))
    owner, other = money.make_user(), money.make_user()
    brand.memberships.create(user=owner)
    money.make_brand().memberships.create(user=other)
    url = f"/brand/{brand.slug}/invoices/1.pdf"
    client.force_login(owner)
    assert client.get(url).content[:5] == b"%PDF-"
    assert url in client.get(f"/brand/{brand.slug}/balance/").content.decode()
    client.force_login(other)
    assert client.get(url).status_code == 404
