"""Letters about links that we switched off, and about those that work again."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, redress
from affiliates.models import LinkBlock
from config.lib import post
from creators import profiles

logger = logging.getLogger(__name__)
AT_ONCE = 200


def send_waiting(at: datetime) -> int:
    """Mail whose links were switched off or freed, once; return how many blocks were told."""
    waiting = LinkBlock.objects.to_tell().order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    told = 0
    with post.kept_open():
        for pk in list(waiting):
            try:
                told += _tell(pk, at)
            except OSError:  # this address or the server refused it; the next call tries again
                logger.exception("the creator could not be told of link block %s", pk)
    return told


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    rows = LinkBlock.objects.to_tell().select_for_update(of=("self",), skip_locked=True)
    row = rows.select_related("link__creator__user", *_SHOWN).filter(pk=pk).first()
    if row is None:
        return False
    is_over = row.lifted_at is not None
    told_off = row.told_at is not None
    row.told_at = row.told_at or at
    if is_over:
        row.told_lifted_at = at
    row.save(update_fields=["told_at", "told_lifted_at"])
    if is_over and not told_off:  # it came and went before she heard of it
        return False
    creator = row.link.creator
    if creator.user is None or not creator.user.email or creator.is_demo or creator.erased_at:
        return False
    with translation.override(profiles.mail_language(creator)):
        letter(row).send()
    return True


_SHOWN = ("link__product", "link__collaboration__brand")


def letter(row: LinkBlock) -> Letter:
    """Return what she reads about a block, or about its end, in the language that is active."""
    link = row.link
    product, offer = link.product, link.collaboration
    what = product.title if product else offer.brand.name if offer else link.creator.display_name
    words = {"what": what, "where": link.get_platform_display(), "reason": row.reason}
    if row.lifted_at is not None:
        title = _("Your link works again: %(what)s") % words
        said = [_("We switched it off by mistake, or the reason is gone. It pays as it did.")]
    else:
        title = _("We switched off a link of yours: %(what)s") % words
        said = [
            _("It is the one for %(where)s. The reason: %(reason)s") % words,
            _("Clicks on it earn nothing more; what was ordered before stays yours."),
            _("A person decided this. If it is wrong, say so on the link's page: another person"
              " looks at it within ten days."),
            redress(),
        ]  # fmt: skip
    return Letter(
        to=link.creator.user.email, subject=title, title=title, paragraphs=said,
        url=settings.SITE_URL + reverse("affiliates:link", args=[link.pk]),
        button=_("See the link"),
        why=_("You get this mail because it is about your account."),
    )  # fmt: skip
