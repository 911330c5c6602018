"""Letters to creators about their money, in their own language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.db.models import Count, QuerySet, Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from affiliates import clock, payouts
from affiliates.models import Commission, SettlementLine
from creators import profiles
from creators.models import Creator

WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Row:
    """What one product, or one correction, brought in a night."""

    title: str
    kind: str
    count: int
    amount: int


def settlement(night: date) -> int:
    """Mail every creator whom a night brought something; return how many were mailed.

    Asked twice, nobody is mailed twice within a week.
    """
    lines = SettlementLine.objects.filter(run__night=night, run__completed_at__isnull=False)
    sums = lines.values("creator_id", "currency").annotate(total=Sum("amount"))
    mailed = 0
    for found in sums.order_by("creator_id").iterator(500):
        creator = Creator.objects.select_related("user").get(pk=found["creator_id"])
        if creator.user is None or not creator.user.email or creator.is_demo:
            continue
        key = f"mail:settlement:{night}:{creator.pk}:{found['currency']}"
        if cache.add(key, 1, WEEK_S):
            own = lines.filter(creator=creator, currency=found["currency"])
            _send(creator, night, found["currency"], found["total"], own)
            mailed += 1
    return mailed


def _send(
    creator: Creator, night: date, currency: str, total: int, lines: QuerySet[SettlementLine]
) -> None:
    with translation.override(profiles.mail_language(creator)):
        context = {
            "creator": creator,
            "night": night,
            "currency": currency,
            "total": total,
            "rows": _rows(lines),
            "pending": _pending(creator, currency),
            "payable": payouts.claimable(creator.pk, currency),
            "pays_on": clock.friday_from(night),
            "url": settings.SITE_URL + reverse("affiliates:earnings"),
            "site_url": settings.SITE_URL,
        }
        subject = render_to_string("emails/settlement_subject.txt", context).strip()
        mail = EmailMultiAlternatives(
            subject, render_to_string("emails/settlement.txt", context), to=[creator.user.email]
        )
        mail.attach_alternative(render_to_string("emails/settlement.html", context), "text/html")
        mail.send()


def _rows(lines: QuerySet[SettlementLine]) -> list[Row]:
    grouped = (
        Commission.objects.filter(settlement_line__in=lines)
        .values("order_line__title", "reason", "kind")
        .annotate(count=Count("id"), sum=Sum("amount"))
        .order_by("-sum")
    )
    return [
        Row(row["order_line__title"] or row["reason"], row["kind"], row["count"], row["sum"])
        for row in grouped
    ]


def _pending(creator: Creator, currency: str) -> int:
    rows = Commission.objects.filter(creator=creator, currency=currency, state="pending")
    return rows.aggregate(sum=Sum("amount"))["sum"] or 0
