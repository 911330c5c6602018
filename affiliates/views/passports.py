"""A creator's passport: made, shown, taken along, withdrawn; and the one that she brings."""

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    conditional_page,
    require_http_methods,
    require_POST,
    require_safe,
)

from affiliates import evidence, passportfacts, passportkeys, passportpaper
from affiliates import passports as domain
from affiliates.forms.passports import BringForm, PassportForm
from affiliates.views.payouts import pdf
from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import render_page
from creators.access import creator_required

DAY_S = 86_400


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("passport", times=20, seconds=DAY_S)
def passports(request):
    """What a passport could say, the form that makes one, and those she has."""
    creator, now = request.creator, timezone.now()
    offer = domain.offer(creator, now)
    form = PassportForm(request.POST or None, offer=offer)
    if form.is_valid():
        fields, channels = form.chosen()
        try:
            row = domain.issue(creator, fields, channels, now)
        except (domain.NotIssued, passportkeys.NoKey) as error:
            form.add_error(None, _not_issued(getattr(error, "code", "key")))
        else:
            messages.success(request, _("Your passport is signed. Download its file below."))
            return redirect("affiliates:passport", row.pk)
    context = {
        "form": form,
        "offer": offer,
        "withheld": [passportfacts.FIELDS[name] for name in offer.facts.withheld],
        "fewest": passportfacts.FEWEST,
        "rows": list(creator.passports.prefetch_related("channels")[:50]),
        "brought": passportpaper.shown(creator.evidence.select_related("issuer")[:50]),
        "signs": bool(passportkeys.published()),
        "now": now,
        "nav_active": "storefront_settings",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/passports.html", context, status=status)


def _not_issued(code: str) -> str:
    return {
        "channel": _("A channel that you chose is not connected any more. Choose again."),
        "field": _("One of the figures is gone meanwhile: too little is left of it. Choose again."),
        "many": _("You have %(n)d passports that hold. Withdraw one first.") % {"n": domain.MOST},
        "key": _("This market signs no passports at present."),
    }[code]


def _own(request, pk: int):
    """Return a passport of hers that was not withdrawn, or 404."""
    return get_object_or_404(request.creator.passports.filter(revoked_at=None), pk=pk)


@creator_required
@require_safe
def passport(request, pk: int):
    """The page to print."""
    row = _own(request, pk)
    facts = domain.read(row)
    context = {
        "row": row,
        "facts": facts,
        "channels": passportpaper.channels(facts),
        "lines": passportpaper.lines(facts),
        "note": passportpaper.note(),
        "keys": f"{facts['issuer']}/{domain.KEYS_PATH}",
        "holds": row.expires_at > timezone.now(),
        "nav_active": "storefront_settings",
    }
    return render_page(request, "affiliates/passport.html", context)


@creator_required
@require_safe
@ratelimit.exports
def passport_file(request, pk: int, kind: str):
    """The signed file, or the paper."""
    row = _own(request, pk)
    name = f"passport-{row.issued_at:%Y-%m-%d}"
    if kind == "pdf":
        return pdf(passportpaper.pdf(row), name)
    if kind != "json":
        raise Http404("no such kind of file")
    response = HttpResponse(row.document, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


@creator_required
@require_POST
def passport_withdraw(request, pk: int):
    if not domain.withdraw(request.creator, pk, timezone.now()):
        raise Http404("no such passport of hers")
    messages.success(
        request, _("Withdrawn. Other markets learn it when they next ask, within a day.")
    )
    return redirect("affiliates:passports")


# ------------------------------------------------------------ from another market


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("passport-bring", times=20, seconds=3_600)
def passport_bring(request):
    """Take in what another market signed about her."""
    form = BringForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            row = evidence.bring(request.creator, form.cleaned_data["file"], timezone.now())
        except evidence.Refused as error:
            form.add_error("file", _refused(error))
        else:
            said = _("We checked it: %(issuer)s says this about you.")
            messages.success(request, said % {"issuer": row.issuer.name})
            return redirect("affiliates:passports")
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "nav_active": "storefront_settings"}
    return render_page(request, "affiliates/passport_bring.html", context, status=status)


def _refused(error: evidence.Refused) -> str:
    said = {
        "form": _("This is not the file of a passport, or it was changed since it was signed."),
        "ours": _("This passport is ours: what it says is known here already."),
        "issuer": _("We do not read passports of %(about)s."),
        "silent": _("%(about)s does not answer just now, so we cannot check it. Try again later."),
        "signature": _("%(about)s did not sign this file as it is. One changed letter is enough."),
        "key": _("It is signed with a key that %(about)s does not publish."),
        "early": _("This passport does not hold yet: its date is still to come."),
        "expired": _("This passport has expired. Ask for a new one where you got it."),
        "revoked": _("This passport was withdrawn at %(about)s."),
        "channel": _(
            "None of its channels is yours here. Connect one of them first, then bring it again."
        ),
        "taken": _("Another account has brought this passport."),
    }
    return said[error.code] % {"about": error.about[:80]}


@creator_required
@require_POST
def evidence_remove(request, pk: int):
    if not evidence.forget(request.creator, pk):
        raise Http404("no such evidence of hers")
    messages.success(request, _("Removed. Brands do not see it any more."))
    return redirect("affiliates:passports")


# ------------------------------------------------------------ what anybody may ask


@public
@require_safe
def keys(request):
    """Our public keys, and where the list of withdrawn passports is."""
    if not passportkeys.published():
        raise Http404("this market signs no passports")
    response = JsonResponse(domain.where(), json_dumps_params={"indent": 1})
    patch_cache_control(response, public=True, max_age=3_600)
    return response


@public
@require_safe
@conditional_page
def revocations(request):
    """The list of passports that do not hold any more, signed, the same for a quarter of an hour."""
    try:
        document = domain.revoked(timezone.now())
    except passportkeys.NoKey as error:
        raise Http404("this market signs no passports") from error
    response = HttpResponse(document, content_type="application/json")
    patch_cache_control(response, public=True, max_age=int(domain.EVERY.total_seconds()))
    return response
