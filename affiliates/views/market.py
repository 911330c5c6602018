"""The market where creators pick products and take links, in place."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import links as domain
from affiliates import market as shelf
from affiliates import switchwords
from affiliates.forms.market import MarketForm
from config.lib.http import page_number, render_page, safe_next, whole
from creators.access import creator_required
from creators.models import Platform
from shop import storefront
from shop.models import Product


@creator_required
@require_safe
def market(request):
    now, creator = timezone.now(), request.creator
    verified, fitting = shelf.about(creator, now)
    platforms = [one for one in Platform.choices if one[0] in verified] or list(Platform.choices)
    shelves = storefront.shelves()
    form = MarketForm(request.GET, shelves=shelves, fitting=fitting, platforms=platforms)
    page = shelf.page(creator, form.wanted(), page_number(request), now)
    context = {
        "form": form,
        "page": page,
        "cards": page.cards,
        "platforms": platforms,
        "posting_on": form.platform,
        "quota": domain.quota(creator, now),
        "terms": domain.terms_missing(request.user, now),
        "is_enrolled": creator.is_enrolled,
    }
    return render_page(request, "affiliates/market.html", context)


@creator_required
@require_POST
def link_take(request):
    now, creator = timezone.now(), request.creator
    rows = storefront.cards(Product.objects.on_sale()).select_related("brand__light")
    product = get_object_or_404(rows, pk=whole(request.POST.get("product", "")))
    platform = request.POST.get("platform", "")
    error, link = "", None
    if platform not in Platform.values:
        error = _("Choose where you will post it.")
    else:
        if request.POST.get("terms") == "on":
            domain.accept_terms(request.user, now)
        try:
            link = domain.take(creator, product=product, platform=platform, at=now)
        except domain.PlatformOff as stopped:
            error = switchwords.no_new_links(stopped.switch)
        except domain.LinksStopped:
            error = _("You take no new links for now. Your cases say why, and until when.")
        except domain.NotEnrolled:
            error = _("You can take links once you are in. See your decision.")
        except domain.TermsMissing:
            error = _("Tick the terms first: they say how and when you are paid.")
        except domain.NoOffer:
            error = _("This offer has just ended. Choose another product.")
        except domain.LinkBlocked:
            error = _("We switched this link off. Your list of links says why, and whom to ask.")
        except domain.BrandShort:
            error = _(
                "This brand is short of money, so it gives no new links now. What is earned stays."
            )
        except domain.ShopUntested:
            error = _(
                "The brand's own shop has not passed its test order yet. Links open when it has."
            )
        except domain.QuotaReached as full:
            error = _(
                "You have taken %(n)d new products this week. The next one is free on %(day)s."
            ) % {
                "n": full.limit,
                "day": date_format(timezone.localtime(full.again_at), "l j F, H:i"),
            }
    if not request.htmx:
        if error:
            messages.error(request, error)
            return redirect(safe_next(request, "/creator/market/"))
        messages.success(request, _("Your link is ready."))
        return redirect("affiliates:links")
    card = next(iter(shelf.cards(creator, [product], now, platform)), None)
    context = {
        "card": card,
        "product": product,
        "error": error,
        "taken": link is not None,
        "quota": domain.quota(creator, now) if link else None,
        "posting_on": platform,
        "terms": domain.terms_missing(request.user, now),
        "is_enrolled": creator.is_enrolled,
    }
    status = 422 if error else 200
    return render_page(request, "affiliates/_market_card.html", context, status=status)
