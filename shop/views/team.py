"""A brand's team: who acts for it, as what, and who is asked to."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.lib import ratelimit, stepup
from config.lib.access import signed_in
from config.lib.http import render_page
from shop import tasks
from shop import team as domain
from shop.access import brand_required, owner_changes, owner_required
from shop.forms.team import InviteForm, RoleForm


def _page(request):
    return reverse("shop:team", args=[request.brand.slug])


@owner_changes
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("team", times=20, seconds=3_600)
def team(request):
    """Everybody of the team sees who is in it; an owner asks others in."""
    if request.method == "POST" and not stepup.is_confirmed(request):
        return stepup.ask(request, _page(request))
    form, now = InviteForm(request.POST or None), timezone.now()
    if form.is_valid():
        facts = form.cleaned_data
        try:
            made = domain.invite(
                request.brand, facts["email"], facts["role"], by=request.user, at=now
            )
        except domain.TooMany:
            form.add_error(None, _("There are too many open invitations. Withdraw some first."))
        else:
            tasks.mail_team_invitation.delay(made.pk)
            messages.success(request, _("Invited. The link in the mail works for a week."))
            return redirect(_page(request))
    rows = request.brand.memberships.select_related("user").order_by("-role", "created_at")
    context = {
        "form": form,
        "rows": rows,
        "invitations": request.brand.invitations.filter(expires_at__gt=now),
    }
    return render_page(request, "shop/team.html", context, status=422 if form.errors else 200)


@owner_required
@require_POST
def team_person(request, membership_id: int):
    """Change somebody's role, or let her go."""
    row = get_object_or_404(request.brand.memberships, pk=membership_id)
    if not stepup.is_confirmed(request):
        return stepup.ask(request, _page(request))
    form = RoleForm(request.POST)
    try:
        if "remove" in request.POST:
            domain.remove(row)
            messages.success(request, _("Removed from the team."))
        elif form.is_valid():
            domain.change_role(row, form.cleaned_data["role"])
            messages.success(request, _("Saved."))
    except domain.LastOwner:
        messages.error(request, _("A brand needs an owner: make somebody else owner first."))
    except domain.Gone as error:  # another tab was faster
        raise Http404("not in the team") from error
    return redirect("start" if row.user_id == request.user.pk else _page(request))


@owner_required
@require_POST
def team_withdraw(request, invitation_id: int):
    """Let an open invitation end."""
    get_object_or_404(request.brand.invitations, pk=invitation_id).delete()
    messages.success(request, _("Withdrawn: the link in the mail works no more."))
    return redirect(_page(request))


@brand_required
@require_POST
def team_leave(request):
    """Anybody may leave, but for the last owner."""
    try:
        domain.remove(request.membership)
    except domain.LastOwner:
        messages.error(request, _("A brand needs an owner: make somebody else owner first."))
        return redirect(_page(request))
    except domain.Gone as error:
        raise Http404("not in the team") from error
    messages.success(request, _("You left the team."))
    return redirect("start")


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def team_join(request, token: str):
    """What a mailed invitation leads to; only the invited address may accept it."""
    found = domain.by_token(token, timezone.now()) if len(token) < 200 else None
    if found is None:
        raise Http404("no open invitation")
    mine = domain.is_for(found, request.user)
    if request.method == "POST" and mine:
        try:
            domain.accept(found, request.user, timezone.now())
        except domain.NotInvited as error:
            raise Http404("no open invitation") from error
        said = _("Welcome. You act for %(brand)s now.") % {"brand": found.brand.name}
        messages.success(request, said)
        return redirect("shop:brand_orders", brand_slug=found.brand.slug)
    context = {"invitation": found, "mine": mine}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "shop/team_join.html", context, status=status)
