"""The doors for messages: of payment providers, `/hooks/<provider>/`, and of brands' own shops."""

import hashlib
import logging
import re
from collections.abc import Mapping
from functools import partial

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.lib.access import public
from shop import gateways, integrations, ownorders, ownshops, payments, tasks
from shop.models import Integration, OrderPush, Payment, WebhookEvent
from shop.ownshops import words

logger = logging.getLogger(__name__)
PING = re.compile(rb"webhook_id=[0-9]{1,18}")  # what WooCommerce asks before it starts, unsigned


def receive(gateway: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Check, apply and answer one message; what follows from it is queued after the commit.

    Raises LookupError for an unknown gateway, gateways.BadMessage, payments.AlteredEvent.
    """
    event = gateways.named(gateway).parse(headers, body)
    with transaction.atomic():
        row = payments.receive(event)
        if row.outcome == WebhookEvent.Outcome.APPLIED:
            _queue_what_follows(row)
    return row


def _queue_what_follows(row: WebhookEvent) -> None:
    """The queue only rings a bell: a beat task finds what a lost message would have done."""
    if row.kind in {"pending", "failed"} and row.order_id:
        transaction.on_commit(partial(tasks.mail_payment_news.delay, row.order_id), robust=True)
    if row.kind != "captured":
        return
    booked = Payment.objects.filter(gateway=row.gateway, event_id=row.external_id)
    if booked.filter(kind=Payment.Kind.MISFIT).exists():
        transaction.on_commit(tasks.send_back.delay, robust=True)
    elif row.order_id:
        transaction.on_commit(partial(tasks.confirm_order.delay, row.order_id), robust=True)
        if OrderPush.objects.filter(brand_order__order=row.order_id).exists():
            transaction.on_commit(tasks.push_orders.delay, robust=True)


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


@public
@csrf_exempt
@require_POST
def own_hook(request, provider, integration_id):
    """Keep one signed message of a brand's own shop and answer; a worker applies it.

    What is kept is answered with 200: the shop need not try again. Only a program of the brand's
    own (provider `api`) waits, three seconds at most, to read what became of it.
    """
    rows = Integration.objects.select_related("brand", "stockroom")
    integration = rows.filter(pk=integration_id, provider=provider).first()
    if integration is None:
        raise Http404("no such integration")
    if provider == Integration.Provider.WOOCOMMERCE and PING.fullmatch(request.body):
        return JsonResponse({"outcome": "pong"})
    reader, now = ownshops.PROVIDERS[provider], timezone.now()
    signature = request.headers.get(reader.SIGNATURE, "")
    if not integrations.is_signed(integration, request.body, signature, now):
        integrations.note_refused(integration, now)
        logger.warning("message for %s refused: not signed by it", integration)
        return JsonResponse({"outcome": "refused", "note": "wrong signature"}, status=401)
    digest = hashlib.sha256(request.body).hexdigest()
    currency = integration.brand.currency
    try:
        told = ownshops.parse(provider, request.headers, request.body, currency)
        if provider == Integration.Provider.API:
            row = ownorders.receive(integration, told, digest, now)
        else:
            row = ownorders.keep(integration, told, digest, now)
    except ownshops.BadBody as error:
        row = ownorders.refuse(integration, "", str(error), digest)
    except ownorders.Altered as error:
        logger.error("altered duplicate refused: %s", error)
        return JsonResponse({"outcome": "refused", "note": "altered"}, status=409)
    except ownorders.Busy:
        return JsonResponse({"outcome": "kept", "note": ""}, status=202)
    if not row.outcome:
        transaction.on_commit(partial(tasks.apply_own_message.delay, row.pk), robust=True)
        return JsonResponse({"outcome": "kept", "note": ""})
    status = 200
    if provider == Integration.Provider.API and row.outcome == WebhookEvent.Outcome.REFUSED:
        status = 422  # a program reads this; the others would only send it again
    return JsonResponse({"outcome": row.outcome, "note": words.say(row.note)}, status=status)
