"""Samples, step by step: what each side does.

    ask ─▶ answer ─▶ ship ─▶ arrived ─▶ post ─▶ confirm
    her    brand     brand   her        her     brand

Every step locks the sample first, writes an event that is mailed to the other side, and says in
`act_by` until when the next side must act. What follows from silence: sampleclocks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from affiliates import collaborations, samplerecords
from affiliates import samplesteps as steps
from affiliates.models import SampleRequest
from affiliates.samplerules import AGAIN_DAYS, REFUSALS, Check, Side, State, Step, longer, until
from creators import posts
from creators.models import Channel, Creator
from creators.posts import Finding
from shop import stock
from shop.models import Brand, Variant

Excuse = SampleRequest.Excuse
AGAIN_AFTER = timedelta(days=30)  # the same product to the same creator


class NotOffered(Exception):
    """There is no offer with samples for this creator and product."""


class TooMany(Exception):
    """She has as many samples open as her record allows; `limit` says how many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} samples at a time")
        self.limit = limit


class AskedBefore(Exception):
    """The same product is open already, or was closed less than 30 days ago."""


class NotHers(Exception):
    """The platform says that somebody else published the post; `author` is who."""

    def __init__(self, author: str) -> None:
        super().__init__(f"the post is of {author}")
        self.author = author


class TooOld(Exception):
    """The post was published before the sample was sent."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a creator asks for and promises."""

    variant: Variant
    content: str
    address: dict[str, str]
    message: str = ""
    channel: Channel | None = None


# ------------------------------------------------------------------ asked and answered


@transaction.atomic
def ask(creator: Creator, wish: Wish, at: datetime) -> SampleRequest:
    """Ask a brand for a sample. Raises NotOffered, TooMany, AskedBefore."""
    Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    product = wish.variant.product
    offer = collaborations.offer_for(creator, product, at) if creator.is_enrolled else None
    if offer is None or not offer.collaboration.gives_samples:
        raise NotOffered(f"{creator} has no offer of samples of {product}")
    limit = samplerecords.allowance_of(creator, at)
    if creator.samples.open().count() >= limit:
        raise TooMany(limit)
    again = creator.samples.filter(variant__product=product)
    if again.open().exists() or again.filter(closed_at__gt=at - AGAIN_AFTER).exists():
        raise AskedBefore(f"{creator} asked for {product} before")
    row = SampleRequest.objects.create(
        creator=creator, collaboration=offer.collaboration, variant=wish.variant,
        channel=wish.channel, content=wish.content, value=wish.variant.price,
        currency=product.currency, message=wish.message, address=wish.address, asked_at=at,
        act_by=until(at, Step(State.ASKED).days),
    )  # fmt: skip
    steps.write(row, "asked", Side.CREATOR, at, wish.message)
    return row


@transaction.atomic
def withdraw(creator: Creator, pk: int, at: datetime) -> SampleRequest:
    """Take a request back before it is sent. Raises OutOfOrder."""
    row = steps.locked(pk, State.ASKED, State.ACCEPTED, creator=creator)
    return steps.close(row, "withdrawn", Side.CREATOR, at, excuse=Excuse.WITHDRAWN)


@transaction.atomic
def answer(brand: Brand, pk: int, yes: bool, at: datetime, text: str = "") -> SampleRequest:
    """Say yes or no to a request; a no has a reason. Raises OutOfOrder, ValueError."""
    row = steps.locked(pk, State.ASKED, brand=brand)
    if not yes and not text.strip():
        raise ValueError("a no needs a reason")
    row.answered_at = at
    if not yes:
        row.state = State.DECLINED
        return steps.close(row, "declined", Side.BRAND, at, text)
    return steps.go_on(row, State.ACCEPTED, "accepted", Side.BRAND, at, text)


@transaction.atomic
def ship(brand: Brand, pk: int, at: datetime, tracking: str = "") -> SampleRequest:
    """Say that it is on its way; one piece goes off the shelf. Raises OutOfOrder."""
    row = steps.locked(pk, State.ACCEPTED, brand=brand)
    row.shipped_at, row.tracking = at, tracking.strip()[:120]
    stock.give(row.variant_id)
    return steps.go_on(row, State.SHIPPED, "shipped", Side.BRAND, at, row.tracking)


