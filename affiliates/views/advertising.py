"""What advertising law asks of a creator, as far as we can tell from what we hold."""

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from affiliates import advertising_law, clock
from config.lib.http import render_page
from creators.access import creator_required


@creator_required
@require_safe
def advertising(request):
    facts = advertising_law.facts_of(request.creator, clock.local_day(timezone.now()))
    met = advertising_law.conditions(facts)
    words = {
        "active": (
            _("You post on YouTube, Instagram or TikTok, from the Netherlands"),
            _("From your channels and your country."),
        ),
        "videos": (
            _("24 videos or more in the last 12 months"),
            _videos(facts),
        ),
        "benefit": (
            _("You have a benefit from them: money, products, discounts"),
            _("You earned a commission here.")
            if facts.benefit
            else _("None here so far. Benefits from others count too."),
        ),
        "registered": (
            _("The benefit goes to a business in the Chamber of Commerce register"),
            _("You have not told us your tax status yet.")
            if facts.registered is None
            else _("From your tax status."),
        ),
    }
    rows = [
        {"passed": met[key], "text": text, "small": small} for key, (text, small) in words.items()
    ]
    context = {
        "rows": rows,
        "supervised": advertising_law.supervised(facts),
        "source": advertising_law.SOURCE,
        "ad_code": advertising_law.AD_CODE,
    }
    return render_page(request, "affiliates/advertising.html", context)


def _videos(facts: advertising_law.Facts) -> str:
    if facts.videos is None:
        return _("Your channels do not tell us how many posts they have.")
    seen = ngettext("We counted %(n)s new post.", "We counted %(n)s new posts.", facts.videos)
    said = seen % {"n": number_format(facts.videos)}
    return said if facts.whole_year else f"{said} {_('We have not looked for a whole year yet.')}"
