"""Stock that lies in a brand's shop elsewhere: told by it, read from it, and how old it is.

tell(integration, told, at) -> str      # from a signed message; returns a note
read(room, at) -> int                   # from its API, as far as the time allows
is_fresh(variant, at) -> bool           # may it be sold, as far as this goes?

What is older never replaces what is newer, by the clock there. What we sold and the shop does not
know yet comes off what it says; what shoppers have reserved here is never gone below.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Greatest, Least

from config.lib import locks
from shop import ownshops, products, stockrooms
from shop.models import Integration, OrderPush, Product, Stocked, Stockroom, Variant, WebhookEvent
from shop.models.brands import SellsAt
from shop.ownshops import base, words
from shop.ownshops.base import StockItem, Told

logger = logging.getLogger(__name__)
READING = 7_265_005  # the advisory lock: one reading of a stockroom at a time
EVERY = timedelta(hours=4)  # that all stock is read, however quiet the shop is
LEASE = timedelta(minutes=10)
SOON = timedelta(minutes=1)
WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=2)
KEPT = timedelta(days=30)  # messages of stock and parcels; what they said is long replaced
LATE = timedelta(days=2)  # so long a sale that went there may still be missing in its word
LOST = timedelta(days=14)  # so long a sale that never got there counts; then the shop was counted
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def is_fresh(variant: Variant, at: datetime) -> bool:
    """Say whether a variant's stock is ours, or was known less than a day ago."""
    product = variant.product
    is_ours = product.sells_at == SellsAt.HERE and product.brand.sells_at != SellsAt.BESIDE
    if is_ours or product.sells_at == SellsAt.OWN_SHOP:
        return True
    row = getattr(variant, "stocked", None)
    return row is not None and row.is_fresh(at)


# ------------------------------------------------------------------ told


def tell(integration: Integration, told: Told, at: datetime) -> str:
    """Take over what a signed message says of stock; return a note of what became of it."""
    room = Stockroom.objects.open().filter(integration=integration).first()
    if room is None:
        return "no_stockroom"
    Stockroom.objects.filter(pk=room.pk).update(
        told_at=Greatest("told_at", Value(at)) if room.told_at else at
    )
    done, unclear = apply(room, told.stock, at, whole=False)
    if told.restocked or unclear:
        ring(room, at)
    return words.note("stock", done)


def ring(room: Stockroom, at: datetime) -> None:
    """Have the stock read within a minute."""
    Stockroom.objects.filter(pk=room.pk).update(
        next_read_at=Least("next_read_at", Value(at + SOON))
    )


def ring_for(brand_id: int, at: datetime) -> None:
    """Have the stock of a brand's shops read within a minute: it has new products here."""
    rooms = Stockroom.objects.filter(integration__brand=brand_id, off_at=None)
    rooms.update(next_read_at=Least("next_read_at", Value(at + SOON)))


# ------------------------------------------------------------------ read


def claim(at: datetime) -> list[int]:
    """Return the stockrooms to read by `at`, and put each off, so that nobody else takes it."""
    with transaction.atomic():
        rows = Stockroom.objects.due(at).select_for_update(skip_locked=True, of=("self",))
        ids = [room.pk for room in rows[:50]]
        Stockroom.objects.filter(pk__in=ids).update(next_read_at=at + LEASE)
    return ids


def read(room: Stockroom, at: datetime, seconds: float = 60) -> int:
    """Read stock bit by bit for some seconds, from where it was left; return how many changed.

    After the last page, what the shop does not have any more is sold out. Raises locks.Busy while
    another worker reads; what the shop does not answer is kept as its problem.
    """
    with locks.alone(READING, room.pk):
        room = Stockroom.objects.select_related("integration").get(pk=room.pk)
        if not room.is_open:
            return 0
        client, begun = stockrooms.client(room), time.monotonic()
        if not room.cursor or room.begun_at is None:
            room.cursor, room.begun_at = "", at
        done = 0
        while True:
            now = at + timedelta(seconds=time.monotonic() - begun)
            try:
                page = stockrooms.safely(client.read, room.cursor, begun + seconds)
            except (stockrooms.NoAnswer, stockrooms.Refused) as error:
                _failed(room, str(error), at, forget=isinstance(error, stockrooms.Refused))
                return done
            done += apply(room, page.items, now, whole=True)[0]
            room.cursor = page.cursor
            if not room.cursor:
                _finished(room, at)
                forget(room, at)
                return done
            over = time.monotonic() - begun > seconds
            room.next_read_at = at if over else at + LEASE
            room.save(update_fields=["cursor", "begun_at", "next_read_at"])
            if over:
                return done


