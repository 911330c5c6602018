"""The first pages of creators and brands."""

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from affiliates import clock, dashboards, payday
from config.lib import local, money, replica
from config.lib.http import client_language, render_page
from creators.access import creator_required
from shop.access import brand_required

BRAND_BOARD_S = 60  # how long a brand's sums may be reused; the page says when they were made


@creator_required
@require_safe
@replica.reads
def creator_dashboard(request):
    period = request.GET.get("period")
    period = period if period in dashboards.PERIODS else "30"
    board = dashboards.creator_board(request.creator, period, timezone.now())
    bars, currency = board.funnel.bars, board.funnel.currency
    language = client_language(request)
    now = timezone.localtime(timezone.now(), clock.zone())
    context = {
        "board": board,
        "today": now.date(),
        "greeting": greeting(now.hour),
        "period": period,
        "periods": [("7", _("7 days")), ("30", _("30 days")), ("all", _("All"))],
        "clicks": [bar.clicks for bar in bars],
        "orders": [bar.orders for bar in bars],
        "earnings": [(max(0, bar.earned), bar.state) for bar in bars],
        "top": {what: board.funnel.top(what) for what in ("clicks", "orders", "earned")},
        "axis": [local.short_day(day) for day in dashboards.axis(bar.day for bar in bars)],
        "sentences": [sentence(bar, board.funnel.by_week, currency, language) for bar in bars],
    }
    return render_page(
        request, "affiliates/creator_dashboard.html", context, partial="affiliates/_funnel.html"
    )


def greeting(hour: int) -> str:
    """Return what one says at an hour of the market's day."""
    if hour < 6 or hour >= 18:
        return _("Good evening")
    return _("Good morning") if hour < 12 else _("Good afternoon")


def sentence(bar, by_week: bool, currency: str, language: str) -> str:
    """Say one bar of the three charts in words."""
    state = {
        "pending": _("pending"), "settled": _("cleared"), "paid": pgettext("payout", "paid"),
    }.get(bar.state)  # fmt: skip
    day = local.short_day(bar.day, "D j M")
    facts = [
        ngettext("%(n)d click", "%(n)d clicks", bar.clicks) % {"n": bar.clicks},
        ngettext("%(n)d order", "%(n)d orders", bar.orders) % {"n": bar.orders},
        money.display(bar.earned, currency, language) + (f" ({state})" if state else ""),
    ]
    when = _("Week of %(day)s") % {"day": day} if by_week else day
    return f"{when}: {', '.join(facts)}"


@brand_required
@require_safe
@replica.reads
def brand_dashboard(request):
    period = request.GET.get("weeks")
    period = period if period in dashboards.WEEKS else "12"
    board = cache.get_or_set(
        f"brand-board:4:{request.brand.pk}:{period}",
        lambda: dashboards.brand_board(request.brand, dashboards.WEEKS[period], timezone.now()),
        BRAND_BOARD_S,
    )
    context = {
        "board": board,
        "unpaid_currency": payday.unpaid(request.brand.currency),
        "period": period,
        "periods": [("4", _("4 weeks")), ("12", _("12 weeks")), ("52", _("Year"))],
        "sales": [week.drawn for week in board.weeks],
        "highest": max((week.sales for week in board.weeks), default=0),
        "axis": [
            local.short_day(day) for day in dashboards.axis((w.monday for w in board.weeks), 3)
        ],
    }
    return render_page(request, "affiliates/brand_dashboard.html", context)
