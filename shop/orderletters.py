"""What the letters about the steps of an order say."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib import money
from config.lib.letters import Letter, day
from shop import documents, mails, orders
from shop.models import (
    BrandOrder,
    OrderLetter,
    OrderPush,
    Parcel,
    ParcelUndone,
    Recall,
    Refund,
    Return,
)
from shop.models.catalogue import Product

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
        documents.credit(refund, part, refund.created_at)
        for made in part.documents.filter(refund=refund):
            files.append((f"{made.name}.pdf", documents.pdf(made), "application/pdf"))
    return files


def withdrawal(row: OrderLetter) -> EmailMultiAlternatives:
    """The receipt of a withdrawal: what, when, and where it goes."""
    rows = Return.objects.select_related("brand_order__order", "brand_order__brand")
    return mails.withdrawal_receipt(rows.get(pk=row.about))


def _return_of(row: OrderLetter) -> Return:
    rows = Return.objects.select_related("brand_order").prefetch_related("lines__order_line")
    return rows.get(pk=row.about)


def _lines_of(made: Return) -> list[tuple[str, str]]:
    return [(line.order_line.title, str(line.quantity)) for line in made.lines.all()]


def return_asked(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    return to_brand(row, made.brand_order_id, _("The shopper withdraws"), [
        _("Nothing of the order has left. Do not send these, and give the money back by %s.")
        % day(made.refund_by)
        if not made.brand_order.has_left else
        _(
            "These come back. Give the money for them back by %s; you may wait until they are "
            "with you, or until the shopper shows that they are sent."
        ) % day(made.refund_by),
        made.reason,
    ], _lines_of(made))  # fmt: skip


def return_sent(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    return to_brand(row, made.brand_order_id, _("A return is on its way to you"), [
        _("The shopper shows that it is sent: %s") % made.sent_proof,
        _("So the money is due by %s, also if it is not with you by then.") % day(made.refund_by),
    ], _lines_of(made))  # fmt: skip


def return_received(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    facts = {"brand": made.brand_order.seller.get("name", ""), "day": day(made.refund_by)}
    return to_shopper(row, _("%(brand)s has what you sent back") % facts, [
        _("You get your money for it by %(day)s, to where you paid from.") % facts,
    ], [
        (line.order_line.title, str(line.received))
        for line in made.lines.all() if line.received
    ])  # fmt: skip


def return_due(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    return to_brand(row, made.brand_order_id, _("The money for a return is due"), [
        (
            _("Give it back by %s: you have the goods, or the shopper has shown that they are sent.")
            if made.brand_order.has_left else
            _("Give it back by %s: nothing of the order has left, so there is nothing to wait for.")
        ) % day(made.refund_by),
    ], _lines_of(made))  # fmt: skip


def return_late(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    return to_brand(row, made.brand_order_id, _("The money for a return is late"), [
        _("It was due on %s. The shopper may now ask us to decide, and we pay from your balance.")
        % day(made.refund_by),
        _("The creator's commission waits until the return is closed."),
    ], _lines_of(made))  # fmt: skip


def return_closed(row: OrderLetter) -> EmailMultiAlternatives:
    made = _return_of(row)
    facts = {"brand": made.brand_order.seller.get("name", "")}
    return to_shopper(row, _("%(brand)s closed your return without a refund") % facts, [
        made.answer,
        _("If that is not right, say so on the page of your order: something is wrong."),
    ])  # fmt: skip


def unshipped(row: OrderLetter) -> EmailMultiAlternatives:
    undone = ParcelUndone.objects.select_related("brand_order").get(pk=row.about)
    facts = {"brand": undone.brand_order.seller.get("name", "")}
    return to_shopper(row, _("Your parcel has not left yet"), [
        _("%(brand)s marked it as sent by mistake. Our last mail was too early.") % facts,
        " ".join(filter(None, [undone.carrier, undone.code])),
        _("You get another mail once it is on its way."),
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


def cancelled_there(row: OrderLetter) -> EmailMultiAlternatives:
    push = OrderPush.objects.select_related("stockroom__integration").get(pk=row.about)
    facts = {"shop": push.stockroom.integration.domain}
    return to_brand(row, push.brand_order_id, _("You cancelled it in %(shop)s, it is paid here") % facts, [
        _("No money moves in your shop: what the shopper paid is still with us."),
        _("Give it back on the page of the order, or send the goods after all."),
    ])  # fmt: skip


def delivered(row: OrderLetter) -> EmailMultiAlternatives:
    """From now on she may send it back for so long: whoever says so, she has to know it."""
    part = BrandOrder.objects.get(pk=row.about)
    facts = {"brand": part.seller.get("name", ""), "day": day(orders.return_until(part))}
    may = any(line.withdrawal == Product.Withdrawal.YES for line in part.lines.all())
    return to_shopper(row, _("Your order from %(brand)s has arrived") % facts, [
        _("You can send it back without a reason until %(day)s, on the page of your order.") % facts
        if may else "",
        _("It is not with you, or not as it should be? Say so there: something is wrong."),
    ], [(line.title, str(line.quantity)) for line in part.lines.all()])  # fmt: skip


def assumed(row: OrderLetter) -> EmailMultiAlternatives:
    """Nobody told us that it came; the days that the brand states are over."""
    part = BrandOrder.objects.get(pk=row.about)
    facts = {"brand": part.seller.get("name", ""), "day": day(orders.return_until(part))}
    may = any(line.withdrawal == Product.Withdrawal.YES for line in part.lines.all())
    return to_shopper(row, _("Your order from %(brand)s should be with you by now") % facts, [
        _("It is not with you, or not as it should be? Say so on the page of your order: something is wrong."),
        _("You can send it back without a reason until %(day)s, on the page of your order.") % facts
        if may else "",
    ], [(line.title, str(line.quantity)) for line in part.lines.all()])  # fmt: skip


def undelivered(row: OrderLetter) -> EmailMultiAlternatives:
    part = BrandOrder.objects.get(pk=row.about)
    facts = {"brand": part.seller.get("name", "")}
    return to_shopper(row, _("Your order is still on its way"), [
        _("%(brand)s marked it as arrived by mistake. Our last mail was too early.") % facts,
        _("Your time to send it back begins only when it is with you."),
    ])  # fmt: skip


def tracking(row: OrderLetter) -> EmailMultiAlternatives:
    parcel = Parcel.objects.select_related("brand_order").get(pk=row.about)
    facts = {"brand": parcel.brand_order.seller.get("name", "")}
    return to_shopper(row, _("Your parcel from %(brand)s can be followed") % facts, [
        " ".join(filter(None, [parcel.carrier, parcel.code])),
        parcel.track_url,
    ])  # fmt: skip


def refunded(row: OrderLetter) -> EmailMultiAlternatives:
    refund = Refund.objects.get(pk=row.about)
    amount = money.display(refund.amount, refund.currency)
    return to_shopper(row, _("You get %s back") % amount, [
        *(_what_lacks(refund) or [refund.reason]),
        _("It goes to where you paid from; that takes up to five working days."),
    ], files=credit_notes(refund))  # fmt: skip


def _what_lacks(refund: Refund) -> list[str]:
    """Say what of a return was not paid, why, and what the shopper can do about it."""
    rows = Return.objects.prefetch_related("lines__order_line").select_related("brand_order")
    made = rows.filter(refund=refund, short=True).first()
    if made is None:
        return []
    facts = {"brand": made.brand_order.seller.get("name", "")}
    said = []
    if made.less:
        facts["less"] = money.display(made.less, refund.currency)
        said.append(_("%(brand)s keeps %(less)s of the price, because:") % facts)
        said.append(made.less_reason)
    lack = [line for line in made.lines.all() if (line.received or 0) < line.quantity]
    if made.received_at and lack:
        names = ", ".join(f"{line.quantity - (line.received or 0)} × {line.order_line.title}"
                          for line in lack)  # fmt: skip
        said.append(
            _("This did not come back, %(brand)s says: %(names)s.") % (facts | {"names": names})
        )
    said.append(_("If that is not right, say so on the page of your order: something is wrong."))
    return said


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
    here = not row.order.own_shop  # else it has no page with us
    letter = Letter(
        to=row.to, subject=_("Product safety recall: %(product)s") % facts,
        title=_("Product safety recall: %(product)s") % facts,
        paragraphs=[
            _("You bought it from %(brand)s. Stop using it at once.") % facts,
            made.hazard,
            made.todo,
            _("Ask %(who)s.") % {"who": ", ".join(filter(None, [brand.email, brand.phone]))},
        ],
        url=mails.address_of(row.order) if here else settings.SITE_URL + brand.get_absolute_url(),
        button=_("See your order") if here else _("See the seller"),
        why=_("You get this mail because you bought this product."),
    )  # fmt: skip
    return letter.message()


WORDS = {
    "assumed": assumed,
    "cancelled_there": cancelled_there,
    "delivered": delivered,
    "order_new": order_new,
    "recall": recall,
    "refunded": refunded,
    "return_asked": return_asked,
    "return_closed": return_closed,
    "return_due": return_due,
    "return_late": return_late,
    "return_received": return_received,
    "return_sent": return_sent,
    "shipped": shipped,
    "tracking": tracking,
    "undelivered": undelivered,
    "unshipped": unshipped,
    "withdrawal": withdrawal,
}
