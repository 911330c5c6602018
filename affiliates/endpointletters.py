"""Letters about endpoints that were paused, because they took nothing for three days."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, send_all
from affiliates.models import Endpoint
from affiliates.participationletters import mail_of
from creators import profiles
from shop import readers

logger = logging.getLogger(__name__)
AT_ONCE = 100


def send_waiting() -> int:
    """Mail the owners of endpoints that were paused; return how many endpoints were told of."""
    told = 0
    for pk in list(Endpoint.objects.filter(tells=True).values_list("pk", flat=True)[:AT_ONCE]):
        try:
            told += _tell(pk)
        except OSError:  # this address or the server refused it; the next call tries again
            logger.exception("nobody could be told of endpoint %s", pk)
    return told


@transaction.atomic
def _tell(pk: int) -> bool:
    rows = Endpoint.objects.select_for_update(of=["self"], skip_locked=True)
    row = rows.select_related("brand", "creator__user").filter(pk=pk, tells=True).first()
    if row is None:
        return False
    row.tells = False
    row.save(update_fields=["tells"])
    send_all(_letters(row))
    return True


def _letters(row: Endpoint) -> Iterator[Letter]:
    for address, language in _addresses(row):
        with translation.override(language):
            yield _letter(row, address)


def _addresses(row: Endpoint) -> Iterator[tuple[str, str]]:
    if row.creator is not None:
        if address := mail_of(row.creator):
            yield address, profiles.mail_language(row.creator)
    elif not row.brand.is_demo:
        yield from readers.readers(row.brand, owners=True)


def page_of(row: Endpoint) -> str:
    """Return the page of an endpoint, where its owner sees it."""
    if row.brand_id:
        return reverse("affiliates:brand_endpoint", args=[row.brand.slug, row.pk])
    return reverse("affiliates:creator_endpoint", args=[row.pk])


def _letter(row: Endpoint, address: str) -> Letter:
    return Letter(
        to=address,
        subject=_("Your webhook does not answer"),
        title=_("We have stopped sending messages to your webhook."),
        paragraphs=[
            row.url,
            _("It took no message, though we tried for three days or it said that it is gone."),
            _(
                "What happens meanwhile is kept for 30 days. Repair it, switch it on again, and send what was missed with one click."
            ),
        ],
        url=settings.SITE_URL + page_of(row),
        button=_("See what was missed"),
        why=_("You get this mail because this webhook is yours."),
    )
