"""Invoices and credit notes to shoppers: numbered per brand, issued on its behalf, as PDF.

A sale paid here gets its invoice, and what is booked of a refund on a brand's part its credit note.
A task issues what is missing; whoever asks for one before that has it issued at once. The numbers
of a brand have no gaps: whoever numbers holds the brand's lock until the row stands.
"""

import hashlib
import logging
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from config.lib import money
from config.lib.money import written
from shop import pricing
from shop.models import BrandOrder, Dispute, Refund, RefundLine, SaleDocument
from shop.pricing import Priced

if TYPE_CHECKING:
    from config.lib.paper import Page

logger = logging.getLogger(__name__)
Kind = SaleDocument.Kind
Rate = tuple[int, int, int]  # basis points, and the gross and VAT they are about
NUMBERS = 7_265_001  # the advisory lock (this, brand): one numbering of a brand at a time
BACK = timedelta(days=3)  # how far back the task looks
AT_ONCE = 1_000


class NoDocument(Exception):
    """Nothing is invoiced here: it is not paid, or the brand's own shop invoices it."""


# ------------------------------------------------------------------ issued


@transaction.atomic
def invoice(part: BrandOrder, at: datetime) -> SaleDocument:
    """Return the invoice of a brand's part; issue it if it is missing. Raises NoDocument."""
    if part.paid_at is None or part.order.own_shop:
        raise NoDocument(f"{part} is not invoiced by us")
    if known := part.documents.filter(kind=Kind.INVOICE).first():
        return known
    lines = [
        {
            "title": line.title, "options": [value for _name, value in line.options],
            "quantity": line.quantity, "unit_price": line.unit_price, "discount": line.discount,
            "tax_bp": line.tax_bp, "gross": line.gross, "tax": line.tax,
        }
        for line in part.lines.all()
    ]  # fmt: skip
    if part.shipping_gross:
        lines.append({"delivery": part.delivery_words, "gross": part.shipping_gross,
                      "tax": part.shipping_tax, "rates": _delivery_rates(part)})  # fmt: skip
    made = _issue(part, Kind.INVOICE, lines, at)
    BrandOrder.objects.filter(pk=part.pk).update(invoice_number=made.name)
    return made


@transaction.atomic
def credit(refund: Refund, part: BrandOrder, at: datetime) -> SaleDocument:
    """Return the newest credit note of a brand's part of a refund; issue what none stands for.

    A refund that is booked in pieces has a note for each: together they are what went back. The
    invoice comes first. Raises NoDocument.
    """
    of = invoice(part, at)
    _numbering(part)
    notes = list(part.documents.filter(kind=Kind.CREDIT, refund=refund).order_by("number"))
    noted = sum(len(note.facts["lines"]) for note in notes)  # lines are only ever added
    rows = RefundLine.objects.filter(refund=refund, brand_order=part).order_by("pk")
    rows = rows.select_related("order_line")[noted:]
    if not rows:
        if notes:
            return notes[-1]
        raise NoDocument(f"refund {refund} has nothing of {part}")
    lines = [
        {"title": row.order_line.title, "tax_bp": row.order_line.tax_bp, "gross": row.gross,
         "tax": row.tax}
        if row.order_line
        else {"delivery": "", "gross": row.gross, "tax": row.tax, "rates": _rates_back(of, row)}
        for row in rows
    ]  # fmt: skip
    facts = {"of": of.name, "of_day": of.issued_on.isoformat()}
    return _issue(part, Kind.CREDIT, lines, at, refund=refund, **facts)


def _delivery_rates(part: BrandOrder) -> list[Rate]:
    """Return which VAT is within the delivery; nothing where it was not computed by its goods."""
    priced = [
        Priced(line.quantity, line.unit_price, line.discount, line.tax_bp)
        for line in part.lines.all()
    ]
    found = pricing.shipping_rates(part.shipping_gross, priced).items()
    if sum(tax for _bp, (_gross, tax) in found) != part.shipping_tax:
        return []
    return [(bp, gross, tax) for bp, (gross, tax) in found]


