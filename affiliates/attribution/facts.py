"""Gathers what the rule needs for the lines of one order, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from affiliates import collaborations, offerdays, programmes, promises, referral, switches
from affiliates.attribution.rules import Line, Touch
from affiliates.models import Collaboration, CreatorCode, Link, PlatformSwitch
from affiliates.rates import Rates
from affiliates.referral import Frozen, Seen
from creators.models import Creator
from shop.models import Order, OrderLine


def touches_by_line(order: Order, at: datetime) -> Iterator[tuple[OrderLine, Line, list[Touch]]]:
    """Yield each line of `order` with every touch that competes for it."""
    lines = list(
        OrderLine.objects.filter(brand_order__order=order)
        .select_related("brand_order", "variant")
        .order_by("pk")
    )
    told = referral.by_own_shop(order.referral)
    via = {seen.click: how for seen, how in told.clicks}
    seen = referral.from_order(order.referral) + [one for one, _how in told.clicks]
    stamped = {line.pk: referral.from_stamp(line.touch) for line in lines}
    everything = seen + [touch for touch in stamped.values() if touch]
    found = _links(everything)
    frozen = referral.frozen_code(order.referral)
    code, how = _code([(referral.typed_code(order.referral), ""), *told.words], frozen)
    brand_ids = {line.brand_order.brand_id for line in lines}
    offers = _code_offers(code, order.placed_at, brand_ids, frozen)
    claims = _own_claims(order, brand_ids)
    ids = {link.collaboration_id for link in found.values()} - {None}
    terms = collaborations.rates_of(ids | {offer.pk for offer in offers})
    gone = list(PlatformSwitch.objects.ever()) if found else []
    held = promises.stood_for(_clicks(everything, found), gone)
    for line in lines:
        asked = _line(order, line, at, claims)
        competing = {t.click: t for t in [*seen, *filter(None, [stamped[line.pk]])]}
        touches = [
            _touch(
                t,
                found[t.link_id],
                asked,
                terms,
                gone,
                via.get(t.click, ""),
                held.get((t.link_id, t.clicked_at), ()),
            )
            for t in competing.values()
            if t.link_id in found and t.brand_id == asked.brand_id
        ]
        if code:
            touches.append(_code_touch(code, asked, offers, terms, how))
        yield line, asked, touches


def _clicks(touches: Sequence[Seen], found: Mapping[int, Link]) -> dict[tuple[int, datetime], Link]:
    return {
        (one.link_id, one.clicked_at): found[one.link_id] for one in touches if one.link_id in found
    }


def _own_claims(order: Order, brand_ids: set[int]) -> dict[int, datetime]:
    """Return when the own programme of each brand claimed this order."""
    seen, word = programmes.of_order(order.referral), referral.typed_code(order.referral)
    if not word and not seen:
        return {}
    known = programmes.of_brands(brand_ids)
    claims = {
        pk: programmes.own_claim_at(row, seen.get(pk), word, order.placed_at)
        for pk, row in known.items()
    }
    return {pk: at for pk, at in claims.items() if at}


def _line(order: Order, line: OrderLine, at: datetime, claims: dict[int, datetime]) -> Line:
    return Line(
        brand_id=line.brand_order.brand_id,
        product_id=line.variant.product_id,
        placed_at=order.placed_at,
        paid_at=order.paid_at or at,
        buyer_id=order.buyer_id,
        own_claim_at=claims.get(line.brand_order.brand_id),
    )


def _links(touches: Sequence[Seen]) -> dict[int, Link]:
    if not touches:
        return {}
    rows = Link.objects.select_related("creator__case", "collaboration")
    rows = rows.prefetch_related("collaboration__term_changes")
    return {row.pk: row for row in rows.filter(pk__in={t.link_id for t in touches})}


def _touch(
    seen: Seen,
    link: Link,
    line: Line,
    terms: dict[int, Rates],
    gone: Sequence[PlatformSwitch],
    via: str = "",
    held: Sequence[promises.Held] = (),
) -> Touch:
    offer = link.collaboration
    known = terms.get(link.collaboration_id)
    same_product = link.product_id is not None and link.product_id == line.product_id
    taken = promises.taken(link)
    promised = known.at(line.product_id, seen.clicked_at, taken) if known else 0
    if same_product or (link.product_id is None and _no_own_rate(known, line)):
        locked = taken is not None and line.placed_at < taken.locked_until
        promised = max(promised, seen.rate_bp, link.taken_bp or 0 if locked else 0)
    return Touch(
        creator_id=link.creator_id,
        brand_id=offer.brand_id if offer else seen.brand_id,
        link_id=link.pk,
        code=link.code,
        click=seen.click,
        clicked_at=seen.clicked_at,
        collaboration_id=link.collaboration_id,
        rate_bp=known.at(line.product_id, line.placed_at, taken) if known else 0,
        promised_bp=promised,
        window_days=window(link, seen.clicked_at, line.placed_at, held),
        link_active=link.worked_at(line.placed_at),
        offer_starts_at=offer.starts_at if offer else None,
        offer_ends_at=offer.ends_at if offer else None,
        platform_off_at=switches.stops_clicks(gone, link, seen.clicked_at),
        programme=seen.programme or (offer.other_programme if offer else "thousand_first"),
        via=via,
        **_standing(link.creator, line.placed_at),
    )


def window(
    link: Link,
    clicked_at: datetime,
    placed_at: datetime,
    held: Sequence[promises.Held] = (),
) -> int:
    """Return how many days the click counts: never less than was promised when it was made.

    `held`: the dark links that it stood in for then.
    """
    if link.collaboration is None:
        return 30
    taken = promises.taken(link)
    own = [offerdays.window(link.collaboration, at, taken) for at in (clicked_at, placed_at)]
    theirs = [offerdays.window(one.offer, clicked_at, one.taken) for one in held]
    return max(own + theirs)


def _no_own_rate(known: Rates | None, line: Line) -> bool:
    return known is not None and line.product_id not in known.product_bp


def _standing(creator: Creator, at: datetime) -> dict[str, object]:
    """Return the creator's facts as of the order; suspended or closed: when that began."""
    out = creator.status in (Creator.Status.SUSPENDED, Creator.Status.CLOSED)
    since = (creator.case.decided_at or creator.case.opened_at) if out and creator.case else None
    return {
        "creator_user_id": creator.user_id,
        "enrolled": creator.is_enrolled or (not out and _was_enrolled(creator, at)),
        "suspended_at": since,
    }


