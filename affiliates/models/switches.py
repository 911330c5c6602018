"""Platforms that are switched off for a while: who said so, what moved, whom it was told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from creators.models import Platform

GRACE = timedelta(days=7)  # clicks earn on for so long once their platform is off


class PlatformSwitchQuerySet(models.QuerySet):
    def agreed(self) -> Self:
        return self.filter(state=PlatformSwitch.State.AGREED)

    def ahead_or_on(self, at: datetime) -> Self:
        """Those that are on at `at` or will be."""
        return self.agreed().filter(Q(off_until=None) | Q(off_until__gt=at))

    def ever(self) -> Self:
        """Those that were agreed, with since when one was an error: `withdrawn_at`."""
        error = Q(words__kind="withdraw", words__answer="agreed")
        found = self.filter(state__in=[PlatformSwitch.State.AGREED, PlatformSwitch.State.WITHDRAWN])
        return found.annotate(withdrawn_at=models.Max("words__answered_at", filter=error))

    def on(self, at: datetime) -> Self:
        """Those whose platform is off at `at`."""
        return self.ahead_or_on(at).filter(off_from__lte=at)

    def of(self, platform: str, country: str) -> Self:
        """Those that concern creators of `country` on `platform`."""
        return self.filter(platform=platform, country__in=["", country])


class PlatformSwitch(models.Model):
    """A platform is off in a country (blank: everywhere) for a while.

    `worked` is the last phase whose work is done: `off`, `back` or `withdrawn`.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for another admin")
        REFUSED = "refused", _("refused")
        AGREED = "agreed", _("agreed")
        WITHDRAWN = "withdrawn", _("withdrawn as an error")

    platform = models.CharField(_("platform"), max_length=10, choices=Platform)
    country = models.CharField(_("country"), max_length=2, blank=True)
    off_from = models.DateTimeField(_("off from"))
    off_until = models.DateTimeField(_("off until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    state = models.CharField(
        max_length=9, choices=State, default=State.PROPOSED, db_default=State.PROPOSED
    )
    agreed_at = models.DateTimeField(null=True, blank=True, editable=False)
    worked = models.CharField(max_length=9, blank=True, db_default="", editable=False)
    rehearsal = models.JSONField(null=True, blank=True, editable=False)
    rehearsed_at = models.DateTimeField(null=True, blank=True, editable=False)
    objects = PlatformSwitchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "platform switches"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(off_until=None) | Q(off_until__gt=F("off_from")),
                name="platform_switch_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "refused"]) | Q(agreed_at__isnull=False),
                name="platform_switch_agreed_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} off in {self.country or 'all countries'}"

    @property
    def earns_until(self) -> datetime:
        """From when clicks of its links earn nothing.

        What was clicked before two admins agreed was promised to earn: an outage that is noted
        later takes nothing back. Clocks alone are moved from `off_from` on.
        """
        return max(self.off_from, self.agreed_at or self.off_from) + GRACE  # proposed: not yet

    def phase(self, at: datetime) -> str:
        """Return what `at` asks for: "", `ahead`, `off`, `back` or `withdrawn`."""
        if self.state == self.State.WITHDRAWN:
            return "withdrawn"
        if self.state != self.State.AGREED:
            return ""
        if at < self.off_from:
            return "ahead"
        return "off" if self.off_until is None or at < self.off_until else "back"


class SwitchWord(models.Model):
    """What one admin says about a switch, and what another answers; only agreed words count."""

    class Kind(models.TextChoices):
        OFF = "off", _("switch it off")
        BACK = "back", _("it is back, from a moment on")
        WITHDRAW = "withdraw", _("it was an error: take everything back")

    class Answer(models.TextChoices):
        AGREED = "agreed", _("agreed")
        REFUSED = "refused", _("refused")

    switch = models.ForeignKey(PlatformSwitch, models.PROTECT, related_name="words")
    kind = models.CharField(max_length=8, choices=Kind)
    moment = models.DateTimeField(null=True, blank=True, help_text="from when it is back")
    reason = models.CharField(max_length=300)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    answer = models.CharField(max_length=8, choices=Answer, blank=True, db_default="")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_reason = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["switch"], condition=Q(answer=""), name="switch_word_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(answer="agreed") | ~Q(answered_by=F("said_by")),
                name="switch_word_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="switch_word_answered_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(kind="back") | Q(moment__isnull=False), name="switch_word_back_when"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="switch_word_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.switch}: {self.kind}"


class SwitchChange(models.Model):
    """One row that a switch changed, with its value before and after; never edited.

    `clock` tells the clocks of one row apart: the sample's event that began it, else 0. `shift`
    is how much of the outage is in the value by this switch's doing, once this is done.
    """

    class Kind(models.TextChoices):
        SAMPLE = "sample", _("clock of a sample")
        PILOT = "pilot", _("clock of a pilot")
        RATE_LOCK = "rate_lock", _("promised rate of a link")
        PAGE_LINKS = "page_links", _("links of a creator's page")

    class Act(models.TextChoices):
        MOVED = "moved", _("moved")
        RESTORED = "restored", _("put back")
        LEFT = "left", _("left: it had gone on")
        MADE = "made", _("made")
        NOTHING = "nothing", _("nothing could be made")  # tried again the next day

    switch = models.ForeignKey(PlatformSwitch, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.BigIntegerField()
    clock = models.BigIntegerField(default=0, db_default=0)
    act = models.CharField(max_length=8, choices=Act)
    old_value = models.DateTimeField(null=True)
    new_value = models.DateTimeField(null=True)
    shift = models.DurationField(default=timedelta)
    note = models.CharField(max_length=600, blank=True, db_default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["switch", "kind", "object_id", "clock", "-id"], name="switch_change_of_row"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.kind} {self.object_id}"


class SwitchLetterQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Those that are to be told; what could not be written three times waits for a person."""
        return self.filter(told_at=None, attempts__lt=SwitchLetter.TRIES)

    def stuck(self) -> Self:
        return self.filter(told_at=None, attempts__gte=SwitchLetter.TRIES)


class SwitchLetter(models.Model):
    """Somebody to be told of a switch, once for each of what there is to tell."""

    switch = models.ForeignKey(PlatformSwitch, models.PROTECT, related_name="letters")
    about = models.CharField(max_length=9, help_text="off, back or withdrawn")
    creator = models.ForeignKey(
        "creators.Creator", models.CASCADE, null=True, blank=True, related_name="+"
    )
    brand = models.ForeignKey("shop.Brand", models.CASCADE, null=True, blank=True, related_name="+")
    told_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="at writing it that failed"
    )
    mailed = models.BooleanField(
        default=False, help_text="false: there was nothing to tell any more"
    )

    TRIES = 3
    objects = SwitchLetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["switch", "about", "creator", "brand"],
                nulls_distinct=False,
                name="switch_letter_once",
            ),
            models.CheckConstraint(
                condition=Q(creator=None, brand__isnull=False)
                | Q(creator__isnull=False, brand=None),
                name="switch_letter_to_one",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="switch_letter_waits", condition=Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.about} to {self.creator or self.brand}"
