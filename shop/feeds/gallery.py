"""The pictures that a feed names: kept, added, moved or dropped with the products of one chunk."""

from collections import Counter
from datetime import datetime

from shop.feeds.base import ParsedProduct
from shop.models import Image, Variant
from shop.pictures import MAX_IMAGES


def write(touched: dict[int, ParsedProduct], at: datetime) -> None:
    """Bring the pictures of products (by id) to what the feed says, due to be fetched by `at`.

    One whose address is known keeps its file; those uploaded by hand keep their place.
    """
    have: dict[int, dict[str, Image]] = {pk: {} for pk in touched}
    by_hand: Counter[int] = Counter()
    gone, fresh, moved = [], [], []
    for image in Image.objects.filter(product_id__in=list(touched)).order_by("id"):
        if not image.source_url:
            by_hand[image.product_id] += 1
        elif have[image.product_id].setdefault(image.source_url, image) is not image:
            gone.append(image.pk)
    for pk, one in touched.items():
        for n, (url, alt) in enumerate(addresses(one)):
            image = have[pk].pop(url, None)
            if image is None:
                image = Image(product_id=pk, source_url=url)
                fresh.append(image)
            else:
                moved.append(image)
            image.alt, image.position = alt, by_hand[pk] + n
            if not image.file:
                image.attempts, image.next_try_at = 0, at
        gone += [image.pk for image in have[pk].values()]
    Image.objects.filter(pk__in=gone).delete()
    Image.objects.bulk_create(fresh, batch_size=1000)
    fields = ["alt", "position", "attempts", "next_try_at"]
    Image.objects.bulk_update(moved, fields, batch_size=500)
    _pair(touched, fresh + moved)


def addresses(one: ParsedProduct) -> list[tuple[str, str]]:
    """Return each address once, with its first alternative text, in the feed's order."""
    first: dict[str, str] = {}
    for url, alt in one.images:
        first.setdefault(url, alt)
    return list(first.items())[:MAX_IMAGES]


def _pair(touched: dict[int, ParsedProduct], found: list[Image]) -> None:
    """Tell each variant which of its product's pictures shows it."""
    by_address = {(image.product_id, image.source_url): image.pk for image in found}
    wanted = {
        variant.sku: by_address.get((pk, variant.image))
        for pk, one in touched.items()
        for variant in one.variants
    }
    changed = []
    for variant in Variant.objects.filter(product_id__in=list(touched), sku__in=list(wanted)):
        if variant.picture_id != wanted[variant.sku]:
            variant.picture_id = wanted[variant.sku]
            changed.append(variant)
    Variant.objects.bulk_update(changed, ["picture"], batch_size=500)
