"""Links that creators took, and the pages that they made of them."""

import math
from datetime import timedelta

from affiliates.models import Link
from config.demo.world import Maker, Tie, Ware, World

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no look-alikes
CHUNK = 5_000


def make(world: World) -> None:
    """Give every enrolled creator some links; the one that one signs in as gets more."""
    rng = world.rng
    table = world.copier.table(
        Link,
        "id code creator_id collaboration_id product_id platform destination alias on_storefront"
        " position is_active taken_bp rate_locked_until created_at",
    )
    weights = [ware.weight for ware in world.wares]
    most = 5 if world.size.creators <= 20_000 else 3
    taken: set[str] = set()
    for done, maker in enumerate(world.makers):
        star = maker is world.star
        count = 9 if star else rng.randint(1, most)
        wares = rng.choices(world.wares, weights, k=count)
        if star:
            wares[:4] = rng.choices(world.shops[0].wares, k=4)
        _links(world, table, maker, list(dict.fromkeys(wares)), taken)
        if len(world.copier.rows[table]) > CHUNK:
            world.copier.flush()
        if done % 100 == 99:
            world.step("links")
    world.copier.flush()


def _links(world: World, table: str, maker: Maker, wares: list[Ware], taken: set[str]) -> None:
    rng, copier = world.rng, world.copier
    for position, ware in enumerate(wares):
        shop = ware.shop
        since = world.moment(max(maker.since, shop.since), world.now - timedelta(hours=1), 2.2)
        chosen = maker.id in shop.chosen
        offer, rate = (
            (shop.targeted_id, shop.targeted_bp) if chosen else (shop.open_id, shop.open_bp)
        )
        places = [rng.choice(maker.platforms)]
        if position < 4:
            places.append("page")
        if len(maker.platforms) > 1 and rng.random() < 0.35:
            places += [p for p in maker.platforms if p not in places][:1]
        for platform in places:
            pk, code = copier.id(table), _code(rng, taken)
            on_page = platform == "page"
            copier.add(
                table, pk, code, maker.id, offer, ware.id, platform,
                f"/shop/{shop.slug}/{ware.slug}/", "", on_page, position if on_page else 0, True,
                rate, since + timedelta(days=30), since,
            )  # fmt: skip
            world.ties.append(Tie(pk, code, maker, shop, ware, offer, rate, platform, since))
    copier.add(
        table, copier.id(table), _code(rng, taken), maker.id, None, None, maker.platforms[0],
        f"/@{maker.handle}/", "", False, 0, True, None, None, maker.since,
    )  # fmt: skip


def _code(rng, taken: set[str]) -> str:
    while (code := "".join(rng.choices(ALPHABET, k=10))) in taken:
        pass
    taken.add(code)
    return code


def weights(world: World) -> list[float]:
    """Return how much each link sells: few sell a lot, most sell a little (like Zipf's law)."""
    rng = world.rng
    found = [
        tie.maker.weight
        * tie.ware.weight**0.5
        * math.exp(rng.gauss(0, 0.8))
        * (0.3 if tie.platform == "page" else 1)
        for tie in world.ties
    ]
    total = sum(found)
    mine = [i for i, tie in enumerate(world.ties) if tie.maker is world.star]
    share = max(0.004, min(0.025, 400 / max(1, world.size.orders)))  # of all sales
    for i in mine:
        found[i] = total * share / len(mine) * rng.uniform(0.4, 1.6)
    return found
