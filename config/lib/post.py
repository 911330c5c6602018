"""The way out for every mail of ours, so that one address never stops the mail of the others."""

import logging
from smtplib import SMTPRecipientsRefused

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)
FOR_GOOD = 500  # SMTP: from here on, trying again is useless


def send(mail: EmailMessage) -> bool:
    """Send `mail`, its subject on one line; False when the address is refused for good.

    Raises OSError while the mail server is away, so that the caller tries again later.
    """
    mail.subject = " ".join(str(mail.subject).split())
    try:
        return mail.send() == 1
    except SMTPRecipientsRefused as error:
        if any(code < FOR_GOOD for code, _said in error.recipients.values()):
            raise
        logger.warning("an address is refused for good: %s", error)
        return False
