"""What waits for an admin. A ModelAdmin says it in `waiting`; the admin's first page counts it."""

from typing import Any, NamedTuple


class Waiting(NamedTuple):
    """Rows of one model that wait for a person's act."""

    label: Any  # lazily translated, plural: "channels to check by hand"
    lookups: dict[str, str | bool]  # of the model's own fields, as the list's address takes them
    since: str  # the field that says since when a row waits