def forget(room: Stockroom, at: datetime, limit: int = 5_000) -> int:
    """Delete messages of stock and parcels that are long past; return how many."""
    rows = WebhookEvent.objects.filter(
        integration=room.integration_id, kind__in=[*ownshops.STOCK_TOPICS, *ownshops.PARCEL_TOPICS],
        received_at__lt=at - KEPT,
    )  # fmt: skip
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
    return WebhookEvent.objects.filter(pk__in=ids).delete()[0]


def _failed(room: Stockroom, note: str, at: datetime, *, forget: bool) -> None:
    room.failures = min(room.failures + 1, 1000)
    room.problem = note[:300]
    room.next_read_at = at + min(WAIT * 2 ** min(room.failures - 1, 6), LONGEST_WAIT)
    room.cursor = "" if forget else room.cursor
    room.save(update_fields=["failures", "problem", "next_read_at", "cursor", "begun_at"])
    logger.warning("stock of %s was not read: %s", room, note)


def _finished(room: Stockroom, at: datetime) -> None:
    """Note that all was read; what was not among it is sold out."""
    with transaction.atomic():
        gone = Stocked.objects.filter(stockroom=room, seen_at__lt=room.begun_at)
        ids = sorted(gone.values_list("variant", flat=True))
        rows = Variant.objects.filter(pk__in=ids).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))
        rows.update(stock=F("reserved"))
        _refresh(ids)
        room.cursor, room.failures, room.problem, room.warned_at = "", 0, "", None
        room.read_at, room.next_read_at = at, at + EVERY
        fields = ["cursor", "failures", "problem", "read_at", "next_read_at", "begun_at"]
        room.save(update_fields=[*fields, "warned_at"])


# ------------------------------------------------------------------ taken over


@transaction.atomic
def apply(
    room: Stockroom, items: Sequence[StockItem], at: datetime, *, whole: bool
) -> tuple[int, bool]:
    """Take over what is said of some variants; return how many, and whether some is unclear.

    `whole`: it was asked at `at`, and says all of each variant. Else it is as old as it says.
    """
    found = _match(room, items)
    variants = Variant.objects.filter(pk__in=found).order_by("pk").select_for_update(no_key=True)
    locked = {variant.pk: variant for variant in variants}
    rows = {row.variant_id: row for row in Stocked.objects.filter(variant__in=found)}
    sold, done, unclear = _sold(room, found, at), 0, len(found) == 0 and bool(items)
    for pk, variant in locked.items():
        row = rows.get(pk)
        if row and row.stockroom_id != room.pk and Stockroom.objects.open().filter(
            pk=row.stockroom_id
        ):  # fmt: skip
            continue  # another open shop of the brand keeps it
        row = row or Stocked(variant=variant, levels={}, seen_at=NEVER)
        took, is_clear = _take(row, found[pk], at, whole)
        unclear |= not is_clear
        if not took:
            continue
        row.stockroom = room
        row.save()
        _set(variant, row, sold[pk], at if whole else None)
        done += 1
    _refresh(locked)
    return done, unclear


def _match(room: Stockroom, items: Iterable[StockItem]) -> dict[int, list[StockItem]]:
    """Return what is said of each variant of ours: by the ids that we know, else by SKU."""
    items = list(items)
    known = Stocked.objects.filter(stockroom=room, variant__product__sells_at=SellsAt.BESIDE)
    known = known.filter(
        Q(external_id__in={one.external_id for one in items} - {""})
        | Q(item_id__in={one.item_id for one in items} - {""})
    )
    by_id, by_item = {}, {}
    for row in known:
        by_id[row.external_id] = by_item[row.item_id] = row.variant_id
    skus = {one.sku for one in items} - {""}
    rows = Variant.objects.filter(brand=room.integration.brand_id, sku__in=skus)
    rows = rows.filter(product__sells_at=SellsAt.BESIDE)
    by_sku = dict(rows.values_list("sku", "pk"))
    found = defaultdict(list)
    for one in items:
        pk = by_sku.get(one.sku) if one.sku else None
        pk = pk or by_id.get(one.external_id or None) or by_item.get(one.item_id or None)
        if pk:
            found[pk].append(one)
    return dict(found)


