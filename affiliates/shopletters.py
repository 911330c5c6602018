"""Letters about an own shop that tells us of no sales any more: links to it bring traffic and earn nothing.

Its creators are told so that they can take their posts down, and the brand so that it can mend it.
Not for a shop that was off for a moment, and of one shop once a week at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, day, send_all
from affiliates.models import Link
from creators import profiles
from creators.models import Creator
from shop import integrations, readers
from shop.models import Integration, Product
from shop.models.brands import SellsAt

AFTER = timedelta(hours=1)
APART = timedelta(days=7)
MOST_NAMED = 10


def tell(at: datetime) -> int:
    """Tell of each shop that is off; return how many shops this was about."""
    return sum(_tell(pk, at) for pk in _untold(at).values_list("pk", flat=True))


def _untold(at: datetime) -> QuerySet[Integration]:
    rows = Integration.objects.filter(
        state=Integration.State.OFF, tested_at__isnull=False, off_at__lte=at - AFTER
    )
    again = Q(creators_told_at__lt=F("off_at")) & Q(creators_told_at__lt=at - APART)
    return rows.filter(Q(creators_told_at=None) | again)


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    """Tell of one shop, and note it; where no mail goes out, it is not noted."""
    rows = _untold(at).select_for_update(of=("self",), skip_locked=True)
    shop = rows.select_related("brand").filter(pk=pk).first()
    if shop is None:
        return False
    Integration.objects.filter(pk=pk).update(creators_told_at=at)
    send_all(_letters(shop))
    return True


def _letters(shop: Integration) -> Iterator[Letter]:
    links = Link.objects.active().filter(
        product__brand=shop.brand_id, product__sells_at=SellsAt.OWN_SHOP
    )
    links = links.exclude(creator__user__email="").select_related("creator__user", "product")
    silent = integrations.untested({link.product for link in links})
    found: dict[Creator, list[Product]] = defaultdict(list)
    for link in links.order_by("creator", "pk"):
        here = link.product_id in silent and integrations.fits(shop, link.product.own_shop_url)
        if here and link.product not in found[link.creator]:
            found[link.creator].append(link.product)
    for creator, products in found.items():
        if products:
            with translation.override(profiles.mail_language(creator)):
                yield _to_creator(shop, creator, products)
    for address, language in readers.readers(shop.brand):
        with translation.override(language):
            yield _to_brand(shop, address, sum(1 for products in found.values() if products))


def _to_creator(shop: Integration, creator: Creator, products: Sequence[Product]) -> Letter:
    facts = {"brand": shop.brand.name, "day": day(shop.off_at)}
    title = _("Your links to %(brand)s are not counted now") % facts
    return Letter(
        to=creator.user.email, subject=title, title=title,
        paragraphs=[
            _("%(brand)s sells this in a shop of its own, and since %(day)s that shop tells us of "
              "no sales. What is sold there through your links is not counted.") % facts,
            _("Take these posts down, or point them elsewhere. What you have earned stays yours."),
        ],
        rows=[(product.title, "") for product in products[:MOST_NAMED]],
        url=settings.SITE_URL + reverse("affiliates:links"), button=_("See your links"),
        why=_("You get this mail because you have links to what this brand sells."),
    )  # fmt: skip


def _to_brand(shop: Integration, address: str, creators: int) -> Letter:
    facts = {"shop": shop.domain, "n": creators, "day": day(shop.off_at)}
    title = _("%(shop)s tells us of no sales any more") % facts
    page = reverse("shop:integrations", args=[shop.brand.slug])
    return Letter(
        to=address, subject=title, title=title,
        paragraphs=[
            _("It is off here since %(day)s: it was switched off, or our app was removed there.")
            % facts,
            _("Its orders are not counted, and no new links are given out. Creators who have links "
              "to it, so many: %(n)d, were told.") % facts,
        ],
        url=settings.SITE_URL + page, button=_("See your shop"),
        why=_("You get this mail because you are of the team of %s.") % shop.brand.name,
    )  # fmt: skip
