"""Letters about cases: to the creator, and to whoever reported something; each in her language.

An event of a case that `tells` waits in the table until it is mailed, so that a lost message of
the queue loses no notice. Words: what happened, why, what it means, by when, and what she can do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import letters, reporting
from affiliates.letters import Letter, day
from affiliates.models import CaseLine
from config.lib import money
from creators import profiles, standing
from creators.models import Case, CaseEvent, Creator, Sanction

logger = logging.getLogger(__name__)
AT_ONCE = 200
State, Kind = Case.State, Case.Kind


# ------------------------------------------------------------------ sent


def send_waiting() -> int:
    """Mail what waits to be told, oldest first; return how many events were told."""
    ids = CaseEvent.objects.filter(tells=True).order_by("id").values_list("pk", flat=True)
    told = 0
    for pk in list(ids[:AT_ONCE]):
        try:
            told += _tell(pk)
        except OSError:  # this address or the server refused it; the next call tries again
            logger.exception("event %s of a case could not be mailed", pk)
    return told


@transaction.atomic
def _tell(pk: int) -> bool:
    rows = CaseEvent.objects.select_for_update(of=["self"], skip_locked=True)
    rows = rows.select_related("case__creator__user", "case__violation", "case__appeal_of")
    event = rows.filter(pk=pk, tells=True).first()
    if event is None:
        return False
    event.tells = False
    event.save(update_fields=["tells"])
    for creator in _parties(event.case):
        _to_creator(event, creator)
    reporting.tell(event)
    return True


def _parties(case: Case) -> list[Creator]:
    """Return the creators whom a case concerns; in a dispute, both."""
    both = [case.creator]
    if case.kind == Kind.CHANNEL_DISPUTE:
        both.append(case.dispute.holder)
    return [creator for creator in both if creator is not None]


def _to_creator(event: CaseEvent, creator: Creator) -> None:
    if creator.user is None or not creator.user.email or creator.is_demo:
        return
    with translation.override(profiles.mail_language(creator)):
        for letter in to_creator(event, creator):
            letter.send()


def to_creator(event: CaseEvent, creator: Creator) -> Iterator[Letter]:
    """Yield what a creator gets about an event, in the language that is active."""
    for title, paragraphs in _words(event, creator):
        yield Letter(
            to=creator.user.email,
            subject=_("Case %(n)d: %(title)s") % {"n": event.case_id, "title": title},
            title=title,
            paragraphs=[part for part in paragraphs if part],
            rows=named_lines(event.case) if event.case.kind == Kind.VIOLATION else [],
            url=settings.SITE_URL + reverse("affiliates:case", args=[event.case_id]),
            button=_("See the case"),
            why=_("You get this mail because it is about your account."),
        )


def named_lines(case: Case) -> list[tuple[str, str]]:
    """Return the commissions that a case names, each as what and how much."""
    rows = CaseLine.objects.filter(case=case).order_by("pk")
    return [
        (
            _("%(what)s, %(brand)s, %(day)s")
            % {
                "what": row.order_line.title if row.order_line else row.reason,
                "brand": row.brand.name,
                "day": day(row.created_at),
            },
            money.display(row.amount, row.currency, translation.get_language() or "en"),
        )
        for row in (
            line.commission
            for line in rows.select_related("commission__order_line", "commission__brand")
        )
    ]


# ------------------------------------------------------------------ worded


def _words(event: CaseEvent, creator: Creator) -> Iterator[tuple[str, list[str]]]:
    """Yield title and paragraphs of what a creator gets about an event; nothing: no letter."""
    case = event.case
    if case.kind == Kind.VIOLATION:
        if event.kind == "opened":
            yield _("we need your answer"), _notice(case)
        elif event.kind == State.UPHELD:
            yield _("decided against you"), _upheld(case, event)
        elif event.kind in (State.DISMISSED, State.LAPSED):
            yield _("closed, nothing is held"), _closed(event)
    elif case.kind == Kind.APPEAL:
        if event.kind in (State.UPHELD, State.LAPSED):
            yield _("your appeal is granted"), [*_closed(event), _("Its points no longer count.")]
        elif event.kind == State.DISMISSED:
            yield _("your appeal is refused"), [event.text, letters.redress()]
    elif case.kind == Kind.CHANNEL_DISPUTE:
        yield from _dispute(event, creator == case.creator)
    elif case.kind == Kind.CONTEST and event.kind in (State.UPHELD, State.DISMISSED):
        agreed = event.kind == State.UPHELD
        yield (
            _("your question about a link")
            if case.subject.startswith("link block:")
            else _("your question about a sale"),
            [
                _("We agree with you.") if agreed else _("We do not agree with you."),
                event.text,
            ],
        )


def _dispute(event: CaseEvent, claims: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield what the one who claims a channel, or the one who holds it, gets about an event."""
    case = event.case
    about = {
        "handle": case.dispute.handle,
        "platform": case.dispute.get_platform_display(),
        "answer": day(case.answer_by),
        "decide": day(case.decide_by),
        "code": case.dispute.code,
    }
    if event.kind == "opened" and claims:
        yield (
            _("whose channel is @%(handle)s?") % about,
            [
                _("You say that @%(handle)s on %(platform)s is yours. We ask the other side.")
                % about,
                _("Put the code %(code)s in the channel's description: only its owner can.")
                % about,
                _("A person decides by %(decide)s. Until then nothing changes.") % about,
            ],
        )
    elif event.kind == "opened":
        yield (
            _("whose channel is @%(handle)s?") % about,
            [
                _(
                    "Another creator says that @%(handle)s on %(platform)s, which is connected to "
                    "your account, is theirs."
                )
                % about,
                _("What they say: %s") % case.reason,
                _("Answer by %(answer)s. A person decides by %(decide)s at the latest.") % about,
                _("Until then nothing changes, and what you earned stays yours in any case."),
            ],
        )
    elif event.kind == State.UPHELD:
        yes = _("@%(handle)s on %(platform)s is yours now. Connect it to keep its numbers current.")
        no = _(
            "@%(handle)s on %(platform)s no longer belongs to your account. Its numbers are "
            "deleted from it; what you earned and your links stay."
        )
        done = _("decided: the channel moves")
        yield done, [(yes if claims else no) % about, event.text, letters.redress()]
    elif event.kind == State.DISMISSED:
        stays = _("@%(handle)s on %(platform)s stays where it is.") % about
        yield _("decided: the channel stays"), [stays, event.text, letters.redress()]