def _take(row: Stocked, items: Sequence[StockItem], at: datetime, whole: bool) -> tuple[bool, bool]:
    """Bring a row to what is said of it; return whether it was taken, and whether it was clear."""
    for one in items:
        row.external_id = one.external_id or row.external_id
        row.parent_id = one.parent_id or row.parent_id
        row.item_id = one.item_id or row.item_id
    if whole:
        said = {one.place: _newer(row.levels.get(one.place), one) for one in items}
        row.levels, row.seen_at = said, max(row.seen_at, at)
        return True, True
    took = False
    for one in items:
        counted = [place for place, level in row.levels.items() if level[2]]
        place = one.place
        if place == base.ALL and len(counted) == 1:
            place = counted[0]
        level = row.levels.get(place)
        if level is None or (one.count is None) != (level[0] is None):
            return took, False  # a place that we do not know, or counting began or ended
        if not _is_older(one.version, level[1]):
            row.levels[place] = [one.count, one.version, level[2]]
            took = True
            if counted == [place]:
                row.seen_at = max(row.seen_at, min(at, base.at(one.version)))
    return took, True


def _newer(level: list | None, one: StockItem) -> list:
    if level and _is_older(one.version, level[1]):
        return level
    return [one.count, one.version, one.counts]


def _is_older(version: str, than: str) -> bool:
    return bool(version and than) and base.at(version) < base.at(than)


def _sold(room: Stockroom, ids: Iterable[int], at: datetime) -> dict[int, list[tuple]]:
    """Return what was sold here of each variant and may be missing in the shop's word."""
    lines = "brand_order__lines__"
    recent = Q(sent_at__gt=at - LATE) & Q(state=OrderPush.State.SENT)
    waits = Q(state=OrderPush.State.WAITING)
    waits |= Q(state=OrderPush.State.DEAD, created_at__gt=at - LOST)
    rows = OrderPush.objects.filter(
        recent | waits, stockroom=room, refund=None, **{f"{lines}variant__in": list(ids)}
    )
    found = defaultdict(list)
    names = [f"{lines}variant", f"{lines}quantity", "state", "external_at", "sent_at"]
    for variant, *facts in rows.values_list(*names):
        found[variant].append(facts)
    return found


def _set(variant: Variant, row: Stocked, sold: list[tuple], asked_at: datetime | None) -> None:
    """Give a variant its stock: what lies there, without what the shop does not know of yet."""
    levels = [level for level in row.levels.values() if level[2]]
    if any(level[0] is None for level in levels):
        stock = None
    else:
        newest = max((level[1] for level in levels if level[1]), key=base.at, default="")
        unknown = 0
        for quantity, state, made_there_at, sent_at in sold:
            if state != OrderPush.State.SENT:
                unknown += quantity
            elif asked_at is not None:
                unknown += quantity if sent_at >= asked_at else 0
            elif made_there_at and newest and made_there_at > base.at(newest):
                unknown += quantity
        stock = max(sum(level[0] for level in levels) - unknown, variant.reserved)
    if stock != variant.stock:
        wanted = None if stock is None else Greatest(Value(stock), F("reserved"))
        Variant.objects.filter(pk=variant.pk).update(stock=wanted)


def _refresh(variant_ids: Iterable[int]) -> None:
    ids = Variant.objects.filter(pk__in=list(variant_ids)).values_list("product", flat=True)
    products.refresh_stock(set(ids))


# ------------------------------------------------------------------ grown old


def hide_stale(at: datetime, limit: int = 5_000) -> int:
    """Show as sold out what nobody told us the stock of for a day; return how many products."""
    left = Q(variant__stock=None) | Q(variant__stock__gt=F("variant__reserved"))
    fresh = Stocked.objects.fresh(at).filter(left, variant__product=OuterRef("pk"))
    rows = Product.objects.filter(~Exists(fresh), sells_at=SellsAt.BESIDE, in_stock=True)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
    products.refresh_stock(ids)
    return len(ids)