def _rates_back(of: SaleDocument, row: RefundLine) -> list[Rate]:
    """Return which VAT is within what goes back of a delivery, by its invoice."""
    rates = next((line.get("rates", []) for line in of.facts["lines"] if "delivery" in line), [])
    if not rates:
        return []
    grosses = money.split(row.gross, [gross for _bp, gross, _tax in rates])
    taxes = money.split(row.tax, [tax for _bp, _gross, tax in rates])
    return [(rate[0], gross, tax) for rate, gross, tax in zip(rates, grosses, taxes, strict=True)]


def _numbering(part: BrandOrder) -> None:
    """Be the only one who numbers documents of this brand, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [NUMBERS, part.brand_id])


def _issue(
    part: BrandOrder, kind: str, lines: list[dict], at: datetime, refund=None, **facts: str
) -> SaleDocument:
    """Take the brand's next number; of two who issue the same, one finds the other's."""
    _numbering(part)
    if kind == Kind.INVOICE and (known := part.documents.filter(kind=kind).first()):
        return known
    day = timezone.localdate(at)
    newest = SaleDocument.objects.filter(brand=part.brand_id).order_by("-number").first()
    return SaleDocument.objects.create(
        brand_id=part.brand_id, number=newest.number + 1 if newest else 1, kind=kind,
        brand_order=part, refund=refund, currency=part.order.currency,
        issued_on=max(day, newest.issued_on) if newest else day,  # days go on with the numbers
        gross=sum(line["gross"] for line in lines), tax=sum(line["tax"] for line in lines),
        facts={
            "seller": part.seller, "issuer": settings.COMPANY["name"], "lines": lines,
            "order": part.order.number, "supplied": timezone.localdate(part.paid_at).isoformat(),
            "language": part.order.language, **facts,
        },
    )  # fmt: skip


def issue_missing(at: datetime, since: datetime | None = None) -> int:
    """Issue what was paid or given back since `since` (three days) and has no document."""
    since = since or at - BACK
    done = 0
    sold = BrandOrder.objects.filter(paid_at__gte=since, invoice_number=None, order__own_shop=False)
    for part in sold.select_related("order").order_by("paid_at", "pk")[:AT_ONCE]:
        done += _one(lambda part=part: invoice(part, at))
    back = RefundLine.objects.filter(refund__order__own_shop=False)
    fresh = back.filter(refund__created_at__gte=since)
    # what was given back while a bank held the money got its lines only when that was won
    won = Dispute.objects.filter(reinstated_at__gte=since).values("order")
    pairs = set()
    for rows in (fresh, back.filter(refund__order__in=won)):
        of = rows.values_list("refund", "brand_order").annotate(back=Sum("gross"))
        of = of.filter(back__gt=_noted()).order_by("refund", "brand_order")
        pairs.update(of.values_list("refund", "brand_order")[:AT_ONCE])
    for refund_id, part_id in sorted(pairs):
        part = BrandOrder.objects.select_related("order").get(pk=part_id)
        refund = Refund.objects.get(pk=refund_id)
        done += _one(lambda part=part, refund=refund: credit(refund, part, at))
    return done


def _noted() -> Coalesce:
    """Return what the credit notes of a brand's part of a refund say together, in a query."""
    same = {"refund": OuterRef("refund"), "brand_order": OuterRef("brand_order")}
    sums = SaleDocument.objects.filter(**same).order_by().values("refund")
    sums = sums.annotate(sum=Sum("gross")).values("sum")
    return Coalesce(Subquery(sums), 0, output_field=BigIntegerField())


def _one(step) -> bool:
    """Issue one; one that fails is told and stops nobody."""
    try:
        step()
    except Exception:
        logger.exception("a document of a sale could not be issued")
        return False
    return True


# ------------------------------------------------------------------ on paper


