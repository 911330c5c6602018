"""Troubles that a brand did not solve: both sides' words, and the decision."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config.lib import money
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnly, ReadOnlyRows, ReasonForm
from shop import refunds, tasks, troubles
from shop.models import OrderLetter, Parcel, SaleDocument, Trouble, TroubleLine
from shop.views.troubles import picture_of


class DecisionForm(ReasonForm):
    """Why, and how much if it is not all that it is about: in the currency of each order."""

    amount = forms.CharField(
        label=gettext_lazy("amount, if not all"), required=False, max_length=20
    )


def _amount(form: DecisionForm, row: Trouble) -> int | None:
    """Return the amount that was typed, as money of one order. Raises ValueError."""
    text = form.cleaned_data["amount"].strip()
    return money.typed(text, row.brand_order.order.currency) if text else None


class LineInline(ReadOnlyRows):
    model = TroubleLine
    fields = ["order_line", "quantity"]


@admin.register(Trouble)
class TroubleAdmin(ReadOnly):
    list_display = [
        "order", "brand", "kind", "state", "worth", "asked_at", "answer_by", "escalated_at",
        "closed_at",
    ]  # fmt: skip
    list_filter = ["state", "kind"]
    list_select_related = ["brand_order__order", "brand_order__brand"]
    search_fields = ["brand_order__order__number", "brand_order__brand__name"]
    exclude = ["picture"]
    readonly_fields = ["shown"]
    inlines = [LineInline]
    action_form = DecisionForm
    actions = ["for_shopper", "for_brand"]
    waiting = [Waiting(gettext_lazy("troubles to decide"), {"state": "with_us"}, "escalated_at")]

    def get_urls(self):
        look = self.admin_site.admin_view(self.picture)
        return [path("<int:pk>/picture/", look, name="shop_trouble_picture"), *super().get_urls()]

    @method_decorator(require_safe)
    def picture(self, request: HttpRequest, pk: int):
        """Hand out the shopper's picture to staff."""
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return picture_of(row)

    @admin.display(description=gettext_lazy("picture"))
    def shown(self, row):
        if not row.picture:
            return "–"
        url = reverse("admin:shop_trouble_picture", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, _("See"))

    @admin.display(description=gettext_lazy("order"))
    def order(self, row):
        return row.brand_order.order

    @admin.display(description=gettext_lazy("brand"))
    def brand(self, row):
        return row.brand_order.brand

    @admin.display(description=gettext_lazy("worth"))
    def worth(self, row):
        if row.state != Trouble.State.WITH_US:
            return "–"
        return money.display(sum(troubles.worth(row).values()), row.brand_order.order.currency)

    def has_decide_permission(self, request):
        return request.user.has_perm("shop.add_refund")

    @admin.action(
        description=gettext_lazy("For the shopper: give back, with the reason"),
        permissions=["decide"],
    )
    def for_shopper(self, request, queryset):
        self._decide(request, queryset, upheld=True)

    @admin.action(
        description=gettext_lazy("For the brand: nothing goes back, with the reason"),
        permissions=["decide"],
    )
    def for_brand(self, request, queryset):
        self._decide(request, queryset, upheld=False)

    def _decide(self, request, queryset, *, upheld: bool):
        form = DecisionForm(request.POST)
        form.fields["action"].required = False
        form.fields["action"].choices = [(request.POST.get("action", ""), "")]
        rows = list(queryset.select_related("brand_order__order"))
        try:
            amounts = [_amount(form, row) for row in rows] if form.is_valid() else None
        except ValueError:
            amounts = None
        if amounts is None:
            said = _("The amount cannot be read. Nothing was decided.")
            return self.message_user(request, said, messages.ERROR)
        reason = form.cleaned_data["reason"]
        for row, amount in zip(rows, amounts, strict=True):
            try:
                done = troubles.decide(
                    row, upheld, by=request.user, reason=reason, at=timezone.now(), amount=amount
                )
            except (troubles.NotOpen, troubles.OwnAffair) as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            except refunds.TooMuch:
                said = _("%s: this is more than it is about.") % row
                self.message_user(request, said, messages.ERROR)
            else:
                said = f"{done.get_state_display()}: {reason}"
                self.log_change(request, row, said)
                self.message_user(request, f"{row}: {said}")
        transaction.on_commit(tasks.send_back.delay, robust=True)
        transaction.on_commit(tasks.mail_orders.delay, robust=True)
        return None


@admin.register(OrderLetter)
class OrderLetterAdmin(ReadOnly):
    list_display = ["kind", "order", "brand", "to", "written_at", "sent_at", "refused", "attempts"]
    list_filter = ["kind", "refused", ("sent_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order", "brand"]
    search_fields = ["order__number", "to"]


@admin.register(SaleDocument)
class SaleDocumentAdmin(ReadOnly):
    list_display = ["name", "kind", "brand", "order", "gross", "tax", "currency", "issued_on"]
    list_filter = ["kind"]
    list_select_related = ["brand", "brand_order__order"]
    search_fields = ["brand_order__order__number", "brand__name"]

    @admin.display(description=gettext_lazy("order"))
    def order(self, row):
        return row.brand_order.order


@admin.register(Parcel)
class ParcelAdmin(ReadOnly):
    list_display = ["brand_order", "carrier", "code", "shipped_at", "delivered_at"]
    list_select_related = ["brand_order__order", "brand_order__brand"]
    search_fields = ["brand_order__order__number", "code"]
