"""Recalls, also by us: adding one takes the product off the shop and mails its buyers."""

from django.contrib import admin
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from config.lib.readonly import ReadOnly
from shop import recalls, tasks
from shop.models import Recall


@admin.register(Recall)
class RecallAdmin(ReadOnly):
    list_display = ["product", "made_at", "made_by", "reach"]
    list_select_related = ["product__brand", "made_by"]
    search_fields = ["product__title", "product__brand__name"]
    raw_id_fields = ["product"]
    fields = ["product", "hazard", "todo"]

    def has_add_permission(self, request):
        return request.user.has_perm("shop.add_recall")

    @admin.display(description=gettext_lazy("sent, refused, all"))
    def reach(self, row):
        found = recalls.reach(row)
        return f"{found['sent']}, {found['refused']}, {found['all']}"

    def save_model(self, request, obj, form, change):
        made = recalls.make(obj.product, obj.hazard, obj.todo, request.user, timezone.now())
        obj.pk, obj.made_at, obj.made_by = made.pk, made.made_at, made.made_by
        transaction.on_commit(tasks.mail_orders.delay, robust=True)
