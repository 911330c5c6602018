"""What the letters about a decision have in common; the form of a letter is everybody's."""

from django.utils.translation import gettext as _

from config.lib.letters import Letter, day, each_in, send_all

__all__ = ["Letter", "day", "each_in", "redress", "send_all"]


def redress() -> str:
    """Say what else somebody can do (EU DSA art. 17 and 21)."""
    return _(
        "You may also turn to a certified body for out-of-court dispute settlement, or to a court."
    )
