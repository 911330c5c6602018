"""Moves clicks from the Redis stream into PostgreSQL, for as long as it runs."""

from __future__ import annotations

import gc
import signal
import time
from types import FrameType
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection
from django.utils import timezone

from affiliates import clicks, linkcache
from affiliates.locks import Lock
from config.lib import arguments

GATHER_S = 0.2  # between small batches, so that a commit carries more than a click
REST_S = 1.0


class Command(BaseCommand):
    help = "Move clicks from the Redis stream into PostgreSQL. Ctrl-C ends it after its batch."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when the stream is empty")
        parser.add_argument(
            "--batch", type=arguments.positive, default=clicks.BATCH, help="clicks per commit"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.ended = False
        gc.freeze()  # what is loaded stays; looking through it for garbage is half of all work
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)
        while not self.ended:
            try:
                if self._drain(options["batch"], options["once"]):
                    return
            except (redis.RedisError, Error) as away:
                self.stderr.write(f"the drain waits: {away}".strip())
                connection.close()
                time.sleep(REST_S)

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self.ended = True

    def _drain(self, size: int, once: bool) -> bool:
        """Work until told to end; return whether the work is over."""
        server = linkcache.client()
        if not self._alone():
            time.sleep(REST_S)
            return False
        clicks.make_partitions(timezone.now())
        while not self.ended:
            moved = clicks.drain_once(server, size, None if once else 1_000)
            if once and moved == 0:
                return True
            if not once and 0 < moved < size:
                time.sleep(GATHER_S)
        return True

    def _alone(self) -> bool:
        """Take the lock; PostgreSQL frees it when this process dies."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [Lock.DRAIN])
            return cursor.fetchone()[0]
