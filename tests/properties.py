"""How many examples a property with a database is tried on: all under `make test-all`."""

import os

FEWER = 3


def examples(whole: int) -> int:
    """Return `whole` where THOROUGH is set, else a third of it, 5 at least."""
    return whole if os.environ.get("THOROUGH") else max(whole // FEWER, min(whole, 5))
