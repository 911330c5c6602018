"""Notice of what an offer changes, its rates and its days, to everybody with a link of it.

Asked twice, nobody is mailed twice within a week.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, day
from affiliates.models import Participation, RateChange, TermChange
from affiliates.participationletters import mail_of, safely
from config.lib import money
from creators import profiles
from creators.models import Creator

NOTICE_WITHIN, WEEK_S = timedelta(days=7), 7 * 24 * 3600


def send_waiting(at: datetime) -> int:
    """Tell of the rates and days that were announced lately; return how many mails."""
    return rate_changes(at) + term_changes(at)


def rate_changes(at: datetime) -> int:
    """Give notice of the rates announced lately; return how many mails."""
    sent = 0
    rows = RateChange.objects.filter(told_at=None, announced_at__gte=at - NOTICE_WITHIN)
    for change in rows.select_related("collaboration__brand", "product"):
        sent += _to_all(change, "rate", change.product_id, rate)
        RateChange.objects.filter(pk=change.pk).update(told_at=at)
    return sent


def term_changes(at: datetime) -> int:
    """Give notice of the days announced lately; return how many mails."""
    sent = 0
    rows = TermChange.objects.filter(told_at=None, announced_at__gte=at - NOTICE_WITHIN)
    for change in rows.select_related("collaboration__brand"):
        sent += _to_all(change, "term", None, term)
        TermChange.objects.filter(pk=change.pk).update(told_at=at)
    return sent


def _to_all(change, kind: str, product_id: int | None, write) -> int:
    sent = 0
    for creator in with_links(change.collaboration_id, product_id).iterator(500):
        key = f"mail:{kind}:{change.pk}:{creator.pk}"
        if mail_of(creator) and cache.add(key, 1, WEEK_S):
            sent += safely(lambda k=creator: _tell(write, change, k))
    return sent


def _tell(write, change, creator: Creator) -> int:
    with translation.override(profiles.mail_language(creator)):
        write(change, creator).send()
    return 1


def with_links(offer: int, product_id: int | None = None):
    """Return who has a link of a collaboration (on the product, or the whole shop), or takes part."""
    of = Q(links__collaboration=offer, links__is_active=True)
    if product_id:
        of &= Q(links__product=product_id) | Q(links__product=None)
    takes_part = Q(
        participations__collaboration=offer,
        participations__state=Participation.State.ACCEPTED,
    )
    return Creator.objects.filter(of | takes_part).distinct().select_related("user").order_by("pk")


def rate(change: RateChange, creator: Creator) -> Letter:
    """Return the letter about a rate, in the language that is active."""
    facts = {
        "brand": change.collaboration.brand.name,
        "what": change.product.title if change.product else change.collaboration.name,
        "old": f"{money.decimal(change.old_bp, 'EUR').normalize():f}",
        "new": f"{money.decimal(change.new_bp, 'EUR').normalize():f}",
        "day": day(change.effective_at),
    }
    title = _("%(brand)s changes what it pays for %(what)s.") % facts
    lines = [_("%(new)s %% in place of %(old)s %%, from %(day)s.") % facts]
    if change.new_bp < change.old_bp:
        lines.append(_("A link keeps its rate for 30 days after you took it."))
    return _letter(creator, title, lines)


def term(change: TermChange, creator: Creator) -> Letter:
    """Return the letter about days, in the language that is active."""
    facts = {
        "brand": change.collaboration.brand.name, "what": change.collaboration.name,
        "old": change.old, "new": change.new, "day": day(change.effective_at),
    }  # fmt: skip
    if change.term == TermChange.Term.WINDOW:
        title = _("%(brand)s changes how long a click counts for %(what)s.") % facts
        worse = change.new < change.old
    else:
        title = _("%(brand)s changes how long a sale of %(what)s waits after delivery.") % facts
        worse = change.new > change.old
    lines = [_("%(new)s days in place of %(old)s, from %(day)s.") % facts]
    if worse:
        lines.append(_("For a link it does not count in the first 30 days after you took it."))
    return _letter(creator, title, lines)


def _letter(creator: Creator, title: str, lines: list[str]) -> Letter:
    return Letter(
        to=creator.user.email, subject=title.rstrip("."), title=title, paragraphs=lines,
        url=settings.SITE_URL + reverse("affiliates:links"), button=_("See your links"),
        why=_("You get this mail because you have a link of this brand."),
    )  # fmt: skip
