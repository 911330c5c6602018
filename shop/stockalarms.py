"""Tells a brand's team by mail what stands still between here and the shop that keeps its stock.

tell_dead(at)     # sales that did not get there, and will not by themselves: all of a shop in one mail
tell_silent(at)   # a shop that has not answered for some time: soon nothing of it is sold
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.lib.letters import Letter, send_all
from shop import readers
from shop.models import OrderPush, Stockroom
from shop.ownshops import words

PAUSE = timedelta(hours=4)  # between two mails about sales of one shop
SILENT = 5  # readings in a row that failed: an hour and a quarter
MOST_NAMED = 20


def tell_dead(at: datetime) -> int:
    """Mail which sales did not get to their shop; return how many shops this was about."""
    rows = OrderPush.objects.untold().values_list("stockroom", flat=True)
    return sum(_tell_dead(pk, at) for pk in sorted(set(rows[:5_000])))


@transaction.atomic
def _tell_dead(pk: int, at: datetime) -> bool:
    """Tell of one shop, and note it; where no mail goes out, neither is noted."""
    room = _locked(pk)
    last = room.pushes.aggregate(at=Max("mailed_at"))["at"]
    if last and at < last + PAUSE:
        return False
    rows = room.pushes.untold().select_related("brand_order__order", "refund").order_by("pk")
    dead = list(rows)
    if not dead:
        return False
    OrderPush.objects.filter(pk__in=[one.pk for one in dead]).update(mailed_at=at)
    send_all(_letters(room, lambda: _dead_words(room, dead)))
    return True


def tell_silent(at: datetime) -> int:
    """Mail that a shop has not answered for some time, once until it does; return how many."""
    rows = Stockroom.objects.open().filter(failures__gte=SILENT, warned_at=None)
    return sum(_tell_silent(pk, at) for pk in list(rows.values_list("pk", flat=True)[:500]))


@transaction.atomic
def _tell_silent(pk: int, at: datetime) -> bool:
    room = _locked(pk)
    if room.warned_at or room.failures < SILENT:
        return False
    Stockroom.objects.filter(pk=pk).update(warned_at=at)
    send_all(_letters(room, lambda: _silent_words(room)))
    return True


def _locked(pk: int) -> Stockroom:
    rows = Stockroom.objects.select_related("integration__brand")
    return rows.select_for_update(of=("self",)).get(pk=pk)


# ------------------------------------------------------------------ the words


def _letters(room: Stockroom, said) -> Iterator[Letter]:
    """Yield a letter for each of the brand's team, its language set while it is posted."""
    brand = room.integration.brand
    url = settings.SITE_URL + reverse("shop:integrations", args=[brand.slug])
    for address, language in readers.readers(brand):
        with translation.override(language):
            title, paragraphs, rows = said()
            yield Letter(
                to=address, subject=title, title=title, paragraphs=paragraphs, rows=rows,
                url=url, button=_("See what stands still"),
                why=_("You get this mail because you are of the team of %s.") % brand.name,
            )  # fmt: skip


def _dead_words(room: Stockroom, dead: list[OrderPush]):
    facts = {"n": len(dead), "shop": room.integration.domain}
    title = ngettext(
        "%(n)d sale did not get to %(shop)s", "%(n)d sales did not get to %(shop)s", len(dead)
    )
    rows = [
        (f"{one.brand_order.order.number}{' · ' + _('refund') if one.refund_id else ''}",
         words.say(one.problem))
        for one in dead[:MOST_NAMED]
    ]  # fmt: skip
    return title % facts, [
        _("We have stopped trying. The shoppers have paid, so these orders have to be sent."),
        _("Look at what your shop said, then choose “Push again”, or enter them there by hand."),
        _("After two weeks their pieces are not kept off your stock any more."),
    ], rows  # fmt: skip


def _silent_words(room: Stockroom):
    facts = {"shop": room.integration.domain}
    return _("%(shop)s does not answer us") % facts, [
        words.say(room.problem),
        _("Its stock is read again and again. What is older than 24 hours is not sold, and sales "
          "do not get there meanwhile."),
        _("Often the keys were changed, or something in your shop keeps us out."),
    ], []  # fmt: skip
