"""Passwords that anybody would try first: our own words, and those that leaked elsewhere."""

import hashlib
import logging
import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.lib import outbound

logger = logging.getLogger(__name__)
WORDS = (  # of this site, its work and its roles; docs/security.md names them
    "thousand", "duizend", "followers", "volgers", "marketplace", "marktplaats", "market",
    "creator", "influencer", "affiliate", "commission", "commissie", "brand", "merk",
    "support", "finance", "admin", "welcome", "welkom", "password", "wachtwoord",
)  # fmt: skip
LEFT = 8  # characters of her own beside such words
TOTAL_S, MAX_BYTES = 3, 200_000


class NoSiteWords:
    """Refuse a password of which little is left without the words of this site."""

    def validate(self, password: str, user: object = None) -> None:
        rest = re.sub("|".join(WORDS), "", password.lower())
        if rest != password.lower() and len(set(rest)) < LEFT:
            raise ValidationError(self.get_help_text(), code="password_site_words")

    def get_help_text(self) -> str:
        return _("Others would try words of this site first. Add words of your own.")


class NotLeaked:
    """Refuse what leaked elsewhere; only five characters of its SHA-1 leave us (k-anonymity).

    Asked at LEAKED_PASSWORDS_URL, where one is set. Without an answer the password is taken: the
    list of common ones was looked through before.
    """

    def validate(self, password: str, user: object = None) -> None:
        if not settings.LEAKED_PASSWORDS_URL:
            return
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            answer = outbound.request(
                "GET",
                f"{settings.LEAKED_PASSWORDS_URL.rstrip('/')}/{digest[:5]}",
                headers={"Add-Padding": "true"},
                total_s=TOTAL_S,
                max_bytes=MAX_BYTES,
                allow_private=settings.DEMO,
            )
        except outbound.OutboundError as error:
            logger.warning("nobody said whether a password leaked: %s", error)
            return
        if answer.status != 200:
            logger.warning("nobody said whether a password leaked: %s", answer.status)
            return
        for line in answer.body.decode("ascii", "replace").split():
            rest, _colon, times = line.partition(":")
            if rest == digest[5:] and times.strip("0"):  # padding has the number 0
                raise ValidationError(self.get_help_text(), code="password_leaked")

    def get_help_text(self) -> str:
        return _("A password that leaked at another site is tried here too. Choose another one.")
