"""How brands saw a creator this week, and what would move her."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import candidates, shortlists
from config.lib.http import render_page
from creators import authenticity, fitness, seen, smallfirst
from creators.access import creator_required
from creators.models import DirectoryEntry


@creator_required
@require_safe
def seen_by_brands(request):
    now: datetime = timezone.now()
    entry = DirectoryEntry.objects.defer("search").filter(creator=request.creator).first()
    weeks = seen.weeks(request.creator.pk, now)
    context = {
        "entry": entry,
        "weeks": weeks,
        "plotted": [count for _day, count in reversed(weeks)],
        "attention": shortlists.attention(request.creator, now - timedelta(days=7)),
        "kept_place": smallfirst.reason(entry, now) if entry else "",
        "on_track": bool(entry) and smallfirst.is_kept(entry, now),
        "is_resting": request.creator.pk in seen.resting(now),
        "share_percent": round(100 * seen.share(seen.listed())),
        "small_first": smallfirst,
        "fit": candidates.fit_in_words(entry) if entry else [],
        "why": authenticity.in_words(entry.score_parts) if entry else [],
        "floor": fitness.FLOOR,
    }
    return render_page(request, "affiliates/seen.html", context)
