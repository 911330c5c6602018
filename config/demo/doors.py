"""Keys and webhooks of the people whom one signs in as: their states, and nothing that opens.

No word is known for any key, and no secret of a webhook is shown; nothing is sent, for the
webhooks are paused or off.
"""

import hashlib
from datetime import datetime, timedelta

from affiliates import endpoints, events
from affiliates.models import ApiToken, Commission, Delivery, Endpoint
from config.demo.world import World
from creators.models import Creator
from shop.models import Brand, Membership

DAY = timedelta(days=1)
OF_BRAND = (  # name, scopes, days ago that it was made, lives, was used and ended
    ("Warehouse", ["products:read", "stock:read", "stock:write"], 61, 365, 0, None),
    ("Bookkeeping", ["orders:read", "statements:read"], 88, None, 20, 12),
)
OF_CREATOR = (("My link sheet", ["links:read", "commissions:read"], 21, 30, 1, None),)


def make(world: World) -> None:
    """Give the first brand and the star some of each."""
    brand = Brand.objects.get(pk=world.shops[0].id)
    owner = Membership.objects.owners().filter(brand=brand).order_by("pk").last()
    if owner is not None:
        _keys(world, OF_BRAND, owner.user_id, brand=brand)
        _paused(world, brand, owner.user_id)
    if world.star is not None:
        star = Creator.objects.get(pk=world.star.id)
        _keys(world, OF_CREATOR, star.user_id, creator=star)
        _off(world, star)


def _keys(world: World, wanted, by: int, **whose) -> None:
    for name, scopes, made, lives, used, ended in wanted:
        at = world.now - made * DAY
        letters = "".join(world.rng.choices("abcdefghkmnpqrstuvwxyz", k=8))
        ApiToken.objects.create(
            name=name, start=f"thd_{letters}", scopes=scopes, made_by_id=by, created_at=at,
            digest=hashlib.sha256(world.rng.randbytes(32)).hexdigest(),  # of no word that opens
            expires_at=at + lives * DAY if lives else None,
            last_used_at=world.now - used * DAY - timedelta(hours=3),
            revoked_at=world.now - ended * DAY if ended is not None else None, **whose,
        )  # fmt: skip


def _paused(world: World, brand: Brand, by: int) -> None:
    """One that took what it was told until it broke, and keeps what it missed."""
    broke = world.now - 5 * DAY
    row = _endpoint(
        world, f"https://hooks.{brand.slug}.example/thousand", [events.BORN, events.REVERSED],
        kept_by_id=by, brand=brand,
    )  # fmt: skip
    sold = Commission.objects.filter(brand=brand, kind="sale")
    _told(row, sold.filter(created_at__lt=broke), broke)
    row.state, row.paused_at = Endpoint.State.PAUSED, broke + 3 * DAY
    row.failing_since, row.last_ok_at = broke, broke - timedelta(hours=2)
    row.save()
    missed = sold.filter(created_at__gte=broke).order_by("-created_at")[:5]
    events.tell(events.BORN, [one.pk for one in missed], world.now - DAY)


def _off(world: World, star: Creator) -> None:
    """One that its owner has switched off."""
    row = _endpoint(
        world, f"https://{star.handle.replace('.', '-').replace('_', '-')}.example/sales",
        [events.BORN, events.PAYOUT], creator=star, kept_by_id=star.user_id,
    )  # fmt: skip
    until = world.now - 9 * DAY
    _told(row, Commission.objects.filter(creator=star, kind="sale", created_at__lt=until), until)
    row.state, row.last_ok_at = Endpoint.State.OFF, until
    row.save()


def _endpoint(world: World, url: str, kinds: list[str], **whose) -> Endpoint:
    return Endpoint.objects.create(
        url=url, kinds=sorted(kinds), secret=endpoints.new_secret(),
        created_at=world.now - 30 * DAY, **whose,
    )  # fmt: skip


def _told(row: Endpoint, sold, until: datetime) -> None:
    """Tell of the newest few sales before `until`, each taken a moment later."""
    for one in reversed(list(sold.order_by("-created_at")[:6])):
        events.tell(events.BORN, [one.pk], max(one.created_at, until - 20 * DAY))
    for letter in Delivery.objects.filter(endpoint=row):
        letter.state, letter.next_at = Delivery.State.DELIVERED, None
        letter.done_at, letter.tries, letter.status = letter.created_at, 1, 200
        letter.note = "ok"
        letter.save()
