"""Bringing a feed into the shop: all of its good rows in one transaction, or nothing.

A product is matched by its external id, a variant by its SKU. What the feed no longer has
is archived, never deleted: orders point at it.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import nh3
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from shop import feeds, products
from shop.feeds import base, writing
from shop.feeds.base import ParsedProduct, Problem, UnreadableFeed, shorten
from shop.models import (
    Brand,
    Category,
    Feed,
    FeedProblem,
    FeedRun,
    Integration,
    Product,
    Variant,
)

CHUNK = 500  # products that are compared and written together
MAX_ROWS = 500_000
EXAMPLES = 30  # titles of each kind that a report shows
MAX_PROBLEMS = 5_000  # kept of one run; the count goes on
TAGS = {
    "p",
    "br",
    "ul",
    "ol",
    "li",
    "b",
    "strong",
    "i",
    "em",
    "h3",
    "h4",
    "table",
    "tr",
    "td",
    "th",
}

Progress = Callable[[int, int | None], None]  # rows so far, percent of the file if known


class Shrunk(UnreadableFeed):
    """The file would take most of the catalogue away; a person may say that it should."""


class _Undone(Exception):
    """Rolls a dry run or a refused run back."""


def safe_html(text: str) -> str:
    """Return a description with only harmless tags and no attribute at all."""
    return nh3.clean(text[:60_000], tags=TAGS, attributes={}, link_rel=None)


def import_file(
    run: FeedRun, path: Path, *, at: datetime, progress: Progress | None = None
) -> FeedRun:
    """Read the file of `run` and take its products over; return the run with its counts.

    With `run.dry_run` everything is computed and undone. A file with which more than half
    of the feed's products would go is refused unless `run.shrink`. Safe to run again.
    """
    book = _Book(run, at, progress)
    try:
        run.format = feeds.detect(path) if run.format in {"", "auto"} else run.format
        with transaction.atomic(), base.metered() as book.meter:
            # Orders of this brand may go on meanwhile: they only share its key.
            Brand.objects.select_for_update(no_key=True).get(pk=run.feed.brand_id)
            book.read(path)
            book.archive_rest()
            if run.dry_run:
                raise _Undone
        run.state = FeedRun.State.DONE
    except _Undone:
        run.state = FeedRun.State.PREVIEW
    except UnreadableFeed as error:
        book.undo(str(error))
        run.asks_shrink = isinstance(error, Shrunk)
    except Exception:
        book.undo(_("Something went wrong on our side while we read it. Import it again."))
        book.keep()
        raise
    book.keep()
    return run


def refuse(run: FeedRun, reason: str, at: datetime) -> FeedRun:
    """Close a run of which there is no file to read; return it."""
    book = _Book(run, at, None)
    book.undo(reason)
    book.keep()
    return run


class _Book:
    """What one run has seen, and the writing of it chunk by chunk."""

    def __init__(self, run: FeedRun, at: datetime, progress: Progress | None) -> None:
        self.run, self.feed, self.brand = run, run.feed, run.feed.brand
        self.at = at
        self.progress = progress
        self.problems: list[FeedProblem] = []
        self.problem_count = 0
        self.seen: set[str] = set()
        self.skus: set[str] = set()
        self.refused: set[str] = set()  # ids of products with a bad row
        connected = Integration.objects.filter(brand=self.brand).exclude(state="off")
        self.shops = dict(connected.order_by("-id").values_list("provider", "domain"))
        self.taxed = products.taxed_classes(self.brand.country, timezone.localdate(at))
        self.categories: dict[str, Category] = {}
        self.shelves: dict[int, Category] = {}
        for category in Category.objects.all():
            self.shelves[category.pk] = category
            for name in (category.slug, category.name, category.name_nl):
                self.categories[name.lower()] = category
        run.rows_read = run.added = run.changed = run.unchanged = run.removed = 0

        run.asks_shrink = False
        self.examples = run.examples = {"added": [], "changed": [], "removed": []}
        self.meter: base.Meter | None = None

    def undo(self, error: str) -> None:
        """Say that nothing was taken over, and why."""
        run = self.run
        run.state, run.error = FeedRun.State.REFUSED, error
        run.added = run.changed = run.unchanged = run.removed = 0
        run.examples = {}

    def keep(self) -> None:
        """Write down what came of the run."""
        self.run.problem_count, self.run.finished_at = self.problem_count, self.at
        with transaction.atomic():
            self.run.problems.all().delete()
            FeedProblem.objects.bulk_create(self.problems, batch_size=1000)
            self.run.save()

    def problem(self, problem: Problem) -> None:
        self.problem_count += 1
        if problem.product:
            self.refused.add(problem.product)
        if len(self.problems) < MAX_PROBLEMS:
            one = FeedProblem(run=self.run, line=problem.line, field=problem.field[:80])
            one.value, one.reason = problem.value, problem.reason[:300]
            self.problems.append(one)

    def read(self, path: Path) -> None:
        found = self._good(feeds.read(path, self.run.format, self.brand.currency, self.at))
        while chunk := list(islice(found, CHUNK)):
            self._write(chunk)
            if self.progress:
                self.progress(self.run.rows_read, self.meter.percent())
            if self.run.rows_read > MAX_ROWS:
                raise UnreadableFeed(_("The file has more than 500,000 rows. Split it."))
        if not self.seen:
            raise UnreadableFeed(_("No product of this file could be read."))

    def _good(self, parsed: Iterator[feeds.Parsed]) -> Iterator[ParsedProduct]:
        """Pass products on; keep problems, and variants whose SKU was there before."""
        for one in parsed:
            if isinstance(one, Problem):
                self.run.rows_read += 1
                self.problem(one)
                continue
            self.run.rows_read += max(len(one.variants), 1)
            kept = []
            for variant in one.variants:
                if variant.sku in self.skus:
                    reason = _("This SKU was used before in the file.")
                    self.problem(Problem(variant.line, "sku", shorten(variant.sku), reason))
                    continue
                self.skus.add(variant.sku)
                kept.append(variant)
            one.variants = kept
            if kept and one.external_id not in self.seen:
                self.seen.add(one.external_id)
                yield one

    def _write(self, chunk: list[ParsedProduct]) -> None:
        """Compare a chunk with what is there, and write what differs."""
        known = self._known(chunk)
        digests = {one.external_id: _digest(one, self.feed.pk) for one in chunk}
        fresh, changed = [], []
        for one in chunk:
            there = known.get(one.external_id)
            if there is None:
                fresh.append(one)
            elif there != digests[one.external_id]:
                changed.append(one)
            else:
                self.run.unchanged += 1
        if not fresh and not changed:
            return
        ids = [one.external_id for one in changed]
        rows = Product.objects.filter(brand=self.brand, external_id__in=ids).defer("search")
        have = {product.external_id: product for product in rows}
        for product in have.values():
            product.brand = self.brand
        self._drop_foreign(fresh + changed, have)
        fresh = [one for one in fresh if one.variants]
        changed = [one for one in changed if one.variants]
        self.run.added += len(fresh)
        self.run.changed += len(changed)
        self._show(fresh, [(have[one.external_id], one) for one in changed])
        slugs = self._slugs(fresh)
        for one, slug in zip(fresh, slugs, strict=True):
            have[one.external_id] = Product(
                brand=self.brand, external_id=one.external_id, slug=slug, category=None
            )
        for one in fresh + changed:
            self._fill(have[one.external_id], one)
            have[one.external_id].feed_digest = digests[one.external_id]
        pairs = [[(have[one.external_id], one) for one in ones] for ones in (fresh, changed)]
        writing.write(self.feed, *pairs, self.at)

    def _known(self, chunk: list[ParsedProduct]) -> dict[str, str]:
        """Return the digest of each product that is there, by external id; "" where archived."""
        ids = [one.external_id for one in chunk]
        found = writing.find(
            Product, "external_id", self.brand, ids, "feed_digest", "status"
        )  # fmt: skip
        return {
            external_id: "" if status == Product.Status.ARCHIVED else digest
            for external_id, digest, status in found
        }

    def _drop_foreign(self, found: list[ParsedProduct], have: dict[str, Product]) -> None:
        """Take out variants whose SKU is another product's; one that loses all stays as it was."""
        skus = [variant.sku for one in found for variant in one.variants]
        found_rows = writing.find(Variant, "sku", self.brand, skus, "product_id", "content")
        owners, contents = {}, {}
        for sku, product_id, content in found_rows:
            owners[sku], contents[sku] = product_id, content
        for one in found:
            mine = have[one.external_id].pk if one.external_id in have else None
            foreign = [v for v in one.variants if owners.get(v.sku, mine) != mine]
            for variant in foreign:
                reason = _("Another product of yours has this SKU.")
                value = shorten(variant.sku)
                self.problem(Problem(variant.line, "sku", value, reason, one.external_id))
            if foreign:
                one.variants = [v for v in one.variants if owners.get(v.sku, mine) == mine]
            for variant in one.variants:
                variant.content = variant.content or contents.get(variant.sku, "")

    def _slugs(self, fresh: list[ParsedProduct]) -> list[str]:
        """Return a slug for each new product; one that is taken gets a part that is its own."""
        bases = [slugify(_slug(one))[:100].strip("-") or "product" for one in fresh]
        taken = {slug for slug, _pk in writing.find(Product, "slug", self.brand, bases, "id")}
        slugs = []
        for one, base_slug in zip(fresh, bases, strict=True):
            slug = base_slug
            if slug in taken:
                slug += "-" + hashlib.sha256(one.external_id.encode()).hexdigest()[:12]
            taken.add(slug)
            slugs.append(slug)
        return slugs

    def _show(
        self, fresh: list[ParsedProduct], changed: list[tuple[Product, ParsedProduct]]
    ) -> None:
        """Keep the first titles of what comes in, and of what changes the price too."""
        added, differs = self.examples["added"], self.examples["changed"]
        added += [one.title for one in fresh[: EXAMPLES - len(added)]]
        for product, one in changed[: EXAMPLES - len(differs)]:
            prices = [product.price_from, min(variant.price for variant in one.variants)]
            same = prices[0] == prices[1] and product.currency == one.currency
            differs.append([one.title, *([] if same else [*prices, one.currency])])

    def _fill(self, product: Product, one: ParsedProduct) -> None:
        """Bring a product to what the feed says, and say whether it can be shown."""
        product.title = one.title
        product.description = safe_html(one.description)
        product.currency = one.currency
        product.category = self._category(one.category) or self._category_of(product)
        product.price_from = min(variant.price for variant in one.variants)
        if product.pk is None:
            product.sells_at = self.brand.sells_at
            product.tax_class = ""
        product.tax_class = one.tax_class or product.tax_class
        product.tax_class = products.tax_class_of(product, product.category)
        product.details = (product.details or {}) | one.details
        if self.brand.sells_at == "own_shop" and len(one.url) <= 500:
            product.own_shop_url = one.url or self._address(one) or product.own_shop_url
        product.missing = ["unpublished"]
        if one.published:
            measured = all(variant.content for variant in one.variants)
            product.missing = products.missing(product, product.category, self.taxed, measured)
        product.status = Product.Status.DRAFT if product.missing else Product.Status.ACTIVE

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

    def archive_rest(self) -> None:
        """Archive what the feed had and no longer has; refuse when that is most of it.

        A product with a bad row is not gone: it stays as it last was.
        """
        rows = Product.objects.filter(feed=self.feed).exclude(status=Product.Status.ARCHIVED)
        there = rows.order_by("id").values_list("id", "external_id", "title").iterator(5_000)
        gone, kept, titles = [], 0, []
        for pk, external_id, title in there:
            if external_id in self.seen or external_id in self.refused:
                kept += 1
                continue
            gone.append(pk)
            if len(titles) < EXAMPLES:
                titles.append(title)
        lost = len(gone)
        if 2 * lost > lost + kept - self.run.added and not self.run.shrink:
            message = _(
                "More than half of this catalogue is missing in the file: %(lost)d products."
                " The catalogue stays as it was. Import it again with"
                " “The file is smaller on purpose” if that is right."
            )
            raise Shrunk(message % {"lost": lost})
        for start in range(0, lost, 5_000):
            Product.objects.filter(pk__in=gone[start : start + 5_000]).update(
                status=Product.Status.ARCHIVED, updated_at=self.at
            )
        self.run.removed, self.examples["removed"] = lost, titles


