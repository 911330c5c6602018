"""Products of a feed into their tables, one chunk at a time: a few statements for any number.

The rows of a chunk travel as one JSON text, which PostgreSQL turns into a table.
"""

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Model

from shop import products
from shop.feeds import gallery
from shop.feeds.base import ParsedProduct
from shop.models import Brand, Product, Variant
from shop.models.brands import SellsAt

FACTS = (
    "category_id", "title", "description", "status", "missing", "currency", "sells_at",
    "own_shop_url", "tax_class", "feed_digest", "price_from", "details",
)  # fmt: skip
_ROW = """
    category_id bigint, title text, description text, status text, missing jsonb, currency text,
    sells_at text, own_shop_url text, tax_class text, feed_digest text, price_from bigint, details jsonb
"""
# The text to search in is made once per row (`offset 0` keeps it from being put in where it is used).
_READ = f"""(select j.*, {products.BODY.format(description="j.description")} as body
          from json_to_recordset(%(rows)s) j ({{columns}}) offset 0) r"""  # noqa: S608
_SEARCH = products.SEARCH.format(title="r.title", brand="%(brand_name)s", body="r.body")
_INSERT = f"""
insert into shop_product
       (brand_id, feed_id, external_id, slug, withdrawal, in_stock, search,
        created_at, updated_at, {", ".join(FACTS)})
select %(brand)s, %(feed)s, r.external_id, r.slug, 'yes', r.in_stock, {_SEARCH},
       %(at)s, %(at)s, {", ".join(f"r.{name}" for name in FACTS)}
  from {_READ.format(columns="external_id text, slug text, in_stock boolean," + _ROW)}
returning id, external_id
"""  # noqa: S608  names of columns only
_UPDATE = f"""
update shop_product p
   set feed_id = %(feed)s, updated_at = %(at)s, search = {_SEARCH},
       {", ".join(f"{name} = r.{name}" for name in FACTS)}
  from {_READ.format(columns="id bigint," + _ROW)}
 where p.id = r.id
"""  # noqa: S608
# What a feed counts never goes below what shoppers have reserved, and says nothing of a variant
# whose stock a shop elsewhere tells. One that comes from another product, a giver, leaves its picture.
_VARIANTS = """
insert into shop_variant
       (product_id, brand_id, sku, options, price, compare_at, stock, reserved, position, is_active,
        content)
select r.product, %(brand)s, r.sku, r.options, r.price, r.compare_at, r.stock, 0, r.position, true,
       r.content
  from json_to_recordset(%(rows)s) r (product bigint, sku text, options jsonb, price bigint,
       compare_at bigint, stock integer, position smallint, content text)
    on conflict (brand_id, sku) do update
   set product_id = excluded.product_id,
       picture_id = case when shop_variant.product_id = excluded.product_id
                         then shop_variant.picture_id end,
       options = excluded.options, price = excluded.price, compare_at = excluded.compare_at,
       stock = case when exists (select 1 from shop_stocked s where s.variant_id = shop_variant.id)
                    then shop_variant.stock
                    when excluded.stock is not null
                    then greatest(excluded.stock, shop_variant.reserved) end,
       position = excluded.position, is_active = true,
       content = case when excluded.content = '' then shop_variant.content else excluded.content end
 where shop_variant.product_id = excluded.product_id or shop_variant.product_id = any(%(givers)s)
"""
_DROP = """
update shop_variant set is_active = false
 where product_id = any(%(products)s) and is_active and not sku = any(%(skus)s)
"""
_IMAGES = """
insert into shop_image (product_id, file, source_url, alt, position, attempts, problem, next_try_at)
select r.product, '', r.url, r.alt, r.position, 0, '', %(at)s
  from json_to_recordset(%(rows)s) r (product bigint, url text, alt text, position smallint)
"""
_PAIR = """
update shop_variant v set picture_id = i.id
  from json_to_recordset(%(rows)s) r (product bigint, sku text, url text)
  join shop_image i on i.product_id = r.product and i.source_url = r.url
 where v.product_id = r.product and v.sku = r.sku
"""


# One look-up in the unique index per value. Written as `in (…)`, a table that was just filled and
# has no statistics yet is read by its brand instead: all of it, for each chunk.
_FIND = """
select w.value, f.* from unnest(%s::text[]) w (value)
 cross join lateral (select {columns} from {table} r
                      where r.brand_id = %s and r.{key} = w.value offset 0) f
"""


