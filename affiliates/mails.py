"""Letters to creators about their money, in their own language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates import clock, payday
from affiliates.labels import bank_reason
from affiliates.letters import Letter, day, send_all
from affiliates.models import Commission, Payout, PayoutMethod, SettlementLine
from config.lib import post
from creators import profiles
from creators.models import Creator

WEEK_S = 7 * 24 * 3600
TELL_WITHIN = timedelta(days=30)  # of the pay day; later it would only puzzle
AT_ONCE = 200


@dataclass(frozen=True)
class Row:
    """What one product, or one correction, brought in a night."""

    title: str
    kind: str
    count: int
    amount: int


def settled(night: date) -> list[int]:
    """Return the ids of the creators whom a night that is settled brought something."""
    lines = SettlementLine.objects.filter(run__night=night, run__completed_at__isnull=False)
    return list(lines.order_by("creator_id").values_list("creator_id", flat=True).distinct())


def settlement(night: date, at: datetime, among: Collection[int] | None = None) -> int:
    """Mail every creator (`among` these) whom a night brought something; return how many.

    What is said of her next payout is what holds at `at`.

    Asked twice, nobody is mailed twice within a week.
    """
    lines = SettlementLine.objects.filter(run__night=night, run__completed_at__isnull=False)
    if among is not None:
        lines = lines.filter(creator__in=among)
    sums = lines.values("creator_id", "currency").annotate(total=Sum("amount"))
    mailed = 0
    for found in sums.order_by("creator_id").iterator(500):
        creator = Creator.objects.select_related("user").get(pk=found["creator_id"])
        if creator.user is None or not creator.user.email or creator.is_demo:
            continue
        key = f"mail:settlement:{night}:{creator.pk}:{found['currency']}"
        if cache.add(key, 1, WEEK_S):
            own = lines.filter(creator=creator, currency=found["currency"])
            with translation.override(profiles.mail_language(creator)):
                post.send(of_night(creator, night, found["currency"], found["total"], own, at))
            mailed += 1
    return mailed


def of_night(
    creator: Creator, night: date, currency: str, total: int, lines: QuerySet[SettlementLine],
    at: datetime,
) -> EmailMultiAlternatives:  # fmt: skip
    """Return her letter about a night, in the language that is active."""
    context = {
        "creator": creator,
        "night": night,
        "currency": currency,
        "total": total,
        "rows": _rows(creator, lines),
        "pending": _pending(creator, currency),
        "payday": payday.of(creator, currency, at),
        "on_its_way": _on_its_way(creator, currency),
        "url": settings.SITE_URL + reverse("affiliates:earnings"),
        "site_url": settings.SITE_URL,
    }
    return _message("settlement", context, creator.user.email)


def _message(name: str, context: dict[str, object], address: str) -> EmailMultiAlternatives:
    """Return the letter `emails/<name>` in the language that is active."""
    subject = render_to_string(f"emails/{name}_subject.txt", context).strip()
    mail = EmailMultiAlternatives(
        subject, render_to_string(f"emails/{name}.txt", context), to=[address]
    )
    mail.attach_alternative(render_to_string(f"emails/{name}.html", context), "text/html")
    return mail


def _rows(creator: Creator, lines: QuerySet[SettlementLine]) -> list[Row]:
    grouped = (
        Commission.objects.filter(creator=creator, settlement_line__in=lines)
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


def _on_its_way(creator: Creator, currency: str) -> int:
    rows = Payout.objects.filter(creator=creator, currency=currency, state__in=Payout.OPEN)
    return rows.aggregate(sum=Sum("amount"))["sum"] or 0


def accounts_changed(at: datetime) -> int:
    """Mail creators whose bank account was changed, each change once; return how many."""
    rows = PayoutMethod.objects.filter(told_at=None, created_at__gte=at - TELL_WITHIN)
    return sum(_tell_changed(pk, at) for pk in rows.values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _tell_changed(pk: int, at: datetime) -> bool:
    rows = PayoutMethod.objects.select_for_update(of=["self"], skip_locked=True)
    method = rows.select_related("creator__user").filter(pk=pk, told_at=None).first()
    if method is None:
        return False
    method.told_at = at
    method.save(update_fields=["told_at"])
    creator = method.creator
    if creator.user is None or creator.is_demo:
        return False
    addresses = _addresses(creator)
    with translation.override(profiles.mail_language(creator)):
        send_all(_account_changed(creator, method, address) for address in addresses)
    return bool(addresses)


def _account_changed(creator: Creator, method: PayoutMethod, address: str) -> Letter:
    return Letter(
        to=address,
        subject=_("Your bank account was changed"),
        title=_("Hello %(name)s, your payouts go to %(account)s from now on.")
        % {"name": creator.display_name, "account": method},
        paragraphs=[
            _("The first one may leave on %(day)s.") % {"day": day(method.usable_from)},
            _(
                "Was it not you? Change your password and the account at once, then answer this mail."
            ),
        ],
        url=settings.SITE_URL + reverse("affiliates:payouts"),
        button=_("See your payouts"),
        why=_("You get this mail because the bank account of your payouts was changed."),
    )


def _addresses(creator: Creator) -> list[str]:
    """Return all confirmed addresses: whoever took over one does not read the others."""
    confirmed = EmailAddress.objects.filter(user=creator.user_id, verified=True)
    found = {*confirmed.values_list("email", flat=True), creator.user.email}
    return sorted(address for address in found if address)


def payouts_back(at: datetime) -> int:
    """Mail creators whose payout failed, was returned or stayed here, each once; how many."""
    rows = Payout.objects.filter(
        state__in=[Payout.State.FAILED, Payout.State.RETURNED, Payout.State.CANCELLED], told_at=None,
        creator__isnull=False, batch__pay_on__gte=clock.local_day(at - TELL_WITHIN),
    )  # fmt: skip
    return sum(_tell_back(pk, at) for pk in rows.values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _tell_back(pk: int, at: datetime) -> bool:
    rows = Payout.objects.select_for_update(of=["self"], skip_locked=True)
    payout = rows.select_related("creator__user", "method").filter(pk=pk, told_at=None).first()
    if payout is None:
        return False
    payout.told_at = at
    payout.save(update_fields=["told_at"])
    creator = payout.creator
    if creator.user is None or not creator.user.email or creator.is_demo:
        return False
    with translation.override(profiles.mail_language(creator)):
        post.send(came_back(payout, payout.retried_by.filter(state__in=Payout.OPEN).first()))
    return True


def _is_refused(method: PayoutMethod) -> bool:
    return bool(method.refused) or method.name_check == PayoutMethod.NameCheck.NONE


def came_back(payout: Payout, anew: Payout | None = None) -> EmailMultiAlternatives:
    """Return the letter about a payout that did not arrive, in the language that is active.

    `anew`: what is on its way in its place.
    """
    context = {
        "creator": payout.creator,
        "payout": payout,
        "why": bank_reason(payout.reason),
        "has_left": payout.state != Payout.State.CANCELLED,
        "anew": anew,
        "needs_account": bool(payout.method and _is_refused(payout.method)),
        "url": settings.SITE_URL + reverse("affiliates:payouts"),
        "site_url": settings.SITE_URL,
    }
    return _message("payout_back", context, payout.creator.user.email)
