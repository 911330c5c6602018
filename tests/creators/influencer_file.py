"""Reads a table of public channels, as data sets of influencers have it, into the directory.

Such files say a number twice under one header (`13.8M`, then `13800000`), break lines inside
headers, change their headers from month to month, repeat names, and write `N/A`, `-` or a
spreadsheet's error for what is not known.
"""

import csv
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from creators import directory, enrolment
from creators.models import Channel, Creator, Niche, Reading

UNITS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
POSTS = 100  # the files give an average per post


class Row(NamedTuple):
    handle: str
    name: str
    followers: int
    likes: int | None  # per post
    country: str
    subjects: tuple[str, ...]


def number(text: str) -> int | None:
    """Return `13.8M`, `13800000` or `4.00` as a whole number; None where it is not known."""
    found = re.fullmatch(r"([\d.,]+)\s*([kmb]?)", text.strip().lower())
    if not found or not found[1].strip(".,"):
        return None
    return round(float(found[1].replace(",", "")) * UNITS.get(found[2], 1))


def rows(path: Path) -> list[Row]:
    """Return one row per account, the last of those that repeat."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        header, *lines = csv.reader(file)
    titles = [" ".join(title.lower().split()) for title in header]

    def columns(*words: str) -> list[int]:
        return [n for n, title in enumerate(titles) if any(word in title for word in words)]

    def best(line: list[str], places: list[int]) -> int | None:
        return max((n for n in (number(line[k]) for k in places) if n is not None), default=None)

    names, followers = columns("name"), columns("subscribers", "followers")
    likes, countries = columns("likes"), columns("country")
    likes = likes or columns("engagement average", "engagement avg")
    found = {}
    for line in lines:
        line = line + [""] * (len(header) - len(line))
        count, handle = best(line, followers), line[names[0]].strip()
        if not handle or count is None:
            continue
        subjects = tuple(line[n].strip() for n in columns("category") if line[n].strip(" -"))
        country = line[countries[0]].strip() if countries else ""
        said = line[names[-1]].strip() or handle
        found[handle] = Row(handle, said, count, best(line, likes), country, subjects)
    return list(found.values())


def load(path: Path, platform: str, at: datetime) -> int:
    """Make creators of a file, read four times in four weeks, and record them; return how many."""
    day, made = enrolment.market_day(at), []
    for n, row in enumerate(rows(path)):
        plain = re.sub(r"[^a-z0-9_.]", "", row.handle.lower())[:22] or "x"
        creator = Creator.objects.create(
            handle=f"{plain}.{n}", display_name=row.name[:60], bio=" ".join(row.subjects)[:300],
            country="NL", languages=["en"],
        )  # fmt: skip
        for subject in row.subjects:
            slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:40]
            niche, _new = Niche.objects.get_or_create(
                slug=slug, defaults={"name": subject[:60], "name_nl": subject[:60]}
            )
            creator.niches.add(niche)
        channel = Channel.objects.create(
            creator=creator, platform=platform, external_id=f"{path.stem}-{n}",
            handle=row.handle[:80], verified_at=at,
        )  # fmt: skip
        likes = None if row.likes is None else row.likes * POSTS
        Reading.objects.bulk_create(
            Reading(
                channel=channel, day=day - timedelta(days=7 * back), read_at=at,
                followers=row.followers, likes=likes, views=likes, posts=POSTS,
            )
            for back in range(4)
        )  # fmt: skip
        enrolment.apply_decision(creator, at)
        made.append(creator.pk)
    directory.record(made, at)
    return len(made)
