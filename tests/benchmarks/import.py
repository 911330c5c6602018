"""A Merchant feed of 100,000 rows into the shop: rows per second, memory, and the same file again.

The file has what real ones have: a text of sixty words, a picture, a path of shelves, one row in
four in a group of sizes. Each import is a process of its own, as in the worker; the rows that lie
in the tables afterwards are counted. `ROWS=5000` makes a small one.
"""  # noqa: N999

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

from tests.benchmarks import lib

ROWS = int(os.environ.get("ROWS", "100000"))
WORDS = (
    "hand woven linen oak walnut small large blue green washable kitchen table summer garden light"
    " heavy soft round made in the north by two people who like what they do every day and night"
).split()
ITEM = """<item><g:id>{sku}</g:id><g:title>{title}</g:title><g:description>{text}</g:description>
<g:link>https://mill.example/p/{n}</g:link>
<g:image_link>https://mill.example/p/{n}.jpg</g:image_link>
<g:price>{price} EUR</g:price><g:availability>in_stock</g:availability><g:brand>Mill</g:brand>
<g:gtin>{gtin}</g:gtin><g:product_type>Home &gt; Kitchen and table</g:product_type>{group}
<g:shipping><g:country>NL</g:country><g:price>4.95 EUR</g:price></g:shipping></item>
"""
CHANGED = 0.01  # of the rows have another price in a third file


def write(path: Path, changed: float = 0) -> None:
    """Write the feed; the same one each time but for the share `changed` of its prices."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n')
        for n in range(ROWS):
            grouped = n % 16 < 4
            price = rng.randint(100, 20_000) + (n < ROWS * changed)
            facts = {
                "n": n, "sku": f"MILL-{n:07d}", "price": f"{price / 100:.2f}",
                "title": escape(" ".join(rng.choices(WORDS, k=6)).capitalize() + f" {n // 16}"),
                "text": escape("<p>" + " ".join(rng.choices(WORDS, k=60)) + "</p>"),
                "gtin": f"{8_710_000_000_000 + n}",
                "group": f"<g:item_group_id>G{n // 16}</g:item_group_id><g:size>{n % 16}</g:size>"
                if grouped else "",
            }  # fmt: skip
            file.write(ITEM.format(**facts))
        file.write("</channel></rss>\n")


def one(path: Path) -> None:
    """Import a file into the bench's brand; print what came of it."""
    import django

    django.setup()
    from django.utils import timezone

    from shop.feeds import importer
    from shop.models import Brand, Category, Variant

    shelf = Category.objects.get(slug="kitchen")
    brand, _made = Brand.objects.get_or_create(
        slug="mill", defaults={"name": "Mill", "status": "active", "category": shelf}
    )
    begun = time.perf_counter()
    run = importer.start(brand, name="bench.xml")
    run = importer.import_file(run, path, at=timezone.now(), progress=lambda rows, percent: None)
    spent = time.perf_counter() - begun
    facts = {
        "s": spent, "mb": lib.most_mb(), "state": run.state, "problems": run.problem_count,
        "added": run.added, "changed": run.changed, "unchanged": run.unchanged,
        "rows": Variant.objects.filter(brand=brand, is_active=True).count(),
    }  # fmt: skip
    sys.stdout.write(json.dumps(facts))


def imported(path: Path) -> dict:
    """Import in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.import", str(path)]
    said = subprocess.run(command, env=os.environ, cwd=lib.ROOT, stdout=subprocess.PIPE, check=True)
    facts = json.loads(said.stdout)
    if facts["state"] != "done" or facts["problems"] or facts["rows"] != ROWS:
        raise AssertionError(f"the import went wrong: {facts}")
    lib.say(f"{ROWS:,} rows in {facts['s']:.1f} s, {facts['mb']:.0f} MB: {facts}")
    return facts


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "feed.xml")
        write(path)
        size_mb = path.stat().st_size / 1e6
        first, again = imported(path), imported(path)
        write(path, CHANGED)
        third = imported(path)
    if again["unchanged"] != first["added"] or not 0 < third["changed"] < first["added"] / 20:
        raise AssertionError(f"not what was in the files: {again}, {third}")
    rate = ROWS / first["s"]
    return lib.report(
        "import", 1,
        {"rows": ROWS, "file_mb": round(size_mb), "first_s": round(first["s"], 1),
         "same_again_s": round(again["s"], 1), "one_percent_changed_s": round(third["s"], 1)},
        {"rows_per_s": rate, "most_mb": max(first["mb"], again["mb"], third["mb"]),
         "same_again": first["s"] / again["s"]},
        {"rows_per_s": {"min": 3_000}, "most_mb": {"max": 200}, "same_again": {"min": 3}},
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(Path(sys.argv[1]))
        sys.exit(0)
    sys.exit(main())
