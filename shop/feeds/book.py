"""What one run of an import has read, and what of it differs from the shop."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from shop import feeds
from shop.feeds import base, moves, takeover, writing
from shop.feeds.base import ParsedProduct, Problem, UnreadableFeed, shorten
from shop.feeds.spool import Spool, ahead
from shop.models import Feed, FeedProblem, FeedRun, Product, Variant
from shop.models.brands import SellsAt
from shop.products import TAKEN_OFF

CHUNK = 500  # products that are compared together
MAX_ROWS = 500_000
EXAMPLES = 30  # titles of each kind that a report shows
MAX_PROBLEMS = 5_000  # kept of one run; the count goes on
Progress = Callable[[int, int | None], None]  # rows so far, percent of the file if known


class Shrunk(UnreadableFeed):
    """The file would take most of the catalogue away; a person may say that it should."""


class Book:
    """What one run has seen, and what of it differs from the shop.

    `run.wrote_*` are what attempts before this one brought in: now it is there unchanged.
    """

    def __init__(self, run: FeedRun, at: datetime, progress: Progress | None) -> None:
        self.run, self.feed, self.brand = run, run.feed, run.feed.brand
        self.at = at
        self.progress = progress
        self.problems: list[FeedProblem] = []
        self.problem_count = 0
        self.seen: set[str] = set()
        self.skus: set[str] = set()
        self.currencies: set[str] = {self.brand.currency}
        self.refused: set[str] = set()  # ids of products with a bad row
        self.fresh = Spool(takeover.FRESH)
        self.differs = Spool(takeover.AT_ONCE)
        self.moving = Spool(takeover.AT_ONCE)  # with SKUs that other products have
        self.moves = moves.Moves()
        self.writing = False
        self.joined = 0  # products that were there, but archived or in another feed
        self.gone: list[int] = []
        self.taken_from: set[int] = set()  # feeds that had some of its products
        self.turns_at: datetime | None = None  # when a sale of the file begins or ends next
        if run.is_open:
            run.rows_read = run.added = run.changed = run.unchanged = run.removed = 0
            run.asks_shrink = False
        self.goes_on = bool(run.written or run.wrote_removed)
        if not (self.goes_on and run.examples):
            run.examples = {"added": [], "changed": [], "removed": []}
        self.examples = run.examples
        self.meter: base.Meter | None = None

    def close(self) -> None:
        for spool in (self.fresh, self.differs, self.moving):
            spool.close()

    @property
    def to_write(self) -> int:
        return self.fresh.count + self.differs.count + self.moving.count

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
            wrote = ["wrote_added", "wrote_changed", "wrote_removed"]
            self.run.refresh_from_db(fields=wrote)
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
        at = timezone.localtime(self.at)  # for dates of sales that name no zone
        found = self._good(feeds.read(path, self.run.format, self.brand.currency, at))
        while chunk := list(islice(found, CHUNK)):
            self._compare(chunk)
            percent = self.meter.percent()
            self._tell(percent if percent is None or self.run.dry_run else percent // 2)
            if self.run.rows_read > MAX_ROWS:
                raise UnreadableFeed(_("The file has more than 500,000 rows. Split it."))
        if not self.seen:
            raise UnreadableFeed(_("No product of this file could be read."))

    def _tell(self, percent: int | None) -> None:
        if self.progress:
            self.progress(self.run.rows_read, percent)

    def _good(self, parsed: Iterator[feeds.Parsed]) -> Iterator[ParsedProduct]:
        """Pass products on; keep problems, and variants whose SKU was there before."""
        for one in parsed:
            if isinstance(one, Problem):
                self.run.rows_read += 1
                self.problem(one)
                continue
            self.run.rows_read += max(len(one.variants), 1)
            self._name_currency(one)
            kept = []
            for variant in one.variants:
                if variant.sku in self.skus:
                    reason = _("This SKU was used before in the file.")
                    value = shorten(variant.sku)
                    self.problem(Problem(variant.line, "sku", value, reason, one.external_id))
                    continue
                self.skus.add(variant.sku)
                kept.append(variant)
            one.variants, one.title = kept, base.title(one.title) or one.title
            if one.external_id in self.seen:
                reason = _("This id was used before.")
                self.problem(Problem(one.line, "id", shorten(one.external_id), reason))
            elif kept:
                self.turns_at = min(filter(None, (self.turns_at, one.turns_at)), default=None)
                self.seen.add(one.external_id)
                yield one

    def _name_currency(self, one: ParsedProduct) -> None:
        """Say once of each other currency that what is priced in it stays a draft."""
        if one.currency in self.currencies:
            return
        self.currencies.add(one.currency)
        if self.brand.sells_at != SellsAt.OWN_SHOP:
            reason = _("You sell here in %s: what is priced in another currency stays a draft.")
            reason %= self.brand.currency
            self.problem(Problem(one.line, "price", one.currency, reason))

    def _compare(self, chunk: list[ParsedProduct]) -> None:
        """Compare a chunk with what is there, and put by what differs."""
        known = self._known(chunk)
        digests = {one.external_id: _digest(one, self.feed.pk) for one in chunk}
        fresh, changed = [], []
        for one in chunk:
            there = known.get(one.external_id)
            if there is None:
                fresh.append(one)
            elif there != (digests[one.external_id], True):
                changed.append(one)
            else:
                self.run.unchanged += 1
        if not fresh and not changed:
            return
        ids = [one.external_id for one in changed]
        rows = Product.objects.filter(brand=self.brand, external_id__in=ids)
        have = {row.external_id: row for row in rows.only("external_id", "price_from", "currency")}
        moving, cut = self._look_at_skus(fresh + changed, have)
        for external_id in cut:  # looked at again each time: it may be free then
            digests[external_id] = ""
        fresh = [one for one in fresh if one.variants]
        changed = [one for one in changed if one.variants]
        self.run.added += len(fresh)
        self.run.changed += len(changed)
        self.joined += sum(not known[one.external_id][1] for one in changed)
        new = [one for one in fresh if one.external_id not in moving]
        self._show(new, [(have[one.external_id], one) for one in changed])
        for spool, ones in ((self.fresh, fresh), (self.differs, changed)):
            kept = [(digests[one.external_id], one) for one in ones]
            spool.add([found for found in kept if found[1].external_id not in moving])
            self.moving.add([found for found in kept if found[1].external_id in moving])

    def _known(self, chunk: list[ParsedProduct]) -> dict[str, tuple[str, bool]]:
        """Return the digest of each product that is there, and whether it is as this feed left it.

        What the brand took off by hand is; what a feed took off, or another feed has, is not.
        """
        ids = [one.external_id for one in chunk]
        columns = (
            "feed_digest", "feed_id", "status <> 'archived' as in_sale",
            f"missing ? '{TAKEN_OFF}' as taken_off",
        )  # fmt: skip
        rows = writing.find(Product, "external_id", self.brand, ids, *columns)
        self.taken_from |= {row[2] for row in rows} - {None, self.feed.pk}
        return {
            external_id: (digest, feed_id == self.feed.pk and (in_sale or taken_off))
            for external_id, digest, feed_id, in_sale, taken_off in rows
        }

    def _look_at_skus(
        self, found: list[ParsedProduct], have: dict[str, Product]
    ) -> tuple[set[str], set[str]]:
        """Take out variants whose SKU is another product's; one that loses all stays as it was.

        Return those that bring a SKU along from another product, and those that lost a variant.
        """
        skus = [variant.sku for one in found for variant in one.variants]
        found_rows = writing.find(Variant, "sku", self.brand, skus, "product_id", "content")
        owners, contents = {}, {}
        for sku, product_id, content in found_rows:
            owners[sku], contents[sku] = product_id, content
        mine = {external_id: row.pk for external_id, row in have.items()}
        others = {
            owners[v.sku] for one in found for v in one.variants
            if v.sku in owners and owners[v.sku] != mine.get(one.external_id)
        }  # fmt: skip
        free = moves.free(self.feed, others) if others else {}
        moving, cut = set(), set()
        for one in found:
            kept = []
            for variant in one.variants:
                owner = owners.get(variant.sku)
                if owner in (None, mine.get(one.external_id)):
                    kept.append(variant)
                elif owner in free:
                    kept.append(variant)
                    moving.add(one.external_id)
                    self.moves.note(one, one.external_id not in mine, owner, free[owner])
                else:
                    reason = _(
                        "Another product of yours has this SKU. If this file replaces an older one,"
                        " import it as that catalogue."
                    )
                    value = shorten(variant.sku)
                    self.problem(Problem(variant.line, "sku", value, reason, one.external_id))
                    cut.add(one.external_id)
                variant.content = variant.content or contents.get(variant.sku, "")
            one.variants = kept
        return moving, cut

    def _show(
        self, fresh: list[ParsedProduct], changed: list[tuple[Product, ParsedProduct]]
    ) -> None:
        """Keep the first titles of what comes in, and of what changes the price too."""
        if self.goes_on:
            return  # they were kept before the first row was written
        added, differs = self.examples["added"], self.examples["changed"]
        added += [one.title for one in fresh[: EXAMPLES - len(added)]]
        for product, one in changed[: EXAMPLES - len(differs)]:
            prices = [product.price_from, min(variant.price for variant in one.variants)]
            same = prices[0] == prices[1] and product.currency == one.currency
            differs.append([one.title, *([] if same else [*prices, one.currency])])

    def find_gone(self) -> None:
        """Note what the feed had and no longer has; refuse when that is most of it.

        A product with a bad row is not gone: it stays as it last was.
        """
        self._settle_moves()
        renamed = set(self.moves.renamed.values())
        rows = Product.objects.filter(feed=self.feed).exclude(status=Product.Status.ARCHIVED)
        there = rows.order_by("id").values_list("id", "external_id", "title").iterator(5_000)
        kept, titles = 0, []
        for pk, external_id, title in there:
            if external_id in self.seen or external_id in self.refused or pk in renamed:
                kept += 1
                continue
            self.gone.append(pk)
            if len(titles) < EXAMPLES:
                titles.append(title)
        lost = sum(pk not in self.moves.givers for pk in self.gone)
        if lost > kept + self.joined and not self.run.shrink:
            message = _(
                "More than half of this catalogue is missing in the file: %(lost)d products."
                " The catalogue stays as it was. Import it again with"
                " “The file is smaller on purpose” if that is right."
            )
            raise Shrunk(message % {"lost": lost})
        self.run.removed = len(self.gone)
        if not self.goes_on:
            self.examples["removed"] = titles

    def _settle_moves(self) -> None:
        """Count as changed, not as new, what is there under another id."""
        renamed, fresh = self.moves.settle(self.seen, self.refused)
        self.run.added -= len(renamed)
        self.run.changed += len(renamed)
        if not self.goes_on:
            added, differs = self.examples["added"], self.examples["changed"]
            added += fresh[: max(0, EXAMPLES - len(added))]
            differs += [[title] for title in renamed[: max(0, EXAMPLES - len(differs))]]

    def take_over(self) -> None:
        """Write what was put by, and archive what is gone."""
        self._add_earlier()
        self.writing = True
        self.run.save(update_fields=["format", "examples"])
        writer, done = takeover.Takeover(self.run, self.at, self.moves.renamed), 0
        for made in ahead(writer.make, self.fresh.batches()):
            writer.write_fresh(made)
            done += len(made)
            self._tell(50 + 49 * done // self.to_write)
        for write, spool in (
            (writer.write_changed, self.differs),
            (writer.write_moved, self.moving),
        ):
            for found in spool.batches():
                write(found)
                done += len(found)
                self._tell(50 + 49 * done // self.to_write)
        writer.archive(self.gone)
        Feed.objects.filter(pk=self.feed.pk).update(turns_at=self.turns_at)
        older = Feed.objects.filter(pk__in=self.taken_from, url="")
        older.update(turns_at=None)  # or its file would take them back

    def _add_earlier(self) -> None:
        """Count what attempts before this one wrote as theirs, not as unchanged."""
        run = self.run
        run.added += run.wrote_added
        run.changed += run.wrote_changed
        run.removed += run.wrote_removed
        run.unchanged = max(0, run.unchanged - run.written)


def _digest(one: ParsedProduct, feed_id: int) -> str:
    """Return a key of everything that an import would write of a product."""
    variants = [
        (v.sku, v.options, v.price, v.compare_at, v.stock if v.counted else "?", v.image, v.content)
        for v in one.variants
    ]  # fmt: skip
    facts = (
        feed_id, one.external_id, one.title, one.description, one.currency, one.category,
        one.vendor, one.tags, one.url, one.published, one.tax_class, one.details,
        one.images, variants,
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()
