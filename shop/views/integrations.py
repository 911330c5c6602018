"""A brand's own shop: connect it, test it, see what it told, and switch it off."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.lib import ratelimit, sealed, stepup
from config.lib.http import render_page
from shop import beside, ownorders, ownshops, pushes, tasks
from shop import integrations as domain
from shop.access import brand_required, owner_changes, owner_required
from shop.forms.integrations import ConnectForm, SecretForm, StockForm
from shop.models import Integration, OrderPush, Stockroom, WebhookEvent
from shop.models.brands import SellsAt
from shop.ownshops import words

SHOWN = 50
ONCE = "integration_secret"  # in the session, sealed, until the next look at the page
REPLAYED = [WebhookEvent.Outcome.REFUSED, WebhookEvent.Outcome.FAILED, WebhookEvent.Outcome.IGNORED]


def _page(request):
    return reverse("shop:integrations", args=[request.brand.slug])


@owner_changes
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("integrations", times=20, seconds=3_600)
def integrations(request):
    """The team sees what the shop told; an owner connects one and reads its secret once."""
    if request.method == "POST" and not stepup.is_confirmed(request):
        return stepup.ask(request, _page(request))
    form = ConnectForm(request.POST or None)
    if form.is_valid() and _is_known(request, form):
        form.add_error("domain", _("This shop is connected already. It is on this page."))
    elif form.is_valid():
        facts = form.cleaned_data
        made = domain.connect(
            request.brand, facts["provider"], facts["domain"],
            days=facts["days"], secret=facts["secret"], at=timezone.now(),
        )  # fmt: skip
        if not facts["secret"]:
            _show_once(request, made, made.secret)
        messages.success(request, _("Connected. Now set up the webhooks and place a test order."))
        return redirect(_page(request))
    return _show(request, form)


def _show(request, form, stock_form=None):
    shops = list(request.brand.integrations.select_related("brand", "stockroom"))
    shown = request.session.pop(ONCE, {}) if request.membership.is_owner else {}
    for shop in shops:
        shop.room = getattr(shop, "stockroom", None)
        if shop.room:
            shop.room.said = words.say(shop.room.problem)
        shop.stock_only = shop.room is not None and shop.state != Integration.State.TESTED
        shop.address, shop.test_address = domain.address(shop), domain.test_address(shop)
        shop.topics = ownshops.PROVIDERS[shop.provider].TOPICS
        shop.shown_secret = sealed.unseal(shown.get(str(shop.pk), ""))
        shop.secret_form = SecretForm(provider=shop.provider, auto_id=f"id_%s_{shop.pk}")
    rows = WebhookEvent.objects.filter(integration__in=shops).order_by("-pk")
    rows = rows.exclude(kind__in=[*ownshops.STOCK_TOPICS, *ownshops.PARCEL_TOPICS])
    events = list(rows.select_related("integration", "order")[:SHOWN])
    for row in events:
        row.said = words.say(row.note)
    rooms = [shop for shop in shops if shop.room]
    pushed = pushes.shown(request.brand.pk) if rooms else []
    for push in pushed:
        push.said = words.say(push.problem)
    context = {
        "form": form,
        "shops": shops,
        "events": events,
        "replayed": REPLAYED,
        "stock_form": stock_form or StockForm(),
        "beside_first": request.brand.sells_at == SellsAt.BESIDE,
        "stock": beside.counts(request.brand, timezone.now()) if rooms else None,
        "keeps_stock": any(shop.room.off_at is None for shop in rooms),
        "pushes": pushed,
    }
    status = 422 if form.errors or (stock_form and stock_form.errors) else 200
    return render_page(request, "shop/integrations.html", context, status=status)


def _is_known(request, form: ConnectForm) -> bool:
    facts = {name: form.cleaned_data[name] for name in ("provider", "domain")}
    return request.brand.integrations.filter(**facts).exists()


def _show_once(request, integration: Integration, secret: str) -> None:
    request.session[ONCE] = {str(integration.pk): sealed.seal(secret)}


def _own(request, integration_id: int) -> Integration:
    return get_object_or_404(request.brand.integrations, pk=integration_id)


@owner_required
@require_POST
def integration_secret(request, integration_id: int):
    """Give a new secret; what the old one signs is taken for another day."""
    shop = _own(request, integration_id)
    if not stepup.is_confirmed(request):
        return stepup.ask(request, _page(request))
    form = SecretForm(request.POST, provider=shop.provider)
    if not form.is_valid():
        messages.error(request, _("Copy the signing secret from Shopify."))
        return redirect(_page(request))
    secret = domain.rotate(shop, timezone.now(), form.cleaned_data["secret"])
    if not form.cleaned_data["secret"]:
        _show_once(request, shop, secret)
    messages.success(request, _("The new secret works now, the old one for 24 hours more."))
    return redirect(_page(request))


@owner_required
@require_POST
def integration_switch(request, integration_id: int):
    shop = _own(request, integration_id)
    on = request.POST.get("on") == "1"
    domain.switch(shop, on, timezone.now())
    said = (
        _("It is on again.") if on else _("It is off: its orders are not taken, and no new links.")
    )
    messages.success(request, said)
    return redirect(_page(request))


@brand_required
@require_POST
def integration_replay(request, event_id: int):
    """Apply a message again that was refused, failed or found nothing to do."""
    rows = WebhookEvent.objects.filter(integration__brand=request.brand)
    row = ownorders.replay(get_object_or_404(rows, pk=event_id))
    facts = {"outcome": row.get_outcome_display(), "note": words.say(row.note)}
    messages.info(request, _("Applied again: %(outcome)s. %(note)s") % facts)
    return redirect(_page(request))


# ------------------------------------------------------------------ stock that lies in that shop


@owner_required
@require_POST
@ratelimit.limited("integrations", times=20, seconds=3_600)
def stock_connect(request):
    """Take the keys to the shop that keeps the stock, or new ones, and prove it at once."""
    if not stepup.is_confirmed(request):
        return stepup.ask(request, _page(request))
    form = StockForm(request.POST)
    if not form.is_valid():
        return _show(request, ConnectForm(), form)
    room = beside.connect(request.brand, **form.cleaned_data, at=timezone.now())
    _test(room)
    messages.success(request, _("Connected. A test order is on its way to your shop."))
    return redirect(_page(request))


def _test(room: Stockroom) -> None:
    """Queue the proof under a name of its own, so that a worker that died makes no second order."""
    name = f"{timezone.now():%y%m%d%H%M%S}"
    transaction.on_commit(partial(tasks.test_stockroom.delay, room.pk, name), robust=True)


def _room(request, integration_id: int) -> Stockroom:
    rows = Stockroom.objects.filter(integration__brand=request.brand, off_at=None)
    return get_object_or_404(rows, integration=integration_id)


@brand_required
@require_POST
@ratelimit.limited("stock_test", times=10, seconds=3_600)
def stock_test(request, integration_id: int):
    _test(_room(request, integration_id))
    messages.info(request, _("A test order is on its way to your shop. Look again in a minute."))
    return redirect(_page(request))


@owner_required
@require_POST
def stock_off(request, integration_id: int):
    """Forget the keys to a shop."""
    beside.disconnect(_room(request, integration_id), timezone.now())
    messages.success(
        request, _("Disconnected, the keys are gone. What was sold from there is not sold now.")
    )
    return redirect(_page(request))


@owner_required
@require_POST
def stock_here(request):
    """Keep the stock here from now on."""
    if beside.keep_here(request.brand):
        ring = partial(tasks.move_products.delay, request.brand.pk)
        transaction.on_commit(ring, robust=True)
        messages.success(request, _("You keep the stock here now. Check it at your products."))
    else:
        messages.error(request, _("Disconnect your shop first."))
    return redirect(_page(request))


@brand_required
@require_POST
def push_again(request, push_id: int):
    """Tell the shop once more what did not get there."""
    push = get_object_or_404(OrderPush.objects.of(request.brand.pk), pk=push_id)
    if pushes.again(push, timezone.now()):
        transaction.on_commit(tasks.push_orders.delay, robust=True)
        messages.info(request, _("It is sent again. Look again in a minute."))
    return redirect(_page(request))
