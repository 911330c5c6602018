"""Letters about a budget that is spent: to the brand, and to everybody who has links of it.

Each is told once per budget: a new one that is spent later is told again.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter
from affiliates.models import Collaboration
from affiliates.offerletters import with_links
from affiliates.participationletters import mail_of, safely
from config.lib import money
from creators import profiles
from creators.models import Creator
from shop import readers

MONTH_S = 30 * 24 * 3600


def send_waiting() -> int:
    """Tell of the budgets that were spent; return how many letters went out.

    A call that was cut short tells the rest the next time: who has a letter is remembered.
    """
    waiting = Collaboration.objects.filter(tells_spent=True).select_related("brand")
    return sum(_tell(row) for row in list(waiting.order_by("pk")))


def _tell(row: Collaboration) -> int:
    since, sent, everybody = row.budget_from, 0, True
    for address, language in [] if row.brand.is_demo else readers.readers(row.brand):
        tell = partial(_to_brand, row, address, language)
        done = _once(row, since, address, tell)
        sent, everybody = sent + bool(done), everybody and done is not None
    for creator in with_links(row.pk).iterator(500):
        if mail_of(creator):
            done = _once(row, since, str(creator.pk), lambda one=creator: _to_creator(row, one))
            sent, everybody = sent + bool(done), everybody and done is not None
    if everybody:
        with transaction.atomic():  # a budget that was set and spent meanwhile is told later
            same = Collaboration.objects.filter(pk=row.pk, budget_from=since)
            same.update(tells_spent=False)
    return sent


def _once(row: Collaboration, since: datetime, who: str, tell) -> bool | None:
    """Return whether a letter went out; False: it did before; None: it could not."""
    key = f"mail:budget:{row.pk}:{since.timestamp()}:{who}"
    if not cache.add(key, 1, MONTH_S):
        return False
    if safely(tell):
        return True
    cache.delete(key)
    return None


def _to_brand(row: Collaboration, address: str, language: str) -> int:
    with translation.override(language):
        to_brand(row, address).send()
    return 1


def to_brand(row: Collaboration, address: str) -> Letter:
    """Return a brand's letter in the language that is active."""
    language = translation.get_language() or "en"
    facts = {
        "name": row.name, "budget": money.display(row.budget, row.brand.currency, language),
    }  # fmt: skip
    title = _("The budget of %(name)s is spent.") % facts
    return Letter(
        to=address, subject=title.rstrip("."), title=title,
        paragraphs=[
            _("A sale did not fit any more into %(budget)s: it earned its creator nothing.") % facts,
            _(
                "Nobody can take new links until you set a new budget. Links that are out stay"
                " open to shoppers; a sale that fits still earns."
            ),
        ],
        url=settings.SITE_URL + reverse("affiliates:collaboration", args=[row.brand.slug, row.pk]),
        button=_("Set a new budget"),
        why=_("You get this because you are a member of %(brand)s.") % {"brand": row.brand.name},
    )  # fmt: skip


def _to_creator(row: Collaboration, creator: Creator) -> int:
    with translation.override(profiles.mail_language(creator)):
        to_creator(row, creator).send()
    return 1


def to_creator(row: Collaboration, creator: Creator) -> Letter:
    """Return a creator's letter in the language that is active."""
    title = _("The budget of %(brand)s for %(name)s is spent.") % {
        "brand": row.brand.name, "name": row.name,
    }  # fmt: skip
    return Letter(
        to=creator.user.email, subject=title.rstrip("."), title=title,
        paragraphs=[
            _(
                "What you have earned stays yours. A sale that does not fit any more earns"
                " nothing, and says so in your earnings, until the brand sets a new budget."
            ),
            _("Show something else meanwhile, or ask the brand."),
        ],
        url=settings.SITE_URL + reverse("affiliates:links"), button=_("See your links"),
        why=_("You get this mail because you have a link of this brand."),
    )  # fmt: skip
