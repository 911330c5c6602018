"""Shops that keep the stock of what is sold here, and the sales that they are told. No keys are shown."""

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.readonly import ReadOnly
from shop import pushes, tasks
from shop.models import OrderPush, Stockroom
from shop.ownshops import words


@admin.register(Stockroom)
class StockroomAdmin(ReadOnly):
    list_display = [
        "address", "brand", "green_at", "read_at", "told_at", "failures", "said", "dead", "off_at",
    ]  # fmt: skip
    list_filter = [
        ("green_at", admin.EmptyFieldListFilter),
        ("off_at", admin.EmptyFieldListFilter),
        "integration__provider",
    ]
    search_fields = ["address", "integration__brand__name"]
    list_select_related = ["integration__brand"]
    exclude = ["key", "key_secret", "token"]

    def get_queryset(self, request):
        dead = Count("pushes", filter=Q(pushes__state=OrderPush.State.DEAD))
        return super().get_queryset(request).annotate(dead=dead)

    @admin.display(description=gettext_lazy("brand"))
    def brand(self, room):
        return room.integration.brand

    @admin.display(description=gettext_lazy("problem"))
    def said(self, room):
        return words.say(room.problem)

    @admin.display(description=gettext_lazy("sales that did not get there"))
    def dead(self, room):
        return room.dead


@admin.register(OrderPush)
class OrderPushAdmin(ReadOnly):
    """What did not get there is the brand's to mend; support may send it again for it."""

    list_display = [
        "order", "brand", "state", "is_refund", "attempts", "said", "created_at", "sent_at",
        "mailed_at",
    ]  # fmt: skip
    list_filter = ["state", "stockroom__integration__provider"]
    search_fields = ["brand_order__order__number", "brand_order__brand__name", "external_id"]
    list_select_related = ["brand_order__order", "brand_order__brand", "refund"]
    raw_id_fields = ["brand_order", "refund"]
    actions = ["push_again"]

    @admin.display(description=gettext_lazy("order"))
    def order(self, push):
        return push.brand_order.order

    @admin.display(description=gettext_lazy("brand"))
    def brand(self, push):
        return push.brand_order.brand

    @admin.display(description=gettext_lazy("refund"), boolean=True)
    def is_refund(self, push):
        return push.refund_id is not None

    @admin.display(description=gettext_lazy("problem"))
    def said(self, push):
        return words.say(push.problem)

    def has_again_permission(self, request):
        return request.user.has_perm("shop.change_orderpush")

    @admin.action(
        description=gettext_lazy("Push again what did not get there"), permissions=["again"]
    )
    def push_again(self, request, queryset):
        now = timezone.now()
        done = [push for push in queryset if pushes.again(push, now)]
        if done:
            transaction.on_commit(tasks.push_orders.delay, robust=True)
        for push in done:
            self.log_change(request, push, "pushed again")
        self.message_user(request, _("%(n)d are sent again.") % {"n": len(done)})
