"""Platforms that are switched off: one admin proposes, another answers, and what came of it."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import switches, tasks
from affiliates.admin.base import Desk, second_factor
from affiliates.forms.switches import AnswerForm, SwitchForm, WordForm
from affiliates.models import PlatformSwitch, SwitchChange, SwitchWord
from config.lib import stepup
from config.lib.desk import Waiting
from config.lib.http import whole

SHOWN = 50  # changes on one page


@admin.register(PlatformSwitch)
class PlatformSwitchAdmin(Desk):
    form = SwitchForm
    list_display = ("platform", "where", "off_from", "off_until", "state", "reason")
    list_filter = ("state", "platform")
    search_fields = ("platform", "reason")
    change_form_template = "admin/affiliates/platformswitch/change_form.html"

    @admin.display(description=gettext_lazy("where"), ordering="country")
    def where(self, row):
        return row.country or _("all countries")

    def get_fields(self, request, obj=None):
        fields = list(self.form._meta.fields)
        return [*fields, "state"] if obj else fields

    def has_add_permission(self, request):
        return request.user.has_perm("affiliates.add_platformswitch")

    @second_factor
    def add_view(self, request, form_url="", extra_context=None):
        words = {
            "title": _("Propose that a platform is off"),
            "subtitle": _("Nothing happens until another admin agrees."),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        return super().add_view(request, form_url, words | (extra_context or {}))

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request, obj, form, change):
        facts = form.cleaned_data
        made = switches.propose(
            facts["platform"], facts["country"], facts["off_from"], facts["off_until"],
            facts["reason"], request.user, timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk
        transaction.on_commit(tasks.run_switches.delay, robust=True)

    def response_add(self, request, obj, post_url_continue=None):
        self.message_user(request, _("The switch waits for another admin."))
        return redirect(_page(obj.pk))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except switches.NotAllowed as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(request.get_full_path())

    def change_view(self, request, object_id, form_url="", extra_context=None):
        row = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if row is not None:
            extra |= self._about(request, row)
        return super().change_view(request, object_id, form_url, extra)

    def _about(self, request, row):
        at = timezone.now()
        phase = row.phase(at)
        log = Paginator(row.changes.order_by("-id"), SHOWN)
        return {
            "phase": phase,
            "words": row.words.select_related("said_by", "answered_by"),
            "open_word": row.words.filter(answer="").first(),
            "rehearsal": row.rehearsal,
            "log": log.get_page(whole(request.GET.get("log", "")) or 1),
            "told": row.letters.filter(mailed=True).count(),
            "to_tell": row.letters.waiting().count(),
            "stuck": row.letters.stuck().count(),
            "may_act": self.has_add_permission(request),
            "word_form": WordForm() if phase in ("ahead", "off") else None,
            "answer_form": AnswerForm(),
        }

    def get_urls(self):
        guarded = self.admin_site.admin_view
        name = "affiliates_platformswitch_%s"
        return [
            path("<int:pk>/say/", guarded(self.say), name=name % "say"),
            path("<int:pk>/answer/", guarded(self.answer), name=name % "answer"),
            path("<int:pk>/rehearse/", guarded(self.rehearse), name=name % "rehearse"),
            *super().get_urls(),
        ]

    def say(self, request, pk):
        """Propose that it is back, or that it was an error."""
        if answer := self._refuse(request, pk):
            return answer
        row, form = get_object_or_404(PlatformSwitch, pk=pk), WordForm(request.POST)
        if not form.is_valid():
            self.message_user(request, _("Choose what, and type the reason."), messages.ERROR)
            return redirect(_page(pk))
        said = form.cleaned_data
        return self._do(
            request, row, said["reason"], _("Proposed: another admin answers."),
            lambda: switches.say(
                row, said["kind"], said["reason"], request.user, timezone.now(), said["moment"]
            ),
        )  # fmt: skip

    def answer(self, request, pk):
        """Agree with what waits, or refuse it."""
        if answer := self._refuse(request, pk):
            return answer
        row, form = get_object_or_404(PlatformSwitch, pk=pk), AnswerForm(request.POST)
        word = row.words.filter(pk=whole(request.POST.get("word", "")) or 0).first()
        if word is None or not form.is_valid():
            self.message_user(request, _("Choose an answer, and type the reason."), messages.ERROR)
            return redirect(_page(pk))
        yes, reason = form.cleaned_data["answer"] == "agreed", form.cleaned_data["reason"]
        return self._do(
            request, row, reason, _("Agreed. It is done by itself.") if yes else _("Refused."),
            lambda: switches.answer(word, yes, request.user, timezone.now(), reason),
        )  # fmt: skip

    def rehearse(self, request, pk):
        """Let a worker rehearse it anew."""
        if answer := self._refuse(request, pk):
            return answer
        PlatformSwitch.objects.filter(pk=pk, state="proposed").update(rehearsal=None)
        tasks.run_switches.delay()
        self.message_user(request, _("It is being rehearsed. Look again in a minute."))
        return redirect(_page(pk))

    def _refuse(self, request, pk):
        """Return why this person may not act now, if she may not."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, _page(pk))
        return None

    def _do(self, request, row, reason, done, step):
        try:
            step()
        except switches.NotAllowed as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.note(request, [row], f"{done} {reason}")
            self.message_user(request, done)
            transaction.on_commit(tasks.run_switches.delay, robust=True)
        return redirect(_page(row.pk))


def _page(pk: int) -> str:
    return reverse("admin:affiliates_platformswitch_change", args=[pk])


@admin.register(SwitchChange)
class SwitchChangeAdmin(Desk):
    """The log of every row that a switch changed; a switch's own page leads here."""

    list_display = (
        "at", "switch", "kind", "object_id", "act", "old_value", "new_value", "shift", "note",
    )  # fmt: skip
    list_filter = ("kind", "act", "switch")
    list_select_related = ("switch",)
    search_fields = ("=object_id",)


@admin.register(SwitchWord)
class SwitchWordAdmin(Desk):
    list_display = ("switch", "kind", "reason", "said_by", "said_at", "answer", "answered_by")
    list_filter = ("answer", "kind")
    list_select_related = ("switch", "said_by", "answered_by")
    search_fields = ("reason",)
    waiting = [Waiting(gettext_lazy("platform switches to decide"), {"answer": ""}, "said_at")]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """What was said is answered on the page of its switch."""
        word = self.get_object(request, object_id)
        if word is not None and self.has_view_permission(request, word):
            return redirect(_page(word.switch_id))
        return super().change_view(request, object_id, form_url, extra_context)
