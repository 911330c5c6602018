"""The mails of the accounts: sent like every other one, and with the look of ours beside the text.

Also: how a person proves again who she is.
"""

from types import SimpleNamespace
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from config.lib import post

SIGNATURE = "\n--\n"  # of account/email/base_message.txt


def _under_our_name(context: dict[str, object]) -> dict[str, object]:
    """Return what a mail is made of, with every address of ours under SITE_URL.

    allauth makes them of the request, whose port (and of several hosts, which) a stranger chooses.
    """
    here = current.request.build_absolute_uri("/") if current.request else settings.SITE_URL + "/"
    return {
        name: f"{settings.SITE_URL}/{value.removeprefix(here)}"
        if isinstance(value, str) and value.startswith(here)
        else value
        for name, value in context.items()
    }


class Adapter(DefaultAccountAdapter):
    """Makes the second form of a mail out of its text, so that none is written twice."""

    def render_mail(
        self, template_prefix: str, email: str, context: dict, headers: dict | None = None
    ) -> EmailMultiAlternatives:
        mail = super().render_mail(template_prefix, email, context, headers)
        text, _mark, _end = mail.body.partition(SIGNATURE)
        seen = {
            "title": mail.subject,
            "paragraphs": [part.strip() for part in text.split("\n\n") if part.strip()],
            "code": context.get("code", ""),
            "site_url": settings.SITE_URL,
        }
        mail.attach_alternative(render_to_string("emails/account.html", seen), "text/html")
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Send it; an address that is refused for good is no error page, and nothing to learn."""
        ours = urlsplit(settings.SITE_URL).netloc
        site = SimpleNamespace(name=ours, domain=ours)
        facts = {"request": current.request, "email": email, "current_site": site}
        post.send(self.render_mail(template_prefix, email, facts | _under_our_name(context)))

    def get_reauthentication_methods(self, user: AbstractUser | AnonymousUser) -> list[dict]:
        """Return her ways; whoever has a second factor proves it with that alone.

        A password would open the page that takes the factor away, or that shows its spare codes.
        """
        ways = super().get_reauthentication_methods(user)
        return [way for way in ways if way["id"] != "reauthenticate"] or ways
