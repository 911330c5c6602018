"""The door for messages of payment providers: `/hooks/<provider>/`."""

import logging
from collections.abc import Mapping
from functools import partial

from django.db import transaction
from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.lib.access import public
from shop import gateways, payments, tasks
from shop.models import Payment, WebhookEvent

logger = logging.getLogger(__name__)


def receive(gateway: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Check, apply and answer one message; what follows from it is queued after the commit.

    Raises LookupError for an unknown gateway, gateways.BadMessage, payments.AlteredEvent.
    """
    event = gateways.named(gateway).parse(headers, body)
    with transaction.atomic():
        row = payments.receive(event)
        if row.kind == "captured" and row.outcome == WebhookEvent.Outcome.APPLIED:
            _queue_what_follows(row)
    return row


def _queue_what_follows(row: WebhookEvent) -> None:
    """The queue only rings a bell: a beat task finds what a lost message would have done."""
    booked = Payment.objects.filter(gateway=row.gateway, event_id=row.external_id)
    if booked.filter(kind=Payment.Kind.MISFIT).exists():
        transaction.on_commit(tasks.send_back.delay, robust=True)
    elif row.order_id:
        transaction.on_commit(partial(tasks.confirm_order.delay, row.order_id), robust=True)


@public
@csrf_exempt
@require_POST
def hook(request, provider):
    """Answer 2xx only for what is stored; anything else makes the provider try again."""
    try:
        row = receive(provider, request.headers, request.body)
    except LookupError as error:
        raise Http404 from error
    except gateways.BadMessage as error:
        logger.warning("message of %s refused: %s", provider, error)
        return HttpResponse("refused", status=400, content_type="text/plain")
    except payments.AlteredEvent as error:
        logger.error("altered duplicate refused: %s", error)
        return HttpResponse("altered", status=409, content_type="text/plain")
    return HttpResponse(row.outcome or "kept", content_type="text/plain")
