"""What a product shows for itself: completeness, price, stock, and the words it is found by."""

import time
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from shop.models import Brand, Category, Product, TaxRate, Variant

# The words that a product is found by, and the part of its text that counts: of any row.
SEARCH = (
    "setweight(to_tsvector('simple', {title}), 'A') || setweight(to_tsvector('dutch', {title}), 'A')"
    " || setweight(to_tsvector('english', {title}), 'A')"
    " || setweight(to_tsvector('simple', {brand}), 'B')"
    " || setweight(to_tsvector('dutch', {body}), 'D')"
    " || setweight(to_tsvector('english', {body}), 'D')"
)
BODY = "left(regexp_replace({description}, '<[^>]*>', ' ', 'g'), 20000)"
# Whether a variant's stock is known well enough to sell it: always where it is kept here.
FRESH = """(product.sells_at <> 'beside' or exists (
             select 1 from shop_stocked stocked
               join shop_stockroom room on room.id = stocked.stockroom_id
               join shop_integration shop on shop.id = room.integration_id
              where stocked.variant_id = variant.id and stocked.seen_at > statement_timestamp() - interval '24 hours'
                and room.green_at is not null and room.off_at is null and shop.state <> 'off'))"""
# One statement for any number of products; an active one that lost its price is a draft again.
_REFRESH = (
    """
update shop_product p
   set price_from = v.price_from,
       in_stock = coalesce(v.in_stock, false),
       status = case when v.price_from is null and p.status = 'active' then 'draft'
                     else p.status end,
       missing = case when v.price_from is null and p.status = 'active' then '["price"]'::jsonb
                      else p.missing end,
       search = {search}
  from (
    select product.id,
           brand.name as brand_name,
           {body} as body,
           min(variant.price) filter (where variant.is_active) as price_from,
           bool_or(variant.is_active and (variant.stock is null
                                          or variant.stock > variant.reserved)
                   and {fresh}) as in_stock
      from shop_product product
      join shop_brand brand on brand.id = product.brand_id
      left join shop_variant variant on variant.product_id = product.id
     where product.id = any(%s)
     group by product.id, brand.name) v
 where p.id = v.id
""".replace("{search}", SEARCH.format(title="p.title", brand="v.brand_name", body="v.body"))
    .replace("{body}", BODY.format(description="product.description"))
    .replace("{fresh}", FRESH)
)

# Stock alone changes often; most sales leave "in stock" as it was and write nothing.
_REFRESH_STOCK = f"""
update shop_product p
   set in_stock = v.in_stock
  from (
    select variant.product_id,
           bool_or(variant.is_active and (variant.stock is null or variant.stock > variant.reserved)
                   and {FRESH}) as in_stock
      from shop_variant variant join shop_product product on product.id = variant.product_id
     where variant.product_id = any(%s) group by variant.product_id) v
 where p.id = v.product_id and p.in_stock <> v.in_stock
"""  # noqa: S608  words of ours only


def refresh(product_ids: Collection[int]) -> None:
    """Bring price_from, in_stock and the search words up to date with the variants."""
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, [list(product_ids)])


def refresh_stock(product_ids: Collection[int]) -> None:
    """Bring only in_stock up to date, after a reservation, a sale or a release."""
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH_STOCK, [sorted(product_ids)])


UNPUBLISHED = "unpublished"  # its feed says that it is not for sale (yet)
TAKEN_OFF = "taken_off"  # by hand: no import brings it back
# What the trader itself answers where a product names no other manufacturer (EU 2023/988, art. 19).
BY_TRADER = {"manufacturer", "manufacturer_contact"}


def missing(
    product: Product, category: Category | None, taxed: Collection[str], measured: bool = False
) -> list[str]:
    """Return what keeps a product from being shown; empty: it may be active.

    `taxed`: the tax classes that have a rate in the brand's country today. `measured`: each of
    its variants tells its content.
    """
    lacks = ["hidden"] if product.hidden_at else []
    if category is None:
        lacks.append("category")
    elif category.is_blocked:
        lacks.append("category_blocked")
    else:
        told = {key for key, text in product.details.items() if text}
        if product.brand.made_by == Brand.MadeBy.ITSELF:
            told |= BY_TRADER
        if measured:
            told.add("content")
        lacks += [f"detail:{key}" for key in category.required_details if key not in told]
    if product.price_from is None:
        lacks.append("price")
    if not product.tax_class:
        lacks.append("tax_class")
    elif product.tax_class not in taxed:
        lacks.append("tax_rate")
    if product.sells_at == "own_shop" and not product.own_shop_url:
        lacks.append("own_shop_url")
    if product.sells_at != "own_shop" and product.currency != product.brand.currency:
        lacks.append("currency")  # delivery and discounts are amounts in the brand's
    return lacks