def _notice(case: Case) -> list[str]:
    return [
        _("We think that a rule was broken: %(rule)s. %(words)s")
        % {"rule": case.violation.label, "words": case.violation.words},
        case.reason,
        how_found(case),
        _("Only the sales named below wait. Everything else that you earn is paid as always."),
        _(
            "Answer by %(answer)s. A person decides within 10 days of your answer; without one, "
            "by %(decide)s. If we are late, the case closes by itself in your favour."
        )
        % {"answer": day(case.answer_by), "decide": day(case.decide_by)},
    ]


def how_found(case: Case) -> str:
    """Say whether a machine had a part in it (EU DSA art. 17)."""
    if case.automated:
        return _("An automatic check drew our attention to it. A person looked at it and decides.")
    return _("No automatic check was used: a person found it and a person decides.")


def _upheld(case: Case, event: CaseEvent) -> list[str]:
    found = ngettext(
        "This gives %(n)d point, which counts until %(day)s.",
        "This gives %(n)d points, which count until %(day)s.",
        case.points,
    )
    effect = standing.effect(case.creator, event.at)
    return [
        event.text,
        found % {"n": case.points, "day": day(case.points_expire_on)},
        _("With all that counts now, this follows: %s.") % Sanction.Effect(effect).label
        if effect
        else "",
        _(
            "The sales below are not paid once the time for an appeal is over. What else you earned is paid."
        )
        if case.takes_lines
        else _("The sales below are paid."),
        _("You may appeal until %s. Another person hears it.") % day(case.appeal_by),
        letters.redress(),
    ]


def _closed(event: CaseEvent) -> list[str]:
    if event.kind == State.LAPSED:
        return [_("We did not decide in time. That counts against us, not against you."),
                _("What was held goes on.")]  # fmt: skip
    return [event.text, _("What was held goes on.")]
