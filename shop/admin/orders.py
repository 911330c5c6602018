"""Orders are read, not edited; a refund and a delivery are actions."""

from django.contrib import admin, messages
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnly, ReadOnlyRows
from shop import parcels, refunds, tasks
from shop.models import BrandOrder, Cart, Order, OrderLine, Payment, Return


class PartInline(ReadOnlyRows):
    model = BrandOrder
    fields = [
        "brand",
        "shipping_gross",
        "shipping_refunded",
        "paid_at",
        "shipped_at",
        "delivered_at",
    ]


class PaymentInline(ReadOnlyRows):
    model = Payment
    fields = ["kind", "amount", "currency", "gateway", "reference", "created_at"]


@admin.register(Order)
class OrderAdmin(ReadOnly):
    list_display = ["number", "status", "email", "amount", "placed_at", "paid_at"]
    list_filter = ["status", "currency", "own_shop", "country"]
    search_fields = ["number", "email"]
    date_hierarchy = "placed_at"
    exclude = ["token_hash", "checkout_key"]
    inlines = [PartInline, PaymentInline]
    actions = ["refund_order"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("parts__lines")

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, order):
        parts = order.parts.all()
        lines = sum(line.gross for part in parts for line in part.lines.all())
        whole = lines + sum(part.shipping_gross for part in parts)
        return money.display(whole, order.currency)

    def has_refund_permission(self, request):
        return request.user.has_perm("shop.add_refund")

    @admin.action(
        description=gettext_lazy("Refund what is left of the order"), permissions=["refund"]
    )
    def refund_order(self, request, queryset):
        for order in queryset:
            if order.own_shop:
                said = _("%(order)s: it was paid in the brand's own shop, and goes back there.")
                self.message_user(request, said % {"order": order}, messages.WARNING)
                continue
            try:
                made = refunds.refund(
                    order, at=timezone.now(), reason=_("by an admin"), made_by=request.user
                )
            except (refunds.TooMuch, refunds.NotPaid):
                self.message_user(
                    request,
                    _("%(order)s: there is nothing to refund.") % {"order": order},
                    messages.WARNING,
                )
                continue
            transaction.on_commit(tasks.send_back.delay, robust=True)
            amount = money.display(made.amount, made.currency)
            facts = {"order": order, "amount": amount}
            self.message_user(request, _("%(order)s: %(amount)s goes back.") % facts)
            self.log_change(request, order, f"refunded {amount}")


class LineInline(ReadOnlyRows):
    model = OrderLine
    fields = ["title", "quantity", "gross", "tax", "net", "refunded", "charged_back", "fee_bp"]
    readonly_fields = ["net"]


@admin.register(BrandOrder)
class BrandOrderAdmin(ReadOnly):
    list_display = ["order", "brand", "paid_at", "shipped_at", "delivered_at"]
    list_filter = [("delivered_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order", "brand"]
    search_fields = ["order__number", "brand__name"]
    inlines = [LineInline]
    actions = ["mark_delivered"]

    def has_deliver_permission(self, request):
        return request.user.has_perm("shop.change_brandorder")

    @admin.action(description=gettext_lazy("Mark as delivered now"), permissions=["deliver"])
    def mark_delivered(self, request, queryset):
        done = sum(
            parcels.deliver(part, timezone.now()) for part in queryset.select_related("order")
        )
        self.message_user(request, _("%(n)d marked as delivered.") % {"n": done})


@admin.register(Return)
class ReturnAdmin(ReadOnly):
    list_display = ["brand_order", "state", "asked_at", "closed_at"]
    waiting = [
        Waiting(
            gettext_lazy("returns that came back, to refund"), {"state": "received"}, "asked_at"
        )
    ]
    list_filter = ["state"]
    list_select_related = ["brand_order__order", "brand_order__brand"]
    search_fields = ["brand_order__order__number"]


@admin.register(Cart)
class CartAdmin(ReadOnly):
    list_display = ["id", "currency", "created_at", "updated_at"]
    exclude = ["key", "checkout_key"]
