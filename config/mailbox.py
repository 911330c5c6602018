"""The demo's mail: each message a file, newest first at /mailbox/. Not routed in live."""

import email
import email.policy
import time
from collections.abc import Sequence
from email.message import EmailMessage as Parsed
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404
from django.views.decorators.http import require_safe

from config.lib.access import public
from config.lib.http import render_page

SHOWN = 100


class Mailbox(BaseEmailBackend):
    """Writes each message to MAIL_DIR; the name sorts by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.MAIL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            file = settings.MAIL_DIR / f"{time.time_ns()}-{uuid4().hex[:8]}.eml"
            draft = file.with_suffix(".draft")
            draft.write_bytes(message.message().as_bytes())
            draft.rename(file)
        return len(email_messages)


def _read(file) -> dict[str, object]:
    parsed: Parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = parsed.get_body(("plain",))
    return {
        "name": file.stem,
        "to": parsed["To"],
        "subject": parsed["Subject"],
        "sent": parsed["Date"],
        "text": body.get_content() if body else "",
    }


@public
@require_safe
def mailbox(request):
    files = sorted(settings.MAIL_DIR.glob("*.eml"), reverse=True)[:SHOWN]
    address = request.GET.get("to", "")
    mails = [mail for mail in map(_read, files) if address.lower() in str(mail["to"]).lower()]
    return render_page(request, "config/mailbox.html", {"mails": mails, "address": address})


@public
@require_safe
def message(request, name):
    file = settings.MAIL_DIR / f"{name}.eml"
    if file.parent != settings.MAIL_DIR or not file.exists():
        raise Http404
    return render_page(request, "config/message.html", {"mail": _read(file)})
