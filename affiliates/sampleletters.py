"""Letters about samples: each step to the other side, silence to both, reminders to whose turn it is.

An event that `tells` waits in its table until it is mailed, so that no lost message of the queue
loses one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from affiliates.letters import Letter, day, send_all
from affiliates.models import SampleEvent, SampleRequest
from affiliates.samplerules import TURN, Side, State
from creators import profiles
from shop import readers

logger = logging.getLogger(__name__)
AT_ONCE = 200
BOTH = (Side.BRAND, Side.CREATOR)

# kind of event -> (who is told, the title)
WORDS = {
    "asked": ((Side.BRAND,), gettext_noop("%(creator)s asks for a sample of %(product)s.")),
    "withdrawn": (
        (Side.BRAND,),
        gettext_noop("%(creator)s takes the request for %(product)s back."),
    ),
    "accepted": ((Side.CREATOR,), gettext_noop("%(brand)s sends you %(product)s.")),
    "declined": ((Side.CREATOR,), gettext_noop("%(brand)s sends you no sample of %(product)s.")),
    "shipped": ((Side.CREATOR,), gettext_noop("%(product)s is on its way to you.")),
    "delivered": ((Side.BRAND,), gettext_noop("%(product)s has arrived at %(creator)s.")),
    "arrived_silent": (BOTH, gettext_noop("%(product)s counts as arrived: nobody said otherwise.")),
    "extended": ((Side.BRAND,), gettext_noop("%(creator)s takes seven days more for %(product)s.")),
    "lost": ((Side.BRAND,), gettext_noop("%(product)s never arrived at %(creator)s.")),
    "defective": ((Side.BRAND,), gettext_noop("%(product)s arrived broken at %(creator)s.")),
    "posted": ((Side.BRAND,), gettext_noop("%(creator)s has posted %(product)s: please look.")),
    "checked": (BOTH, gettext_noop("The post of %(product)s is on the channel of %(creator)s.")),
    "confirmed": (
        (Side.CREATOR,),
        gettext_noop("%(brand)s has confirmed your post of %(product)s."),
    ),
    "confirmed_silent": (BOTH, gettext_noop("The post of %(product)s counts as shown.")),
    "refused": ((Side.CREATOR,), gettext_noop("%(brand)s does not see %(product)s in your post.")),
    "disputed": ((Side.CREATOR,), gettext_noop("The sample of %(product)s ends without a post.")),
    "lapsed_brand": (
        BOTH,
        gettext_noop("The sample of %(product)s has lapsed: %(brand)s was silent."),
    ),
    "lapsed_creator": (BOTH, gettext_noop("The sample of %(product)s has lapsed without a post.")),
    "remind_3": ((), gettext_noop("Three days left for the sample of %(product)s.")),
    "remind_1": ((), gettext_noop("One day left for the sample of %(product)s.")),
}
# what the side whose turn it is has to do, by the state that the sample is in
TO_DO = {
    State.ASKED: gettext_noop(
        "Answer by %(day)s. Without an answer the request lapses, and that is counted."
    ),
    State.ACCEPTED: gettext_noop("Send it by %(day)s, and say so here."),
    State.SHIPPED: gettext_noop(
        "Say when it is there. Without a word it counts as arrived on %(day)s."
    ),
    State.DELIVERED: gettext_noop("Post by %(day)s and paste the address of the post."),
    State.POSTED: gettext_noop("Confirm it by %(day)s. Without an answer it counts as shown."),
}


def send_waiting() -> int:
    """Mail what waits to be told, oldest first; return how many events were told."""
    ids = SampleEvent.objects.filter(tells=True).order_by("id").values_list("pk", flat=True)
    told = 0
    for pk in list(ids[:AT_ONCE]):
        try:
            told += _tell(pk)
        except OSError:  # this address or the server refused it; the next call tries again
            logger.exception("event %s of a sample could not be mailed", pk)
    return told


@transaction.atomic
def _tell(pk: int) -> bool:
    rows = SampleEvent.objects.select_for_update(of=["self"], skip_locked=True)
    rows = rows.select_related(
        "sample__creator__user", "sample__variant__product", "sample__collaboration__brand"
    )
    event = rows.filter(pk=pk, tells=True).first()
    if event is None:
        return False
    event.tells = False
    event.save(update_fields=["tells"])
    send_all(_letters(event))
    return True


def _letters(event: SampleEvent) -> Iterator[Letter]:
    for side, address, language in _addresses(event):
        with translation.override(language):
            yield _letter(event, side, address)


def _addresses(event: SampleEvent) -> Iterator[tuple[str, str, str]]:
    """Yield side, address and language of everybody whom an event is told to."""
    sample = event.sample
    sides = WORDS[event.kind][0]
    if event.kind.startswith("remind_"):  # of a clock that still runs
        turn = TURN.get(State(sample.state))
        sides = (turn,) if turn and sample.act_by == event.act_by else ()
    creator, brand = sample.creator, sample.collaboration.brand
    has_mail = creator.user is not None and creator.user.email
    if Side.CREATOR in sides and has_mail and not creator.is_demo:
        yield Side.CREATOR, creator.user.email, profiles.mail_language(creator)
    if Side.BRAND in sides and not brand.is_demo:
        yield from ((Side.BRAND, *reader) for reader in readers.readers(brand))


def path_of(sample: SampleRequest, side: str) -> str:
    """Return the page of a sample for one side."""
    if side == Side.CREATOR:
        return reverse("affiliates:sample", args=[sample.pk])
    return reverse("affiliates:brand_sample", args=[sample.collaboration.brand.slug, sample.pk])


def title(event: SampleEvent) -> str:
    """Return an event in words, in the language that is active."""
    sample = event.sample
    return _(WORDS[event.kind][1]) % {
        "product": sample.variant.product.title,
        "brand": sample.collaboration.brand.name,
        "creator": sample.creator.display_name,
    }


def told(sample: SampleRequest) -> list[SampleEvent]:
    """Return the steps of a sample in order, each with its words in `said`; no reminders."""
    events = list(sample.events.exclude(kind__startswith="remind_"))
    for event in events:
        event.sample, event.said = sample, title(event)
    return events


def to_do(sample: SampleRequest) -> str:
    """Return what the side whose turn it is has to do, and by when; nothing when it is over."""
    words = TO_DO.get(State(sample.state))
    return _(words) % {"day": last_day(sample)} if words else ""


def last_day(sample: SampleRequest) -> str:
    """Return the last whole day of the running clock, which ends at midnight."""
    return day(sample.act_by - timedelta(seconds=1))


def _letter(event: SampleEvent, side: str, address: str) -> Letter:
    sample = event.sample
    lines = [event.text] if event.text else []
    if TURN.get(State(sample.state)) == side:
        lines.append(to_do(sample))
    if side == Side.CREATOR and event.kind in {"accepted", "delivered", "arrived_silent"}:
        lines.append(
            _("A product you get for free is a benefit: say in the post that it is an ad.")
        )
    return Letter(
        to=address,
        subject=title(event).rstrip("."),
        title=title(event),
        paragraphs=lines,
        url=settings.SITE_URL + path_of(sample, side),
        button=_("See the sample"),
        why=_("You get this mail because you are part of this sample."),
    )
