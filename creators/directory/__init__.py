"""The directory: one row per creator, which the search reads and only `record` writes.

    record(creator_ids)            after their channels, readings, profile or status changed
    record_sales(rows, on)         affiliates pushes what they sold by a day: SalesFacts rows
    behind(on, size)               ids of creators whose sales are of another day
    search(Filters(...), cursor="", size=24) -> Page(entries, next_cursor, count)
    fitting(Filters(...), at)      all of them, as a set (`masks`) of creator ids
    number(at)                     builds the index that the search reads, once it is worth it

`Filters` fields: text, platforms (one of them), followers_min, followers_max, engagement_min_bp,
engagement_pct_min, score_min, niches (slugs, all of them), country (ISO), language, is_sold,
samples_min, sort (one of SORTS). `Page.entries` are DirectoryEntry rows with `creator` loaded, and
`Page.count` is exact. Page on with `cursor=page.next_cursor`; "" means there is no more. Follower
counts gate and sort, nothing is added for having many; smallfirst.py keeps places for small ones.
How it is made quick, and stays right: docs/decisions/0004-directory-search.md.
"""

from creators.directory.facets import EDGES, Filters, matching
from creators.directory.index import SORTS, number, seed_of
from creators.directory.recording import SalesFacts, behind, record, record_sales
from creators.directory.searching import Page, fitting, search

__all__ = [
    "EDGES",
    "SORTS",
    "Filters",
    "Page",
    "SalesFacts",
    "behind",
    "fitting",
    "matching",
    "number",
    "record",
    "record_sales",
    "search",
    "seed_of",
]
