"""A creator's channels: connect, count again, disconnect, ask for a check by hand."""

from dataclasses import asdict
from datetime import datetime, timedelta

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.http import render_page
from config.lib.sealed import seal
from creators import channels, disputes, enrolment, manual_checks, tasks
from creators.access import creator_required
from creators.disputes import Claim
from creators.forms import DisputeForm, ManualCheckForm, ScreenshotForm
from creators.models import Channel, Creator, ManualCheck, Platform
from creators.platforms import registry
from creators.platforms.base import PlatformError
from creators.reasons import platform_name
from creators.views.board import board_page, problem_text

CLAIM, PROOF = "disputed_channel", timedelta(hours=1)
PAUSE = timedelta(minutes=1)  # between two counts that a creator asks for


def _platform_or_404(platform: str) -> str:
    if platform not in Platform.values:
        raise Http404
    return platform


def _back(creator: Creator):
    """Those who are joining go back to step 2, the others to their channels."""
    return redirect("creators:join_channels" if _is_joining(creator) else "creators:channels")


def _is_joining(creator: Creator) -> bool:
    return creator.status not in Creator.ENROLLED


def _own_channel(request, pk: int) -> Channel:
    return get_object_or_404(
        Channel.objects.select_related("creator"),
        pk=pk, creator=request.creator, disconnected_at__isnull=True,
    )  # fmt: skip


def _offer_dispute(request, claim: Claim):
    """Remember what turned out to be another's, and offer to open a case over it."""
    request.session[CLAIM] = {
        **asdict(claim), "proven_at": claim.proven_at.isoformat() if claim.proven_at else None,
    }  # fmt: skip
    return redirect("creators:channel_dispute")


def _claim(request) -> Claim | None:
    """Return what was remembered; a sign-in proves for an hour and is a word after that."""
    kept = request.session.get(CLAIM)
    if not kept:
        return None
    proven = kept["proven_at"] and datetime.fromisoformat(kept["proven_at"])
    fresh = bool(proven) and proven > timezone.now() - PROOF
    return Claim(**{**kept, "proven_at": proven if fresh else None})


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def channel_dispute(request):
    """A channel that another account has verified: open a case over it, or leave it."""
    claim = _claim(request)
    if claim is None:
        return _back(request.creator)
    name = platform_name(claim.platform)
    form = DisputeForm(request.POST or None)
    if form.is_valid():
        try:
            disputes.begin(request.creator, claim, form.cleaned_data["text"], timezone.now())
        except disputes.NothingToDispute:
            messages.info(request, _("This channel is free now. Connect it."))
        except disputes.TooMany:
            messages.error(request, _("Three of your disputes wait for us. Those come first."))
        else:
            messages.success(
                request, _("We have your dispute and ask the other side. You find it under Cases.")
            )
        del request.session[CLAIM]
        return _back(request.creator)
    context = {"form": form, "claim": claim, "name": name, "said": problem_text("taken", name)}
    status = 422 if form.errors else 200
    return render_page(request, "creators/channel_dispute.html", context, status=status)


@creator_required
@require_safe
def channel_list(request):
    return board_page(request, joining=False)


@creator_required
@require_POST
@never_cache
def channel_connect(request, platform):
    """Send the creator to the platform's own sign-in, with a state that only she can bring back."""
    _platform_or_404(platform)
    if not channels.is_offered(platform):
        messages.warning(
            request,
            _("%(p)s cannot be connected right now. Ask for a check by hand.")
            % {"p": platform_name(platform)},
        )
        return _back(request.creator)
    provider = get_adapter(request).get_provider(request, platform)
    return provider.redirect(request, process=AuthProcess.CONNECT)


@creator_required
@require_safe
@never_cache
def channel_callback(request, platform):
    """Where the platform sends her back: take the profile and the token, read, decide."""
    _platform_or_404(platform)
    name = platform_name(platform)
    finish = OAuth2CallbackView.adapter_view(registry.ADAPTERS[platform])
    try:
        finish(request)
    except PlatformError as error:
        code = "unknown" if error.code in ("token_over", "bad_answer") else error.code
        messages.error(request, problem_text(code, name))
        return _back(request.creator)
    if not hasattr(request, "connected"):
        denied = getattr(request, "connect_error", "") == "cancelled"
        messages.warning(request, problem_text("denied" if denied else "unknown", name))
        return _back(request.creator)
    profile, token = request.connected
    now = timezone.now()
    try:
        channels.connect(request.creator, platform, profile, token, now)
    except channels.ChannelTaken:
        claim = Claim(platform, profile.external_id, profile.handle, now, profile.followers)
        return _offer_dispute(request, claim)
    before = request.creator.status
    answer = _back(request.creator)
    enrolment.reconsider(request.creator, now)
    said = _("%(p)s is connected: @%(handle)s.") % {"p": name, "handle": profile.handle.lstrip("@")}
    if request.creator.status != before and request.creator.is_enrolled:
        said = f"{said} {_('You are in.')}"
    messages.success(request, said)
    return answer


@creator_required
@require_POST
def channel_read(request, pk):
    """Count again, now."""
    channel = _own_channel(request, pk)
    now = timezone.now()
    if channel.token_state == Channel.Token.NONE:
        raise Http404
    if channel.checked_at and channel.checked_at > now - PAUSE and not channel.problem:
        messages.info(request, _("We counted a moment ago. Try again in a minute."))
        return _back(request.creator)
    read = channels.count_again(channel, now)
    if read.problem:
        messages.warning(request, problem_text(read.problem, channel.get_platform_display()))
    else:
        messages.success(
            request, _("Counted just now on %(p)s.") % {"p": channel.get_platform_display()}
        )
    return _back(request.creator)


@creator_required
@require_POST
def channel_disconnect(request, pk):
    """Forget a channel: its numbers and its token go at once."""
    channel = _own_channel(request, pk)
    name = channel.get_platform_display()
    token = channels.disconnect(channel, timezone.now())
    if token:
        tasks.withdraw_token.delay(channel.platform, seal(token.access), seal(token.refresh))
    messages.success(request, _("%(p)s is disconnected. Its numbers are deleted.") % {"p": name})
    request.creator.refresh_from_db()
    return _back(request.creator)


@creator_required
@require_POST
def channel_check(request, platform):
    """Ask for a check by hand, with a code for the channel's description."""
    _platform_or_404(platform)
    form = ManualCheckForm(request.POST, request.FILES)
    if not form.is_valid():
        return board_page(request, joining=_is_joining(request.creator), form=form)
    try:
        check = manual_checks.ask(
            request.creator, platform, form.cleaned_data["handle"], timezone.now(),
            form.cleaned_data["screenshot"],
        )  # fmt: skip
    except channels.ChannelTaken:
        handle = form.cleaned_data["handle"]
        by_hand = f"{channels.MANUAL}{handle.lower()}"
        return _offer_dispute(request, Claim(platform, by_hand, handle))
    except manual_checks.NothingToCheck:
        messages.info(request, _("This channel is verified already."))
    else:
        messages.success(
            request,
            _("Put %(code)s in your channel description. We look within 24 hours.")
            % {"code": check.code},
        )
    return _back(request.creator)


@creator_required
@require_POST
def channel_screenshot(request, pk):
    """Add a screenshot to a check that waits."""
    channel = _own_channel(request, pk)
    check = get_object_or_404(ManualCheck, channel=channel, state=ManualCheck.State.ASKED)
    form = ScreenshotForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, form.errors["screenshot"][0])
        return _back(request.creator)
    manual_checks.show(check, form.cleaned_data["screenshot"])
    messages.success(request, _("We have your screenshot."))
    return _back(request.creator)
