"""A brand's sign-up and its settings."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib import ratelimit, stepup
from config.lib.access import public
from config.lib.http import render_page
from shop import brands, delivery, tasks, terms
from shop.access import owner_changes, owner_required
from shop.forms.brands import DeliveryForm, JoinForm, SettingsForm
from shop.models import Brand, DeliveryOption, Terms
from shop.models.brands import SellsAt


@public
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("brands", times=10, seconds=3_600)
def brand_join(request):
    """Tell what is needed; who is signed in may fill it in."""
    if not request.user.is_authenticated:
        return render_page(request, "shop/brand_join.html", {"form": None})
    form = JoinForm(request.POST or None, instance=Brand(), initial={"email": request.user.email})
    if form.is_valid():
        brand = brands.join(request.user, form.save(commit=False), timezone.now())
        if brand.sells_at == SellsAt.BESIDE:
            messages.success(request, _("Welcome. Now connect the shop that keeps your stock."))
            return redirect("shop:integrations", brand_slug=brand.slug)
        messages.success(request, _("Welcome. Now bring in your products."))
        return redirect("shop:feeds", brand_slug=brand.slug)
    context = {
        "form": form,
        "terms": terms.in_force(Terms.Kind.BRAND, timezone.now()),
        "mine": Brand.objects.of(request.user),
    }
    return render_page(request, "shop/brand_join.html", context, status=422 if form.errors else 200)


@owner_changes
@require_http_methods(["GET", "HEAD", "POST"])
def brand_settings(request):
    """Who the trader is, as invoices say it, is changed with a second factor once a brand sells."""
    is_owner, was = request.membership.is_owner, request.brand.status
    kept = stepup.typed(request) if is_owner else None
    form = SettingsForm(request.POST or kept, instance=request.brand)
    if not is_owner:
        _close(form)
    if request.method == "POST" and form.is_valid():
        trader = was != Brand.Status.DRAFT and set(form.changed_data) & set(brands.TRADER)
        if trader and not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.path, second_factor=True, keeps=True)
        brand = brands.save_settings(form.save(commit=False))
        look = partial(tasks.look_again.delay, brand_id=brand.pk)
        transaction.on_commit(look, robust=True)
        messages.success(request, _("Saved."))
        return redirect("shop:brand_settings", brand_slug=request.brand.slug)
    stepup.arrived(request)
    if form.is_bound:
        form.full_clean()
        request.brand.refresh_from_db()  # the form wrote on it
    return _settings_page(request, form)


@owner_required
@require_POST
def brand_delivery(request):
    """Add a way to deliver, change one (`way`), or with `remove` take it away."""
    brand, typed = request.brand, request.POST.get("way", "")
    row = DeliveryOption(brand=brand)
    if typed:
        pk = int(typed[:18]) if typed.isascii() and typed.isdigit() else 0
        row = get_object_or_404(DeliveryOption, pk=pk, brand=brand)
    if typed and "remove" in request.POST:
        row.delete()
        messages.success(request, _("Taken away. Orders that chose it keep it."))
        return redirect("shop:brand_settings", brand_slug=brand.slug)
    form = DeliveryForm(request.POST, instance=row, prefix=f"way{row.pk or ''}")
    if form.is_valid():
        try:
            delivery.save(form.save(commit=False))
        except delivery.TooMany:
            form.add_error(None, _("Five more ways is the most. Change or take away one."))
        else:
            messages.success(request, _("Saved."))
            return redirect("shop:brand_settings", brand_slug=brand.slug)
    return _settings_page(request, SettingsForm(instance=brand), form)


def _settings_page(request, form, typed=None):
    """Show the settings with a form per way to deliver; `typed` is the one with errors."""
    brand = request.brand
    rows = DeliveryOption.objects.filter(brand=brand)
    forms = [DeliveryForm(instance=row, prefix=f"way{row.pk}") for row in rows]
    new = DeliveryForm(instance=DeliveryOption(brand=brand), prefix="way")
    if typed and typed.instance.pk:
        forms = [typed if one.prefix == typed.prefix else one for one in forms]
    elif typed:
        new = typed
    if not request.membership.is_owner:
        _close(*forms)
    context = {
        "form": form,
        "ways": forms,
        "new_way": new,
        "typed": typed,
        "brand": brand,
        "lacks": brands.lacks(brand),
    }
    wrong = form.errors or (typed and typed.errors)
    status = 422 if wrong and request.method == "POST" else 200
    return render_page(request, "shop/brand_settings.html", context, status=status)


def _close(*forms):
    """Let a member read what an owner sets."""
    for form in forms:
        for field in form.fields.values():
            field.disabled = True
