"""Links, codes, clicks by day and attributions: looked at, links switched off with an action."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from affiliates import links
from affiliates.admin.base import Desk
from affiliates.models import Attribution, CreatorCode, Link, LinkDay


@admin.register(Link)
class LinkAdmin(Desk):
    list_display = (
        "code",
        "creator",
        "collaboration",
        "product",
        "platform",
        "is_active",
        "created_at",
    )
    list_filter = ("platform", "is_active", "on_storefront")
    search_fields = ("code", "creator__handle", "product__title")
    list_select_related = ("creator", "collaboration__brand", "product")
    actions = ("switch_off",)

    def has_switch_off_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("affiliates.change_link")

    @admin.action(description=_("Switch off"), permissions=["switch_off"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Link]) -> None:
        chosen = list(queryset.active())
        for link in chosen:
            links.deactivate(link)
        text = ngettext("%d link is off.", "%d links are off.", len(chosen)) % len(chosen)
        self.message_user(request, text, messages.SUCCESS)


@admin.register(CreatorCode)
class CreatorCodeAdmin(admin.ModelAdmin):
    list_display = ("code", "creator", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code", "creator__handle")
    autocomplete_fields = ("creator",)


@admin.register(LinkDay)
class LinkDayAdmin(Desk):
    list_display = ("link", "day", "clicks", "uniques", "orders", "income")
    search_fields = ("link__code", "link__creator__handle")
    list_select_related = ("link",)
    date_hierarchy = "day"


@admin.register(Attribution)
class AttributionAdmin(Desk):
    list_display = ("order_line", "creator", "rule", "rate_bp", "clicked_at", "created_at")
    list_filter = ("rule",)
    search_fields = ("creator__handle", "order_line__brand_order__order__number")
    list_select_related = ("order_line", "creator")
