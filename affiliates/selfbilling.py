"""The invoices that we issue on creators' behalf, numbered per creator without gaps.

A paid payout gets an invoice for what was earned and, where older sales were corrected, a
credit note; together they are the payout. One that came back gets a credit note for all of it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.db.models import Max

from affiliates import tax, vatnumbers
from affiliates.clock import local_day
from affiliates.models import Payout, SelfBill, VatCheck
from config.lib.money import half_up
from creators import profiles
from creators.models import Creator

Kind = SelfBill.Kind


def issue(payout: Payout, at: datetime) -> list[SelfBill]:
    """Return the documents of a paid payout, made with the creator's next numbers if new."""
    if payout.creator_id is None or payout.tax_profile_id is None:
        return []
    known = list(SelfBill.objects.filter(payout=payout).order_by("number"))
    if known:
        return known
    earned, corrected = _by_brand(payout)
    credit = -sum(corrected.values())
    amount = payout.amount + credit
    day = local_day(at)
    bp = tax.creator_vat_bp(payout.tax_profile.kind, tax.home_vat_bp(local_day(payout.created_at)))
    vat = half_up(amount, bp) if payout.vat else 0
    made = [_make(payout, Kind.INVOICE, amount, vat, earned, day)]
    if credit:
        made.append(_make(payout, Kind.CREDIT, credit, vat - payout.vat, corrected, day))
    return made


def reverse(payout: Payout, at: datetime) -> SelfBill | None:
    """Return the credit note for a payout that came back after its documents were issued."""
    if not SelfBill.objects.filter(payout=payout).exists():
        return None
    known = SelfBill.objects.filter(payout=payout, kind=Kind.REVERSAL).first()
    lines = {"": -payout.amount}
    return known or _make(payout, Kind.REVERSAL, payout.amount, payout.vat, lines, local_day(at))


def _by_brand(payout: Payout) -> tuple[dict[str, int], dict[str, int]]:
    """Return what each brand's lines above zero, and those below, come to."""
    earned: dict[str, int] = defaultdict(int)
    corrected: dict[str, int] = defaultdict(int)
    claims = payout.claims.filter(released_at=None).order_by("line__brand__name", "line_id")
    for name, amount in claims.values_list("line__brand__name", "line__amount"):
        (earned if amount > 0 else corrected)[name] += amount
    return earned, corrected


def _make(payout: Payout, kind: str, amount: int, vat: int, lines: dict[str, int], day) -> SelfBill:
    creator = Creator.objects.select_for_update().get(pk=payout.creator_id)  # no gaps
    newest = SelfBill.objects.filter(creator=creator).aggregate(n=Max("number"))["n"]
    profile = payout.tax_profile
    facts = {
        "language": profiles.mail_language(creator),
        "issuer": dict(settings.COMPANY),
        "supplier": {
            "name": profile.legal_name, "address": profile.address,
            "country": profile.country, "vat_number": profile.vat_number,
        },
        "profile": profile.kind,
        "vat_check": vatnumbers.as_fact(VatCheck.objects.filter(profile=profile).first()),
        "lines": [[name, value] for name, value in lines.items()],
        "of": list(
            SelfBill.objects.filter(payout=payout).order_by("number").values_list(
                "number", flat=True
            )
        ),
    }  # fmt: skip
    return SelfBill.objects.create(
        creator=creator, payout=payout, kind=kind, number=(newest or 0) + 1,
        tax_profile=profile, amount=amount, vat=vat, currency=payout.currency,
        issued_on=day, facts=facts,
    )  # fmt: skip
