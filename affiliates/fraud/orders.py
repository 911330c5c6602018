"""What is looked at when an order is paid: whether the buyer is the creator, and her other orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.db.models.functions import Lower

from affiliates.fraud import rules
from affiliates.fraud.addresses import is_disposable, plain_mail
from affiliates.fraud.flags import flag
from affiliates.fraud.rules import Evidence, Mails, Person
from affiliates.models import Commission, PayoutMethod, RiskFlag
from creators.models import Creator
from shop.models import Order

BACK = timedelta(days=30)


def suspicions(order: Order, creator: Creator) -> list[Evidence]:
    """Return what speaks against a commission of `creator` on `order`."""
    found = rules.same_person(_buyer(order), _seller(order, creator))
    if is_disposable(order.email) and (one := rules.disposable_mail(_mails(order, creator))):
        found.append(one)
    return found


def _buyer(order: Order) -> Person:
    """Return the buyer, with the payout accounts of a creator who signed in or has her mail."""
    rows = EmailAddress.objects.filter(email=order.email.strip().lower(), verified=True)
    users = set(rows.values_list("user", flat=True)) | ({order.buyer_id} - {None})
    methods = PayoutMethod.objects.filter(creator__user__in=users)
    return Person(
        mails=frozenset({plain_mail(order.email)}),
        fingerprints=frozenset({order.payment_fingerprint} - {""}),
        accounts=frozenset(methods.values_list("iban", flat=True) if users else ()),
    )


def _seller(order: Order, creator: Creator) -> Person:
    hers = addresses_of(creator)
    prints: list[str] = []
    if order.payment_fingerprint and creator.user_id:
        paid = Order.objects.filter(payment_fingerprint=order.payment_fingerprint)
        own = paid.alias(plain=Lower("email")).filter(Q(buyer=creator.user_id) | Q(plain__in=hers))
        prints += own.exclude(pk=order.pk).values_list("payment_fingerprint", flat=True)[:1]
    accounts = PayoutMethod.objects.filter(creator=creator).values_list("iban", flat=True)
    return Person(frozenset(map(plain_mail, hers)), frozenset(prints), frozenset(accounts))


def addresses_of(creator: Creator) -> set[str]:
    """Return every address of a creator's account, confirmed or not."""
    if creator.user is None:
        return set()
    more = EmailAddress.objects.filter(user=creator.user_id).values_list("email", flat=True)
    return {address.lower() for address in (creator.user.email, *more) if address}


def _mails(order: Order, creator: Creator) -> Mails:
    """Return how many of her orders of 30 days had a mail that is thrown away."""
    at = order.paid_at or order.placed_at
    sold = Commission.objects.filter(
        creator=creator, kind=Commission.Kind.SALE, created_at__range=(at - BACK, at)
    )
    before = dict(
        sold.exclude(order_line__brand_order__order=order).values_list(
            "order_line__brand_order__order", "order_line__brand_order__order__email"
        )
    )
    return Mails(
        orders=len(before) + 1,
        disposable=sum(map(is_disposable, before.values())) + 1,
    )


def flag_order(order: Order, creator: Creator, at: datetime) -> RiskFlag | None:
    """Return the flag that holds what `creator` earns on `order`, if a rule fires."""
    key = {"order": order.pk, "creator": creator.pk}
    flags = [
        flag(found.rule, creator, f"order:{order.pk}", key | found.as_json(), at, key=key)
        for found in suspicions(order, creator)
    ]
    return next((one for one in flags if one.state == RiskFlag.State.OPEN), None)
