"""A brand's sign-up and its settings."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib.access import public
from config.lib.http import render_page
from shop import brands, terms
from shop.access import brand_required
from shop.forms.brands import JoinForm, SettingsForm
from shop.models import Brand, Terms


@public
@require_http_methods(["GET", "HEAD", "POST"])
def brand_join(request):
    """Tell what is needed; who is signed in may fill it in."""
    if not request.user.is_authenticated:
        return render_page(request, "shop/brand_join.html", {"form": None})
    form = JoinForm(request.POST or None, instance=Brand(), initial={"email": request.user.email})
    if form.is_valid():
        brand = brands.join(request.user, form.save(commit=False), timezone.now())
        messages.success(request, _("Welcome. Now bring in your products."))
        return redirect("shop:feeds", brand_slug=brand.slug)
    context = {
        "form": form,
        "terms": terms.in_force(Terms.Kind.BRAND, timezone.now()),
        "mine": Brand.objects.of(request.user),
    }
    return render_page(request, "shop/brand_join.html", context, status=422 if form.errors else 200)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def brand_settings(request):
    form = SettingsForm(request.POST or None, instance=request.brand)
    if form.is_valid():
        brands.save_settings(form.save(commit=False))
        messages.success(request, _("Saved."))
        return redirect("shop:brand_settings", brand_slug=request.brand.slug)
    if form.errors:
        request.brand.refresh_from_db()
    context = {"form": form, "brand": request.brand, "lacks": brands.lacks(request.brand)}
    return render_page(
        request, "shop/brand_settings.html", context, status=422 if form.errors else 200
    )
