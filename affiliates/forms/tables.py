"""Tables whose rows a form chooses: a search, a comparison, a plan. Never large: made at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates import candidates, plans
from affiliates.forms.discover import DiscoverForm
from affiliates.forms.invite import ids_in
from affiliates.forms.plan import PlanForm
from config.lib import tables
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Table, amount, percent
from creators import directory, seen, smallfirst
from creators.models import Niche, Platform
from shop.models import Brand

MOST = 120  # creators of a search: ten pages. The directory as a whole is not for copying.


def _typed(asked: Asked, many: Sequence[str]) -> QueryDict:
    """Return what a browser sent for the page."""
    query = QueryDict(mutable=True)
    for name, value in asked.items():
        query.setlist(name, value.split(",") if name in many else [value])
    return query


# ------------------------------------------------------------ creators who were found

ENTRY = (
    Column(_("Creator"), "creator.display_name"),
    Column(_("Handle"), "creator.handle"),
    Column(_("Page"), lambda card: settings.SITE_URL + card.creator.get_absolute_url()),
    Column(_("Subjects"), lambda card: ", ".join(card.niches)),
    Column(_("Country"), "entry.country"),
    Column(_("Languages"), lambda card: ", ".join(card.entry.languages)),
    Column(_("Followers"), "entry.followers_total"),
    *(Column(one.label, f"entry.{one.value}") for one in Platform),
    percent(_("Engagement %"), "entry.engagement_bp"),
    Column(_("Authenticity"), "entry.score"),
    Column(_("Fit"), "entry.fit"),
    Column(_("Orders for you"), "orders"),
    Column(_("Your invitation"), lambda card: card.asked.label if card.asked else ""),
)


def _found(brand: Brand, asked: Asked) -> Rows:
    """Return the first pages of a search, as the page has them; each counts as looked at."""
    now, niches = timezone.now(), list(Niche.objects.all())
    filters = DiscoverForm(_typed(asked, CREATORS.many), niches=niches).filters()
    resting, cursor, found = seen.resting(now), "", []
    while len(found) < MOST:
        page = directory.search(filters, cursor=cursor, size=smallfirst.OF, at=now, resting=resting)
        if page.count > smallfirst.OF:
            seen.record(page.entries, now, resting, brand.pk)
        found += page.entries
        if not (cursor := page.next_cursor):
            break
    return Few(candidates.of(brand, found, niches, now))


CREATORS = Table(
    name="creators",
    title=_("Creators who were found"),
    page="affiliates:discover",
    params=tuple(DiscoverForm.base_fields),
    many=("platform",),
    rows=_found,
    columns=ENTRY,
)


def _compared(brand: Brand, asked: Asked) -> Rows:
    ids = ids_in(_typed(asked, COMPARED.many))
    entries = candidates.chosen(ids, candidates.MOST_COMPARED)
    if not entries:
        raise Nothing("nobody to compare")
    return Few(candidates.of(brand, entries, Niche.objects.all(), timezone.now()))


COMPARED = Table(
    name="compared",
    title=_("Creators side by side"),
    page="affiliates:compare",
    params=("c",),
    many=("c",),
    rows=_compared,
    columns=(
        *ENTRY,
        Column(_("Orders in 90 days, all brands"), "entry.orders_90d"),
        Column(_("Clicks in 90 days"), "entry.clicks_90d"),
        Column(_("Brands worked with"), "entry.brands_worked"),
    ),
)


# ------------------------------------------------------------ a plan


def _planned(brand: Brand, asked: Asked) -> Rows:
    form = PlanForm(_typed(asked, PLAN.many), brand=brand, niches=list(Niche.objects.all()))
    if not form.is_valid():
        raise Nothing("no plan is asked for")
    made = plans.make(brand, form.asked(), timezone.now())
    return Few([(row, brand.currency) for row in made.many.rows] if made.many else [])


def _from(row: tuple[plans.Row, str]) -> str:
    own = row[0].estimate.from_record
    return gettext("her own visits") if own else gettext("others of her size")


PLAN = Table(
    name="plan",
    title=_("The creators of this plan"),
    page="affiliates:plan",
    params=tuple(PlanForm.base_fields),
    many=("niches",),
    rows=_planned,
    columns=(
        Column(_("Creator"), "0.creator.display_name"),
        Column(_("Handle"), "0.creator.handle"),
        Column(_("Platform"), lambda row: str(Platform(row[0].estimate.platform).label)),
        Column(_("Followers"), "0.estimate.followers"),
        Column(_("Visits, at least"), "0.estimate.clicks.ends.0"),
        Column(_("Visits, at most"), "0.estimate.clicks.ends.1"),
        Column(_("Orders, at least"), "0.estimate.orders.ends.0"),
        Column(_("Orders, at most"), "0.estimate.orders.ends.1"),
        amount(_("Sales"), lambda row: round(row[0].estimate.sales.mid), "1"),
        amount(_("Costs you"), "0.estimate.cost", "1"),
        Column(_("Currency"), "1"),
        Column(_("Reckoned from"), _from),
    ),
)

OF_BRANDS = tables.by_name((CREATORS, COMPARED, PLAN))