def tax_class_of(product: Product, category: Category | None) -> str:
    """Return what a product says, else its shelf, else its brand; empty: nobody has said."""
    return product.tax_class or (category.tax_class if category else "") or product.brand.tax_class


def tax_class_on(product: Product, before: Category | None, shelf: Category | None) -> str:
    """Return the class of a product that moves to a shelf: what it says itself goes along.

    What it has from its shelf or its brand is that of the new shelf from then on.
    """
    given = (before.tax_class if before else "") or product.brand.tax_class
    if product.tax_class not in ("", given):
        return product.tax_class
    return (shelf.tax_class if shelf else "") or product.brand.tax_class


def taxed_classes(country: str, day: date) -> set[str]:
    """Return the tax classes that have a rate in `country` on `day`."""
    rates = TaxRate.objects.filter(country=country, effective_from__lte=day)
    return set(rates.values_list("tax_class", flat=True))


@transaction.atomic
def publish(brand: Brand, product_ids: Collection[int], day: date | None = None) -> int:
    """Make complete products active and incomplete ones drafts; return how many are active.

    Archived products stay archived, and those that their feed has not published yet drafts. The
    reasons are kept on the product.
    """
    day = day or timezone.localdate()
    taxed = taxed_classes(brand.country, day)
    rows = Product.objects.filter(pk__in=list(product_ids)).exclude(status=Product.Status.ARCHIVED)
    changed = []
    active = 0
    for product in _looked_at(rows).select_for_update(no_key=True, of=("self",)):
        before = (product.status, product.missing, product.tax_class)
        product.tax_class = tax_class_of(product, product.category)
        kept = [UNPUBLISHED] if UNPUBLISHED in product.missing else []
        product.missing = kept + missing(product, product.category, taxed, product.measured)
        product.status = Product.Status.DRAFT if product.missing else Product.Status.ACTIVE
        active += not product.missing
        if before != (product.status, product.missing, product.tax_class):
            changed.append(product)
    Product.objects.bulk_update(changed, ["status", "missing", "tax_class"], batch_size=500)
    return active


def _looked_at(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Return products in the order of their ids, with what `missing` asks of them."""
    unmeasured = Variant.objects.filter(product=OuterRef("pk"), is_active=True, content="")
    rows = rows.select_related("category", "brand").annotate(measured=~Exists(unmeasured))
    return rows.order_by("pk")


class Changed(NamedTuple):
    """How many products were changed, and which were not, by id, with what they would lack."""

    count: int
    kept: dict[int, list[str]] = {}


@transaction.atomic
def change(brand: Brand, product_ids: Collection[int], **facts: object) -> Changed:
    """Give several products of a brand the same shelf, VAT, returns or state.

    As with one product by hand, what is on sale does not go to a shelf where it would lack
    something, and takes the VAT of the new shelf unless it says its own. A state other than
    archived is only a wish: what is incomplete stays a draft.
    """
    if facts.get("status") == Product.Status.ARCHIVED:
        return Changed(take_off(brand, product_ids, timezone.now()))
    rows = Product.objects.filter(brand=brand, pk__in=list(product_ids))
    if "status" not in facts:
        rows = rows.exclude(status=Product.Status.ARCHIVED)
    found = list(_looked_at(rows).select_for_update(no_key=True, of=("self",)))
    kept: dict[int, list[str]] = {}
    if "category" in facts:
        kept = _move(found, facts["category"], facts.get("tax_class", ""))
    moved = [product.pk for product in found if product.pk not in kept]
    Product.objects.filter(pk__in=moved).update(**facts, updated_at=timezone.now())
    publish(brand, moved)
    return Changed(len(moved), kept)


def _move(found: list[Product], shelf: Category, tax_class: str) -> dict[int, list[str]]:
    """Write the VAT that products have on another shelf; return what some would lack there."""
    kept, taxed, moves = {}, set(), []
    for product in found:
        taxed = taxed or taxed_classes(product.brand.country, timezone.localdate())
        given = tax_class or tax_class_on(product, product.category, shelf)
        moves += [product] if given != product.tax_class else []
        product.tax_class = given
        lacks = missing(product, shelf, taxed, product.measured)
        if product.status == Product.Status.ACTIVE and lacks:
            kept[product.pk] = lacks
    moves = [product for product in moves if product.pk not in kept]
    Product.objects.bulk_update(moves, ["tax_class"], batch_size=500)
    return kept


# jsonb: an array without a word, with it at its end.
_TAKE_OFF = """
update shop_product
   set status = 'archived', updated_at = %s, missing = (missing - %s::text) || to_jsonb(%s::text)
 where brand_id = %s and id = any(%s)
"""


def take_off(brand: Brand, product_ids: Collection[int], at: datetime) -> int:
    """Take products of a brand off the shelves until it brings them back; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_OFF, [at, TAKEN_OFF, TAKEN_OFF, brand.pk, sorted(product_ids)])
        return cursor.rowcount


