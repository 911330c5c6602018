"""What a passport and a list of withdrawn ones look like inside: read strictly, or not at all."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from affiliates import passportfacts as facts
from affiliates import passports
from config.lib import jws
from creators.models import Platform

LONGEST = passports.VALID + timedelta(days=1)
MOST_CHANNELS = 40
FIGURES = {  # of each field, in the order (part, whole)
    facts.ORDERS: ("count",),
    facts.REFUNDS: ("rate_bp",),
    facts.SAMPLES: ("kept", "of"),
    facts.POSTS: ("on_time", "of"),
}
ALL = {
    "version", "id", "issuer", "issued_at", "expires_at", "since", "channels", "facts",
}  # fmt: skip


class NotAPassport(Exception):
    """The payload is not what a passport looks like; the message names the part."""


@dataclass(frozen=True)
class Named:
    """A channel as a passport names it."""

    platform: str
    account: str
    handle: str
    verified_on: date


@dataclass(frozen=True)
class Said:
    """What a passport says."""

    uid: uuid.UUID
    issuer: str
    issued_at: datetime
    expires_at: datetime
    channels: list[Named]
    facts: dict[str, Any]  # as it is kept: since, channels, facts


@dataclass(frozen=True)
class Listed:
    """What a list of withdrawn passports says."""

    issuer: str
    issued_at: datetime
    expires_at: datetime
    revoked: frozenset[uuid.UUID]


def read(payload: bytes) -> Said:
    """Return what a payload says. Raises NotAPassport and jws.BadDocument."""
    told = jws.plain(payload)
    if (
        not isinstance(told, dict)
        or set(told) != ALL
        or type(told["version"]) is not int
        or told["version"] != passports.VERSION
    ):
        raise NotAPassport("its parts")
    issued, expires = _moment(told["issued_at"]), _moment(told["expires_at"])
    if not timedelta() < expires - issued <= LONGEST:
        raise NotAPassport("how long it holds")
    channels = told["channels"]
    if not isinstance(channels, list) or not 1 <= len(channels) <= MOST_CHANNELS:
        raise NotAPassport("its channels")
    kept = {"since": _day(told["since"]).isoformat(), "channels": channels}
    return Said(
        _uid(told["id"]), _text(told["issuer"], 200), issued, expires,
        [_channel(one) for one in channels], kept | {"facts": _facts(told["facts"])},
    )  # fmt: skip


def read_list(payload: bytes) -> Listed:
    """Return what a list says. Raises NotAPassport and jws.BadDocument."""
    told = jws.plain(payload)
    parts = {"version", "issuer", "issued_at", "expires_at", "revoked"}
    if not isinstance(told, dict) or set(told) != parts or told["version"] != passports.VERSION:
        raise NotAPassport("its parts")
    if not isinstance(told["revoked"], list):
        raise NotAPassport("its numbers")
    return Listed(
        _text(told["issuer"], 200), _moment(told["issued_at"]), _moment(told["expires_at"]),
        frozenset(_uid(one) for one in told["revoked"]),
    )  # fmt: skip


def _channel(told: object) -> Named:
    if not isinstance(told, dict) or set(told) != {"platform", "account", "handle", "verified_on"}:
        raise NotAPassport("a channel")
    if told["platform"] not in Platform.values:
        raise NotAPassport("a platform")
    return Named(
        told["platform"], _text(told["account"], 120), _text(told["handle"], 80),
        _day(told["verified_on"]),
    )  # fmt: skip


def _facts(told: object) -> dict[str, dict[str, int]]:
    if not isinstance(told, dict) or not set(told) <= set(FIGURES):
        raise NotAPassport("a field")
    for name, figures in told.items():
        if not isinstance(figures, dict) or set(figures) != set(FIGURES[name]):
            raise NotAPassport(name)
        for value in figures.values():
            if type(value) is not int or not 0 <= value <= 1_000_000_000:
                raise NotAPassport(name)
        if "of" in figures and figures[FIGURES[name][0]] > figures["of"]:
            raise NotAPassport(name)
        if figures.get("rate_bp", 0) > 10_000:
            raise NotAPassport(name)
    return told


def _text(told: object, most: int) -> str:
    if not isinstance(told, str) or not told or len(told) > most or not told.isprintable():
        raise NotAPassport("a text")
    return told


def _moment(told: object) -> datetime:
    try:
        return datetime.strptime(str(told), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise NotAPassport("a moment") from error


def _day(told: object) -> date:
    try:
        return date.fromisoformat(str(told))
    except ValueError as error:
        raise NotAPassport("a day") from error


def _uid(told: object) -> uuid.UUID:
    try:
        found = uuid.UUID(str(told))
    except ValueError as error:
        raise NotAPassport("its number") from error
    if str(found) != told:
        raise NotAPassport("its number")
    return found
