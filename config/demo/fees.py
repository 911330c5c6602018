"""Flat fees for a post: one that waits for it, one that the brand looks at, one that is paid."""

from datetime import datetime, timedelta

from affiliates import flatfees, outreach, participations
from affiliates.models import FlatFee, Participation
from config.demo.world import Maker, World
from creators.models import Creator
from shop.models import Brand

DAY = timedelta(days=1)
FEE, RATE_BP = 4_000, 1_200  # minor units, basis points
# what became of each fee, and how many days ago its creator was invited; the first is the star's
WALKS = (("posted", 6), ("reserved", 4), ("approved", 9))


def make(world: World) -> None:
    """Let the first brand pay a few creators for a post beside their commission."""
    others = [maker for maker in world.makers if maker is not world.star]
    chosen = [*([world.star] if world.star else []), *others][: len(WALKS)]
    brand = Brand.objects.get(pk=world.shops[0].id)
    since = world.now - max(days for _goal, days in WALKS) * DAY
    try:
        offer, _count = participations.invite_to_new(
            brand, Creator.objects.filter(pk__in=[maker.id for maker in chosen]), since,
            "One post that shows how you use it, and your link as always.",
            name="A fee for a first post", rate_bp=RATE_BP, starts_at=since, ends_at=None,
            flat_fee=FEE,
        )  # fmt: skip
    except (flatfees.NotFunded, outreach.QuotaReached):  # a small market may have no money for it
        return
    for maker, (goal, days) in zip(chosen, WALKS, strict=False):
        _walk(brand, maker, offer.pk, goal, world.now - days * DAY)
    Participation.objects.filter(collaboration=offer).update(tells=False)
    FlatFee.objects.update(tells=False)


def _walk(brand: Brand, maker: Maker, offer_id: int, goal: str, at: datetime) -> None:
    """Take one fee to `goal`; nobody asks a platform about its post in a demo."""
    creator = Creator.objects.get(pk=maker.id)
    taken = Participation.objects.filter(creator=creator, collaboration_id=offer_id).first()
    if taken is None:  # she blocked the brand
        return
    participations.accept(creator, taken.pk, at)
    if goal == "reserved":
        return
    row = FlatFee.objects.get(participation=taken)
    number = int(at.timestamp()) << 32 | row.pk
    row.state, row.post_url = (
        FlatFee.State.POSTED,
        f"https://www.tiktok.com/@{creator.handle}/video/{number}",
    )
    row.act_by, row.is_checked = at + (flatfees.CONFIRM_DAYS + 1) * DAY, True
    row.save()
    if goal == "approved":
        flatfees.approve(brand, row.pk, at + 2 * DAY)
