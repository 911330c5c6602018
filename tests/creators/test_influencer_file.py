"""A file of influencers becomes a directory, and is searched.

INFLUENCER_FILES names a directory of real ones (CSV) to do the same with, beside our own.
"""

import os
from pathlib import Path

import pytest

from creators import directory, peers
from creators.directory import Filters, index
from creators.models import DirectoryEntry
from tests.creators import influencer_file
from tests.creators.factories import NOW

OURS = Path(__file__).parent.parent / "data" / "influencers.csv"
REAL = Path(os.environ.get("INFLUENCER_FILES", "nowhere"))
FILES = sorted(REAL.glob("*.csv"))
NONE = pytest.param(
    REAL, marks=pytest.mark.skip(reason=f"no *.csv in {REAL}: set INFLUENCER_FILES to read real ones")
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [("13.8M", 13_800_000), ("50.2K", 50_200), ("1800000.00", 1_800_000), ("N/A'", None),
     ("#VALOR!", None), ("-", None), ("", None), ("2,100", 2_100)],
)  # fmt: skip
def test_numbers_are_read_as_such_files_write_them(text, value):
    assert influencer_file.number(text) == value


@pytest.mark.django_db
@pytest.mark.parametrize("path", [OURS, *(FILES or [NONE])], ids=lambda path: path.stem)
def test_a_file_loads_as_a_directory_and_is_searched(path):
    platform = path.stem.split("_")[0]
    platform = platform if platform in {"tiktok", "youtube", "instagram"} else "tiktok"
    accounts = influencer_file.rows(path)
    made = influencer_file.load(path, platform, NOW)
    peers.refresh(NOW)
    directory.record(list(DirectoryEntry.objects.values_list("pk", flat=True)), NOW)
    index.build(NOW)

    everybody = directory.search(Filters(), size=made + 1, at=NOW)
    assert made == len(accounts) == everybody.count > 50
    some = accounts[len(accounts) // 2]
    found = directory.search(Filters(text=some.handle), size=50, at=NOW)
    assert some.name[:60] in {entry.creator.display_name for entry in found.entries}
    for edge in (1_000, 10_000, 1_000_000):
        expected = sum(row.followers >= edge for row in accounts)
        assert directory.search(Filters(followers_min=edge), at=NOW).count == expected
    if subjects := [row.subjects for row in accounts if row.subjects]:
        subject = subjects[0][0]
        slug = DirectoryEntry.objects.filter(creator__niches__name=subject[:60]).values_list(
            "creator__niches__slug", flat=True
        )
        assert directory.search(Filters(niches=(slug[0],)), at=NOW).count >= 1
    if platform == "tiktok":
        assert DirectoryEntry.objects.exclude(score=None).count() > made / 2
