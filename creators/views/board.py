"""What the channel and decision parts of several pages show: plain values, a fixed number of
queries.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.http import render_page
from creators import channels, enrolment, manual_checks, policy, reasons, rulebook
from creators.forms import ManualCheckForm
from creators.models import Channel, Creator, ManualCheck, Platform, Reading
from creators.reasons import Reason

CHART_DAYS = 180


@dataclass(frozen=True, slots=True)
class ChannelCard:
    """One connected channel, with its readings, oldest first."""

    channel: Channel
    readings: list[Reading]
    check: ManualCheck | None
    needed: int

    @property
    def latest(self) -> Reading | None:
        return self.readings[-1] if self.readings else None

    @property
    def followers(self) -> int | None:
        return self.latest.followers if self.latest else None

    @property
    def short(self) -> int:
        """How many followers this channel alone is short of the rule."""
        return max(0, self.needed - (self.followers or 0))

    @property
    def engagement_bp(self) -> int | None:
        """Likes per post and follower, in basis points; None where the platform does not say."""
        latest = self.latest
        if not latest or latest.likes is None or not latest.posts or not latest.followers:
            return None
        return min(10_000, latest.likes * 10_000 // latest.posts // latest.followers)

    @property
    def views_bp(self) -> int | None:
        """Views per video and follower, in basis points; None where the platform does not say."""
        latest = self.latest
        if not latest or latest.views is None or not latest.posts or not latest.followers:
            return None
        return latest.views * 10_000 // latest.posts // latest.followers

    @property
    def growth(self) -> list[int]:
        return [reading.followers or 0 for reading in self.readings]

    @property
    def problem_text(self) -> str:
        return problem_text(self.channel.problem, self.channel.get_platform_display())

    @property
    def may_count_again(self) -> bool:
        """Seen by hand a week ago or longer: one of us may look once more."""
        waits = self.check is not None and self.check.state == ManualCheck.State.ASKED
        return not waits and manual_checks.may_count_again(self.channel, timezone.now())

    @property
    def must_sign_in(self) -> bool:
        return self.channel.token_state in (Channel.Token.EXPIRED, Channel.Token.REVOKED)


@dataclass(frozen=True, slots=True)
class PlatformCard:
    """One platform: what is connected there, and whether it can be."""

    key: str
    name: str
    hint: str
    is_offered: bool
    channels: list[ChannelCard]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision in words."""

    outcome: str
    decided_at: object
    by_hand: str
    followers: int
    needed: int
    full_needed: int
    platform: str
    weekly: int
    passed: list[Reason]
    open: list[Reason]
    for_full: list[Reason]
    recheck_on: date | None

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.followers)


def problem_text(code: str, platform: str) -> str:
    """What happened and what comes next, for a code of `creators.platforms` or of a check."""
    words = {
        "unavailable": _(
            "%(p)s did not answer. Your channel stays connected; we will read it again tonight."
        ),
        "rate_limited": _(
            "%(p)s asks us to wait. Your channel stays connected; we will read it again soon."
        ),
        "bad_answer": _(
            "%(p)s gave an answer that we could not read. We will read it again tonight."
        ),
        "token_over": _(
            "%(p)s no longer lets us read this channel. Connect it again to keep its "
            "numbers up to date."
        ),
        "other_account": _(
            "Another account answered. Connect this channel again with its own account."
        ),
        "count_hidden": _(
            "%(p)s hides your follower count. Make it visible there, then count again; or "
            "ask for a check by hand."
        ),
        "personal_account": _(
            "This is a personal account, and %(p)s gives no numbers for those. Switch it to"
            " a professional account in the app's settings; that is free. Then connect "
            "again."
        ),
        "no_page": _(
            "You run no %(p)s page. A personal profile has no follower count that we can "
            "read. Make a page, or connect another platform."
        ),
        "no_channel": _(
            "This Google account has no %(p)s channel. Sign in with the account that your "
            "channel belongs to."
        ),
        "permission": _(
            "%(p)s did not give us permission to read the numbers. Connect again and leave "
            "the boxes ticked."
        ),
        "not_eligible": _("%(p)s gives no numbers for this account."),
        "code_not_found": _(
            "We did not find your code. Put it in your channel description, save, and ask again."
        ),
        "taken": _(
            "This channel is connected to another Thousand account. If it is yours, dispute "
            "it: a person looks at it."
        ),
        "denied": _("You did not connect %(p)s. Nothing was changed."),
        "unknown": _("The sign-in at %(p)s did not finish. Nothing was changed. Try once more."),
    }
    return words.get(code, words["unknown"]) % {"p": platform} if code else ""


