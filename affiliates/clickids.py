"""Ids of clicks: uuid7 (RFC 9562), in the 22 characters that cookie and stream carry."""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode

AT_ONCE = 256
_tails: list[str] = []


def new() -> str:
    ms = time.time_ns() // 1_000_000
    try:
        tail = _tails.pop()
    except IndexError:
        tail = _more()
    return urlsafe_b64encode(ms.to_bytes(6, "big")).decode() + tail


def _more() -> str:
    """Ask the kernel for the randomness of many ids: each asking lets another thread in."""
    noise = bytearray(os.urandom(10 * AT_ONCE))
    for start in range(0, len(noise), 10):
        noise[start] = noise[start] & 0x0F | 0x70
        noise[start + 2] = noise[start + 2] & 0x3F | 0x80
    made = [urlsafe_b64encode(noise[at : at + 10])[:14].decode() for at in range(0, len(noise), 10)]
    _tails.extend(made[1:])
    return made[0]


os.register_at_fork(after_in_child=_tails.clear)  # two processes must not have the same
