"""The way out for every mail of ours, so that one address never stops the mail of the others."""

import logging
from smtplib import SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)
FOR_GOOD = 500  # SMTP: from here on, trying again is useless


class NotNow(OSError):
    """The mail server is there, but takes this one mail later: the others can go on."""


def send(mail: EmailMessage) -> bool:
    """Send `mail`, its subject on one line; False when it or its address is refused for good.

    Raises NotNow for a mail to try again later, another OSError while the server is away.
    """
    mail.subject = " ".join(str(mail.subject).split())
    try:
        return mail.send() == 1
    except SMTPRecipientsRefused as error:
        codes = [code for code, _said in error.recipients.values()]
        return _refused(error, min(codes, default=FOR_GOOD))
    except SMTPDataError as error:
        return _refused(error, error.smtp_code)
    except SMTPNotSupportedError as error:  # an address that this server cannot write
        return _refused(error, FOR_GOOD)


def _refused(error: Exception, code: int) -> bool:
    if code < FOR_GOOD:
        raise NotNow(str(error)) from error
    logger.warning("a mail is refused for good: %s", error)
    return False