def _digest(one: ParsedProduct, feed_id: int) -> str:
    """Return a key of everything that an import would write of a product."""
    variants = [
        (v.sku, v.options, v.price, v.compare_at, v.stock, v.image, v.content)
        for v in one.variants
    ]  # fmt: skip
    facts = (
        feed_id, one.external_id, one.title, one.description, one.currency, one.category,
        one.vendor, one.tags, one.url, one.published, one.tax_class, one.details,
        one.images, variants,
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _slug(one: ParsedProduct) -> str:
    """Shopify's handle is a slug already; other ids are not meant to be read."""
    return (
        one.external_id
        if slugify(one.external_id) == one.external_id.lower()
        and not any(c.isdigit() for c in one.external_id)
        else one.title
    )


def start(
    brand: Brand,
    *,
    name: str,
    format: str = "auto",
    dry_run: bool = False,
    shrink: bool = False,
    started_by=None,
) -> FeedRun:
    """Create a run of the brand's feed called `name` (made when it is new)."""
    feed, _made = Feed.objects.get_or_create(
        brand=brand, name=name[:120], defaults={"format": format}
    )
    return FeedRun.objects.create(
        feed=feed,
        format=format,
        dry_run=dry_run,
        shrink=shrink,
        started_by=started_by,
        state=FeedRun.State.RUNNING,
    )
