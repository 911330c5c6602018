"""Whether a maker of videos is under the Dutch media regulator: help computed from what we hold.

Four conditions, whatever the number of followers (the line of 500,000 fell on 16 June 2025):
active on YouTube, Instagram or TikTok from the Netherlands; 24 videos or more in 12 months; a
benefit from them; and the benefit goes to a business in the trade register. Not legal advice.
Source: Staatscourant 2025, 18028 (article 3.29a of the Mediawet 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min

from affiliates.models import Commission, SampleRequest, TaxProfile
from creators.models import Creator, Platform, Reading

SOURCE = "https://zoek.officielebekendmakingen.nl/stcrt-2025-18028.html"
AD_CODE = "https://www.reclamecode.nl/social"
PLATFORMS = (Platform.YOUTUBE, Platform.INSTAGRAM, Platform.TIKTOK)
VIDEOS, YEAR = 24, timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Facts:
    """What we hold. `videos`: posts seen in the last 12 months, None where no platform says;
    `whole_year`: we have looked for that long; `registered` None: no tax profile yet.
    """

    in_nl: bool
    active: bool
    videos: int | None
    whole_year: bool
    benefit: bool
    registered: bool | None


def conditions(facts: Facts) -> dict[str, bool | None]:
    """Return each condition as met, not met, or (None) unknown."""
    enough = facts.videos is not None and facts.videos >= VIDEOS
    fewer = facts.videos is not None and facts.whole_year and not enough
    return {
        "active": facts.in_nl and facts.active,
        "videos": True if enough else False if fewer else None,
        "benefit": True if facts.benefit else None,  # there are others than ours
        "registered": facts.registered,
    }


def supervised(facts: Facts) -> bool | None:
    """Say whether all conditions are met; None: one is unknown and none fails."""
    met = conditions(facts).values()
    if False in met:
        return False
    return None if None in met else True


def facts_of(creator: Creator, on: date) -> Facts:
    """Return what we hold on one creator: four queries at most."""
    seen = (
        Reading.objects.filter(
            channel__creator=creator,
            channel__platform__in=PLATFORMS,
            channel__verified_at__isnull=False,
            channel__disconnected_at__isnull=True,
            day__gt=on - YEAR - timedelta(days=7),  # read weekly
        )
        .values("channel")
        .annotate(first=Min("day"), least=Min("posts"), most=Max("posts"))
    )
    rows = list(seen)
    counted = [row for row in rows if row["most"] is not None]
    profile = (
        TaxProfile.objects.filter(creator=creator, effective_from__lte=on)
        .order_by("-effective_from", "-id")
        .first()
    )
    return Facts(
        in_nl=creator.country == "NL",
        active=bool(rows),
        videos=sum(row["most"] - row["least"] for row in counted) if counted else None,
        whole_year=bool(counted) and all(row["first"] <= on - YEAR for row in counted),
        benefit=Commission.objects.filter(creator=creator, kind="sale")
        .exclude(state="void")
        .exists()
        or SampleRequest.objects.filter(creator=creator, delivered_at__isnull=False).exists(),
        registered=None if profile is None else profile.kind != TaxProfile.Kind.PRIVATE,
    )
