"""Brands, who works for them, and how they send."""

from functools import partial

from django.contrib import admin
from django.db import transaction
from django.utils import timezone

from config.lib import stepup
from config.lib.access import FINANCE
from config.lib.readonly import Editable, ReadOnly
from shop import tasks
from shop.models import Brand, DeliveryOption, Integration, Membership

# What of a brand decides whether its products may be sold.
DECIDES = {"currency", "country", "tax_class", "category", "made_by"}


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Brand)
class BrandAdmin(Editable):
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
        if DECIDES & set(form.changed_data):
            look = partial(tasks.look_again.delay, brand_id=obj.pk)
            transaction.on_commit(partial(tasks.set_currencies_aside.delay, obj.pk), robust=True)
            transaction.on_commit(look, robust=True)


@admin.register(DeliveryOption)
class DeliveryOptionAdmin(Editable):
    list_display = ["name", "brand", "price", "free_from", "days_from", "days_to"]
    list_select_related = ["brand"]
    autocomplete_fields = ["brand"]
    search_fields = ["name", "brand__name"]


@admin.register(Integration)
class IntegrationAdmin(ReadOnly):
    """Own shops of brands; their secrets are shown to nobody."""

    list_display = ["domain", "brand", "provider", "state", "tested_at", "refused_at"]
    list_filter = ["provider", "state"]
    search_fields = ["domain", "brand__name"]
    list_select_related = ["brand"]
    exclude = ["secret", "old_secret"]
