"""Invoices and credit notes to shoppers: numbered per brand without gaps, each party's alone."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from shop import documents, orderletters, orders, refunds
from shop.models import BrandOrder, Order, RefundLine, SaleDocument
from tests.papers import words
from tests.shop.factories import make_brand, make_order, make_user, make_variant, tell
from tests.together import at_once

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_part(brand=None, **order) -> BrandOrder:
    brand = brand or make_brand(owner=make_user(), shipping_price=495, vat_number="NL0001")
    lines = (make_variant(brand=brand, price=3450), 2), (make_variant(brand=brand, price=1000), 1)
    return make_order(*lines, **order).parts.select_related("order", "brand").get()


def test_an_invoice_says_who_sold_what_to_whom_and_its_vat():
    part = make_part(name="Fatima Y.")
    made = documents.invoice(part, AT)

    text = words(documents.pdf(made))

    assert (made.number, made.gross, made.tax) == (1, 8395, 1458)
    for said in (
        f"Number: {part.brand_id}-000001", "Date: 20 November 2026", part.brand.legal_name,
        "VAT number: NL0001", "Trade register: 12345678", "on behalf of the seller", "Fatima Y.",
        "Canal 12, 3511 AB Utrecht", "2 x Mug", "EUR 34.50", "EUR 69.00", "VAT at 21 %",
        "EUR 14.58", "EUR 69.37", "EUR 83.95", "Already paid.",
    ):  # fmt: skip
        assert said in text
    assert documents.pdf(made) == documents.pdf(SaleDocument.objects.get())
    part.refresh_from_db()
    assert part.invoice_number == made.name


def test_each_refund_has_one_credit_note_after_its_invoice():
    part = make_part(language="nl")
    line = part.lines.first()
    back = refunds.refund(part.order, at=AT, shares={("line", line.pk): 3450})
    made = documents.credit(back, part, AT)

    assert documents.credit(back, part, AT) == made
    assert [(d.number, d.kind, d.gross, d.tax) for d in SaleDocument.objects.all()] == [
        (1, "invoice", 8395, 1458), (2, "credit", 3450, 599),
    ]  # fmt: skip
    text = words(documents.pdf(made))
    for said in ("Creditnota", f"Hoort bij: {part.brand_id}-000001", "EUR -34,50", "EUR -28,51"):
        assert said in text


def test_the_vat_within_the_delivery_stands_at_the_rates_of_its_goods():
    brand = make_brand(shipping_price=495)
    lines = (make_variant(brand=brand, price=1000), 1), (
        make_variant(brand=brand, price=1000, tax_class="reduced"), 1,
    )  # fmt: skip
    part = make_order(*lines).parts.select_related("order").get()
    made = documents.invoice(part, AT)
    back = refunds.refund(part.order, at=AT, shares={("shipping", part.pk): 100})
    note = documents.credit(back, part, AT)

    assert documents.by_rate(made) == {"VAT at 21 %": (1031, 217), "VAT at 9 %": (1144, 103)}
    assert documents.by_rate(note) == {"VAT at 21 %": (41, 9), "VAT at 9 %": (46, 4)}
    before = SaleDocument(facts={"lines": [{"delivery": "", "gross": 495, "tax": 86}]})
    assert documents.by_rate(before) == {"VAT on the delivery": (409, 86)}


def test_the_days_of_documents_go_on_with_their_numbers():
    part = make_part()
    late = refunds.refund(part.order, at=AT - timedelta(days=2), amount=100)
    documents.invoice(part, AT)

    documents.credit(late, part, late.created_at)  # its letter waited for two days

    days = SaleDocument.objects.values_list("number", "issued_on")
    assert list(days) == [(1, AT.date()), (2, AT.date())]


def test_a_delivery_that_goes_back_bit_by_bit_gives_all_its_vat_back():
    part = make_part()
    assert (part.shipping_gross, part.shipping_tax) == (495, 86)
    for _n in range(5):
        refunds.refund(part.order, at=AT, shares={("shipping", part.pk): 99})

    assert RefundLine.objects.aggregate(tax=Sum("tax"))["tax"] == 86


def test_the_task_issues_what_is_missing_once_and_the_oldest_first():
    brand = make_brand(owner=make_user())
    parts = [make_part(brand) for _n in range(3)]
    for n, part in enumerate(parts):
        BrandOrder.objects.filter(pk=part.pk).update(paid_at=AT - timedelta(hours=n))
    refunds.refund(parts[0].order, at=AT, amount=100)
    make_order((make_variant(brand=brand), 1), paid=False)
    Order.objects.filter(pk=parts[2].order_id).update(own_shop=True)

    assert [documents.issue_missing(AT) for _n in "ab"] == [3, 0]
    found = SaleDocument.objects.values_list("number", "kind", "brand_order")
    assert list(found) == [
        (1, "invoice", parts[1].pk), (2, "invoice", parts[0].pk), (3, "credit", parts[0].pk),
    ]  # fmt: skip
    with pytest.raises(documents.NoDocument):
        documents.invoice(BrandOrder.objects.get(pk=parts[2].pk), AT)


def test_what_was_given_back_during_a_dispute_gets_its_credit_note_when_that_is_won():
    part = make_part()
    order, now = part.order, timezone.now()
    tell(order, "chargeback", amount=8395, reference="dp")
    tell(order, "refunded", amount=1000, reference="re")
    order.refunds.update(created_at=now - timedelta(days=40))
    assert documents.issue_missing(now) == 1  # the invoice: no line of the refund so far

    tell(order, "chargeback_won", reference="dp")

    assert [documents.issue_missing(timezone.now()) for _n in "ab"] == [1, 0]
    assert part.documents.get(kind="credit").gross == 1000


def test_a_refund_that_is_booked_in_pieces_has_a_credit_note_for_each():
    part = make_part()
    order = part.order
    tell(order, "chargeback", amount=8000, reference="dp")
    tell(order, "refunded", amount=1000, reference="re")  # a bank holds all but 3.95
    assert documents.issue_missing(timezone.now()) == 2
    order.refunds.update(created_at=timezone.now() - timedelta(days=40))

    tell(order, "chargeback_won", reference="dp")

    assert [documents.issue_missing(timezone.now()) for _n in "ab"] == [1, 0]
    notes = part.documents.filter(kind="credit")
    back = RefundLine.objects.aggregate(gross=Sum("gross"), tax=Sum("tax"))
    assert [note.gross for note in notes] == [395, 605]
    assert notes.aggregate(gross=Sum("gross"), tax=Sum("tax")) == back
    assert documents.credit(order.refunds.get(), part, AT) == notes[1]
    attached = orderletters.credit_notes(order.refunds.get())
    assert [name for name, *_pdf in attached] == [f"{note.name}.pdf" for note in notes]


@pytest.mark.django_db(transaction=True)
def test_a_credit_note_that_several_ask_for_at_once_is_one():
    part = make_part()
    back = refunds.refund(part.order, at=AT, amount=1000)

    at_once(*[partial(documents.credit, back, part, AT) for _n in range(6)])

    assert [row.gross for row in part.documents.filter(kind="credit")] == [1000]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_number_without_gaps():
    brands = [make_brand(owner=make_user()) for _n in "ab"]
    parts = [make_part(brand) for brand in brands for _n in range(6)]

    def fails(part):
        from django.db import transaction

        with transaction.atomic():
            documents.invoice(part, AT)
            raise RuntimeError

    jobs = [partial(documents.invoice, part, AT) for part in parts * 2]
    at_once(*jobs, *[partial(fails, part) for part in parts[:4]], may_raise=(RuntimeError,))

    for brand in brands:
        numbers = SaleDocument.objects.filter(brand=brand).values_list("number", flat=True)
        assert list(numbers) == [1, 2, 3, 4, 5, 6]


def test_papers_are_the_shoppers_and_the_brands_alone():
    part = make_part()
    back = refunds.refund(part.order, at=AT, amount=500)
    note = documents.credit(back, part, AT)
    token = orders.token(part.order)
    shopper, stranger, owner, other = (Client() for _n in "abcd")
    buyer = make_user()
    Order.objects.filter(pk=part.order_id).update(buyer=buyer)
    rival = make_brand(owner=make_user())
    shopper.force_login(buyer)
    owner.force_login(part.brand.memberships.get().user)
    other.force_login(rival.memberships.get().user)
    theirs = [f"/orders/{token}/invoice/{part.pk}/",
              f"/orders/{token}/documents/{part.pk}/{note.number}/"]  # fmt: skip
    brands = [f"orders/{part.pk}/invoice/", f"orders/{part.pk}/documents/{note.number}/"]

    for path in theirs:
        assert shopper.get(path)["Content-Type"] == "application/pdf"
        assert stranger.get(path)["Location"] == f"/orders/{token}/#addr"
    for path in brands:
        assert owner.get(f"/brand/{part.brand.slug}/{path}").content[:5] == b"%PDF-"
        assert other.get(f"/brand/{part.brand.slug}/{path}").status_code == 404
        assert other.get(f"/brand/{rival.slug}/{path}").status_code == 404


# ------------------------------------------------------------------ as a table

EVIL = ["=1+1", "+31 6", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x.example")', "a;=1"]


@pytest.mark.parametrize("evil", EVIL)
def test_no_spreadsheet_finds_a_formula_in_what_a_shopper_typed(evil):
    import csv
    import io

    from openpyxl import load_workbook

    part = make_part(name=evil, city=evil[:80])
    brand = part.brand
    other = make_part()
    client = Client()
    client.force_login(brand.memberships.get().user)
    days = f"first={timezone.localdate() - timedelta(days=2)}&last={timezone.localdate() + timedelta(days=2)}"
    path = f"/brand/{brand.slug}/orders/orders."

    text = client.get(f"{path}csv?{days}").getvalue().decode()
    head, *rows = csv.reader(io.StringIO(text))
    sheet = load_workbook(io.BytesIO(client.get(f"{path}xlsx?{days}").getvalue())).active
    cells = list(sheet.iter_rows(min_row=2))

    name = head.index("Name")
    assert len(rows) == len(cells) == 2
    assert {row[name] for row in rows} == {
        evil.replace("=", "'=", 1) if evil[0] in "\ta" else f"'{evil}"
    }
    assert {row[name].data_type for row in cells} == {"s"}
    assert {row[name].value for row in cells} == {evil}
    assert other.order.number not in text
    assert [row[head.index("Delivery")] for row in rows] == ["4.95", "0.00"]
    assert float(rows[0][head.index("Amount")]) == 69.0


def test_a_table_of_wrong_days_is_refused():
    part = make_part()
    client = Client()
    client.force_login(part.brand.memberships.get().user)
    for days in ("first=2026-11-02&last=2026-11-01", "first=abc"):
        assert client.get(f"/brand/{part.brand.slug}/orders/orders.csv?{days}").status_code == 302