def _was_enrolled(creator: Creator, at: datetime) -> bool:
    """Say whether what was decided last by `at` let her in: of one who is out by now."""
    then = creator.decisions.filter(decided_at__lte=at).values_list("outcome", flat=True).first()
    return then in Creator.ENROLLED


def _code(
    words: Sequence[tuple[str, str]], frozen: Frozen | None
) -> tuple[CreatorCode | None, str]:
    """Return the code that stood when the order was placed, else the first word that is one; how."""
    asked = [word for word, _how in words if word]
    if not asked:
        return None, ""
    rows = CreatorCode.objects.select_related("creator__case", "creator__directoryentry")
    if frozen:
        return rows.filter(pk=frozen.code_id).first(), ""
    known = {row.code: row for row in rows.filter(code__in=asked)}
    return next(((known[word], how) for word, how in words if word in known), (None, ""))


def _code_offers(
    code: CreatorCode | None, at: datetime, brand_ids: set[int], frozen: Frozen | None
) -> list:
    """Return the offers that her code earns by: those of when the order was placed."""
    if code is None:
        return []
    if frozen:
        return list(Collaboration.objects.filter(pk__in=frozen.offer_ids, brand__in=brand_ids))
    return list(collaborations.earning_for(code.creator, at, brand_ids))


def _code_touch(
    code: CreatorCode, line: Line, offers: Sequence, terms: dict[int, Rates], via: str
) -> Touch:
    """The typed code as a touch, by her best offer; one whose budget is spent is the last resort."""
    ranked = ([one for one in offers if one.budget_spent_at is None], offers)
    found = (
        collaborations.best(some, terms, line.brand_id, line.product_id, line.placed_at)
        for some in ranked
    )
    best = next(filter(None, found), None)
    return Touch(
        creator_id=code.creator_id,
        brand_id=line.brand_id,
        code=code.code,
        code_id=code.pk,
        # typed at our checkout it worked when the order was placed: that takes no other
        link_active=not via or code.worked_at(line.placed_at),
        collaboration_id=best.collaboration.pk if best else None,
        rate_bp=best.rate_bp if best else 0,
        programme=best.collaboration.other_programme if best else "thousand_first",
        via=via,
        **_standing(code.creator, line.placed_at),
    )
