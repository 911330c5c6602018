"""Letters about platforms that go off or are back, to creators and brands, with their kit."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates import kit
from affiliates.letters import Letter, day, each_in, send_all
from affiliates.models import PlatformSwitch, SwitchLetter
from config.lib import post
from creators import profiles
from creators.models import Creator
from shop import readers
from shop.models import Brand

logger = logging.getLogger(__name__)
AT_ONCE = 200
SECONDS = 100  # of one call: a ban is told to many
PICTURES = 100  # links of a kit that goes with the letter; a larger one is downloaded


def send_waiting(at: datetime, seconds: float = SECONDS) -> int:
    """Mail what waits to be told, oldest first, for so long; return how many were told.

    Several may do this at once: each takes what nobody else holds. Each letter is one short
    transaction, over one connection to the mail server. A worker that is killed has told all but
    the one in its hands, which goes again as the same mail (`Letter.key`).
    """
    ends, told, last = time.monotonic() + seconds, 0, 0
    waiting = SwitchLetter.objects.waiting().order_by("id")
    with post.kept_open():
        while ids := list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:AT_ONCE]):
            for pk in ids:
                if time.monotonic() > ends:
                    return told
                try:
                    told += _tell(pk, at)
                except post.NotNow:  # this address later
                    logger.warning("letter %s about a switch is taken later", pk)
                except OSError:  # the server is away: the next call tries again
                    logger.exception("letter %s about a switch could not be mailed", pk)
                    return told
            last = ids[-1]
    return told


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    rows = SwitchLetter.objects.waiting().select_for_update(of=["self"], skip_locked=True)
    rows = rows.select_related("switch", "creator__user", "brand")
    row = rows.filter(pk=pk).first()
    if row is None:
        return False
    try:
        with transaction.atomic():
            row.mailed = _is_news(row, at) and _mail(row)
        row.told_at = at
    except OSError:
        raise
    except Exception:  # one that cannot be written stops nobody; the admin's page counts it
        logger.exception("letter %s about a switch could not be written", pk)
        row.attempts += 1
    row.save(update_fields=["told_at", "mailed", "attempts"])
    return row.mailed


def _is_news(row: SwitchLetter, at: datetime) -> bool:
    """Whether what there was to tell is still so, and was not taken back before it was told."""
    if row.about == "off":
        return row.switch.phase(at) in ("ahead", "off")
    before = row.switch.letters.filter(about="off", creator=row.creator, brand=row.brand)
    known = before.first()
    return known is None or known.mailed


def _mail(row: SwitchLetter) -> bool:
    if row.creator is not None:
        creator = row.creator
        if creator.user is None or not creator.user.email or creator.is_demo or creator.erased_at:
            return False
        with translation.override(profiles.mail_language(creator)):
            mail = to_creator(row.switch, row.about, creator)
            mail.key = f"switch letter {row.pk}"
            mail.send()
        return True
    if row.brand.is_demo:
        return False
    kits: dict[str, bytes] = {}  # by language: made once, however many read it

    def letter(address: str) -> Letter:
        mail = to_brand(row.switch, row.about, row.brand, address, kits)
        mail.key = f"switch letter {row.pk}"
        return mail

    return bool(send_all(each_in(readers.readers(row.brand), letter)))


def _words(switch: PlatformSwitch) -> dict[str, object]:
    return {
        "platform": switch.get_platform_display(), "day": day(switch.off_from),
        "until": day(switch.off_until) if switch.off_until else "",
        "grace": day(switch.earns_until),
    }  # fmt: skip


def to_creator(switch: PlatformSwitch, about: str, creator: Creator) -> Letter:
    """Return her letter in the language that is active."""
    words = _words(switch)
    letter = Letter(
        to=creator.user.email,
        subject=_title(about, words),
        title=_title(about, words),
        paragraphs=_paragraphs(switch, about, words),
        url=f"{settings.SITE_URL}{reverse('affiliates:creator_risk')}?gone={switch.platform}#kit",
        button=_("See your links and your kit"),
        why=_("You get this mail because you have links on this platform."),
    )
    if about == "off":
        mine = kit.of_creator(creator, switch.platform)
        if mine.channels:
            letter.paragraphs.append(
                _("Your kit has the links for your other channels, with a QR code each.")
            )
        else:
            letter.paragraphs.append(
                _("You have no other channel here yet. Connect one: until then your page sells.")
            )
        if mine.rows:
            letter.paragraphs.append(
                _(
                    "Meanwhile clicks on your links for the same things elsewhere are promised at"
                    " least what clicks on those for %(platform)s were."
                )
                % words
            )
        letter.paragraphs.append(_("Your page stays: %(url)s") % {"url": mine.page})
        if len(mine.ready) <= PICTURES:
            files = kit.archive(kit.creator_files(mine))
            letter.files = [(f"{creator.handle}-{switch.platform}.zip", files, "application/zip")]
    return letter


def to_brand(
    switch: PlatformSwitch, about: str, brand: Brand, address: str,
    kits: dict[str, bytes] | None = None,
) -> Letter:  # fmt: skip
    """Return a brand's letter in the language that is active; `kits` keeps what is made."""
    kits, language = {} if kits is None else kits, translation.get_language() or "en"
    words = _words(switch)
    letter = Letter(
        to=address,
        subject=_title(about, words),
        title=_title(about, words),
        paragraphs=_paragraphs(switch, about, words),
        url=settings.SITE_URL
        + reverse("affiliates:brand_risk", args=[brand.slug])
        + f"?gone={switch.platform}#drill",
        button=_("See what it means for you"),
        why=_("You get this because you are a member of %(brand)s.") % {"brand": brand.name},
    )
    if about == "off":
        letter.paragraphs.append(
            _("The file has your creators with their fixed address, and a message to send them.")
        )
        if language not in kits:
            kits[language] = kit.archive(kit.brand_files(brand, switch.platform))
        letter.files = [(f"{brand.slug}-{switch.platform}.zip", kits[language], "application/zip")]
    return letter


def _title(about: str, words: dict[str, object]) -> str:
    if about == "off":
        return _("%(platform)s is switched off from %(day)s") % words
    if about == "back":
        return _("%(platform)s is back") % words
    return _("%(platform)s was switched off by mistake") % words


def _paragraphs(switch: PlatformSwitch, about: str, words: dict[str, object]) -> list[str]:
    if about == "off":
        said = [
            _(
                "No new links for it are given out. Links that are there lead to the creator's page."
            ),
            _("Clicks on them earn until %(grace)s.") % words,
            _("Clocks of samples, pilots and promised rates stand still meanwhile."),
        ]
        back = _("It is to be back on %(until)s.") % words
        return [*said, back] if switch.off_until else said
    if about == "back":
        return [
            _("Its links lead where they led before, and new ones can be taken."),
            _("Clocks of samples, pilots and promised rates were moved by as long as it was off."),
        ]
    return [
        _("Everything is as if it had not been: links, clocks and new links."),
        _("Look at the days by which you have something to do."),
    ]
