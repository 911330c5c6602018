"""What brands and creators of a demo market wrote to each other."""

from datetime import timedelta

from affiliates import messages, outreach
from affiliates.models import Message
from config.demo.world import Maker, Shop, World
from creators.models import Creator
from shop.models import Brand, Membership

HOUR = timedelta(hours=1)
TALKS = (
    (True, "Your last video made us want to bake. Shall we send you our new tin?"),
    (False, "Gladly. I film on Sundays, so next week would work."),
    (True, "Then it leaves on Thursday. Say what you like and what you do not."),
)
ASKS = ((False, "Do you ship to Belgium? Half of my followers live there."),)
STARTS = ((True, "We would like to work with you. Is spring a good time?"),)


def make(world: World) -> None:
    """Give the star some threads with brands, and the first brand some with creators."""
    talks = (TALKS, ASKS, STARTS)
    if world.star is not None:
        for n, shop in enumerate(world.shops[:3]):
            _talk(world, shop, world.star, talks[n], days=2 * n + 1)
    others = [maker for maker in world.makers if maker is not world.star][:4]
    for n, maker in enumerate(others):
        _talk(world, world.shops[0], maker, talks[n % 3], days=3 * n + 2)


def _talk(world: World, shop: Shop, maker: Maker, lines, days: int) -> None:
    creator, brand = Creator.objects.get(pk=maker.id), Brand.objects.get(pk=shop.id)
    seat = Membership.objects.filter(brand=brand).select_related("user").first()
    at = world.now - timedelta(days=days)
    for n, (from_brand, text) in enumerate(lines):
        by = creator.user if not from_brand or seat is None else seat.user
        try:
            messages.send(brand, creator, text, by=by, from_brand=from_brand, at=at + n * 5 * HOUR)
        except (messages.NotReachable, outreach.QuotaReached):
            return
    rows = Message.objects.filter(brand=brand, creator=creator).order_by("-id")
    for row in rows[1:]:  # all but the newest are read
        row.read_at = row.sent_at + HOUR
        row.save(update_fields=["read_at"])
