"""What was paid, paid back, disputed and moved: read only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from config.lib.desk import Waiting
from config.lib.readonly import ReadOnly
from shop.models import Dispute, Movement, Payment, Refund, TopUp, WebhookEvent


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = ["kind", "amount", "currency", "order", "gateway", "reference", "created_at"]
    list_filter = ["kind", "gateway", "currency"]
    list_select_related = ["order"]
    search_fields = ["reference", "event_id", "order__number"]


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    list_display = ["reference", "order", "amount", "currency", "reason", "made_by", "created_at"]
    list_select_related = ["order", "made_by"]
    search_fields = ["reference", "order__number"]


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    list_display = ["reference", "order", "amount", "state", "opened_at", "withdrawn_at"]
    waiting = [Waiting(gettext_lazy("disputes to answer"), {"state": "open"}, "opened_at")]
    list_filter = ["state"]
    list_select_related = ["order"]
    search_fields = ["reference", "order__number"]


@admin.register(Movement)
class MovementAdmin(ReadOnly):
    list_display = ["kind", "amount", "currency", "gateway", "reference", "created_at"]
    list_filter = ["kind", "gateway", "currency", ("amount", admin.EmptyFieldListFilter)]
    search_fields = ["reference"]


@admin.register(TopUp)
class TopUpAdmin(ReadOnly):
    list_display = ["number", "brand", "amount", "currency", "state", "made_by", "paid_at"]
    list_filter = ["state", "currency"]
    list_select_related = ["brand", "made_by"]
    search_fields = ["number", "charge", "brand__name"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = ["gateway", "kind", "external_id", "about", "outcome", "note", "received_at"]
    list_filter = ["gateway", "outcome", "kind"]
    search_fields = ["external_id", "order__number", "about"]
