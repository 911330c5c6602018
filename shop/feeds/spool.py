"""What an import has read and still has to write: a catalogue may be larger than memory."""

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shop.feeds.base import ParsedProduct

IN_MEMORY = 8 * 1024 * 1024  # of what waits to be written; the rest lies in a file

Found = tuple[str, ParsedProduct]  # the digest of a product, and the product


T = TypeVar("T")
AHEAD = 2  # batches that are made while one is written


class Spool:
    """Keeps products in the order they came, `at_once` together."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  closed in `close`
        self.waiting: list[Found] = []
        self.count = 0

    def add(self, found: list[Found]) -> None:
        self.count += len(found)
        self.waiting += found
        while len(self.waiting) >= self.at_once:
            pickle.dump(self.waiting[: self.at_once], self.file, pickle.HIGHEST_PROTOCOL)
            del self.waiting[: self.at_once]

    def batches(self) -> Iterator[list[Found]]:
        end = self.file.tell()
        self.file.seek(0)
        while self.file.tell() < end:
            yield pickle.load(self.file)  # noqa: S301  our own file, without a name
        if self.waiting:
            yield self.waiting

    def close(self) -> None:
        self.file.close()


def ahead(make: Callable[[list[Found]], T], batches: Iterator[list[Found]]) -> Iterator[T]:
    """Yield what `make` makes of each batch, made in a thread while the database works."""
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(_next, make, batches) for _n in range(AHEAD))
        while (made := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(_next, make, batches))
            yield made


def _next(make: Callable[[list[Found]], T], batches: Iterator[list[Found]]) -> T | None:
    found = next(batches, None)
    return None if found is None else make(found)
