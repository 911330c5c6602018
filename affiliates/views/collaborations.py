"""A brand's collaborations: what it offers, to whom, and what a sale costs."""

from decimal import Decimal

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import budgets, fees, flatfees, participations
from affiliates import collaborations as domain
from affiliates.clock import local_day
from affiliates.forms.collaborations import BudgetForm, CollaborationForm, FeeWordForm, RateForm
from affiliates.models import Collaboration, FlatFee, Participation
from affiliates.views.brands import quote
from config.lib import pages
from config.lib.http import page_number, render_page
from shop.access import brand_required

EXAMPLE_GROSS = 3450  # where the brand has no product yet
PAGE = 50
AT_ONCE = 100  # applications, and posts with a fee, that wait for an answer


def _example(brand, rate_bp: int):
    """Work out one sale of the brand's own newest product at `rate_bp`."""
    product = brand.products.on_sale().order_by("-created_at").first()
    gross = product.price_from if product else EXAMPLE_GROSS
    currency = product.currency if product else brand.currency
    policy = fees.policy_at(brand.pk, timezone.now())
    return {"product": product, "quote": quote(gross, rate_bp, policy), "currency": currency}


@brand_required
@require_safe
def collaborations(request):
    now = timezone.now()
    rows = (
        Collaboration.objects.filter(brand=request.brand)
        .annotate(
            link_count=Count("links", distinct=True, filter=Q(links__is_active=True)),
            creator_count=Count("links__creator", distinct=True),
        )
        .prefetch_related("rate_changes")
        .order_by("-created_at")
    )
    offers = [
        {
            "row": row,
            "cuts": [c for c in row.rate_changes.all() if c.effective_at > now],
        }
        for row in rows
    ]
    context = {"offers": offers, "rate_form": RateForm()}
    return render_page(request, "affiliates/collaborations.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def collaboration_new(request):
    form = CollaborationForm(request.POST or None)
    if form.is_valid():
        try:
            domain.create(request.brand, at=timezone.now(), **form.terms())
        except domain.AlreadyOpen:
            form.add_error(
                "kind",
                _(
                    "You have an open collaboration already. Change its rate, or choose another kind."
                ),
            )
        else:
            messages.success(request, _("Your collaboration is open. Creators can take links now."))
            return redirect("affiliates:collaborations", request.brand.slug)
    rate_bp = form.cleaned_data.get("percent", 1500) if form.is_bound else 1500
    context = {"form": form, "example": _example(request.brand, rate_bp)}
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/collaboration_new.html", context, status=status)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def collaboration(request, collaboration_id: int):
    row = get_object_or_404(Collaboration, pk=collaboration_id, brand=request.brand)
    form = RateForm(request.POST or None, initial={"percent": Decimal(row.rate_bp) / 100})
    if form.is_valid():
        begins = domain.change_rate(row, form.cleaned_data["percent"], timezone.now())
        if begins and begins > timezone.now():
            day = date_format(local_day(begins), "j F")
            messages.success(request, _("The new rate counts from %(day)s.") % {"day": day})
        elif begins:
            messages.success(request, _("The new rate counts from now on."))
        return redirect("affiliates:collaborations", request.brand.slug)
    rate_bp = form.cleaned_data.get("percent", row.rate_bp) if form.is_bound else row.rate_bp
    rows = row.participations.select_related("creator", "fee__commission")
    people = pages.page(rows.order_by("-asked_at", "-pk"), page_number(request), PAGE)
    applied = rows.filter(state=Participation.State.APPLIED).order_by("answer_by", "pk")
    posted = rows.filter(fee__state=FlatFee.State.POSTED).order_by("fee__act_by", "pk")
    waiting = list(posted[:AT_ONCE])  # first those on which silence decides soonest
    others = [one for one in people if getattr(one, "fee", None) and one not in waiting]
    now = timezone.now()
    context = {
        "form": form,
        "row": row,
        "example": _example(request.brand, rate_bp),
        "people": people,
        "applied": applied[:AT_ONCE],
        "more": row.participations.aggregate(
            applied=Count("pk", filter=Q(state=Participation.State.APPLIED)),
            posted=Count("pk", filter=Q(fee__state=FlatFee.State.POSTED)),
            unfunded=Count("pk", filter=Q(unfunded_at__isnull=False, state="invited")),
        ),
        "at_once": AT_ONCE,
        "fees": [(one, one.fee) for one in [*waiting, *others]],
        "ends": domain.end_of(row, now),
        "budget_form": BudgetForm(initial={"budget": row.budget}),
        "budget_left": None if row.budget is None else budgets.left(row),
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/collaboration.html", context, status=status)


@brand_required
@require_POST
def collaboration_end(request, collaboration_id: int):
    row = get_object_or_404(Collaboration, pk=collaboration_id, brand=request.brand)
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
    row = get_object_or_404(Collaboration, pk=collaboration_id, brand=request.brand)
    form = BudgetForm(request.POST)
    if form.is_valid():
        budgets.set_for(request.brand, row.pk, form.cleaned_data["budget"], timezone.now())
        messages.success(request, _("The budget counts from now on."))
    else:
        messages.error(request, _("Write an amount like 34.50 or 34,50."))
    return redirect("affiliates:collaboration", request.brand.slug, row.pk)


@brand_required
@require_POST
def application_answer(request, collaboration_id: int, participation_id: int):
    """Take an applicant in, or not."""
    try:
        row = participations.judge(
            request.brand, participation_id, request.POST.get("answer") == "yes", timezone.now()
        )
    except participations.NotOpen:
        messages.error(request, _("This application is not open any more."))
    except flatfees.NotFunded:
        messages.error(request, _("Your balance does not cover the fee. Top up first."))
    else:
        name = row.creator.display_name
        messages.success(request, _("%(name)s has your answer.") % {"name": name})
    return redirect("affiliates:collaboration", request.brand.slug, collaboration_id)


@brand_required
@require_POST
def fee_answer(request, collaboration_id: int, pk: int):
    """Approve the post that a fee is for, say why not, or promise the fee again."""
    form = FeeWordForm(request.POST)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    try:
        if request.POST.get("answer") == "yes":
            flatfees.approve(request.brand, pk, timezone.now())
            messages.success(request, _("Approved. The fee clears with the next night."))
        elif request.POST.get("answer") == "again":
            flatfees.again(request.brand, pk, timezone.now())
            messages.success(request, _("The fee is promised again. The creator has a mail."))
        else:
            flatfees.refuse(request.brand, pk, text, timezone.now())
            messages.success(request, _("The creator reads why not."))
    except flatfees.Contested:
        messages.error(
            request, _("She contested your no: we decide first, and then you can promise it again.")
        )
    except flatfees.OutOfOrder:
        messages.error(request, _("This fee has gone on meanwhile. Here is how it stands."))
    except flatfees.NotFunded:
        messages.error(request, _("Your balance does not cover the fee. Top up first."))
    except ValueError:
        messages.error(request, _("Say why not: the creator reads it."))
    return redirect("affiliates:collaboration", request.brand.slug, collaboration_id)
