"""The words of the index: who has a word in her name, handle, subjects or bio.

A common word is a bitmap per order, like a facet. One that is less common is one list of
creators. The rare ones are looked up in the rows by PostgreSQL's own index (GIN).
"""

from __future__ import annotations

from array import array
from functools import lru_cache

from django.db import connection

from config.lib import replica

COMMON = 100  # one in so many creators: a bitmap
LISTED = 200  # creators, from which on a list is kept
LONGEST = 40  # characters of a word that is kept
LISTS = "words"  # the "order" under which lists are stored
# Not `ts_stat`: its tree of words is not balanced, and names that count (c1, c2 …) make it a list.
FREQUENT = """
SELECT word FROM creators_directoryentry, unnest(tsvector_to_array(search)) word
WHERE is_listed AND length(word) <= %s GROUP BY word HAVING count(*) >= %s
"""
LEXEMES = """
SELECT tsvector_to_array(to_tsvector('simple', %(words)s)),
       tsvector_to_array(to_tsvector('english', %(words)s)),
       tsvector_to_array(to_tsvector('dutch', %(words)s))
"""
RARE = "SELECT creator_id FROM creators_directoryentry WHERE search @@ %s::tsquery"


def frequent() -> dict[str, array]:
    """Return the words worth keeping, each with an empty list."""
    with connection.cursor() as cursor:
        cursor.execute(FREQUENT, [LONGEST, LISTED])
        return {word: array("I") for (word,) in cursor.fetchall()}


def name(word: str) -> str:
    return f"w:{word}"


@lru_cache(maxsize=2_000)
def readings(words: str) -> tuple[tuple[str, ...], ...]:
    """Return what a text asks for as a name, as English, and as Dutch: every word of one of them."""
    with replica.connection().cursor() as cursor:
        cursor.execute(LEXEMES, {"words": words})
        found = [tuple(sorted(lexemes)) for lexemes in cursor.fetchone() if lexemes]
    return tuple(dict.fromkeys(found))


def rare(word: str) -> list[int]:
    """Return the creators whose rows have a word."""
    quoted = "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
    with replica.connection().cursor() as cursor:
        cursor.execute(RARE, [quoted])
        return [creator_id for (creator_id,) in cursor.fetchall()]
