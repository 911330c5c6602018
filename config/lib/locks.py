"""Queries that gave up because others held what they need."""

from psycopg import errors


def was_locked(error: BaseException) -> bool:
    """Tell whether a query waited too long or in a circle: asked again, it may well work."""
    return isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected)
