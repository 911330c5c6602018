"""What the letters about a trouble say, to the shopper and to the brand's team."""

from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from config.lib import money
from config.lib.letters import day
from shop.models import OrderLetter, Trouble
from shop.orderletters import Files, credit_notes, to_brand, to_shopper

State = Trouble.State


def _of(row: OrderLetter) -> Trouble:
    rows = Trouble.objects.select_related("brand_order__brand", "brand_order__order", "refund")
    return rows.get(pk=row.about)


def _letter(
    row: OrderLetter, trouble: Trouble, subject: str, paragraphs: list[str], files: Files = ()
) -> EmailMultiAlternatives:
    found = trouble.lines.select_related("order_line")
    lines = [(line.order_line.title, str(line.quantity)) for line in found]
    if row.brand is not None:
        return to_brand(row, trouble.brand_order_id, subject, paragraphs, lines)
    return to_shopper(row, subject, paragraphs, lines, files)


def asked(row: OrderLetter) -> EmailMultiAlternatives:
    trouble = _of(row)
    facts = {"brand": trouble.brand_order.seller.get("name", ""), "day": _last_day(trouble)}
    said = f"{trouble.get_kind_display()}. {trouble.words}".strip()
    if row.brand is None:
        return _letter(row, trouble, _("We asked %(brand)s what is wrong") % facts, [
            said,
            _("%(brand)s answers by %(day)s. If it does not, we decide, and tell you.") % facts,
        ])  # fmt: skip
    return _letter(row, trouble, _("Something is wrong with this order"), [
        _("The shopper says: %s") % said,
        _(
            "Answer by %(day)s: give the money back, or say what you do about it. "
            "Without an answer we decide, and pay the shopper from your balance."
        ) % facts,
        _("Until then the creator's commission waits."),
    ])  # fmt: skip


def answered(row: OrderLetter) -> EmailMultiAlternatives:
    trouble = _of(row)
    facts = {"brand": trouble.brand_order.seller.get("name", ""), "day": day(trouble.reply_by)}
    return _letter(row, trouble, _("%(brand)s has answered") % facts, [
        trouble.answer,
        _("Is this not enough? Say so on the page of your order by %(day)s, and we decide.") % facts,
        _("If you say nothing, it counts as solved."),
    ])  # fmt: skip


def with_us(row: OrderLetter) -> EmailMultiAlternatives:
    trouble = _of(row)
    why = (
        _("The answer was not enough for the shopper.")
        if trouble.answered_at
        else _("There was no answer in three working days.")
    )
    return _letter(row, trouble, _("We decide now"), [
        why,
        _("We look at what both sides said, and tell both what we decided. The money waits."),
    ])  # fmt: skip


def closed(row: OrderLetter) -> EmailMultiAlternatives:
    trouble = _of(row)
    lines, files = [trouble.reason], []
    if trouble.state == State.REFUNDED and trouble.refund:
        amount = money.display(trouble.refund.amount, trouble.refund.currency)
        subject = _("%s goes back to the shopper") % amount
        if row.brand is None:
            subject, files = _("You get %s back") % amount, credit_notes(trouble.refund)
            lines.append(_("It goes to where you paid from; that takes up to five working days."))
        else:
            lines.append(_("It was taken from your balance."))
    elif trouble.state == State.REFUSED:
        subject = _("We decided: no money goes back")
        if row.brand is None:
            lines.append(
                _(
                    "You may also turn to a certified body for out-of-court dispute settlement, or to a court."
                )
            )
    else:
        subject = _("This is solved")
    return _letter(row, trouble, subject, lines, files)


def _last_day(trouble: Trouble) -> str:
    """Return the last day on which the brand may answer: its end is the next midnight."""
    return day(trouble.answer_by - timedelta(seconds=1))


WORDS = {
    "trouble_asked": asked,
    "trouble_answered": answered,
    "trouble_with_us": with_us,
    "trouble_closed": closed,
}
