"""Keys to the API, of a brand and of a creator: make one, see it once, end it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from affiliates import apitokens
from affiliates.forms.apitokens import TokenForm
from affiliates.models import ApiToken
from affiliates.views.sides import show_once, shown_once, side_of
from config.lib import ratelimit, stepup
from config.lib.http import render_page
from creators.access import creator_required
from shop.access import owner_required

ONCE = "api_token"  # in the session, sealed, until the next look at the page
SHOWN = 50
often = ratelimit.limited("api_tokens", times=20, seconds=3_600)


@owner_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@often
def brand_tokens(request):
    """Owners make keys that act for the brand."""
    return _tokens(request)


@creator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@often
def creator_tokens(request):
    return _tokens(request)


def _tokens(request):
    side, now = side_of(request), timezone.now()
    page = side.url("tokens")
    if request.method == "POST" and not stepup.is_confirmed(request):
        return stepup.ask(request, page)
    form = TokenForm(side.name, request.POST or None)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            row, word = apitokens.make(
                facts["name"], facts["scopes"], now, days=facts["days"] or None, by=request.user,
                **side.whose,
            )  # fmt: skip
        except apitokens.TooMany:
            form.add_error(None, _("You have as many keys as you can have. End one first."))
        else:
            show_once(request, ONCE, row.pk, word)
            messages.success(request, _("The key is made. Copy it now: it is shown this once."))
            return redirect(page)
    rows = ApiToken.objects.filter(**side.whose).with_maker()
    tokens, shown = list(rows[:SHOWN]), shown_once(request, ONCE)
    for row in tokens:
        row.is_over = row.expires_at is not None and row.expires_at <= now
        row.said = [_(apitokens.SCOPES[scope][0]) for scope in row.scopes]
        row.word = shown.get(row.pk, "")
        row.revoke_url = side.url("token_revoke", row.pk)
    context = {"base": side.base, "side": side.name, "form": form, "tokens": tokens}
    context["webhooks_url"] = side.url("endpoints")
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/api_tokens.html", context, status=status)


@owner_required
@require_POST
def brand_token_revoke(request, pk: int):
    return _revoke(request, pk)


@creator_required
@require_POST
def creator_token_revoke(request, pk: int):
    return _revoke(request, pk)


def _revoke(request, pk: int):
    side = side_of(request)
    token = get_object_or_404(ApiToken, pk=pk, **side.whose)
    apitokens.revoke(token, timezone.now())
    messages.success(request, _("The key is ended: it opens nothing any more."))
    return redirect(side.url("tokens"))
