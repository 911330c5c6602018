"""Channels and readings, looked at; the queue of checks by hand; how far each platform is."""

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config.lib.desk import Waiting
from config.lib.readonly import Editable, ReadOnly
from creators import channels, enrolment, manual_checks
from creators.models import Channel, ManualCheck, PlatformStatus, Reading


@admin.register(Channel)
class ChannelAdmin(ReadOnly):
    list_display = [
        "handle", "platform", "creator", "verified_at", "checked_at", "problem", "token_state",
    ]  # fmt: skip
    list_filter = ["platform", "token_state", "problem"]
    list_select_related = ["creator"]
    search_fields = ["handle", "external_id", "creator__handle"]


@admin.register(Reading)
class ReadingAdmin(ReadOnly):
    list_display = ["channel", "day", "followers", "likes", "views", "posts"]
    list_filter = ["channel__platform", "day"]
    list_select_related = ["channel"]
    search_fields = ["channel__handle", "channel__creator__handle"]
    show_full_result_count = False


class ManualCheckForm(forms.ModelForm):
    """What the admin saw; the buttons of the list confirm or refuse."""

    class Meta:
        model = ManualCheck
        fields = ["followers_seen", "evidence"]


@admin.register(ManualCheck)
class ManualCheckAdmin(Editable):
    """Type what was seen, save; then confirm or refuse from the list."""

    form = ManualCheckForm
    list_display = [
        "channel", "code", "state", "answer_by", "in_time", "page", "picture", "followers_seen",
        "evidence",
    ]  # fmt: skip
    list_filter = ["state", "channel__platform"]
    list_select_related = ["channel__creator"]
    search_fields = ["code", "channel__handle", "channel__creator__handle"]
    ordering = ["state", "asked_at"]
    readonly_fields = [
        "channel", "code", "state", "asked_at", "answer_by", "page", "picture",
        "screenshot_sha256", "decided_at", "decided_by", "automated",
    ]  # fmt: skip
    fields = [
        "channel", "code", "state", "asked_at", "answer_by", "page", "picture", "followers_seen",
        "evidence", "screenshot_sha256", "decided_at", "decided_by", "automated",
    ]  # fmt: skip
    actions = ["confirm", "refuse"]
    waiting = [Waiting(gettext_lazy("channels to check by hand"), {"state": "asked"}, "asked_at")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ManualCheck | None = None) -> bool:
        decided = obj is not None and obj.state != ManualCheck.State.ASKED
        return not decided and super().has_change_permission(request, obj)

    def get_urls(self):
        look = self.admin_site.admin_view(self.screenshot)
        return [
            path("<int:pk>/screenshot/", look, name="creators_manualcheck_screenshot"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def screenshot(self, request: HttpRequest, pk: int):
        """Hand out a screenshot to staff with a second factor; nothing keeps a copy."""
        check = self.get_object(request, str(pk))
        if check is None or not check.screenshot:
            raise Http404
        if not is_mfa_enabled(request.user) or not self.has_view_permission(request, check):
            raise PermissionDenied
        answer = FileResponse(check.screenshot.open("rb"), content_type="image/webp")
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "no-store, private"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    @admin.display(description=gettext_lazy("screenshot"))
    def picture(self, check: ManualCheck) -> str:
        if not check.screenshot:
            return "–"
        url = reverse("admin:creators_manualcheck_screenshot", args=[check.pk])
        return format_html('<a href="{}">{}</a>', url, _("See"))

    @admin.display(description=gettext_lazy("answer by"), ordering="asked_at")
    def answer_by(self, check: ManualCheck):
        return check.answer_by

    @admin.display(description=gettext_lazy("in time"), boolean=True)
    def in_time(self, check: ManualCheck) -> bool:
        return (check.decided_at or timezone.now()) <= check.answer_by

    @admin.display(description=gettext_lazy("page"))
    def page(self, check: ManualCheck) -> str:
        hosts = {
            "tiktok": "https://www.tiktok.com/@",
            "instagram": "https://www.instagram.com/",
            "youtube": "https://www.youtube.com/@",
            "facebook": "https://www.facebook.com/",
        }
        address = hosts[check.channel.platform] + check.channel.handle
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', address, address)

    @admin.action(description=gettext_lazy("Confirm: the code was seen"), permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: QuerySet) -> None:
        for check in queryset.filter(state="asked").select_related("channel__creator"):
            if check.followers_seen is None or not check.evidence.strip():
                said = _("%(check)s: type the followers and the evidence first.")
                messages.error(request, said % {"check": check})
                continue
            try:
                manual_checks.confirm(
                    check,
                    by=request.user,
                    followers=check.followers_seen,
                    evidence=check.evidence,
                    at=timezone.now(),
                )
            except enrolment.OwnAccount:
                messages.error(request, _("Another admin decides about your own account."))
                continue
            except channels.ChannelTaken:
                said = _("%(check)s: another creator has verified this channel.")
                messages.error(request, said % {"check": check})
                continue
            except manual_checks.NotAsked:
                messages.info(request, _("%(check)s: decided already.") % {"check": check})
                continue
            messages.success(request, _("%(check)s: confirmed.") % {"check": check})

    @admin.action(description=gettext_lazy("Refuse: no code was found"), permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet) -> None:
        for check in queryset.filter(state="asked").select_related("channel"):
            if not check.evidence.strip():
                said = _("%(check)s: type what you saw first.")
                messages.error(request, said % {"check": check})
                continue
            try:
                now = timezone.now()
                manual_checks.refuse(check, by=request.user, evidence=check.evidence, at=now)
            except enrolment.OwnAccount:
                messages.error(request, _("Another admin decides about your own account."))
                continue
            except manual_checks.NotAsked:
                messages.info(request, _("%(check)s: decided already.") % {"check": check})
                continue
            messages.success(request, _("%(check)s: refused.") % {"check": check})


@admin.register(PlatformStatus)
class PlatformStatusAdmin(Editable):
    list_display = ["platform", "status", "note"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
