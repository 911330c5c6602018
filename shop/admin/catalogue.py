"""What brands sell: shelves, products, VAT, and the catalogues they come from."""

from functools import partial

from django.contrib import admin
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.readonly import Editable, ReadOnly
from shop import products, tasks
from shop.models import Category, Feed, FeedRun, Image, Product, TaxRate, Variant


@admin.register(Category)
class CategoryAdmin(Editable):
    list_display = ["name", "name_nl", "slug", "tax_class", "is_blocked", "position"]
    list_filter = ["is_blocked"]
    search_fields = ["name", "name_nl", "slug"]

    def save_model(self, request, obj, form, change):
        """Its products are looked at again: what it asks for, or whether it is open, has changed."""
        super().save_model(request, obj, form, change)
        look = partial(tasks.look_again.delay, category_id=obj.pk)
        transaction.on_commit(look, robust=True)


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
class ProductAdmin(Editable):
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

    def save_related(self, request, form, formsets, change):
        """Lists show the lowest price and whether it is in stock: both follow the variants."""
        super().save_related(request, form, formsets, change)
        products.refresh([form.instance.pk])

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
class TaxRateAdmin(Editable):
    list_display = ["country", "tax_class", "rate_bp", "effective_from", "source"]
    list_filter = ["tax_class", "country"]


@admin.register(Feed)
class FeedAdmin(Editable):
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
