"""`manage.py gateway_event`: a signed message of the fake payment provider, posted or printed."""

import hashlib

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shop import gateways, orders, payments, webhooks
from shop.gateways import fake
from shop.models import Order, Payment

TYPES = ["captured", "failed", "refunded", "chargeback", "chargeback_won"]


class Command(BaseCommand):
    help = "Tell the shop what the fake payment provider would tell it about an order."

    def add_arguments(self, parser):
        parser.add_argument("--order", required=True, metavar="NUMBER")
        parser.add_argument("--type", required=True, choices=TYPES)
        parser.add_argument("--amount", type=int, help="minor units; else the whole order")
        parser.add_argument("--event-id", default="", help="repeat one to try a duplicate")
        parser.add_argument("--print", action="store_true", help="print headers and body instead")

    def handle(self, *args, order, type, amount, event_id, print, **options):
        if not settings.DEMO:
            raise CommandError("gateway_event is refused while MARKET_MODE is live.", returncode=2)
        if amount is not None and amount <= 0:
            raise CommandError("--amount must be above 0.", returncode=2)
        found = Order.objects.filter(number=order).first()
        if found is None:
            raise CommandError(f"There is no order {order!r}.", returncode=2)
        headers, body = message(found, type, amount, event_id)
        if print:
            for name, value in headers.items():
                self.stdout.write(f"{name}: {value}")
            self.stdout.write("")
            self.stdout.write(body.decode())
            return
        try:
            row = webhooks.receive(fake.NAME, headers, body)
        except payments.AlteredEvent as error:
            raise CommandError(f"Refused: {error}.", returncode=1) from error
        except gateways.BadMessage as error:
            raise CommandError(f"Refused: {error}.", returncode=1) from error
        self.stdout.write(f"{row.outcome or 'kept'} {row.note}".strip())


def message(order: Order, kind: str, amount: int | None, event_id: str) -> tuple[dict, bytes]:
    """Return a signed message; its ids follow from `event_id`, so that a repeat is the same one."""
    session = order.sessions.order_by("-id").first()
    capture = order.payments.filter(kind=Payment.Kind.CAPTURE).first()
    charge = (
        capture.reference if capture else f"fc_{session.reference if session else order.number}"
    )
    reference = {
        "captured": f"fc_{event_id}" if event_id else charge,
        "failed": charge,
        "refunded": f"fr_{event_id}" if event_id else "",
        "chargeback": f"dp_{order.number}",
        "chargeback_won": f"dp_{order.number}",
    }[kind]
    if kind == "refunded" and not reference:
        count = order.payments.filter(kind=Payment.Kind.REFUND).count()
        reference = f"fr_{order.number}_{count + 1}"
    return fake.message(
        kind,
        order=order.number,
        amount=orders.total(order) if amount is None else amount,
        currency=order.currency,
        session=session.reference if session else "",
        charge=charge,
        reference=reference,
        event_id=event_id,
        fingerprint=hashlib.sha256(order.email.lower().encode()).hexdigest(),
    )
