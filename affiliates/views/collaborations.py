"""A brand's collaborations: what it offers, to whom, and what a sale costs."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import collaborations as domain
from affiliates import fees, flatfees, participations, payday
from affiliates.forms.collaborations import CollaborationForm, FeeWordForm, RateForm
from affiliates.models import FlatFee, Participation
from affiliates.views.brands import quote
from config.lib.http import render_page
from shop.access import brand_required

EXAMPLE_GROSS = 3450  # where the brand has no product yet


def example(brand, rate_bp: int):
    """Work out one sale of the brand's own newest product at `rate_bp`."""
    product = brand.products.on_sale().order_by("-created_at").first()
    gross = product.price_from if product else EXAMPLE_GROSS
    currency = product.currency if product else brand.currency
    policy = fees.policy_at(brand.pk, timezone.now())
    worked_out = quote(gross, rate_bp, policy, currency)
    return {"product": product, "quote": worked_out, "currency": currency}


@brand_required
@require_safe
def collaborations(request):
    now = timezone.now()
    rows = domain.listed(request.brand).prefetch_related("rate_changes__product")
    offers = [
        {
            "row": row,
            "cuts": [c for c in row.rate_changes.all() if c.effective_at > now],
        }
        for row in rows
    ]
    context = {
        "offers": offers,
        "rate_form": RateForm(),
        "unpaid_currency": payday.unpaid(request.brand.currency),
    }
    return render_page(request, "affiliates/collaborations.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def collaboration_new(request):
    form = CollaborationForm(request.POST or None, currency=request.brand.currency)
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
    context = {
        "form": form,
        "example": example(request.brand, rate_bp),
        "unpaid_currency": payday.unpaid(request.brand.currency),
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/collaboration_new.html", context, status=status)


@brand_required
@require_POST
def application_answer(request, collaboration_id: int, participation_id: int):
    """Take an applicant in, or not."""
    rows = Participation.objects.filter(collaboration__brand=request.brand)
    get_object_or_404(rows, pk=participation_id, collaboration=collaboration_id)
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
    rows = FlatFee.objects.filter(participation__collaboration__brand=request.brand)
    get_object_or_404(rows, pk=pk, participation__collaboration=collaboration_id)
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
