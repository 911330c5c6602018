"""The mails of the accounts: sent like every other one, and with the look of ours beside the text.

Also: how a person proves again who she is.
"""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from config.lib import post

SIGNATURE = "\n--\n"  # of account/email/base_message.txt


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
        request = current.request
        facts = {"request": request, "email": email, "current_site": get_current_site(request)}
        post.send(self.render_mail(template_prefix, email, facts | context))

    def get_reauthentication_methods(self, user: AbstractUser | AnonymousUser) -> list[dict]:
        """Return her ways; whoever has a second factor proves it with that alone.

        A password would open the page that takes the factor away, or that shows its spare codes.
        """
        ways = super().get_reauthentication_methods(user)
        return [way for way in ways if way["id"] != "reauthenticate"] or ways