# ------------------------------------------------------------------ arrived


@transaction.atomic
def arrived(creator: Creator, pk: int, at: datetime) -> SampleRequest:
    """Say that it is there; her 14 days begin. Raises OutOfOrder."""
    row = steps.locked(pk, State.SHIPPED, creator=creator)
    row.delivered_at = at
    return steps.go_on(row, State.DELIVERED, "delivered", Side.CREATOR, at)


@transaction.atomic
def excuse(creator: Creator, pk: int, why: str, at: datetime, text: str = "") -> SampleRequest:
    """Say that it never came, or came broken: it ends outside both records. Raises OutOfOrder.

    What only counts as arrived, because she was silent, may still be lost.
    """
    at_steps = {
        Excuse.LOST: (State.SHIPPED, State.DELIVERED), Excuse.DEFECTIVE: (State.DELIVERED,)
    }  # fmt: skip
    row = steps.locked(pk, *at_steps[Excuse(why)], creator=creator)
    if why == Excuse.LOST and row.state == State.DELIVERED and not row.is_arrival_assumed:
        raise steps.OutOfOrder(f"{row} has arrived, she said")
    return steps.close(row, why, Side.CREATOR, at, text, excuse=why)


@transaction.atomic
def extend(creator: Creator, pk: int, at: datetime) -> SampleRequest:
    """Give her seven days more, once. Raises OutOfOrder."""
    row = steps.locked(pk, State.DELIVERED, creator=creator)
    if row.extended or row.act_by <= at:
        raise steps.OutOfOrder(f"{row} is not extended again")
    row.extended, row.act_by = True, longer(row.act_by)
    row.save(update_fields=["extended", "act_by"])
    steps.write(row, "extended", Side.CREATOR, at)
    return row


# ------------------------------------------------------------------ posted and checked


def post(creator: Creator, pk: int, url: str, at: datetime) -> SampleRequest:
    """Take the address of her post, and ask its platform whose it is.

    Hers: the sample is closed. Not told: the brand has seven days. Raises OutOfOrder, NotHers,
    TooOld, posts.NotAPost, posts.NoChannel, posts.NoPost.
    """
    row = creator.samples.filter(pk=pk, state=State.DELIVERED).first()
    if row is None:
        raise steps.OutOfOrder(f"sample {pk} of {creator} waits for no post")
    found = posts.look(creator, url, at)  # before the lock: a platform may take its time
    if found.verdict == posts.NOT_HERS:
        raise NotHers(found.author)
    if found.published_at and row.shipped_at and found.published_at < row.shipped_at:
        raise TooOld(f"{found.url} is of {found.published_at}")
    return _posted(creator, pk, found, at)


@transaction.atomic
def _posted(creator: Creator, pk: int, found: Finding, at: datetime) -> SampleRequest:
    row = steps.locked(pk, State.DELIVERED, creator=creator)
    row.post_url, row.posted_at = found.url, at
    if found.verdict == posts.HERS and not steps.is_used(row):
        return steps.close(row, "checked", "", at, found.url, check=found.how)
    return steps.go_on(row, State.POSTED, "posted", Side.CREATOR, at, found.url)


@transaction.atomic
def confirm(brand: Brand, pk: int, yes: bool, at: datetime, text: str = "") -> SampleRequest:
    """Say whether the post shows the product; a no has a reason. Raises OutOfOrder, ValueError.

    After the first no she has seven days for another post; the second ends it outside both
    records.
    """
    row = steps.locked(pk, State.POSTED, brand=brand)
    if yes:
        return steps.close(row, "confirmed", Side.BRAND, at, check=Check.BRAND)
    if not text.strip():
        raise ValueError("a no needs a reason")
    row.refusals += 1
    if row.refusals >= REFUSALS:
        return steps.close(row, "disputed", Side.BRAND, at, text, excuse=Excuse.DISPUTED)
    row.posted_at, row.post_url = None, ""
    return steps.go_on(row, State.DELIVERED, "refused", Side.BRAND, at, text, days=AGAIN_DAYS)