def find(model: type[Model], key: str, brand: Brand, values: Iterable[str], *columns: str) -> list:
    """Return (value, *columns) of the rows of a brand whose `key` is one of `values`."""
    names = {"table": model._meta.db_table, "key": key, "columns": ", ".join(columns)}
    with connection.cursor() as cursor:
        cursor.execute(_FIND.format(**names), [list(values), brand.pk])
        return cursor.fetchall()


def write(
    feed, fresh: list[tuple[Product, ParsedProduct]], changed: list[tuple[Product, ParsedProduct]],
    at: datetime, givers: Collection[int] = (),
) -> None:  # fmt: skip
    """Write new products and changed ones with their variants and pictures.

    A variant that another product has stays there, unless that is one of `givers`.
    """
    facts = {"brand": feed.brand_id, "brand_name": feed.brand.name, "feed": feed.pk, "at": at}
    _keep_stock(feed.brand, [*fresh, *changed], may_be_there=bool(changed or givers))
    with connection.cursor() as cursor:
        if fresh:
            rows = [
                _facts(product)
                | {"external_id": product.external_id, "slug": product.slug}
                | {"in_stock": _in_stock(product, one)}
                for product, one in fresh
            ]
            cursor.execute(_INSERT, facts | {"rows": json.dumps(rows)})
            ids = {external_id: pk for pk, external_id in cursor.fetchall()}
            for product, _one in fresh:
                product.pk = ids[product.external_id]
        if changed:
            rows = [_facts(product) | {"id": product.pk} for product, _one in changed]
            cursor.execute(_UPDATE, facts | {"rows": json.dumps(rows)})
        rows = [_variant(product.pk, n, v) for product, one in [*fresh, *changed]
                for n, v in enumerate(one.variants)]  # fmt: skip
        cursor.execute(_VARIANTS, facts | {"rows": json.dumps(rows), "givers": list(givers)})
        if changed:
            skus = [v.sku for _product, one in changed for v in one.variants]
            ids = [product.pk for product, _one in changed]
            cursor.execute(_DROP, {"products": ids, "skus": skus})
        _write_images(cursor, fresh, at)
    if changed:
        gallery.write({product.pk: one for product, one in changed}, at)
        products.refresh_stock([product.pk for product, _one in changed])


def _keep_stock(
    brand: Brand, found: list[tuple[Product, ParsedProduct]], *, may_be_there: bool
) -> None:
    """Give variants that a feed does not count the stock that they have here.

    What is new here has what the reader supposes; of what is sold elsewhere there is enough.
    """
    skus = [v.sku for _product, one in found for v in one.variants if not v.counted]
    if not skus:
        return
    have = dict(find(Variant, "sku", brand, skus, "stock")) if may_be_there else {}
    for product, one in found:
        elsewhere = product.sells_at == SellsAt.OWN_SHOP
        for variant in one.variants:
            if not variant.counted:
                supposed = None if elsewhere else variant.stock
                variant.stock = have.get(variant.sku, supposed)


def _in_stock(product: Product, one: ParsedProduct) -> bool:
    """Where a shop elsewhere keeps the stock, it has to tell it first."""
    kept_here = product.sells_at != SellsAt.BESIDE
    return kept_here and any(v.stock is None or v.stock > 0 for v in one.variants)


def _facts(product: Product) -> dict[str, object]:
    return {name: getattr(product, name) for name in FACTS}


def _variant(product_id: int, position: int, variant) -> dict[str, object]:
    return {
        "product": product_id, "sku": variant.sku, "options": variant.options,
        "price": variant.price, "compare_at": variant.compare_at, "stock": variant.stock,
        "position": min(position, 30_000), "content": variant.content,
    }  # fmt: skip


def _write_images(cursor, fresh: Iterable[tuple[Product, ParsedProduct]], at: datetime) -> None:
    """Note the pictures of new products; those that they have already are the gallery's."""
    rows, pairs = [], []
    for product, one in fresh:
        rows += [
            {"product": product.pk, "url": url, "alt": alt, "position": n}
            for n, (url, alt) in enumerate(gallery.addresses(one))
        ]
        pairs += [
            {"product": product.pk, "sku": variant.sku, "url": variant.image}
            for variant in one.variants
            if variant.image
        ]
    if rows:
        cursor.execute(_IMAGES, {"rows": json.dumps(rows), "at": at})
    if pairs:
        cursor.execute(_PAIR, {"rows": json.dumps(pairs)})