def channel_board(creator: Creator) -> list[PlatformCard]:
    """Every platform with this creator's channels: a fixed number of queries, however many
    readings."""
    since = enrolment.market_day(timezone.now()) - timedelta(days=CHART_DAYS)
    rows = list(Channel.objects.filter(creator=creator, disconnected_at__isnull=True))
    readings: dict[int, list[Reading]] = {row.pk: [] for row in rows}
    for reading in Reading.objects.filter(channel__in=rows, day__gte=since).order_by("day"):
        readings[reading.channel_id].append(reading)
    checks = {
        check.channel_id: check
        for check in ManualCheck.objects.filter(channel__in=rows).placed().order_by("asked_at")
    }
    now = timezone.now()
    rules = rulebook.rules(now)
    offered = channels.offered()
    hints = {
        "tiktok": _("Public account"),
        "instagram": _("Professional account"),
        "youtube": _("Channel"),
        "facebook": _("Page"),
    }
    return [
        PlatformCard(
            key=platform.value,
            name=str(platform.label),
            hint=hints[platform.value],
            is_offered=offered[platform.value],
            channels=[
                ChannelCard(
                    row,
                    readings[row.pk],
                    checks.get(row.pk),
                    policy.in_force(rules, row.platform, creator.country, now).min_followers,
                )
                for row in rows
                if row.platform == platform.value
            ],
        )
        for platform in Platform
    ]


def decision_view(creator: Creator) -> DecisionView | None:
    """The creator's last decision in words; None while there is none. One query."""
    decision = creator.decision
    if decision is None:
        return None
    rule = rulebook.rule_for(creator, timezone.now())
    checks = list(decision.checks.all())
    lines = [(check, reasons.reason(check)) for check in checks]
    measured = [check for check in checks if check.rule == "followers" and check.measured]
    tomorrow = enrolment.market_day(timezone.now()) + timedelta(days=1)
    recheck = max(decision.recheck_on, tomorrow) if decision.recheck_on else None
    return DecisionView(
        outcome=decision.outcome,
        decided_at=decision.decided_at,
        by_hand=decision.reason,
        followers=int(measured[0].measured) if measured else 0,
        needed=rule.min_followers,
        full_needed=rule.full_followers,
        platform=reasons.platform_name(measured[0].platform) if measured else "",
        weekly=rule.pilot_weekly_products,
        passed=[line for check, line in lines if check.passed and not line.opens_full],
        open=[line for check, line in lines if not check.passed and not line.opens_full],
        for_full=[line for check, line in lines if line.opens_full and not check.passed],
        recheck_on=recheck if decision.outcome == "waiting" else decision.recheck_on,
    )


def board_page(
    request: HttpRequest, *, joining: bool, form: ManualCheckForm | None = None
) -> HttpResponse:
    """Show a creator's channels: as step 2 of joining, or as a page of its own."""
    creator = request.creator
    decision = decision_view(creator)
    context = {
        "board": channel_board(creator),
        "decision": decision,
        "form": form or ManualCheckForm(),
        "checks_waiting": manual_checks.waiting(),
        "step": 2,
    }
    status = 422 if form and form.errors else 200
    if joining:
        rule = None if decision else rulebook.rule_for(creator, timezone.now())
        context["needed"] = decision.needed if decision else rule.min_followers
        return render_page(request, "creators/join_channels.html", context, status=status)
    cards = [card for platform in context["board"] for card in platform.channels]
    context["has_readings"] = any(card.latest for card in cards)
    return render_page(request, "creators/channels.html", context, status=status)
