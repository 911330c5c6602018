"""Letters about new terms: everyone whom a version concerns is told before it holds, once."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, day
from creators import profiles
from creators.models import Creator
from shop import readers
from shop.models import Membership, Terms, TermsNotice

logger = logging.getLogger(__name__)
AT_ONCE = 2_000
KINDS_OF_CREATORS = (Terms.Kind.CREATOR, Terms.Kind.SELF_BILLING)


def concerned(terms: Terms) -> QuerySet:
    """Return the users whom these terms bind today. Shoppers accept theirs with each order."""
    users = get_user_model().objects.filter(is_active=True).exclude(email="")
    if terms.kind in KINDS_OF_CREATORS:
        return users.filter(creator__isnull=False, creator__is_demo=False).exclude(
            creator__status__in=[Creator.Status.DRAFT, Creator.Status.CLOSED]
        )
    if terms.kind == Terms.Kind.BRAND:
        return users.filter(Exists(Membership.objects.filter(user=OuterRef("pk"))))
    return users.none()


def send_waiting(at: datetime) -> int:
    """Tell who was not told yet of the versions that are announced; return how many."""
    sent = 0
    announced = Terms.objects.published().filter(effective_from__gt=at, version__gt=1)
    for terms in announced.order_by("pk"):
        told = TermsNotice.objects.filter(terms=terms, user=OuterRef("pk"))
        users = concerned(terms).exclude(Exists(told)).select_related("creator").order_by("pk")
        for user in users[: AT_ONCE - sent]:
            try:
                sent += _tell(terms, user, at)
            except OSError:  # this address or the server refused it; the next call tries again
                logger.exception("user %s could not be told of %s", user.pk, terms)
    return sent


@transaction.atomic
def _tell(terms: Terms, user, at: datetime) -> bool:
    _row, new = TermsNotice.objects.get_or_create(terms=terms, user=user, defaults={"told_at": at})
    if not new:
        return False
    with translation.override(_language(user)):
        letter(terms, user.email).send()
    return True


def letter(terms: Terms, address: str) -> Letter:
    """Return the letter in the language that is active."""
    kind, since = terms.get_kind_display(), day(terms.effective_from)
    paragraphs = [
        terms.change,
        _("They hold from %s. Until then nothing changes.") % since,
        _("What changes is marked word by word on our page, and every old version stays there."),
        _(
            "If you do not agree, you may end your account without cost before that day. What you earned is paid."
        ),
    ]
    return Letter(
        to=address,
        subject=_("New terms %(kind)s from %(day)s") % {"kind": kind, "day": since},
        title=_("New terms %s") % kind,
        paragraphs=[part for part in paragraphs if part],
        url=settings.SITE_URL + reverse("shop:terms_changes", args=[terms.kind, terms.version]),
        button=_("See what changes"),
        why=_("You get this mail because these terms hold for your account."),
    )


def _language(user) -> str:
    creator = getattr(user, "creator", None)
    if creator is not None:
        return profiles.mail_language(creator)
    membership = Membership.objects.filter(user=user).select_related("brand").first()
    return readers.language_of(membership) if membership else "en"
