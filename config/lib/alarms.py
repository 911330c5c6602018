"""Mails to those who run the market: superusers, finance, and the ADMINS of the settings."""

import logging

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Q

from config.lib.access import FINANCE

logger = logging.getLogger(__name__)


def tell_admins(subject: str, body: str) -> bool:
    """Mail who runs the market; return whether it was sent. A mail server that is away stops
    nothing: it is logged.
    """
    users = get_user_model().objects.filter(is_staff=True, is_active=True).exclude(email="")
    users = users.filter(Q(is_superuser=True) | Q(groups__name=FINANCE)).distinct()
    to = [*users.values_list("email", flat=True), *(address for _name, address in settings.ADMINS)]
    if not to:
        return False
    try:
        EmailMessage(subject, body, to=to).send()
    except OSError:
        logger.exception("this could not be mailed: %s", subject)
        return False
    return True
