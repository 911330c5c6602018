"""The stream of clicks as the redirect writes it: read a batch, and what each entry says.

Everything here is done for many entries at once: it is what a drain spends its time on.
"""

from __future__ import annotations

import logging
import re
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import redis
from django.db import connection

from affiliates import clock
from affiliates.clickbuffer import STREAM

logger = logging.getLogger(__name__)

ENTRY = re.compile(
    r"([a-z0-9]{10})\|([\w-]{22})\|([\w-]{22})\|([01])\|([a-z0-9.-]{0,100})\|(\w{0,10})\|(\w{0,10})"
    r"(?:\|(\w{0,10}))?",  # entries written before advertisements were looked for have none
    re.ASCII,
)
PLAIN = bytes.maketrans(b"-_", b"+/")


class Entry(NamedTuple):
    """One click of the stream, with its link found."""

    uid: str  # 32 hexadecimal digits
    link_id: int
    at: str  # as PostgreSQL reads it
    day: date
    hour: int  # a bit of 24
    visitor: str  # 32 hexadecimal digits
    counts: bool  # a person's, on a link that is on
    host: str
    device: str
    platform: str
    paid: str  # the network of the paid advertisement that it came from


def waiting(
    server: redis.Redis, after: str, size: int, block_ms: int | None
) -> tuple[str, list[bytes]]:
    """Return up to `size` entries behind `after`, and the id of the last of them."""
    server.set_response_callback("XREAD", _as_it_came)
    answer = server.xread({STREAM: after}, count=size, block=block_ms)
    if not answer:
        return after, []
    rows = answer[STREAM] if isinstance(answer, dict) else answer[0][1]
    return rows[-1][0].decode(), [_of_field(fields) for _id, fields in rows]


def _as_it_came(answer: Any, **_options: Any) -> Any:
    """The client would make a dictionary of each entry."""
    return answer


def _of_field(fields: list[bytes]) -> bytes:
    return fields[1] if len(fields) == 2 and fields[0] == b"d" else b""


def read(raw: Sequence[bytes]) -> list[Entry]:
    """Return the clicks that entries spell, each once; what is none is left out and logged."""
    texts = (text.decode("ascii", "replace") for text in raw)
    found = [match.groups() for text in texts if (match := ENTRY.fullmatch(text))]
    if len(found) < len(raw):
        logger.warning("left out %d entries that are no clicks", len(raw) - len(found))
    if not found:
        return []
    columns = list(zip(*found, strict=True))
    links = _links(set(columns[0]))
    entries: dict[str, Entry] = {}
    for code, uid, visitor, counts, host, device, platform, paid in zip(
        columns[0], _hex(columns[1]), _hex(columns[2]), *columns[3:], strict=True
    ):
        if code not in links:
            continue
        link_id, is_on = links[code]
        ms = int(uid[:12], 16)
        second, day, bit = _moment(ms // 1_000)
        entries[uid] = Entry(
            uid, link_id, f"{second}.{ms % 1_000:03d}+00", day, bit, visitor,
            is_on and counts == "1", host, device, platform, paid or "",
        )  # fmt: skip
    return list(entries.values())


def _links(codes: Iterable[str]) -> dict[str, tuple[int, bool]]:
    """Return id and whether it is on of each of these codes; past the ORM, for its cost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, id, is_active FROM affiliates_link WHERE code = ANY(%s::text[])",
            ["{" + ",".join(codes) + "}"],
        )
        return {code: (pk, is_on) for code, pk, is_on in cursor.fetchall()}


def _hex(words: Sequence[str]) -> list[str]:
    """Return the 16 bytes that each of these 22 characters of base64 stands for."""
    digits = a2b_base64("AA".join([*words, ""]).encode().translate(PLAIN)).hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 36)]


@lru_cache(maxsize=4_096)
def _moment(second: int) -> tuple[str, date, int]:
    """Return a second since 1970 as PostgreSQL reads it, and the market's date and its hour's bit."""
    at = datetime.fromtimestamp(second, UTC)
    local = at.astimezone(clock.zone())
    return f"{at:%Y-%m-%d %H:%M:%S}", local.date(), 1 << local.hour
