"""A creator's samples: what she asked for, what is asked of her now, and her record."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import collaborations, disclosure, sampleletters, samplelists, samplerecords
from affiliates import samples as domain
from affiliates.forms.samples import PostForm, WishForm, WordForm
from affiliates.samplerules import allowance
from affiliates.samplesteps import OutOfOrder
from config.lib import ratelimit
from config.lib.http import render_page
from creators import posts
from creators.access import creator_required
from creators.platforms.base import NoPost
from shop.models import Product

SHOWN = 100


_own = samplelists.of_creator


@creator_required
@require_safe
def samples(request):
    now, creator = timezone.now(), request.creator
    rows = list(samplelists.by_turn(creator)[:SHOWN])
    record = samplerecords.of_creator(creator, now)
    open_ = [row for row in rows if row.closed_at is None]
    context = {
        "open": open_,
        "over": sorted(
            (row for row in rows if row.closed_at), key=lambda row: row.closed_at, reverse=True
        ),
        "record": record,
        "allowance": allowance(record),
        "left": max(0, allowance(record) - len(open_)),
        "rule": disclosure.rule(creator.country),
        "nav_active": "market",
    }
    return render_page(request, "affiliates/samples.html", context)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("samples", times=30, seconds=86_400)
def sample_new(request, product_id: int):
    now, creator = timezone.now(), request.creator
    rows = Product.objects.on_sale().select_related("brand", "category")
    product = get_object_or_404(rows, pk=product_id)
    offer = collaborations.offer_for(creator, product, now)
    gives = bool(offer and offer.collaboration.gives_samples and creator.is_enrolled)
    form = WishForm(request.POST or None, creator=creator, product=product)
    if gives and form.is_valid():
        try:
            row = domain.ask(creator, form.wish(), now)
        except domain.NotOffered:
            gives = False
        except domain.AskedBefore:
            form.add_error(None, _("You asked for it before. You can ask again 30 days after."))
        except domain.TooMany as full:
            form.add_error(
                None,
                ngettext(
                    "You may have %(n)d sample open at a time. Close it first.",
                    "You may have %(n)d samples open at a time. Close one first.",
                    full.limit,
                )
                % {"n": full.limit},
            )
        else:
            messages.success(
                request,
                _("Asked. %(brand)s answers within 7 days.") % {"brand": product.brand.name},
            )
            return redirect("affiliates:sample", row.pk)
    record = samplerecords.of_brands([product.brand_id], now).get(product.brand_id)
    context = {
        "form": form,
        "product": product,
        "offer": offer,
        "gives": gives,
        "record": record,
        "nav_active": "market",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/sample_new.html", context, status=status)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("sample_steps", times=60, seconds=3_600)
def sample(request, pk: int):
    """One sample with its steps; a POST is one step of hers, named by `step`."""
    row = get_object_or_404(_own(request.creator), pk=pk)
    now, brand = timezone.now(), row.collaboration.brand
    form = PostForm(request.POST if request.POST.get("step") == "post" else None)
    if request.method == "POST" and _step(request, row, form, now):
        return redirect("affiliates:sample", row.pk)
    context = {
        "row": row,
        "brand": brand,
        "form": form,
        "word": WordForm(),
        "events": sampleletters.told(row),
        "to_do": sampleletters.to_do(row),
        "record": samplerecords.of_brands([brand.pk], now).get(brand.pk),
        "rule": disclosure.rule(request.creator.country),
        "switch": row.channel and disclosure.switch(row.channel.platform),
        "nav_active": "market",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/sample.html", context, status=status)


def _step(request, row, form, now) -> bool:
    """Do what she pressed; False: the page says what is wrong with what she typed."""
    creator, step = request.creator, request.POST.get("step")
    text = request.POST.get("text", "")[:1000]
    try:
        if step == "post":
            return form.is_valid() and _post(request, row, form, now)
        if step == "withdraw":
            domain.withdraw(creator, row.pk, now)
        elif step == "arrived":
            domain.arrived(creator, row.pk, now)
        elif step in (domain.Excuse.LOST, domain.Excuse.DEFECTIVE):
            domain.excuse(creator, row.pk, step, now, text)
        elif step == "extend":
            domain.extend(creator, row.pk, now)
    except OutOfOrder:
        messages.error(request, _("This sample has gone on meanwhile. Here is how it stands."))
    return True


def _post(request, row, form, now) -> bool:
    try:
        done = domain.post(request.creator, row.pk, form.cleaned_data["url"], now)
    except posts.NotAPost:
        form.add_error(
            "url",
            _(
                "This is no address of a post on TikTok, Instagram, YouTube or Facebook that we know."
                " Copy the one that the post itself shows."
            ),
        )
    except posts.NoChannel as error:
        form.add_error(
            "url",
            _("You have no verified channel on %(platform)s. Connect it first.")
            % {"platform": error.platform},
        )
    except NoPost:
        form.add_error("url", _("The platform shows nobody a post there. Is it public?"))
    except domain.NotHers as error:
        form.add_error(
            "url",
            _("The platform says that %(author)s published it, not your channel.")
            % {"author": error.author or _("somebody else")},
        )
    except domain.TooOld:
        form.add_error("url", _("This post is older than the sample. Paste the new one."))
    else:
        if done.closed_at:
            messages.success(request, _("It is on your channel: this sample is done. Thank you."))
        else:
            messages.success(
                request, _("The brand looks at it within 7 days. Without an answer it counts.")
            )
        return True
    return False