def pdf(row: SaleDocument) -> bytes:
    """Return a document as PDF, in the shopper's language; the digest of the first is kept."""
    with translation.override(row.facts["language"]):
        content = _laid_out(row)
    digest = hashlib.sha256(content).hexdigest()
    if not row.pdf_sha256:
        row.pdf_sha256 = digest
        row.save(update_fields=["pdf_sha256"])
    elif row.pdf_sha256 != digest:
        logger.error("document %s is laid out otherwise than when it was first made", row)
    return content


def _laid_out(row: SaleDocument) -> bytes:
    from config.lib.paper import Page  # slow to load: only who makes a document waits for it

    facts, order = row.facts, row.brand_order.order
    sign = -1 if row.kind == Kind.CREDIT else 1
    page = Page(row.issued_on)
    page.line(_("Invoice") if sign > 0 else _("Credit note"), bold=True, size=18)
    page.line(_("Number: %s") % row.name)
    page.line(_("Date: %s") % date_format(row.issued_on, "j F Y"))
    if facts.get("of"):
        page.line(_("Belongs to: %s") % facts["of"])
    page.line(_("Order: %s") % facts["order"])
    page.line(_("Paid on: %s") % date_format(date.fromisoformat(facts["supplied"]), "j F Y"))
    page.party(_("Seller"), _party(facts["seller"]))
    if number := facts["seller"].get("register_number"):
        page.line(_("Trade register: %s") % number)
    page.line(_("Issued by %s on behalf of the seller.") % facts["issuer"])
    page.party(_("Customer"), {
        "name": order.name, "address": f"{order.address}, {order.postal_code} {order.city}",
        "country": order.country,
    })  # fmt: skip
    page.ln(6)
    for line in facts["lines"]:
        page.row(_title(line, row.currency), written(sign * line["gross"], row.currency))
        if line.get("discount"):
            page.row(
                "   " + _("of which discount"), written(-sign * line["discount"], row.currency)
            )
    _taxes(page, row, sign)
    page.ln(4)
    page.line(_("Already paid.") if sign > 0 else _("It goes to where you paid from."))
    return bytes(page.output())


def _party(seller: dict) -> dict[str, str]:
    place = f"{seller.get('postal_code', '')} {seller.get('city', '')}".strip()
    street = ", ".join(filter(None, [seller.get("address", ""), place]))
    return seller | {"name": seller.get("legal_name") or seller.get("name", ""), "address": street}


def _title(line: dict, currency: str) -> str:
    if "delivery" in line:
        return ", ".join(filter(None, [_("Delivery"), line["delivery"]]))
    title = ", ".join([line["title"], *line.get("options", [])])
    if "quantity" not in line:
        return title
    return f"{line['quantity']} x {title[:45]} ({written(line['unit_price'], currency)})"


def _taxes(page: "Page", row: SaleDocument, sign: int) -> None:
    """Write what is in it without VAT, the VAT of each rate, and the whole."""
    page.ln(2)
    for label, (net, tax) in by_rate(row).items():
        facts = {"vat": label, "net": written(sign * net, row.currency)}
        page.row(_("%(vat)s, on %(net)s") % facts, written(sign * tax, row.currency))
    page.row(_("Total without VAT"), written(sign * (row.gross - row.tax), row.currency))
    page.row(_("Total, VAT included"), written(sign * row.gross, row.currency), bold=True)


def by_rate(row: SaleDocument) -> dict[str, tuple[int, int]]:
    """Return what of a document each rate of VAT is on, and that VAT, by the rate in words."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in row.facts["lines"]:
        for label, gross, tax in _rates_of(line):
            net, sum_ = found[label]
            found[label] = net + gross - tax, sum_ + tax
    return found


def _rates_of(line: dict) -> list[tuple[str, int, int]]:
    """Return the rates of a line in words, each with its gross and VAT.

    Documents of before kept no rates of a delivery, and say what they said.
    """
    if "delivery" in line and not line.get("rates"):
        return [(_("VAT on the delivery"), line["gross"], line["tax"])]
    rates = line.get("rates") or [(line["tax_bp"], line["gross"], line["tax"])]
    words = _("VAT at %s %%")
    return [(words % number_format(Decimal(bp) / 100), gross, tax) for bp, gross, tax in rates]
