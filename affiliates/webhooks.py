"""The door for Stripe's messages about transfers: `/hooks/stripe-connect/`."""

import logging

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from affiliates import transfers
from config.lib.access import public

logger = logging.getLogger(__name__)


@public
@csrf_exempt
@require_POST
def stripe_connect(request):
    """Answer 2xx only for what is stored; anything else makes Stripe try again."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        row = transfers.receive(signature, request.body, timezone.now())
    except transfers.BadMessage as error:
        logger.warning("message about a transfer refused: %s", error)
        return HttpResponse("refused", status=400, content_type="text/plain")
    except transfers.Altered as error:
        logger.error("altered duplicate refused: %s", error)
        return HttpResponse("altered", status=409, content_type="text/plain")
    return HttpResponse(row.outcome, content_type="text/plain")
