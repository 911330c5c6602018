"""Money of accounts that were closed, which came back or is left and has nowhere to go."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Reclaim(models.Model):
    """What we owe somebody who is gone, until she comes for it: her balance, and the account that
    one admin proposes and another agrees to. How much it is says the ledger.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("to be looked at")
        KEPT = "kept", _("kept until she comes for it")
        PROPOSED = "proposed", _("an account is proposed: another admin decides")
        AGREED = "agreed", _("goes out to the account that two agreed on")
        REFUSED = "refused", _("the account was refused")
        FAILED = "failed", _("the account took nothing")
        DONE = "done", _("nothing is left of it")

    FREE = (State.WAITING, State.KEPT)  # to propose an account for

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="reclaims")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    iban = models.CharField(_("IBAN"), max_length=42, blank=True)
    holder = models.CharField(_("name on the account"), max_length=70, blank=True)
    evidence = models.CharField(
        _("how we know that it is hers"), max_length=300, blank=True,
        help_text=_("What was shown: a number of a self-bill, an identity paper, a letter."),
    )  # fmt: skip
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=300, blank=True, help_text="why so decided, or kept")
    method = models.OneToOneField(
        "affiliates.PayoutMethod", models.PROTECT, null=True, blank=True, related_name="reclaim"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["creator"], condition=Q(closed_at=None), name="reclaim_open_once"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="reclaim_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "agreed"])
                | (~Q(iban="") & ~Q(evidence="") & Q(proposed_by__isnull=False)),
                name="reclaim_proposed_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state="agreed")
                | Q(method__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="reclaim_agreed_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"what is owed to creator {self.creator_id}"
