"""The shop for admins. What was ordered and paid is read, not edited; a refund is an action."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money, stepup
from config.lib.access import FINANCE
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnly, ReadOnlyRows
from shop import orders, products, refunds, tasks, terms
from shop.admin import failures
from shop.models import (
    Acceptance,
    Brand,
    BrandOrder,
    Cart,
    Category,
    DeliveryOption,
    Dispute,
    Feed,
    FeedRun,
    Image,
    Membership,
    Movement,
    Order,
    OrderLine,
    Payment,
    Product,
    Refund,
    Return,
    TaxRate,
    Terms,
    TermsNotice,
    TopUp,
    Variant,
    WebhookEvent,
)

__all__ = ["failures"]


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ["name", "status", "country", "sells_at", "currency", "created_at"]
    list_filter = ["status", "sells_at", "country", "is_demo"]
    search_fields = ["name", "slug", "legal_name", "vat_number", "register_number", "email"]
    readonly_fields = ["self_certified_at", "mandate_accepted_at", "connect_since", "created_at"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, request, obj=None):
        """Where a brand is paid is changed by finance alone; its owners get a mail."""
        user = request.user
        is_finance = user.is_superuser or user.groups.filter(name=FINANCE).exists()
        return self.readonly_fields if is_finance else [*self.readonly_fields, "connect_account"]

    def changeform_view(self, request, object_id=None, *args, **kwargs):
        """Another account takes a second factor that was given a moment ago."""
        typed = request.POST.get("connect_account")
        known = Brand.objects.filter(pk=object_id) if object_id else Brand.objects.none()
        held = known.values_list("connect_account", flat=True).first() or ""
        changes = typed is not None and typed.strip() != held
        if changes and not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.get_full_path())
        return super().changeform_view(request, object_id, *args, **kwargs)

    def save_model(self, request, obj, form, change):
        if "connect_account" in form.changed_data:
            obj.connect_since = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(DeliveryOption)
class DeliveryOptionAdmin(admin.ModelAdmin):
    list_display = ["name", "brand", "price", "free_from", "days_from", "days_to"]
    list_select_related = ["brand"]
    autocomplete_fields = ["brand"]
    search_fields = ["name", "brand__name"]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "name_nl", "slug", "is_blocked", "position"]
    list_filter = ["is_blocked"]
    search_fields = ["name", "name_nl", "slug"]


class VariantInline(admin.TabularInline):
    model = Variant
    extra = 0
    can_delete = False
    fields = ["sku", "options", "price", "compare_at", "stock", "reserved", "is_active"]
    readonly_fields = ["reserved"]

    def has_add_permission(self, request, obj=None):
        return False


class ImageInline(admin.TabularInline):
    """Pictures, to be taken away when they may not be shown."""

    model = Image
    extra = 0
    fields = readonly_fields = ["file", "source_url", "problem", "next_try_at"]

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["title", "brand", "category", "status", "price_from", "in_stock", "updated_at"]
    list_filter = ["status", "in_stock", "sells_at", "category"]
    list_select_related = ["brand", "category"]
    search_fields = ["title", "external_id", "brand__name"]
    autocomplete_fields = ["brand", "category"]
    readonly_fields = [
        "price_from", "in_stock", "missing", "hidden_at", "feed", "feed_digest", "created_at"
    ]  # fmt: skip
    exclude = ["search"]
    show_full_result_count = False
    inlines = [VariantInline, ImageInline]
    actions = ["show_again"]

    @admin.action(
        description=gettext_lazy("Show again what a report had us hide"), permissions=["change"]
    )
    def show_again(self, request, queryset):
        rows = list(queryset.exclude(hidden_at=None))
        for product in rows:
            products.show_again(product)
            self.log_change(request, product, "shown again")
        self.message_user(request, _("%(n)d may be shown again.") % {"n": len(rows)})


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ["country", "tax_class", "rate_bp", "effective_from", "source"]
    list_filter = ["tax_class", "country"]


@admin.register(Feed)
class FeedAdmin(admin.ModelAdmin):
    list_display = ["name", "brand", "format", "url"]
    list_filter = ["format"]
    list_select_related = ["brand"]
    search_fields = ["name", "brand__name"]
    autocomplete_fields = ["brand"]


@admin.register(FeedRun)
class FeedRunAdmin(ReadOnly):
    list_display = [
        "feed", "state", "started_at", "rows_read", "added", "changed", "removed", "problem_count",
    ]  # fmt: skip
    list_filter = ["state", "format"]
    list_select_related = ["feed__brand"]
    search_fields = ["feed__name", "feed__brand__name"]


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
            orders.deliver(part, timezone.now()) for part in queryset.select_related("order")
        )
        self.message_user(request, _("%(n)d marked as delivered.") % {"n": done})


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


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = ["gateway", "kind", "external_id", "outcome", "note", "received_at"]
    list_filter = ["gateway", "outcome", "kind"]
    search_fields = ["external_id", "order__number"]


@admin.register(Cart)
class CartAdmin(ReadOnly):
    list_display = ["id", "currency", "created_at", "updated_at"]
    exclude = ["key", "checkout_key"]


@admin.register(Terms)
class TermsAdmin(admin.ModelAdmin):
    """Drafts may be edited; what is published stays as it is, and is announced in time."""

    list_display = ["kind", "version", "effective_from", "published_at", "told", "accepted"]
    list_filter = ["kind"]
    readonly_fields = ["published_at", "published_by"]
    actions = ["publish"]

    def get_queryset(self, request):
        def count(model):
            rows = model.objects.filter(terms=OuterRef("pk")).order_by().values("terms")
            return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)

        rows = super().get_queryset(request)
        return rows.annotate(told_n=count(TermsNotice), accepted_n=count(Acceptance))

    @admin.display(description=gettext_lazy("told"))
    def told(self, row):
        return row.told_n

    @admin.display(description=gettext_lazy("accepted by"))
    def accepted(self, row):
        return row.accepted_n

    def has_change_permission(self, request, obj=None):
        """A published version is never edited: publish the next one."""
        published = obj is not None and obj.published_at is not None
        return not published and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        published = obj is not None and obj.published_at is not None
        return obj is not None and not published and super().has_delete_permission(request, obj)

    @admin.action(description=gettext_lazy("Publish for its date"), permissions=["change"])
    def publish(self, request, queryset):
        for row in queryset.order_by("kind", "version"):
            try:
                terms.publish(row, by=request.user, at=timezone.now())
            except terms.NotPublishable as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                said = _("%(terms)s: published. Those whom it concerns get a mail.")
                self.message_user(request, said % {"terms": row})
                self.log_change(request, row, "published")


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnly):
    list_display = ["terms", "user", "brand", "order", "accepted_at"]
    list_filter = ["terms"]
    list_select_related = ["terms", "user", "brand", "order"]
