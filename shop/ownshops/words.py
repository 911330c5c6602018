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
    "added": gettext_noop("What was added counts when it is paid."),
    "too_late": gettext_noop(
        "It came when the sale was final: what went back does not count. If your returns take "
        "longer, give your collaborations more days before a sale clears."
    ),
    "currency": gettext_noop("It is told in %(a)s, the order is in %(b)s."),
    "product_currency": gettext_noop("The order is in %(a)s, %(b)s is sold in %(c)s."),
    "total": gettext_noop("The lines add up to %(a)s, more than the total of %(b)s."),
    "body": gettext_noop("It could not be read: %(a)s."),
    "ours": gettext_noop("It is a sale of ours that we told your shop."),
    "cancelled_there": gettext_noop(
        "It was cancelled in your shop, but the shopper has paid here: give the money back here, "
        "or send it after all."
    ),
    "no_stockroom": gettext_noop("Your shop keeps no stock for what you sell here."),
    "no_match": gettext_noop("No product of yours here has a SKU that your shop has too."),
    "stock": gettext_noop("Stock of %(a)s products taken over."),
    "no_answer": gettext_noop("Your shop did not answer."),
    "no_json": gettext_noop("Your shop answered with something that we could not read."),
    "answered": gettext_noop("Your shop answered with an error (%(a)s)."),
    "keys": gettext_noop("Your shop does not take our keys. Put in new ones."),
    "scopes": gettext_noop("Our keys may not do this in your shop: %(a)s."),
    "said_no": gettext_noop("Your shop refused it (%(a)s): %(b)s."),
    "no_variant": gettext_noop("A product of this sale is not in your shop any more."),
    "disconnected": gettext_noop("Your shop was disconnected here."),
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
