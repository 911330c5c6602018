"""A creator's cases: what is asked of her, why, which sales it is about, and until when."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import caseletters
from affiliates.forms.cases import WordForm
from affiliates.models import CaseLine
from config.lib import ratelimit
from config.lib.http import render_page
from creators import cases as domain
from creators import disputes, standing
from creators.access import creator_required
from creators.models import Case, Sanction

SHOWN = 200


def _own(creator):
    return domain.seen_by(creator).select_related(
        "violation", "appeal_of__violation", "creator", "dispute__holder__user"
    )


@creator_required
@require_safe
def cases(request):
    now = timezone.now()
    points = standing.points(request.creator, now)
    effect = standing.effect(request.creator, now) if points else ""
    context = {
        "rows": _own(request.creator).order_by("-opened_at", "-pk")[:SHOWN],
        "points": points,
        "effect": Sanction.Effect(effect).label if effect else "",
    }
    return render_page(request, "affiliates/cases.html", context)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("cases", times=20, seconds=3_600)
def case(request, pk: int):
    """One case; the box takes her answer while she may answer, then her appeal."""
    row = get_object_or_404(_own(request.creator), pk=pk)
    now = timezone.now()
    step = _step(row, request.creator, now)
    form = WordForm(request.POST or None) if step else None
    if request.method == "POST":
        if form is not None and form.is_valid():
            return _say(request, row, step, form.cleaned_data["text"], now)
        if form is None:
            messages.error(request, _("This case takes no answer any more."))
            return redirect("affiliates:case", pk=row.pk)
    if form is not None and step == "appeal":
        form.fields["text"].label = _("Why is the decision wrong?")
    lines = CaseLine.objects.of(row)
    context = {
        "case": row,
        "dispute": row.dispute if row.kind == Case.Kind.CHANNEL_DISPUTE else None,
        "claims": row.creator_id == request.creator.pk,
        "other_side": _other_side(row, request.creator),
        "events": row.events.select_related("actor"),
        "lines": lines.select_related("commission__brand", "commission__order_line"),
        "appeal": row.appeals.first() if row.kind == Case.Kind.VIOLATION else None,
        "how_found": caseletters.how_found(row),
        "step": step,
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "affiliates/case.html", context, status=status)


def _other_side(row: Case, creator) -> int | None:
    """Return the user of the other creator in a dispute."""
    if row.kind != Case.Kind.CHANNEL_DISPUTE:
        return None
    other = row.creator if row.dispute.holder_id == creator.pk else row.dispute.holder
    return other.user_id


def _step(row: Case, creator, now) -> str:
    """Return what she can do now: answer, appeal, or nothing."""
    holds = row.kind == Case.Kind.CHANNEL_DISPUTE and row.dispute.holder_id == creator.pk
    if row.kind != Case.Kind.VIOLATION and not holds:
        return ""
    if row.state == Case.State.OPEN and row.answer_by and now < row.answer_by:
        return "answer"
    is_upheld = row.state == Case.State.UPHELD and row.appeal_by and now < row.appeal_by
    return "appeal" if is_upheld and not row.appeals.exists() else ""


def _say(request, row: Case, step: str, text: str, now):
    try:
        if step == "answer":
            if row.kind == Case.Kind.CHANNEL_DISPUTE:
                row = disputes.answer(row, request.creator, text, at=now)
            else:
                row = domain.answer(row, text, at=now)
            said = _("We have your answer. A person decides by %s.")
            messages.success(request, said % caseletters.day(row.decide_by))
        else:
            row = domain.appeal(row, text, at=now)
            said = _("We have your appeal. Another person decides by %s.")
            messages.success(request, said % caseletters.day(row.decide_by))
    except (domain.Decided, domain.TooLate):
        messages.error(request, _("This case takes no answer any more."))
    return redirect("affiliates:case", pk=row.pk)
