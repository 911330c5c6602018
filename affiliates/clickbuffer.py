"""The clicks' Redis as the redirect sees it, and the clicks that it may not have.

The process that answered a click keeps it where Redis did not answer in time, and for a moment
also where it did: with `appendfsync everysec` the log is written up to two seconds after the
answer while the disk is slow, so a server that is killed forgets what it confirmed last. A
connection that breaks is the sign; then both are sent again. A second copy in the stream does
no harm: the drain keeps each click once, by its id (`clicks._without_copied`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable

from affiliates import resp

logger = logging.getLogger(__name__)

STREAM = b"clicks"
APPEND = resp.opening(b"XADD", STREAM, b"*", b"d")
HELD = 20_000  # clicks, of each kind; some 4 MB
FORGETS_S = 3  # what was confirmed so long before the last answer may be gone
AT_ONCE = 200
AGAIN_S = 0.25


class Stream(resp.Server):
    """The clicks' Redis; a click that it may not have is sent again until it has it.

    What is held ends with the process: a web process that ends while Redis is away loses it.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._confirmed: deque[tuple[float, bytes]] = deque(maxlen=HELD)
        self._owed: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._sender: threading.Thread | None = None

    def append(self, entry: bytes, before: bytes = b"", replies: int = 1) -> list:
        """Send the commands `before` and append a click; return their `replies` answers in all.

        Raises resp.Away or resp.Refused; the click is then sent when Redis answers again.
        """
        try:
            answers = self.ask(before + APPEND + resp.last(entry), replies)
        except (resp.Away, resp.Refused):
            self._owe([entry])
            raise
        self._confirmed.append((time.monotonic(), entry))
        return answers

    def owed(self) -> int:
        """Return how many clicks wait until Redis answers."""
        return len(self._owed)

    def _drop(self) -> None:
        super()._drop()
        held = []
        while self._confirmed:  # other threads add to it
            held.append(self._confirmed.popleft())
        if held:
            since = held[-1][0] - FORGETS_S
            self._owe([entry for at, entry in held if at >= since])

    def _owe(self, entries: Iterable[bytes]) -> None:
        with self._lock:
            self._owed.extend(entries)
            lost = len(self._owed) - HELD
            for _n in range(lost):
                self._owed.popleft()
            if self._owed and self._sender is None:
                self._sender = threading.Thread(target=self._send, daemon=True)
                self._sender.start()
        if lost > 0:
            logger.error("%d clicks are lost: more than %d wait for Redis", lost, HELD)

    def _send(self) -> None:
        """Send what is owed, oldest first, until nothing is."""
        while entries := self._next():
            try:
                self.ask(b"".join(APPEND + resp.last(entry) for entry in entries), len(entries))
            except (resp.Away, resp.Refused):
                time.sleep(AGAIN_S)
                continue
            now = time.monotonic()
            with self._lock:
                for entry in entries:  # the oldest may have gone: too many waited
                    if self._owed and self._owed[0] is entry:
                        self._owed.popleft()
                    self._confirmed.append((now, entry))
            logger.info("%d clicks that Redis may not have had were sent again", len(entries))

    def _next(self) -> list[bytes]:
        """Return the oldest that are owed; none ends the sender."""
        with self._lock:
            if not self._owed:
                self._sender = None
            return [self._owed[n] for n in range(min(AT_ONCE, len(self._owed)))]
