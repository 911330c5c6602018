"""The rows of a page of the search, with their creators: one statement that is planned once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.db.models import Field

from config.lib import prepared
from creators.models import Creator, DirectoryEntry

UNREAD = {"search", "facets"}  # long, and read by nobody but the database
ENTRY = [field for field in DirectoryEntry._meta.concrete_fields if field.name not in UNREAD]
PERSON = Creator._meta.concrete_fields
ENTRY_NAMES, PERSON_NAMES = ([field.attname for field in some] for some in (ENTRY, PERSON))
PARTS = ENTRY_NAMES.index("score_parts")
PERSON_OF = DirectoryEntry._meta.get_field("creator")


def _columns(table: str, some: Iterable[Field]) -> str:
    return ", ".join(f'{table}."{field.column}"' for field in some)


PAGE = f"""
SELECT {_columns("entry", ENTRY)}, {_columns("creator", PERSON)}
FROM creators_directoryentry entry JOIN creators_creator creator ON creator.id = entry.creator_id
WHERE entry.creator_id = ANY(%s::bigint[])
"""  # noqa: S608


def of(creator_ids: Sequence[int]) -> dict[int, DirectoryEntry]:
    """Return the entries of these creators by id, with `creator` loaded."""
    found = {}
    for row in prepared.rows(PAGE, [creator_ids]):
        facts = list(row[: len(ENTRY)])
        facts[PARTS] = json.loads(facts[PARTS])
        entry = DirectoryEntry.from_db("default", ENTRY_NAMES, facts)
        PERSON_OF.set_cached_value(
            entry, Creator.from_db("default", PERSON_NAMES, row[len(ENTRY) :])
        )
        found[entry.creator_id] = entry
    return found
