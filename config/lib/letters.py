"""Letters made of paragraphs: one form for whatever is not about a single amount."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format

from config.lib import post

logger = logging.getLogger(__name__)


@dataclass
class Letter:
    """One mail: to whom, in which language, and what it says."""

    to: str
    subject: str
    title: str
    paragraphs: list[str]
    url: str
    button: str
    why: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, bytes, str]] = field(default_factory=list)  # name, content, type
    key: str = ""  # of one letter to one person: sent again after a crash it is the same mail

    def message(self) -> EmailMultiAlternatives:
        """Return it as a mail in the language that is active."""
        context = {"letter": self, "site_url": settings.SITE_URL}
        headers = {"Message-ID": self._message_id} if self.key else None
        text = render_to_string("emails/letter.txt", context)
        mail = EmailMultiAlternatives(self.subject, text, to=[self.to], headers=headers)
        mail.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
        for name, content, kind in self.files:
            mail.attach(name, content, kind)
        return mail

    @property
    def _message_id(self) -> str:
        one = sha256(f"{self.key} {self.to}".encode()).hexdigest()[:32]
        return f"<{one}@{urlsplit(settings.SITE_URL).hostname}>"

    def send(self) -> None:
        """Post it in the language that is active."""
        post.send(self.message())


def send_all(letters: Iterable[Letter]) -> int:
    """Post letters that are marked as told together; return how many went.

    One address that takes nothing now stops no other, and those that got theirs do not get it
    again: the error is raised only where none went. A generator may set the language of each.
    """
    sent, refused = 0, None
    for letter in letters:
        try:
            letter.send()
            sent += 1
        except OSError as error:
            logger.warning("a letter did not go: %s", error)
            refused = error
    if refused and not sent:
        raise refused
    return sent


def each_in(people: Iterable[tuple[str, str]], write: Callable[[str], Letter]) -> Iterator[Letter]:
    """Yield what `write` makes for each address, in her language."""
    for address, language in people:
        with translation.override(language):
            yield write(address)


def day(at: datetime | date | None) -> str:
    """Return a date as a letter writes it."""
    if at is None:
        return "–"
    at = timezone.localtime(at) if isinstance(at, datetime) else at
    return date_format(at, "j F Y")
