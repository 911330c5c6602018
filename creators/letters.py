"""What the letter about a decision says."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib.letters import Letter
from creators import reasons
from creators.models import Creator, Decision

Outcome = Decision.Outcome


def decision(creator: Creator, made: Decision) -> Letter:
    """Return the letter to a creator about what was decided, in the language that is active."""
    outcomes = {
        Outcome.FULL: _("You are in the full tier of Thousand."),
        Outcome.PILOT: _("You are in: you start in the pilot tier of Thousand."),
        Outcome.WAITING: _("Not yet. We look again every night, and write when you are in."),
    }
    checks = [reasons.reason(check) for check in made.checks.all()]
    said = "\n".join(
        f"{'✓' if one.passed else '–'} {': '.join(filter(None, [one.text, one.small]))}"
        for one in checks
    )
    return Letter(
        to=creator.user.email,
        subject=_("You are in") if creator.is_enrolled else _("What we decided"),
        title=_("Hello %(name)s,") % {"name": creator.display_name},
        paragraphs=[
            part
            for part in (outcomes.get(made.outcome, _("You cannot join now.")), made.reason, said)
            if part
        ],
        url=settings.SITE_URL + reverse("creators:join_decision"),
        button=_("See the decision with its reasons"),
        why=_("You get this mail because you asked to join Thousand as a creator."),
    )
