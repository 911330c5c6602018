"""What a case freezes."""

from __future__ import annotations

from typing import Self

from django.db import models

from creators.models import Case


class CaseLineQuerySet(models.QuerySet):
    def of(self, case: Case) -> Self:
        """Those that a case names; an appeal is about the same as what it appeals against."""
        return self.filter(case=case.appeal_of_id or case.pk).order_by("pk")


class CaseLine(models.Model):
    """A commission that a case names; the only money that the case may keep."""

    case = models.ForeignKey("creators.Case", models.PROTECT, related_name="lines")
    commission = models.ForeignKey("affiliates.Commission", models.PROTECT, related_name="named_in")
    objects = CaseLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "commission"], name="case_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.commission} in {self.case}"
