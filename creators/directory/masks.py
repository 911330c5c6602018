"""Sets of numbers as one big integer each: bit n is set when n belongs to it.

Python's integers AND, count and shift a million bits in microseconds.
"""

import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice

SOME = re.compile(rb"[^\0]", re.DOTALL)
CHUNK = 256  # bytes that are looked at together
NONE = bytes(CHUNK)
NEAR = (1 << 8 * CHUNK) - 1


def of(numbers: Iterable[int], below: int | None = None) -> int:
    """Return the set of these numbers, all under `below` if that is known."""
    if below is None:
        numbers = list(numbers)
        below = max(numbers, default=-1) + 1
    room = bytearray((below + 7) >> 3)
    for n in numbers:
        room[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(room, "little")


def through(numbers: array, table: array, below: int, first: int = 0) -> int:
    """Return the set of `table[n] - first` of these numbers; what is less than `first` is none.

    For thousands of numbers: ten times as fast as `of`.
    """
    import numpy as np  # in the memory of those only who ask for a common word, or build

    if not numbers or not table:
        return 0
    asked, known = np.frombuffer(numbers, np.uint32), np.frombuffer(table, np.uint32)
    found = known[asked[asked < len(known)]]
    room = np.zeros(below, bool)
    room[found[found >= first] - np.uint32(first)] = True
    return int.from_bytes(np.packbits(room, bitorder="little").tobytes(), "little")


def without(mask: int, other: int) -> int:
    return mask ^ (mask & other)


def has(mask: int, number: int) -> bool:
    return bool(mask >> number & 1)


def members(mask: int, start: int = 0) -> Iterator[int]:
    """Yield the numbers from `start` on, lowest first."""
    raw = mask.to_bytes((mask.bit_length() + 7) >> 3, "little")
    for begin in range(start >> 3, len(raw), CHUNK):
        some = raw[begin : begin + CHUNK]
        if some == NONE:
            continue
        for found in SOME.finditer(some):
            base, byte = (begin + found.start()) << 3, some[found.start()]
            for bit in range(8):
                if byte >> bit & 1 and base + bit >= start:
                    yield base + bit


def first(mask: int, start: int, most: int) -> list[int]:
    """Return up to `most` numbers from `start` on, lowest first."""
    near = mask >> start & NEAR  # most sets of a page have enough here
    if near.bit_count() >= most:
        return [start + number for number in islice(members(near), most)]
    return list(islice(members(mask, start), most))


class Kept:
    """Keeps the values used last, up to so many bytes; for all threads of a process."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._values: OrderedDict[object, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> object | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: object, value: object, size: int) -> None:
        with self._lock:
            if key in self._values:
                return
            self._values[key] = (value, size)
            self.bytes += size
            while self.bytes > self.most_bytes and len(self._values) > 1:
                _key, (_value, old) = self._values.popitem(last=False)
                self.bytes -= old
