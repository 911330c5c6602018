"""Many hands at one moment, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(*jobs: Callable[[], Any], may_raise: tuple[type[Exception], ...] = ()) -> list[Any]:
    """Run every job in a thread of its own, all from the same moment.

    Returns in their order what each of them returned, or the exception that it `may_raise`; any
    other exception is raised here.
    """
    start = threading.Barrier(len(jobs))

    def work(job: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return job()
        except may_raise as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(work, jobs))
