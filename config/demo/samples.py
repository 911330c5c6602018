"""Samples in every state, walked there by the market's own steps."""

from datetime import datetime, timedelta

from affiliates import sampleclocks, samples
from affiliates import samplesteps as steps
from affiliates.models import Collaboration, SampleEvent, SampleRequest
from affiliates.samplerules import POST_DAYS, Check, State
from config.demo.world import Maker, Shop, World
from creators.models import Creator
from shop.models import Brand, Variant

ADDRESS = {"name": "A. Voorbeeld", "address": "Voorbeeldstraat 1", "postal_code": "1000 AA",
           "city": "Utrecht", "country": "NL"}  # fmt: skip
DAY = timedelta(days=1)
# what became of it, and how many days ago it was asked for
OF_STAR = (("kept", 60), ("kept", 52), ("lapsed_brand", 30), ("delivered", 12), ("shipped", 6),
           ("asked", 1))  # fmt: skip
OF_BRAND = (("kept", 58), ("kept", 49), ("lapsed_creator", 44), ("declined", 25), ("lost", 21),
            ("posted", 14), ("delivered", 12), ("shipped", 5), ("accepted", 3), ("asked", 2),
            ("asked", 1))  # fmt: skip


def make(world: World) -> None:
    """Let two brands in three give samples, and walk some through: the star's and one brand's."""
    giving = [shop.id for n, shop in enumerate(world.shops) if n % 3 != 2 or n < len(OF_STAR)]
    Collaboration.objects.filter(brand__in=giving).update(gives_samples=True)
    if world.star is not None:
        for shop, (goal, days) in zip(world.shops, OF_STAR, strict=False):
            _walk(world, world.star, shop, goal, days)
    own = world.shops[0]
    since = world.now - 60 * DAY
    others = [maker for maker in world.makers if maker is not world.star and maker.since < since]
    for maker, (goal, days) in zip(others, OF_BRAND, strict=False):
        _walk(world, maker, own, goal, days)
    SampleEvent.objects.update(tells=False)


def _walk(world: World, maker: Maker, shop: Shop, goal: str, days: int) -> None:
    """Take one sample step by step to `goal`, a day or two between the steps."""
    at = world.now - days * DAY
    creator, brand = Creator.objects.get(pk=maker.id), Brand.objects.get(pk=shop.id)
    variant = Variant.objects.select_related("product__brand").get(
        pk=world.rng.choice(shop.wares).variants[0][0]
    )
    wish = samples.Wish(
        variant, world.rng.choice(["video", "video", "photos"]), ADDRESS | {"country": maker.country},
        "I would show it as I use it.", creator.channels.verified().first(),
    )  # fmt: skip
    try:
        pk = samples.ask(creator, wish, at).pk
    except samples.NotOffered:  # not in yet, or no offer for her
        return
    _go(brand, creator, pk, goal, at)


def _go(brand: Brand, creator: Creator, pk: int, goal: str, at: datetime) -> None:
    if goal == "asked":
        return
    if goal == "lapsed_brand":
        sampleclocks.resolve(at + 8 * DAY)
        return
    if goal == "declined":
        samples.answer(brand, pk, False, at + DAY, "We are out of this one until spring.")
        return
    samples.answer(brand, pk, True, at + DAY, "With pleasure.")
    if goal == "accepted":
        return
    samples.ship(brand, pk, at + 2 * DAY, f"DEMO{pk:08}")
    if goal == "lost":
        samples.excuse(creator, pk, "lost", at + 12 * DAY)
    if goal in {"shipped", "lost"}:
        return
    samples.arrived(creator, pk, at + 4 * DAY)
    if goal == "lapsed_creator":
        sampleclocks.resolve(at + (5 + POST_DAYS) * DAY)
    if goal in {"kept", "posted"}:
        _post(creator, pk, goal, at + 10 * DAY)


def _post(creator: Creator, pk: int, goal: str, at: datetime) -> None:
    """What `samples.post` does once the platform has answered; nobody is asked in a demo."""
    row = SampleRequest.objects.get(pk=pk)
    number = int(at.timestamp()) << 32 | pk
    row.post_url = f"https://www.tiktok.com/@{creator.handle}/video/{number}"
    row.posted_at = at
    if goal == "kept":
        steps.close(row, "checked", "", at, row.post_url, check=Check.OEMBED)
    else:
        steps.go_on(row, State.POSTED, "posted", "creator", at, row.post_url)
