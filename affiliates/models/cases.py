"""What a case freezes."""

from django.db import models


class CaseLine(models.Model):
    """A commission that a case names; the only money that the case may keep."""

    case = models.ForeignKey("creators.Case", models.PROTECT, related_name="lines")
    commission = models.ForeignKey("affiliates.Commission", models.PROTECT, related_name="named_in")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "commission"], name="case_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.commission} in {self.case}"
