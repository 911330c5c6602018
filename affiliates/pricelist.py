"""What each product would earn a creator, inside a query: to sort and to filter by it.

Rates are chosen where they always are, by `collaborations.Book`. The database gets the
answer as two tables (brand → rate, product → rate) beside the VAT in force, and computes
the sum of `market.earned` on them.
"""

from __future__ import annotations

from django.db.models import BigIntegerField, F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat

from affiliates.collaborations import Book
from config.lib.money import FULL
from shop.models import Product

HALF = FULL // 2


def with_earnings(
    rows: QuerySet[Product], book: Book, taxes: dict[tuple[str, str], int]
) -> QuerySet[Product]:
    """Return the products that have an offer in `book`, with `earns`: minor units, half up."""
    brands = {pk: offer.rate_bp for pk in book.by_brand if (offer := book.offer(pk, None))}
    own = {
        pk: offer.rate_bp
        for pk, brand_id in book.products_with_own_rate().items()
        if (offer := book.offer(brand_id, pk))
    }
    vat = {f"{country} {tax_class}": bp for (country, tax_class), bp in taxes.items()}
    rate = Coalesce(_look_up(own, F("pk")), _look_up(brands, F("brand_id")))
    tax = Coalesce(_look_up(vat, Concat("brand__country", Value(" "), "tax_class")), _whole(0))
    price = Cast("price_from", BigIntegerField())
    whole = tax + FULL
    net = price - (price * tax * 2 + whole) / (whole * 2)
    return rows.filter(brand__in=brands).annotate(earns=(net * rate + HALF) / FULL)


def _whole(number: int) -> Value:
    return Value(number, output_field=BigIntegerField())


def _look_up(table: dict[object, int], key: Combinable) -> Cast:
    """Return the number that stands for `key` in `table`, null where there is none."""
    named = Value({str(name): number for name, number in table.items()}, JSONField())
    text = Func(
        named, Cast(key, TextField()), function="jsonb_extract_path_text", output_field=TextField()
    )
    return Cast(text, BigIntegerField())
