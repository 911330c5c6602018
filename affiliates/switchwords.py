"""A platform that is off, in the words of a page."""

from __future__ import annotations

from django.utils.translation import gettext as _

from affiliates.letters import day
from affiliates.models import PlatformSwitch
from shop import countries


def no_new_links(switch: PlatformSwitch) -> str:
    """Say why nobody takes a link for it now, and what comes next."""
    words = {
        "platform": switch.get_platform_display(),
        "since": day(switch.off_from),
        "until": day(switch.off_until) if switch.off_until else "",
    }
    if switch.off_until:
        return (
            _(
                "%(platform)s is switched off since %(since)s: no new links for it until %(until)s."
                " Choose another channel."
            )
            % words
        )
    return (
        _(
            "%(platform)s is switched off since %(since)s: no new links for it until it is back."
            " Choose another channel."
        )
        % words
    )


def of_link(switch: PlatformSwitch) -> str:
    """Say to a creator what her links on it do meanwhile."""
    words = {
        "platform": switch.get_platform_display(),
        "since": day(switch.off_from),
        "grace": day(switch.earns_until),
    }
    return (
        _(
            "%(platform)s is switched off since %(since)s. Links for it lead to your page, and their"
            " clicks earn until %(grace)s. Promised rates stand still."
        )
        % words
    )


def of_brand(switch: PlatformSwitch) -> str:
    """Say to a brand where it is off, and until when its links earn."""
    words = {
        "platform": switch.get_platform_display(),
        "since": day(switch.off_from),
        "grace": day(switch.earns_until),
        "country": countries.NAMES.get(switch.country, switch.country),
    }
    if switch.country:
        return (
            _(
                "%(platform)s is switched off since %(since)s for creators in %(country)s. Their links"
                " for it lead to their pages, and clicks on them earn until %(grace)s."
            )
            % words
        )
    return (
        _(
            "%(platform)s is switched off since %(since)s for all creators. Their links for it lead to"
            " their pages, and clicks on them earn until %(grace)s."
        )
        % words
    )
