"""What became of a message, in words. Kept as codes, so that each reader has her own language.

A note is `code` or `code: detail | detail`, several of them joined with `; `.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SAID = {
    "removed": gettext_noop("The app was removed from the shop: switched off."),
    "off": gettext_noop("The shop is switched off here."),
    "not_used": gettext_noop("We use no messages of this kind."),
    "waiting": gettext_noop("It waits for an order that is paid."),
    "tested": gettext_noop("The test order came through: links may be taken."),
    "shop_test": gettext_noop("A test of the shop: it earns nothing."),
    "left_out": gettext_noop("Left out, no product of yours here: %(a)s."),
    "no_lines": gettext_noop("The order has no lines."),
    "too_late": gettext_noop("It came when the sale was final: what went back does not count."),
    "currency": gettext_noop("It is told in %(a)s, the order is in %(b)s."),
    "product_currency": gettext_noop("The order is in %(a)s, %(b)s is sold in %(c)s."),
    "total": gettext_noop("The lines add up to %(a)s, more than the total of %(b)s."),
    "body": gettext_noop("It could not be read: %(a)s."),
    "error": gettext_noop("We could not apply it: %(a)s. Apply it again later."),
}


def note(code: str, *details: object) -> str:
    """Return a note as it is kept."""
    plain = [str(one).replace("|", "/").replace(";", ",") for one in details]
    return f"{code}: {' | '.join(plain)}" if plain else code


def say(kept: str) -> str:
    """Return the words of a kept note; what has no words is shown as it is."""
    said = []
    for one in filter(None, kept.split("; ")):
        code, _colon, rest = one.partition(": ")
        facts = dict(zip("abc", [*rest.split(" | "), "", ""], strict=False))
        said.append(_(SAID[code]) % facts if code in SAID else one)
    return " ".join(said)