AT_ONCE = 500  # products that are looked at again in one transaction


def look_again(rows: QuerySet[Product], after: int = 0, seconds: float = 20) -> int:
    """Publish or take back products after what decides on them has changed, in order of their ids.

    Those beyond `after`, for some seconds; return the last id, 0 when none is left.
    """
    end = time.monotonic() + seconds
    rows = rows.exclude(status=Product.Status.ARCHIVED).order_by("pk").select_related("brand")
    while found := list(rows.filter(pk__gt=after).only("brand")[:AT_ONCE]):
        brands = {product.brand for product in found}
        for brand in brands:
            publish(brand, [product.pk for product in found if product.brand == brand])
        after = found[-1].pk
        if time.monotonic() > end:
            return after
    return 0


class NotThere(LookupError):
    """A word that names no product of the brand."""


def named(brand: Brand, words: Sequence[str]) -> list[Product]:
    """Return the products of `brand` with these SKUs or slugs.

    Raises NotThere with the first word that is none of them.
    """
    rows = Product.objects.filter(brand=brand)
    rows = rows.filter(Q(slug__in=words) | Q(variants__sku__in=words)).distinct()
    found = list(rows.prefetch_related("variants"))
    known = {one.slug for one in found}
    known |= {variant.sku for one in found for variant in one.variants.all()}
    for word in words:
        if word not in known:
            raise NotThere(word)
    return found


@transaction.atomic
def hide(product: Product, at: datetime) -> None:
    """Keep a product off the shop until we say otherwise; its brand cannot bring it back."""
    row = Product.objects.select_for_update(of=("self",)).select_related("brand").get(pk=product.pk)
    row.hidden_at = row.hidden_at or at
    row.save(update_fields=["hidden_at"])
    publish(row.brand, [row.pk])


@transaction.atomic
def show_again(product: Product) -> None:
    """Take back what `hide` did; what is complete is on sale again."""
    row = Product.objects.select_for_update(of=("self",)).select_related("brand").get(pk=product.pk)
    row.hidden_at = None
    row.save(update_fields=["hidden_at"])
    publish(row.brand, [row.pk])


def free_slugs(brand: Brand, wanted: Iterable[str]) -> list[str]:
    """Return a slug of `brand` for each wanted text, none of them taken or repeated."""
    bases = [slugify(text)[:100].strip("-") or "product" for text in wanted]
    taken = set(
        Product.objects.filter(
            brand=brand, slug__regex=f"^({'|'.join(map(_escaped, set(bases)))})(-[0-9]+)?$"
        ).values_list("slug", flat=True)
        if bases
        else ()
    )
    slugs = []
    for base in bases:
        slug, n = base, 2
        while slug in taken:
            slug, n = f"{base}-{n}", n + 1
        taken.add(slug)
        slugs.append(slug)
    return slugs


def _escaped(slug: str) -> str:
    return slug.replace("-", r"\-")
