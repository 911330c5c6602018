"""Who earned an order line, and what."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod
from django.utils.translation import gettext_lazy as _

SHARDS = 64

# What is not settled yet, of the commissions `c`: read by when it is due, for no index knows the
# state. Before the cutoff of the newest completed night only what a flag or a case holds is left
# (an invariant of the books).
OPEN_SQL = """
    c.state IN ('pending', 'held') AND (c.flag_id IS NOT NULL OR c.case_id IS NOT NULL
        OR c.due_at >= (SELECT coalesce(max(cutoff), '-infinity') FROM affiliates_settlementrun
                        WHERE completed_at IS NOT NULL))
"""


class Attribution(models.Model):
    """Which link earned an order line, with every touch that competed; never edited.

    touches: [{link, code, creator, clicked_at, rate_bp, excluded_by}], the winner's
    excluded_by being null. rule: the rule that decided, or why nobody earns.
    """

    order_line = models.OneToOneField("shop.OrderLine", models.PROTECT)
    link = models.ForeignKey("affiliates.Link", models.PROTECT, null=True, blank=True)
    code = models.ForeignKey("affiliates.CreatorCode", models.PROTECT, null=True, blank=True)
    creator = models.ForeignKey("creators.Creator", models.PROTECT, null=True, blank=True)
    collaboration = models.ForeignKey(
        "affiliates.Collaboration", models.PROTECT, null=True, blank=True
    )
    clicked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    rate_bp = models.PositiveIntegerField(null=True, blank=True)
    rule = models.CharField(max_length=32)
    touches = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["creator", "-created_at"], name="attribution_of_creator"),
            models.Index(fields=["link", "created_at"], name="attribution_of_link"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line}: {self.rule}"


class VoidNote(models.Model):
    """Why a person made a commission void, in words that its creator reads; never changed."""

    commission = models.OneToOneField(
        "affiliates.Commission", models.PROTECT, primary_key=True, related_name="void_note"
    )
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="void_note_says_why"),
        ]

    def __str__(self) -> str:
        return self.reason


class CommissionQuerySet(models.QuerySet):
    def due(self, cutoff: datetime, since: datetime | None = None) -> Self:
        """Pending commissions that the night with this cutoff settles.

        `since`: the cutoff of the night before, from which on an index is read.
        """
        found = self.filter(state=Commission.State.PENDING, due_at__lt=cutoff)
        return found if since is None else found.filter(due_at__gte=since)

    def live(self) -> Self:
        return self.exclude(state=Commission.State.VOID)


class Commission(models.Model):
    """What one creator earns (or gives back) on one order line.

    Facts never change: a trigger lets only state, due_at, flag, case, settlement_line
    and vat_bp be updated. amount = half_up(base × rate_bp) for a sale, signed otherwise.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        REVERSAL = "reversal", _("reversal")
        ADJUSTMENT = "adjustment", _("adjustment")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")  # the return window is open
        HELD = "held", _("held")  # by a flag or a case
        SETTLED = "settled", _("settled")  # in the creator's balance
        VOID = "void", _("void")

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SALE)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    # The night marks each row in its place (HOT): no index names a column that it writes (state,
    # settlement_line, vat_bp), nor a condition on one. What is open is found by when it is due.
    creator = models.ForeignKey(
        "creators.Creator", models.PROTECT, related_name="commissions", db_index=False
    )
    brand = models.ForeignKey(
        "shop.Brand", models.PROTECT, related_name="commissions", db_index=False
    )
    collaboration = models.ForeignKey(
        "affiliates.Collaboration", models.PROTECT, null=True, blank=True, db_index=False
    )
    link = models.ForeignKey("affiliates.Link", models.PROTECT, null=True, blank=True)
    order_line = models.ForeignKey(
        "shop.OrderLine", models.PROTECT, null=True, blank=True, related_name="commissions"
    )
    refund_line = models.ForeignKey(
        "shop.RefundLine", models.PROTECT, null=True, blank=True, db_index=False
    )
    dispute_line = models.ForeignKey(
        "shop.DisputeLine", models.PROTECT, null=True, blank=True, db_index=False
    )
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    base = models.PositiveBigIntegerField(null=True, blank=True, help_text="net, minor units")
    rate_bp = models.PositiveIntegerField(null=True, blank=True)
    amount = models.BigIntegerField(help_text="signed minor units of `currency`")
    vat_bp = models.PositiveIntegerField(
        null=True, blank=True,
        help_text="that the brand is invoiced, set when it settles; of a reversal: its sale's",
    )  # fmt: skip
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300, blank=True, help_text="of an adjustment")
    due_at = models.DateTimeField()
    flag = models.ForeignKey(
        "affiliates.RiskFlag", models.PROTECT, null=True, blank=True, db_index=False
    )
    case = models.ForeignKey("creators.Case", models.PROTECT, null=True, blank=True, db_index=False)
    settlement_line = models.ForeignKey(
        "affiliates.SettlementLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        db_index=False,  # a line's commissions are found among its creator's
        db_constraint=False,  # a trigger looks at all rows of a statement at once
    )
    shard = models.GeneratedField(
        expression=Mod(F("creator_id"), SHARDS),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    is_live = models.GeneratedField(
        expression=~Q(state="void"), output_field=models.BooleanField(), db_persist=True
    )
    created_at = models.DateTimeField()
    objects = CommissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line"],
                condition=Q(kind="sale", is_live=True),
                name="commission_sale_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="sale",
                    amount__gte=0,
                    order_line__isnull=False,
                    base__isnull=False,
                    rate_bp__isnull=False,
                    reverses__isnull=True,
                    collaboration__isnull=False,
                )
                | Q(kind="reversal", reverses__isnull=False, order_line__isnull=False)
                & (
                    Q(refund_line__isnull=False, dispute_line__isnull=True)
                    | Q(refund_line__isnull=True, dispute_line__isnull=False)
                )
                | (Q(kind="adjustment") & ~Q(amount=0) & ~Q(reason="")),
                name="commission_kind_facts",
            ),
            models.CheckConstraint(
                condition=Q(state="settled", settlement_line__isnull=False)
                | (~Q(state="settled") & Q(settlement_line__isnull=True)),
                name="commission_settled_has_line",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(flag__isnull=False) | Q(case__isnull=False),
                name="commission_held_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["shard", "due_at"], name="commission_due_of_shard"),
            *(
                models.Index(
                    fields=[name],
                    name=f"commission_{name}",
                    condition=Q(**{f"{name}__isnull": False}),
                )
                for name in ("refund_line", "dispute_line", "reverses", "flag", "case")
            ),
            models.Index(fields=["creator", "-created_at"], name="commission_of_creator"),
            models.Index(fields=["brand", "-created_at"], name="commission_of_brand"),
            models.Index(fields=["brand", "due_at"], name="commission_due_of_brand"),
            models.Index(
                fields=["brand"],
                name="commission_kept_of_brand",
                condition=Q(flag__isnull=False) | Q(case__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
