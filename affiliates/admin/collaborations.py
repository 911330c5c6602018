"""What brands offer, and who takes part."""

from django.contrib import admin

from affiliates.admin.base import Desk
from affiliates.models import (
    Collaboration,
    Message,
    Participation,
    ProductRate,
    RateChange,
    SampleEvent,
    SampleRequest,
    Shortlist,
    TermChange,
)
from config.lib.readonly import ReadOnlyRows
from creators.models import Case


class Rates(ReadOnlyRows):
    model = ProductRate
    fields = readonly_fields = ("product", "rate_bp")


class Changes(ReadOnlyRows):
    model = RateChange
    fields = readonly_fields = ("product", "old_bp", "new_bp", "announced_at", "effective_at")


class TermChanges(ReadOnlyRows):
    model = TermChange
    fields = readonly_fields = ("term", "old", "new", "announced_at", "effective_at")


@admin.register(Collaboration)
class CollaborationAdmin(Desk):
    list_display = ("name", "brand", "kind", "rate_bp", "starts_at", "ends_at")
    list_filter = ("kind", "other_programme")
    search_fields = ("name", "brand__name", "brand__slug")
    list_select_related = ("brand",)
    inlines = (Rates, Changes, TermChanges)


@admin.register(Participation)
class ParticipationAdmin(Desk):
    list_display = ("creator", "collaboration", "state", "asked_at", "answered_at")
    list_filter = ("state",)
    search_fields = ("creator__handle", "collaboration__name")
    list_select_related = ("creator", "collaboration__brand")


class SampleSteps(ReadOnlyRows):
    model = SampleEvent
    fields = readonly_fields = ("at", "kind", "side", "text", "tells")


@admin.register(SampleRequest)
class SampleRequestAdmin(Desk):
    list_display = (
        "creator", "variant", "state", "asked_at", "act_by", "checked_by", "excuse", "lapsed_side",
    )  # fmt: skip
    list_filter = ("state", "lapsed_side", "excuse", "checked_by")
    search_fields = ("creator__handle", "collaboration__brand__name", "variant__product__title")
    list_select_related = ("creator", "variant__product")
    exclude = ("address",)  # the brand's alone, for one parcel
    inlines = (SampleSteps,)


@admin.register(Message)
class MessageAdmin(Desk):
    """Only what was reported: nobody of ours reads what brands and creators write otherwise."""

    list_display = ("id", "brand", "creator", "from_brand", "sent_at", "hidden_at")
    list_filter = ("from_brand",)
    search_fields = ("brand__name", "creator__handle")
    list_select_related = ("brand", "creator")

    def get_queryset(self, request):
        reports = Case.objects.filter(kind=Case.Kind.REPORT, subject__startswith="message:")
        ids = [subject.partition(":")[2] for subject in reports.values_list("subject", flat=True)]
        return super().get_queryset(request).filter(pk__in=[pk for pk in ids if pk.isdigit()])


@admin.register(Shortlist)
class ShortlistAdmin(Desk):
    list_display = ("name", "brand", "created_at")
    search_fields = ("name", "brand__name")
    list_select_related = ("brand",)
