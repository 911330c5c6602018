"""What the letters about the steps of an order say."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib import money
from config.lib.letters import Letter, day
from shop import documents, mails
from shop.models import BrandOrder, OrderLetter, Parcel, Recall, Refund, Return

Rows = Sequence[tuple[str, str]]
Files = Sequence[tuple[str, bytes, str]]


def to_shopper(
    row: OrderLetter, subject: str, paragraphs: list[str], rows: Rows = (), files: Files = ()
) -> EmailMultiAlternatives:
    """Return a letter that leads to the page of the order."""
    return Letter(
        to=row.to, subject=f"{row.order.number}: {subject}", title=subject,
        paragraphs=[one for one in paragraphs if one], rows=list(rows), files=list(files),
        url=mails.address_of(row.order), button=_("See your order"),
        why=_("You get this mail because you ordered."),
    ).message()  # fmt: skip


def to_brand(
    row: OrderLetter, part_id: int, subject: str, paragraphs: list[str], rows: Rows = ()
) -> EmailMultiAlternatives:
    """Return a letter that leads to the brand's page of its part."""
    path = reverse("shop:brand_order", args=[row.brand.slug, part_id])
    return Letter(
        to=row.to, subject=f"{row.order.number}: {subject}", title=subject,
        paragraphs=[one for one in paragraphs if one], rows=list(rows),
        url=f"{settings.SITE_URL}{path}", button=_("See the order"),
        why=_("You get this mail because you are of the team of %s.") % row.brand.name,
    ).message()  # fmt: skip


def credit_notes(refund: Refund) -> list[tuple[str, bytes, str]]:
    """Return the credit notes of a refund, to be attached."""
    files = []
    parts = BrandOrder.objects.filter(pk__in=refund.lines.values("brand_order"))
    for part in parts.select_related("order").order_by("pk"):
        made = documents.credit(refund, part, refund.created_at)
        files.append((f"{made.name}.pdf", documents.pdf(made), "application/pdf"))
    return files


def withdrawal(row: OrderLetter) -> EmailMultiAlternatives:
    """The receipt of a withdrawal: what, when, and where it goes."""
    rows = Return.objects.select_related("brand_order__order", "brand_order__brand")
    return mails.withdrawal_receipt(rows.get(pk=row.about))


def return_asked(row: OrderLetter) -> EmailMultiAlternatives:
    made = Return.objects.select_related("brand_order").get(pk=row.about)
    lines = made.lines.select_related("order_line")
    return to_brand(row, made.brand_order_id, _("The shopper withdraws"), [
        _(
            "These come back. Give the money for them back by %s; you may wait until they are "
            "with you, or until the shopper shows that they are sent."
        ) % day(made.refund_by),
        made.reason,
    ], [(line.order_line.title, str(line.quantity)) for line in lines])  # fmt: skip


def return_closed(row: OrderLetter) -> EmailMultiAlternatives:
    made = Return.objects.select_related("brand_order").get(pk=row.about)
    facts = {"brand": made.brand_order.seller.get("name", "")}
    return to_shopper(row, _("%(brand)s closed your return without a refund") % facts, [
        made.answer,
        _("If that is not right, say so on the page of your order: something is wrong."),
    ])  # fmt: skip


def shipped(row: OrderLetter) -> EmailMultiAlternatives:
    parcel = Parcel.objects.select_related("brand_order").get(pk=row.about)
    facts = {"brand": parcel.brand_order.seller.get("name", "")}
    part = parcel.brand_order
    return to_shopper(row, _("%(brand)s has sent your parcel") % facts, [
        " ".join(filter(None, [parcel.carrier, parcel.code])),
        parcel.track_url,
        "" if part.shipped_at else _("The rest of your order follows."),
    ], [
        (line.order_line.title, str(line.quantity))
        for line in parcel.lines.select_related("order_line")
    ])  # fmt: skip


def refunded(row: OrderLetter) -> EmailMultiAlternatives:
    refund = Refund.objects.get(pk=row.about)
    amount = money.display(refund.amount, refund.currency)
    return to_shopper(row, _("You get %s back") % amount, [
        refund.reason,
        _("It goes to where you paid from; that takes up to five working days."),
    ], files=credit_notes(refund))  # fmt: skip


def order_new(row: OrderLetter) -> EmailMultiAlternatives:
    part = BrandOrder.objects.get(pk=row.about)
    lines = list(part.lines.all())
    goods = sum(line.gross for line in lines)
    amount = money.display(goods + part.shipping_gross, row.order.currency)
    return to_brand(row, part.pk, _("A new order: %s") % amount, [
        _("It is paid. Pack it, and note when it leaves."),
        _("The shopper chose: %s") % part.delivery_words if part.delivery_words else "",
    ], [(line.title, str(line.quantity)) for line in lines])  # fmt: skip


def recall(row: OrderLetter) -> EmailMultiAlternatives:
    made = Recall.objects.select_related("product__brand").get(pk=row.about)
    brand = made.product.brand
    facts = {"product": made.product.title, "brand": brand.legal_name or brand.name}
    letter = Letter(
        to=row.to, subject=_("Product safety recall: %(product)s") % facts,
        title=_("Product safety recall: %(product)s") % facts,
        paragraphs=[
            _("You bought it from %(brand)s. Stop using it at once.") % facts,
            made.hazard,
            made.todo,
            _("Ask %(who)s.") % {"who": ", ".join(filter(None, [brand.email, brand.phone]))},
        ],
        url=mails.address_of(row.order), button=_("See your order"),
        why=_("You get this mail because you bought this product."),
    )  # fmt: skip
    return letter.message()


WORDS = {
    "order_new": order_new,
    "recall": recall,
    "refunded": refunded,
    "return_asked": return_asked,
    "return_closed": return_closed,
    "shipped": shipped,
    "withdrawal": withdrawal,
}
