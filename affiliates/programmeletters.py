"""The monthly letter to a brand: which orders its own programme claimed as well as a creator."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import brandinvoices, programmes
from affiliates.letters import Letter
from affiliates.models import OwnProgramme
from shop import readers
from shop.models import Brand


def send(at: datetime) -> int:
    """Mail the newest month that is over to each brand with double claims, once; return how many."""
    month = brandinvoices.last_month_over(at)
    waiting = OwnProgramme.objects.filter(Q(told_month=None) | Q(told_month__lt=month))
    return sum(_tell(pk, month) for pk in waiting.values_list("pk", flat=True))


@transaction.atomic
def _tell(pk: int, month: date) -> int:
    rows = OwnProgramme.objects.select_for_update(of=["self"], skip_locked=True)
    row = rows.select_related("brand").filter(pk=pk).first()
    if row is None or (row.told_month and row.told_month >= month):
        return 0
    row.told_month = month
    row.save(update_fields=["told_month"])
    found = programmes.report(row.brand, month)
    if not found:
        return 0
    for address, language in readers.readers(row.brand):
        with translation.override(language):
            letter(row.brand, month, found, address).send()
    return 1


def letter(brand: Brand, month: date, found: list[programmes.DoubleClaim], address: str) -> Letter:
    """Return the letter in the language that is active."""
    ours = sum(1 for row in found if row.rule != "own_programme")
    name = date_format(month, "F Y")
    counted = ngettext(
        "In %(month)s %(n)d line was claimed by a creator here and by your own programme.",
        "In %(month)s %(n)d lines were claimed by a creator here and by your own programme.",
        len(found),
    ) % {"month": name, "n": len(found)}
    url = reverse("affiliates:claims", args=[brand.slug])
    return Letter(
        to=address,
        subject=_("Claimed twice in %(month)s") % {"month": name},
        title=_("Claimed twice in %(month)s") % {"month": name},
        paragraphs=[
            counted,
            _("A creator earned %(ours)d of them, your own programme goes first on %(own)d.")
            % {"ours": ours, "own": len(found) - ours},
            _("Take those that a creator earned out of your own programme, or you pay twice."),
        ],
        url=f"{settings.SITE_URL}{url}?month={month:%Y-%m}",
        button=_("See every line"),
        why=_("You get this because you are a member of %(brand)s.") % {"brand": brand.name},
    )
