"""The second half of an import: what the file has that is new or changed goes into the shop.

By now all of the file was read and found good. It goes in by short transactions, each with its
rows locked as a checkout locks them (variants by id, then products by id): whoever buys
meanwhile waits for a moment at most. Each transaction also counts what it wrote at the run, so
that one that is cut off is gone on with, and counts nothing twice.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from urllib.parse import quote

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify

from config.lib.locks import was_locked
from shop import descriptions, products
from shop.feeds import moves, writing
from shop.feeds.base import ParsedProduct
from shop.feeds.spool import Found
from shop.models import Category, FeedRun, Integration, Product, Variant

FRESH = 500  # new products of one transaction: nobody waits for them
AT_ONCE = 50  # of those that are there already: well below a second
TRIES = 5
IMPORTING = 7_265_002  # the advisory lock (this, brand): one import of a brand at a time
ARCHIVED = Product.Status.ARCHIVED
Made = tuple[Product, ParsedProduct]


class Takeover:
    """Writes what one run found; `renamed`: products that are there, by the id that they get."""

    def __init__(self, run: FeedRun, at: datetime, renamed: Mapping[str, int]) -> None:
        self.renamed = renamed
        self.run, self.feed, self.brand = run, run.feed, run.feed.brand
        self.at = at
        connected = Integration.objects.filter(brand=self.brand).exclude(state="off")
        self.shops = dict(connected.order_by("-id").values_list("provider", "domain"))
        self.taxed = products.taxed_classes(self.brand.country, timezone.localdate(at))
        self.categories: dict[str, Category] = {}
        self.shelves: dict[int, Category] = {}
        for category in Category.objects.all():
            self.shelves[category.pk] = category
            for name in (category.slug, category.name, category.name_nl):
                self.categories[name.lower()] = category

    def write_fresh(self, made: list[Made]) -> None:
        """Write new products with their variants and pictures, in one transaction."""
        patiently(self._write_fresh, made)

    def _write_fresh(self, made: list[Made]) -> None:
        self._tell_apart(made)
        writing.write(self.feed, made, [], self.at)
        self._count(wrote_added=len(made))

    def make(self, found: list[Found]) -> list[Made]:
        """Return new products as they will be written. Asks no database: any thread may call it."""
        made = []
        for digest, one in found:
            product = Product(brand=self.brand, external_id=one.external_id, feed_digest=digest)
            self._fill(product, one)
            product.slug = slugify(_readable(one))[:100].strip("-") or "product"
            made.append((product, one))
        return made

    def write_changed(self, found: list[Found]) -> None:
        """Write products that are there anew, in one transaction that holds them for a moment."""
        patiently(self._write_changed, found)

    def _write_changed(self, found: list[Found]) -> None:
        external_ids = [one.external_id for _digest, one in found]
        rows = writing.find(Product, "external_id", self.brand, external_ids, "id")
        have = {row.external_id: row for row in self._lock(pk for _external_id, pk in rows)}
        for digest, one in found:
            self._fill(have[one.external_id], one)
            have[one.external_id].feed_digest = digest
        writing.write(self.feed, [], [(have[one.external_id], one) for _d, one in found], self.at)
        self._count(wrote_changed=len(found))

    def write_moved(self, found: list[Found]) -> None:
        """Write products with SKUs of others, whose variants come along with all that they were."""
        patiently(self._write_moved, found)

    def _write_moved(self, found: list[Found]) -> None:
        ids = [one.external_id for _digest, one in found]
        skus = [variant.sku for _digest, one in found for variant in one.variants]
        owners = {pk for _sku, pk in writing.find(Variant, "sku", self.brand, skus, "product_id")}
        there = dict(writing.find(Product, "external_id", self.brand, ids, "id"))
        there |= {one: self.renamed[one] for one in ids if one in self.renamed and one not in there}
        rows = {row.pk: row for row in self._lock(owners | set(there.values()))}
        have = {external_id: rows[pk] for external_id, pk in there.items()}
        for external_id, product in have.items():
            if product.external_id != external_id:
                product.external_id = external_id
                product.save(update_fields=["external_id"])
        made = self.make([pair for pair in found if pair[1].external_id not in have])
        self._tell_apart(made)
        changed = []
        for digest, one in found:
            if product := have.get(one.external_id):
                self._fill(product, one)
                product.feed_digest = digest
                changed.append((product, one))
        givers = moves.free(self.feed, owners)
        writing.write(self.feed, made, changed, self.at, givers=givers)
        products.refresh(list(givers))
        self._count(wrote_added=len(made), wrote_changed=len(changed))

    def _count(self, **wrote: int) -> None:
        """Note at the run what this transaction wrote.

        It need not be on the disk before the next one begins: what is lost with the machine is
        lost with its count. The run is closed by a commit that waits for all before it.
        """
        with connection.cursor() as cursor:
            cursor.execute("set local synchronous_commit to off")
        facts = {name: F(name) + n for name, n in wrote.items() if n}
        FeedRun.objects.filter(pk=self.run.pk).update(seen_at=timezone.now(), **facts)

    def _lock(self, product_ids: Iterable[int]) -> list[Product]:
        """Return these products; they and their variants are ours."""
        ids = list(product_ids)
        variants = Variant.objects.filter(product_id__in=ids).order_by("id")
        list(variants.select_for_update(no_key=True).values_list("pk"))
        rows = Product.objects.filter(pk__in=ids).order_by("id").defer("search")
        found = list(rows.select_for_update(no_key=True))
        for product in found:
            product.brand = self.brand
        return found

    def archive(self, ids: list[int]) -> None:
        """Take off sale what the file no longer has."""
        for start in range(0, len(ids), AT_ONCE):
            patiently(self._archive, ids[start : start + AT_ONCE])

    def _archive(self, ids: list[int]) -> None:
        rows = Product.objects.filter(pk__in=ids)
        list(rows.order_by("id").select_for_update(no_key=True).values_list("pk"))
        gone = rows.exclude(status=ARCHIVED).update(status=ARCHIVED, updated_at=self.at)
        self._count(wrote_removed=gone)

    def _tell_apart(self, made: list[Made]) -> None:
        """Give new products whose slug is taken a part that is their own."""
        slugs = [product.slug for product, _one in made]
        taken = {slug for slug, _pk in writing.find(Product, "slug", self.brand, slugs, "id")}
        for product, one in made:
            own = "-" + hashlib.sha256(one.external_id.encode()).hexdigest()[:12]
            if product.slug in taken and not product.slug.endswith(own):  # else it is tried again
                product.slug += own
            taken.add(product.slug)

    def _fill(self, product: Product, one: ParsedProduct) -> None:
        """Bring a product to what the feed says, and say whether it can be shown."""
        product.title = one.title
        product.description = descriptions.as_html(one.description, has_entities=True)
        product.currency = one.currency
        before = self.shelves.get(product.category_id)
        product.category = self._category(one.category) or self._category_of(product)
        product.price_from = min(variant.price for variant in one.variants)
        if product.pk is None:
            product.sells_at = self.brand.sells_at
            product.tax_class = ""
        product.tax_class = one.tax_class or products.tax_class_on(
            product, before, product.category
        )
        product.details = (product.details or {}) | one.details
        if self.brand.sells_at == "own_shop" and len(one.url) <= 500:
            product.own_shop_url = one.url or self._address(one) or product.own_shop_url
        taken_off = product.status == ARCHIVED and products.TAKEN_OFF in product.missing
        product.missing = [products.UNPUBLISHED]
        if one.published:
            measured = all(variant.content for variant in one.variants)
            product.missing = products.missing(product, product.category, self.taxed, measured)
        product.status = Product.Status.DRAFT if product.missing else Product.Status.ACTIVE
        if taken_off:  # it stays off, up to date
            product.status = ARCHIVED
            product.missing.append(products.TAKEN_OFF)

    def _address(self, one: ParsedProduct) -> str:
        """Where the brand's connected shop shows a product of an export that names no address."""
        domain = self.shops.get(self.run.format)
        if domain and self.run.format == Integration.Provider.SHOPIFY:
            return f"https://{domain}/products/{quote(one.external_id)}"
        if domain and one.external_id.isdigit():
            return f"https://{domain}/?p={one.external_id}"
        return ""

    def _category_of(self, product: Product) -> Category | None:
        """The shelf that a product has, else its brand's."""
        return self.shelves.get(product.category_id) or self.shelves.get(self.brand.category_id)

    def _category(self, paths: str) -> Category | None:
        """Return our shelf for a feed's paths, each from its narrowest part: `Home > Pots`."""
        for path in paths.splitlines():
            for part in reversed(path.split(">")):
                if category := self.categories.get(part.strip().lower()):
                    return category
        return None


def patiently(write: Callable[[list], None], *args: list) -> None:
    """Call `write` in a transaction of its own, again where others held its rows or were first."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return write(*args)
        except (OperationalError, IntegrityError) as error:
            again = isinstance(error, IntegrityError) or was_locked(error)
            if attempt == TRIES or not again:
                raise
            time.sleep(0.1 * 2**attempt)
    return None


def _readable(one: ParsedProduct) -> str:
    """Return what its address is made of: Shopify's handle is a slug already, other ids are not
    meant to be read.
    """
    has_digit = any(c.isdigit() for c in one.external_id)
    is_slug = not has_digit and slugify(one.external_id) == one.external_id.lower()
    return one.external_id if is_slug else one.title
