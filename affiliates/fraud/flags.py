"""Flags: opened once for the same evidence."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from affiliates.fraud.rules import Evidence
from affiliates.models import Commission, RiskFlag
from creators.models import Creator


def flag(
    rule: str, creator: Creator | None, subject: str, evidence: dict[str, Any], at: datetime,
    *, key: object = None,
) -> RiskFlag:  # fmt: skip
    """Open a flag, or return the one that this evidence opened before.

    `key` says what makes it the same evidence, where that is not the whole of it.
    """
    same = evidence if key is None else key
    canonical = json.dumps([subject, same], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    row, _new = RiskFlag.objects.get_or_create(
        rule=rule,
        evidence_hash=digest,
        defaults={
            "creator": creator, "subject": subject, "evidence": evidence, "opened_at": at
        },
    )  # fmt: skip
    return row


def open_flag(
    found: Evidence, creator: Creator, subject: str, key: list[Any], at: datetime
) -> RiskFlag | None:
    """Return the open flag of this evidence against `creator`; None where a person or the
    clock let it go. After a confirmed one, new sales of the same kind open the next.
    """
    for again in range(1_000):
        row = flag(found.rule, creator, subject, found.as_json(), at, key=[creator.pk, *key, again])
        if row.state != RiskFlag.State.CONFIRMED:
            return row if row.state == RiskFlag.State.OPEN else None
    return None


def lock_open(row: RiskFlag) -> bool:
    """Keep a flag as it is until the transaction ends; return whether it is open."""
    found = RiskFlag.objects.select_for_update(no_key=True).filter(pk=row.pk)
    return list(found.values_list("state", flat=True)) == [RiskFlag.State.OPEN]


def open_holds(row: RiskFlag) -> int:
    """Return how many commissions this flag holds."""
    return Commission.objects.filter(flag=row, state=Commission.State.HELD).count()
