"""Terms by version, and who accepted them."""

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.readonly import Editable, ReadOnly
from shop import terms
from shop.models import Acceptance, Terms, TermsNotice


@admin.register(Terms)
class TermsAdmin(Editable):
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
