"""Links, codes, clicks by day and attributions: looked at, links switched off with an action."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from affiliates import linkblocks
from affiliates.admin.base import Desk
from affiliates.models import Attribution, CreatorCode, Link, LinkBlock, LinkDay
from config.lib.readonly import Editable, ReadOnlyRows


class BlockRows(ReadOnlyRows):
    model = LinkBlock
    show_change_link = False
    fields = readonly_fields = (
        "blocked_at", "blocked_by", "reason", "told_at", "lifted_at", "lifted_by", "lift_reason",
    )  # fmt: skip


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
    inlines = (BlockRows,)
    actions = ("switch_off", "lift")

    def has_switch_off_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("affiliates.change_link")

    @admin.action(
        description=_("Switch off, with a reason that the creator reads"),
        permissions=["switch_off"],
    )
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Link]) -> None:
        if not (reason := self.reason(request)):
            return
        now, chosen = timezone.now(), self.without_own(request, queryset)
        done = [link for link in chosen if linkblocks.block(link, reason, request.user, now)]
        self.note(request, done, gettext("Switched off: %s") % reason)
        text = ngettext("%d link is off.", "%d links are off.", len(done)) % len(done)
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(
        description=_("Let what we switched off work again, with a reason"),
        permissions=["switch_off"],
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[Link]) -> None:
        if not (reason := self.reason(request)):
            return
        now, chosen = timezone.now(), self.without_own(request, queryset)
        done = [link for link in chosen if linkblocks.lift(link, reason, request.user, now)]
        self.note(request, done, gettext("Works again: %s") % reason)
        text = ngettext("%d link works again.", "%d links work again.", len(done)) % len(done)
        self.message_user(request, text, messages.SUCCESS)


@admin.register(LinkBlock)
class LinkBlockAdmin(Desk):
    list_display = ("link", "creator", "blocked_at", "blocked_by", "reason", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    search_fields = ("link__code", "link__creator__handle")
    list_select_related = ("link__creator", "blocked_by")

    @admin.display(description=_("creator"), ordering="link__creator__handle")
    def creator(self, row: LinkBlock) -> str:
        return row.link.creator.handle


@admin.register(CreatorCode)
class CreatorCodeAdmin(Editable):
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
