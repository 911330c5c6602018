"""Outgoing webhooks, of a brand and of a creator: where they go, and what became of each message."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import deliveries, events
from affiliates import endpoints as domain
from affiliates.forms.endpoints import EndpointForm
from affiliates.models import Delivery, Endpoint
from affiliates.views.sides import show_once, shown_once, side_of
from config.lib import pages, ratelimit, stepup
from config.lib.http import page_number, render_page, whole
from creators.access import creator_required
from shop.access import brand_required, owner_changes, owner_required

ONCE = "endpoint_secret"  # in the session, sealed, until the next look at the page
PAGE = 50
often = ratelimit.limited("endpoints", times=60, seconds=3_600)


# ------------------------------------------------------------ all of them


@owner_changes
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@often
def brand_endpoints(request):
    """The team sees them; an owner adds one."""
    return _endpoints(request)


@creator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@often
def creator_endpoints(request):
    return _endpoints(request)


def _endpoints(request):
    side, now = side_of(request), timezone.now()
    if request.method == "POST" and not stepup.is_confirmed(request):
        return stepup.ask(request, side.url("endpoints"))
    form = EndpointForm(side.name, request.POST or None)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            row = domain.add(facts["url"], facts["kinds"], now, by=request.user, **side.whose)
        except domain.TooMany:
            form.add_error(None, _("You have as many webhooks as you can have. Remove one first."))
        else:
            show_once(request, ONCE, row.pk, row.secret)
            messages.success(request, _("Added. Copy its secret now: it is shown this once."))
            return redirect(side.url("endpoint", row.pk))
    rows = list(Endpoint.objects.filter(**side.whose).with_keeper().select_related("kept_by"))
    for row in rows:
        row.page = side.url("endpoint", row.pk)
    context = {"base": side.base, "side": side.name, "form": form, "rows": rows}
    context |= {"can_change": side.can_change, "tokens_url": side.url("tokens")}
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/endpoints.html", context, status=status)


# ------------------------------------------------------------ one of them


@brand_required
@never_cache
@require_safe
def brand_endpoint(request, pk: int):
    return _endpoint(request, pk)


@creator_required
@never_cache
@require_safe
def creator_endpoint(request, pk: int):
    return _endpoint(request, pk)


def _own(request, pk: int) -> Endpoint:
    rows = Endpoint.objects.with_keeper().select_related("kept_by")
    return get_object_or_404(rows, pk=pk, **side_of(request).whose)


def _endpoint(request, pk: int):
    """Show one endpoint with its newest messages; `?state=dead`: those that nobody took."""
    side, row = side_of(request), _own(request, pk)
    state = request.GET.get("state", "")
    found = row.deliveries.all()
    if state in Delivery.State.values:
        found = found.filter(state=state)
    page = pages.page(found, page_number(request), PAGE)
    for one in page:
        one.why = _(deliveries.WHY[one.note]) if one.note else ""
        one.by_day = deliveries.is_by_day(row, one.kind)
    context = {
        "base": side.base,
        "side": side.name,
        "row": row,
        "page": page,
        "state": state,
        "states": Delivery.State.choices,
        "has_dead": row.deliveries.dead().exists(),
        "hears": [_(events.KINDS[kind][0]) for kind in row.kinds if kind in events.KINDS],
        "secret": shown_once(request, ONCE).get(row.pk, "") if side.can_change else "",
        "can_change": side.can_change,
        "all_url": side.url("endpoints"),
        "urls": {
            name: side.url(f"endpoint_{name}", row.pk)
            for name in ("secret", "switch", "remove", "test", "replay")
        },
    }
    return render_page(request, "affiliates/endpoint.html", context)


def _back(request, pk: int):
    return redirect(side_of(request).url("endpoint", pk))


@owner_required
@require_POST
def brand_endpoint_secret(request, pk: int):
    return _secret(request, pk)


@creator_required
@require_POST
def creator_endpoint_secret(request, pk: int):
    return _secret(request, pk)


def _secret(request, pk: int):
    """Give a new secret; for a day both sign. Of an owner who left: take it over with a new one."""
    row = _own(request, pk)
    if not stepup.is_confirmed(request):
        return stepup.ask(request, side_of(request).url("endpoint", pk))
    if not row.is_kept:
        secret = domain.take_over(row, timezone.now(), by=request.user)
        show_once(request, ONCE, row.pk, secret)
        messages.success(request, _("It is yours and hears again. Only the new secret signs."))
        return _back(request, pk)
    show_once(request, ONCE, row.pk, domain.rotate(row, timezone.now()))
    messages.success(request, _("A new secret signs now, and the old one for 24 hours more."))
    return _back(request, pk)


@owner_required
@require_POST
def brand_endpoint_switch(request, pk: int):
    return _switch(request, pk)


@creator_required
@require_POST
def creator_endpoint_switch(request, pk: int):
    return _switch(request, pk)


def _switch(request, pk: int):
    on = request.POST.get("on") == "1"
    domain.switch(_own(request, pk), on, timezone.now())
    messages.success(request, _("It is on.") if on else _("It is off: it hears nothing."))
    return _back(request, pk)


@owner_required
@require_POST
def brand_endpoint_remove(request, pk: int):
    return _remove(request, pk)


@creator_required
@require_POST
def creator_endpoint_remove(request, pk: int):
    return _remove(request, pk)


def _remove(request, pk: int):
    _own(request, pk).delete()
    messages.success(request, _("The webhook is removed, with its messages."))
    return redirect(side_of(request).url("endpoints"))


@brand_required
@require_POST
@often
def brand_endpoint_test(request, pk: int):
    return _test(request, pk)


@creator_required
@require_POST
@often
def creator_endpoint_test(request, pk: int):
    return _test(request, pk)


def _test(request, pk: int):
    row = _own(request, pk)
    if row.state == Endpoint.State.ON:
        domain.ping(row, timezone.now())
        messages.success(request, _("A test is on its way. Look again in half a minute."))
    else:
        messages.error(request, _("Switch it on first."))
    return _back(request, pk)


@brand_required
@require_POST
@often
def brand_endpoint_replay(request, pk: int):
    return _replay(request, pk)


@creator_required
@require_POST
@often
def creator_endpoint_replay(request, pk: int):
    return _replay(request, pk)


def _replay(request, pk: int):
    """Send one dead letter again, or all of them."""
    row = _own(request, pk)
    if row.state != Endpoint.State.ON:
        messages.error(request, _("Switch it on first."))
        return _back(request, pk)
    typed = request.POST.get("delivery", "")
    n = domain.replay(row, timezone.now(), (whole(typed) or 0) if typed else None)
    said = ngettext("%(n)d message waits again.", "%(n)d messages wait again.", n)
    messages.success(request, said % {"n": n})
    return _back(request, pk)
