"""Tax numbers: masked on every list, in clear for finance only, and each look is written down."""

from django.contrib import admin, messages
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import identities
from affiliates.admin.base import Desk, second_factor
from affiliates.models import BrandTaxIdentity, BrandVatCheck, TaxIdentity, TaxLook, VatCheck

MOST = 100  # creators looked at in one go


class FinanceDesk(Desk):
    """A desk that only finance opens."""

    def has_view_permission(self, request, obj=None):
        return self.has_finance_permission(request)

    def has_module_permission(self, request):
        return self.has_finance_permission(request)


@admin.register(TaxIdentity)
class TaxIdentityAdmin(FinanceDesk):
    list_display = ["creator", "tin_country", "masked_tin", "changed_at"]
    list_filter = ["tin_country"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle"]
    fields = readonly_fields = ["creator", "tin_country", "masked_tin", "changed_at"]
    ordering = ["-changed_at"]
    actions = ["show"]

    @admin.display(description=gettext_lazy("tax number"))
    def masked_tin(self, row):
        return row.masked

    @admin.action(description=gettext_lazy("Show in clear, with a reason"), permissions=["finance"])
    @second_factor
    def show(self, request, queryset):
        if not (reason := self.reason(request)):
            return None
        rows = list(queryset.select_related(*self.list_select_related)[: MOST + 1])
        if len(rows) > MOST:
            self.message_user(request, _("Choose at most %d rows.") % MOST, messages.ERROR)
            return None
        context = self.admin_site.each_context(request) | {
            "rows": identities.look(rows, request.user, reason, timezone.now()),
            "opts": self.opts,
            "title": _("Tax numbers in clear"),
        }
        return TemplateResponse(request, "admin/affiliates/taxidentity/show.html", context)


@admin.register(BrandTaxIdentity)
class BrandTaxIdentityAdmin(TaxIdentityAdmin):
    list_display = ["brand", "kind", "tin_country", "masked_tin", "changed_at"]
    list_filter = ["kind", "tin_country"]
    list_select_related = ["brand"]
    search_fields = ["brand__name"]
    fields = readonly_fields = ["brand", "kind", "tin_country", "masked_tin", "changed_at"]


@admin.register(TaxLook)
class TaxLookAdmin(FinanceDesk):
    list_display = ["at", "by", "creator", "brand", "why"]
    list_select_related = ["by", "creator", "brand"]
    search_fields = ["creator__handle", "why"]


@admin.register(VatCheck)
class VatCheckAdmin(Desk):
    list_display = ["profile", "creator", "number", "state", "consultation", "checked_at", "reason"]
    list_filter = ["state"]
    list_select_related = ["profile__creator"]
    search_fields = ["profile__vat_number", "profile__creator__handle", "consultation"]
    ordering = ["-profile_id"]

    @admin.display(description=gettext_lazy("creator"))
    def creator(self, row):
        return row.profile.creator

    @admin.display(description=gettext_lazy("VAT number"))
    def number(self, row):
        return row.profile.vat_number


@admin.register(BrandVatCheck)
class BrandVatCheckAdmin(Desk):
    list_display = ["brand", "number", "state", "consultation", "checked_at", "reason"]
    list_filter = ["state"]
    list_select_related = ["brand"]
    search_fields = ["number", "brand__name", "consultation"]
    ordering = ["-id"]
