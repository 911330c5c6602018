"""What is sold here is priced in its brand's currency: the rest is set aside, and its brand told.

set_aside(at)      active products of another currency become drafts; one letter to each brand

An import says so line by line, and a product by hand at its page; this is for all that is changed
elsewhere, such as the currency of a brand.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.lib.letters import Letter, send_all
from shop import readers
from shop.models import Brand, Product
from shop.models.brands import SellsAt

logger = logging.getLogger(__name__)
MOST_NAMED = 10


def foreign() -> QuerySet[Product]:
    """Return products on sale here that are priced in another currency than their brand's."""
    rows = Product.objects.filter(status=Product.Status.ACTIVE).exclude(sells_at=SellsAt.OWN_SHOP)
    return rows.exclude(currency=F("brand__currency"))


def set_aside(at: datetime | None = None, brand_id: int = 0) -> int:
    """Make drafts of them, of all brands or of one; return how many."""
    rows = foreign().filter(brand=brand_id) if brand_id else foreign()
    brands = sorted(set(rows.values_list("brand", flat=True)))
    done = 0
    for pk in brands:
        try:
            done += _of_brand(pk, at or timezone.now())
        except OSError:  # the mail server: neither is done, the next call does both
            logger.exception("brand %s could not be told of products in another currency", pk)
    return done


@transaction.atomic
def _of_brand(brand_id: int, at: datetime) -> int:
    rows = foreign().filter(brand=brand_id).order_by("pk")
    locked = list(
        rows.select_for_update(no_key=True, of=("self",)).values_list("pk", "title", "currency")
    )
    if not locked:
        return 0
    found = Product.objects.filter(pk__in=[pk for pk, _title, _currency in locked])
    found.update(status=Product.Status.DRAFT, missing=["currency"], updated_at=at)
    brand = Brand.objects.get(pk=brand_id)
    named = [(title, currency) for _pk, title, currency in locked[:MOST_NAMED]]
    send_all(letters(brand, len(locked), named))
    return len(locked)


def letters(brand: Brand, count: int, named: list[tuple[str, str]]) -> Iterator[Letter]:
    """Yield a letter for each of the brand's team, its language set while it is posted."""
    url = settings.SITE_URL + reverse("shop:products", args=[brand.slug]) + "?status=draft"
    for address, language in readers.readers(brand):
        with translation.override(language):
            title = ngettext(
                "%(n)d product is off sale: its price is in another currency",
                "%(n)d products are off sale: their prices are in another currency",
                count,
            ) % {"n": count}
            yield Letter(
                to=address, subject=title, title=title,
                paragraphs=[
                    _("%(brand)s sells here in %(code)s. Delivery and discounts are amounts in it, so "
                      "nothing else is sold beside it.") % {"brand": brand.name, "code": brand.currency},
                    _("Give them a price in %s, by hand or by your catalogue, and they are on sale again.")
                    % brand.currency,
                ],
                rows=named,
                url=url, button=_("See your drafts"),
                why=_("You get this mail because you are of the team of %s.") % brand.name,
            )  # fmt: skip
