"""One collaboration of a brand: its rate, products' own rates, days, budget and end."""

from datetime import datetime
from decimal import Decimal

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, prefetch_related_objects
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from affiliates import budgets, offerdays
from affiliates import collaborations as domain
from affiliates.clock import local_day
from affiliates.collaborations import NO_MOMENT
from affiliates.forms.collaborations import (
    TERMS,
    BudgetForm,
    ProductRateForm,
    RateForm,
    TermsForm,
)
from affiliates.models import Collaboration, FlatFee, Participation
from affiliates.views.collaborations import example
from config.lib import pages
from config.lib.http import page_number, render_page
from shop.access import brand_required

PAGE = 50
AT_ONCE = 100  # applications, and posts with a fee, that wait for an answer


def _own(request, collaboration_id: int) -> Collaboration:
    """Return a collaboration of the brand with how many wait in it, or 404. One query."""
    rows = Collaboration.objects.annotate(
        applied=Count("participations", filter=Q(participations__state="applied")),
        posted=Count("participations", filter=Q(participations__fee__state="posted")),
        unfunded=Count(
            "participations",
            filter=Q(participations__unfunded_at__isnull=False, participations__state="invited"),
        ),
    )
    return get_object_or_404(rows, pk=collaboration_id, brand=request.brand)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def collaboration(request, collaboration_id: int):
    row = _own(request, collaboration_id)
    form = RateForm(request.POST or None, initial={"percent": Decimal(row.rate_bp) / 100})
    if not form.is_valid():
        return _page(request, row, form=form)
    _say_from(request, domain.change_rate(row, form.cleaned_data["percent"], timezone.now()))
    return redirect("affiliates:collaborations", request.brand.slug)


def _say_from(request, begins) -> None:
    if begins and begins > timezone.now():
        day = date_format(local_day(begins), "j F")
        messages.success(request, _("The new rate counts from %(day)s.") % {"day": day})
    elif begins:
        messages.success(request, _("The new rate counts from now on."))


def _rates(row: Collaboration, at: datetime) -> dict[str, list]:
    """Return products' own rates, and cuts that do not count yet, as (title, rate, from).

    One query.
    """
    own = row.product_rates.order_by().values_list("product__title", "rate_bp", NO_MOMENT)
    cuts = row.rate_changes.filter(effective_at__gt=at).order_by()
    cuts = cuts.values_list("product__title", "old_bp", "effective_at")
    rows = sorted(own.union(cuts, all=True), key=lambda one: one[0] or "")
    return {
        "own_rates": [one for one in rows if one[2] is None],
        "cuts": [one for one in rows if one[2] is not None],
    }


def _page(request, row: Collaboration, **bound):
    """Return the page of one collaboration; `bound`: the form that was sent and is wrong."""
    now, brand = timezone.now(), request.brand
    prefetch_related_objects([row], "term_changes")
    form = bound.get("form") or RateForm(initial={"percent": Decimal(row.rate_bp) / 100})
    valid = form.is_bound and form.is_valid()
    rows = row.participations.select_related("creator", "fee__commission")
    people = pages.page(rows.order_by("-asked_at", "-pk"), page_number(request), PAGE)
    applied = rows.filter(state=Participation.State.APPLIED).order_by("answer_by", "pk")
    posted = rows.filter(fee__state=FlatFee.State.POSTED).order_by("fee__act_by", "pk")
    waiting = list(posted[:AT_ONCE])  # first those on which silence decides soonest
    others = [one for one in people if getattr(one, "fee", None) and one not in waiting]
    context = {
        "form": form,
        "row": row,
        "example": example(brand, form.cleaned_data["percent"] if valid else row.rate_bp),
        "people": people,
        "applied": applied[:AT_ONCE],
        "more": {name: getattr(row, name) for name in ("applied", "posted", "unfunded")},
        "at_once": AT_ONCE,
        "fees": [(one, one.fee) for one in [*waiting, *others]],
        "ends": domain.end_of(row, now),
        "budget_form": BudgetForm(initial={"budget": row.budget}, currency=brand.currency),
        "budget_left": None if row.budget is None else budgets.left(row),
        **_rates(row, now),
        "product_form": ProductRateForm(brand=brand),
        "terms_form": TermsForm(initial={name: getattr(row, name) for name in TERMS}),
        "end_days": offerdays.longest_window(row, now),
        "days_announced": [one for one in row.term_changes.all() if one.effective_at > now],
    } | bound
    status = 422 if any(one.errors for one in bound.values() if one.is_bound) else 200
    return render_page(request, "affiliates/collaboration.html", context, status=status)


@brand_required
@require_POST
def collaboration_products(request, collaboration_id: int):
    """Announce a rate of their own for the products that are named."""
    row = _own(request, collaboration_id)
    form = ProductRateForm(request.POST, brand=request.brand)
    if not form.is_valid():
        return _page(request, row, product_form=form)
    now, percent = timezone.now(), form.cleaned_data["percent"]
    with transaction.atomic():
        begins = [
            domain.change_rate(row, percent, now, product=product)
            for product in sorted(form.cleaned_data["products"], key=lambda one: one.pk)
        ]
    _say_from(request, max(filter(None, begins), default=None))
    return redirect("affiliates:collaboration", request.brand.slug, row.pk)


@brand_required
@require_POST
def collaboration_terms(request, collaboration_id: int):
    """Announce other days, and who may take new links."""
    row = _own(request, collaboration_id)
    form = TermsForm(request.POST)
    if not form.is_valid():
        return _page(request, row, terms_form=form)
    now = timezone.now()
    changes = offerdays.change(row, now, **form.terms())
    later = [one.effective_at for one in changes if one.effective_at > now]
    if later:
        day = date_format(local_day(later[0]), "j F")
        said = _("Saved. What is worse for creators counts from %(day)s.") % {"day": day}
    else:
        said = _("Saved. It counts from now on.")
    messages.success(request, said)
    return redirect("affiliates:collaboration", request.brand.slug, row.pk)


@brand_required
@require_POST
def collaboration_end(request, collaboration_id: int):
    row = _own(request, collaboration_id)
    ends_at = domain.end(row, timezone.now())
    day = date_format(local_day(ends_at), "j F")
    messages.success(
        request, _("It ends on %(day)s. Until then its links keep earning.") % {"day": day}
    )
    return redirect("affiliates:collaborations", request.brand.slug)


@brand_required
@require_POST
def collaboration_budget(request, collaboration_id: int):
    """Give a collaboration a new budget from now on, or none."""
    row = _own(request, collaboration_id)
    form = BudgetForm(request.POST, currency=request.brand.currency)
    if not form.is_valid():
        return _page(request, row, budget_form=form)
    budgets.set_for(request.brand, row.pk, form.cleaned_data["budget"], timezone.now())
    messages.success(request, _("The budget counts from now on."))
    return redirect("affiliates:collaboration", request.brand.slug, row.pk)
