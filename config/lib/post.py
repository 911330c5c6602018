"""The way out for every mail of ours, so that one address never stops the mail of the others.

send(mail) -> bool     False: refused for good
kept_open()            what is sent inside goes over one connection: letters to many
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import (
    SMTPDataError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
)

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)
FOR_GOOD = 500  # SMTP: from here on, trying again is useless
MAILS_OF_A_LINE = 100  # after which a new one is opened: servers close those that never end
_open = threading.local()


class NotNow(OSError):
    """The mail server is there, but takes this one mail later: the others can go on."""


def send(mail: EmailMessage) -> bool:
    """Send `mail`, its subject on one line; False when it or its address is refused for good.

    Raises NotNow for a mail to try again later, another OSError while the server is away.
    """
    mail.subject = " ".join(str(mail.subject).split())
    try:
        return _send(mail)
    except SMTPRecipientsRefused as error:
        codes = [code for code, _said in error.recipients.values()]
        return _refused(error, min(codes, default=FOR_GOOD))
    except SMTPDataError as error:
        return _refused(error, error.smtp_code)
    except SMTPNotSupportedError as error:  # an address that this server cannot write
        return _refused(error, FOR_GOOD)


def _send(mail: EmailMessage) -> bool:
    """Send over the connection that is kept open; once more where the server ended that one."""
    mail.connection = _line() or mail.connection
    try:
        return mail.send() == 1
    except (SMTPRecipientsRefused, SMTPDataError, SMTPNotSupportedError):
        raise
    except OSError as error:
        was_used = getattr(_open, "used", 0) > 1
        hang_up()
        if not (was_used and isinstance(error, SMTPServerDisconnected)):
            raise
    mail.connection = _line()
    return mail.send() == 1


@contextmanager
def kept_open() -> Iterator[None]:
    """Send what this thread sends inside over one connection, opened with the first mail."""
    _open.line, _open.used = get_connection(), 0
    try:
        yield
    finally:
        hang_up()
        _open.line = None


def hang_up() -> None:
    """Close the connection that is kept open, if any: the next mail opens another."""
    if (line := getattr(_open, "line", None)) is not None:
        line.close()
        _open.used = 0


def _line() -> BaseEmailBackend | None:
    """Return the connection that is kept open, if any; it is open from here on."""
    line = getattr(_open, "line", None)
    if line is not None:
        if _open.used >= MAILS_OF_A_LINE:
            hang_up()
        line.open()
        _open.used += 1
    return line


def _refused(error: Exception, code: int) -> bool:
    if code < FOR_GOOD:
        raise NotNow(str(error)) from error
    logger.warning("a mail is refused for good: %s", error)
    return False
