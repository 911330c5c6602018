"""The rules, each a pure function over facts: evidence, or None.

Evidence says what was measured and what is usual. A rule that changes gets a new VERSION;
what was decided under an older one stays decided. The table is in docs/attribution.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERSION = 1

SAME_MAIL, SAME_PAYMENT, SAME_ACCOUNT = "same_mail", "same_payment", "same_account"
DISPOSABLE_MAIL = "disposable_mail"
CLICK_BURST, MANY_LINKS, PAID_ADS = "click_burst", "many_links", "paid_ads"
CAME_BACK = "came_back"
SETTLEMENT_ERROR = "settlement_error"

BURST_CLICKS, BURST_PEOPLE = 50, 20  # at least, and at most, within an hour
BURST_PER_PERSON = 8  # clicks, and never less than four times what is usual
PEERS_LINKS = 3  # fewer say nothing about what is usual
LINKS, LINK_CREATORS, LINK_SECONDS = 20, 3, 10  # links of creators, and seconds for each
PAID_PEOPLE, PAID_SHARE = 10, 0.2  # of the people on a link that day
BACK_LINES, BACK_SHARE, BACK_TIMES = 5, 0.2, 3
PEERS_LINES = 30  # fewer sales of others say nothing about what is usual
DISPOSABLE_ORDERS, DISPOSABLE_SHARE = 3, 0.2


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one rule found: plain values that JSON keeps."""

    rule: str
    measured: dict[str, Any] = field(default_factory=dict)
    usual: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"version": VERSION, "measured": self.measured, "usual": self.usual}


# ------------------------------------------------------------------ buyer and creator


@dataclass(frozen=True, slots=True)
class Person:
    """What tells one person from another: plain mails, payment fingerprints, payout accounts."""

    mails: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


def same_person(buyer: Person, creator: Person) -> list[Evidence]:
    """Return each sign that buyer and creator are one.

    That a buyer is a creator too is no sign: she may buy through another's link.
    """
    signs = [
        (SAME_MAIL, buyer.mails & creator.mails),
        (SAME_PAYMENT, buyer.fingerprints & creator.fingerprints),
        (SAME_ACCOUNT, buyer.accounts & creator.accounts),
    ]
    return [Evidence(rule) for rule, shared in signs if shared]


# ------------------------------------------------------------------ mails thrown away


@dataclass(frozen=True, slots=True)
class Mails:
    """One creator's orders of 30 days, this one included, and those with such a mail."""

    orders: int
    disposable: int


def disposable_mail(facts: Mails) -> Evidence | None:
    """Many of her orders with a mail that is thrown away; one or two are somebody's wish to be
    left alone.
    """
    if facts.disposable < DISPOSABLE_ORDERS:
        return None
    if facts.disposable < DISPOSABLE_SHARE * facts.orders:
        return None
    return Evidence(DISPOSABLE_MAIL, {"orders": facts.orders, "disposable": facts.disposable})


# ------------------------------------------------------------------ clicks


@dataclass(frozen=True, slots=True)
class Hour:
    """One link in one hour: every click, and from how many visitors.

    `usual`: clicks per visitor on the middle one of `links` links of that day.
    """

    clicks: int
    people: int
    usual: float | None = None
    links: int = 0


def click_burst(facts: Hour) -> Evidence | None:
    """Few visitors who click again and again. A post that goes round brings many visitors,
    and so is none, however many clicks it brings.
    """
    if facts.clicks < BURST_CLICKS or not 0 < facts.people <= BURST_PEOPLE:
        return None
    each = facts.clicks / facts.people
    if each < max(BURST_PER_PERSON, 4 * (facts.usual or 0)):
        return None
    return Evidence(
        CLICK_BURST,
        {"clicks": facts.clicks, "people": facts.people, "each": rounded(each)},
        {"each": rounded(facts.usual), "links": facts.links},
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor in one hour: how many links of how many creators, in how many seconds.

    `usual`: links that all but the busiest one in a hundred of `visitors` opened.
    """

    links: int
    creators: int
    seconds: float
    usual: int | None = None
    visitors: int = 0


def many_links(facts: Visit) -> Evidence | None:
    """One visitor through the links of many creators, faster than anybody looks at a page.
    Who looks at everything on one creator's page is a good customer.
    """
    if facts.links < LINKS or facts.creators < LINK_CREATORS:
        return None
    each = facts.seconds / (facts.links - 1)
    if each >= LINK_SECONDS:
        return None
    return Evidence(
        MANY_LINKS,
        {"links": facts.links, "creators": facts.creators, "seconds": rounded(each)},
        {"links": facts.usual, "visitors": facts.visitors},
    )


@dataclass(frozen=True, slots=True)
class Advertised:
    """One link on one day: its visitors, and those whose address an advertisement marked."""

    people: int
    paid: int
    networks: tuple[str, ...] = ()
    peers_share: float | None = None


def paid_ads(facts: Advertised) -> Evidence | None:
    """A link that is advertised for money. A few such visitors may have copied an address."""
    if facts.paid < PAID_PEOPLE or facts.paid < PAID_SHARE * facts.people:
        return None
    return Evidence(
        PAID_ADS,
        {"people": facts.people, "paid": facts.paid, "networks": sorted(facts.networks)},
        {"share": rounded(facts.peers_share, 3)},
    )


# ------------------------------------------------------------------ what went back


@dataclass(frozen=True, slots=True)
class Returns:
    """One creator's settled sales for one brand in 90 days, how many went back after that,
    and the same of the brand's other creators.
    """

    settled: int
    back: int
    others: int = 0
    others_settled: int = 0
    others_back: int = 0


def came_back(facts: Returns) -> Evidence | None:
    """Sales that go back once they are in the balance, far more than the same brand's others."""
    if facts.back < BACK_LINES or facts.back < BACK_SHARE * facts.settled:
        return None
    known = facts.others_settled >= PEERS_LINES
    peers = facts.others_back / facts.others_settled if known else None
    if peers is not None and facts.back < BACK_TIMES * peers * facts.settled:
        return None
    return Evidence(
        CAME_BACK,
        {"settled": facts.settled, "back": facts.back},
        {"share": rounded(peers, 3), "creators": facts.others},
    )


def rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(float(value), digits)
