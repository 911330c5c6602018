"""Evidence in words, for the creator whom it holds and for the admin who decides."""

from __future__ import annotations

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates.fraud import rules


def say(rule: str, evidence: dict[str, Any]) -> str:
    """Return what was found, measured against what is usual; names no shopper and no hour."""
    measured, usual = evidence.get("measured", {}), evidence.get("usual", {})
    sentence = SENTENCES.get(rule)
    if sentence is None or (rule in MEASURED and not measured):
        return _("A person has a question about this sale.")
    return sentence(measured, usual)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return number_format(int(value) if value == int(value) else value, use_l10n=True)


def _percent(share: float | None) -> str:
    return f"{_number(round(100 * share, 1))} %" if share is not None else ""


def _same_mail(measured: dict, usual: dict) -> str:
    return _("The order has a mail address of yours.")


def _same_payment(measured: dict, usual: dict) -> str:
    return _("The order was paid with a card or account that you have paid with.")


def _same_account(measured: dict, usual: dict) -> str:
    return _("The buyer is a creator who is paid on the same bank account as you.")


def _disposable(measured: dict, usual: dict) -> str:
    if not measured:
        return _("The order has a mail address that is thrown away after use.")
    return _(
        "%(n)s of your %(all)s orders in 30 days have a mail address that is thrown away after use."
    ) % {"n": measured["disposable"], "all": measured["orders"]}


def _burst(measured: dict, usual: dict) -> str:
    found = ngettext(
        "Within one hour %(people)s visitor clicked the link %(clicks)s times, which is %(each)s each.",
        "Within one hour %(people)s visitors clicked the link %(clicks)s times, which is %(each)s each.",
        measured["people"],
    ) % {
        "people": measured["people"],
        "clicks": measured["clicks"],
        "each": _number(measured["each"]),
    }
    if usual.get("each") is None:
        return found
    return f"{found} " + _("Usual on that day, on %(links)s links: %(each)s.") % {
        "links": usual["links"], "each": _number(usual["each"])
    }  # fmt: skip


def _links(measured: dict, usual: dict) -> str:
    found = _(
        "The buyer had just opened %(links)s links of %(creators)s creators, one every %(seconds)s seconds."
    ) % {
        "links": measured["links"],
        "creators": measured["creators"],
        "seconds": _number(measured["seconds"]),
    }
    if usual.get("links") is None:
        return found
    return f"{found} " + _("Of a hundred visitors ninety-nine open %(links)s or fewer.") % {
        "links": usual["links"]
    }


def _ads(measured: dict, usual: dict) -> str:
    found = _(
        "%(paid)s of the %(people)s visitors of this link on one day came from a paid advertisement (%(names)s)."
    ) % {
        "paid": measured["paid"],
        "people": measured["people"],
        "names": ", ".join(measured["networks"]),
    }
    if usual.get("share") is None:
        return found
    return f"{found} " + _("Of all visitors that day: %(share)s.") % {
        "share": _percent(usual["share"])
    }


def _back(measured: dict, usual: dict) -> str:
    found = (
        _(
            "%(back)s of your %(settled)s settled sales for this brand went back after they were settled."
        )
        % measured
    )
    if usual.get("share") is None:
        return found
    return f"{found} " + _("Usual for this brand, over %(n)s other creators: %(share)s.") % {
        "n": usual["creators"], "share": _percent(usual["share"])
    }  # fmt: skip


def _suspended(measured: dict, usual: dict) -> str:
    return _("You were suspended between the order and its payment.")


def _error(measured: dict, usual: dict) -> str:
    return _("We could not settle this sale. We look at what went wrong on our side.")


MEASURED = {rules.CLICK_BURST, rules.MANY_LINKS, rules.PAID_ADS, rules.CAME_BACK}
SENTENCES = {
    rules.SAME_MAIL: _same_mail,
    rules.SAME_PAYMENT: _same_payment,
    rules.SAME_ACCOUNT: _same_account,
    rules.DISPOSABLE_MAIL: _disposable,
    rules.CLICK_BURST: _burst,
    rules.MANY_LINKS: _links,
    rules.PAID_ADS: _ads,
    rules.CAME_BACK: _back,
    rules.SETTLEMENT_ERROR: _error,
    "creator_suspended": _suspended,
}
