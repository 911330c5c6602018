"""Letters made of paragraphs: one form for whatever is not about a single amount."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from config.lib import post


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

    def message(self) -> EmailMultiAlternatives:
        """Return it as a mail in the language that is active."""
        context = {"letter": self, "site_url": settings.SITE_URL}
        mail = EmailMultiAlternatives(
            self.subject, render_to_string("emails/letter.txt", context), to=[self.to]
        )
        mail.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
        for name, content, kind in self.files:
            mail.attach(name, content, kind)
        return mail

    def send(self) -> None:
        """Post it in the language that is active."""
        post.send(self.message())


def day(at: datetime | date | None) -> str:
    """Return a date as a letter writes it."""
    if at is None:
        return "–"
    at = timezone.localtime(at) if isinstance(at, datetime) else at
    return date_format(at, "j F Y")
