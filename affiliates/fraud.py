"""Rules that hold a commission until a person looked. Evidence, never a verdict."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.db.models.functions import Lower

from affiliates.models import Commission, RiskFlag
from creators.models import Creator
from shop.models import Order

SAME_MAIL, SAME_PAYMENT = "same_mail", "same_payment"
SETTLEMENT_ERROR = "settlement_error"


def plain_mail(address: str) -> str:
    """Return one spelling of an address: lower case, without a +tag, dots in Gmail ignored."""
    name, _, host = address.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if host in {"gmail.com", "googlemail.com"}:
        name, host = name.replace(".", ""), "gmail.com"
    return f"{name}@{host}"


def addresses_of(creator: Creator) -> set[str]:
    """Return every address of a creator's account, confirmed or not."""
    if creator.user is None:
        return set()
    more = EmailAddress.objects.filter(user=creator.user_id).values_list("email", flat=True)
    return {address.lower() for address in (creator.user.email, *more) if address}


def suspicions(order: Order, creator: Creator) -> list[str]:
    """Return the rules that say buyer and creator may be the same person."""
    found, hers = [], addresses_of(creator)
    if plain_mail(order.email) in map(plain_mail, hers):
        found.append(SAME_MAIL)
    if order.payment_fingerprint and creator.user_id:
        paid = Order.objects.filter(payment_fingerprint=order.payment_fingerprint)
        own = paid.alias(plain=Lower("email")).filter(Q(buyer=creator.user_id) | Q(plain__in=hers))
        if own.exclude(pk=order.pk).exists():
            found.append(SAME_PAYMENT)
    return found


def flag(
    rule: str, creator: Creator | None, subject: str, evidence: dict, at: datetime
) -> RiskFlag:
    """Open a flag, or return the one that this evidence opened before."""
    canonical = json.dumps([subject, evidence], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    row, _new = RiskFlag.objects.get_or_create(
        rule=rule,
        evidence_hash=digest,
        defaults={
            "creator": creator, "subject": subject, "evidence": evidence, "opened_at": at
        },
    )  # fmt: skip
    return row


def flag_order(order: Order, creator: Creator, at: datetime) -> RiskFlag | None:
    """Return the flag that holds what `creator` earns on `order`, if a rule fires."""
    rules = suspicions(order, creator)
    if not rules:
        return None
    flags = [
        flag(rule, creator, f"order:{order.pk}", {"order": order.pk, "creator": creator.pk}, at)
        for rule in rules
    ]
    return next((one for one in flags if one.state == RiskFlag.State.OPEN), None)


def open_holds(row: RiskFlag) -> int:
    """Return how many commissions this flag holds."""
    return Commission.objects.filter(flag=row, state=Commission.State.HELD).count()
