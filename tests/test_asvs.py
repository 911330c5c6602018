"""docs/asvs.csv: every requirement of OWASP ASVS 5.0.0, levels 1 and 2, with evidence that exists."""

import ast
import csv
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERDICTS = {"pass", "not applicable", "accepted risk"}
ENOUGH = 0.95
LEVELS = """
1.1 22 1.2 1111122223 1.3 112222222223 1.4 222 1.5 123 2.1 122 2.2 112 2.3 12223 2.4 23
3.1 3 3.2 113 3.3 12223 3.4 11222233 3.5 11122333 3.6 3 3.7 22333 4.1 12233 4.2 23333 4.3 22
4.4 1222 5.1 2 5.2 112333 5.3 113 5.4 222 6.1 122 6.2 111111112222 6.3 11223333 6.4 112233
6.5 22222333 6.6 2223 6.7 33 6.8 2222 7.1 222 7.2 1111 7.3 22 7.4 11222 7.5 223 7.6 22
8.1 1233 8.2 1123 8.3 133 8.4 23 9.1 111 9.2 1222 10.1 22 10.2 223 10.3 22223
10.4 1111122222233333 10.5 22222 10.6 22 10.7 222 11.1 2233 11.2 22233 11.3 11233 11.4 1222
11.5 23 11.6 23 11.7 33 12.1 12233 12.2 11 12.3 22223 13.1 2333 13.2 222223 13.3 2233
13.4 1222233 14.1 22 14.2 12223333 14.3 122 15.1 12233 15.2 12233 15.3 1222222 15.4 3333 16.1 2
16.2 22222 16.3 2222 16.4 222 16.5 2223 17.1 23 17.2 22223333 17.3 22
""".split()  # section, the level of each of its requirements
NAMED = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
FILE = re.compile(r"(?<!\S)([\w./-]+/[\w.-]+|[\w-]+\.(?:md|toml|lock|json))(?!::)(?=\s|$)")


def rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "asvs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def names_in(path: str) -> set[str]:
    """Return the names of the tests in a file of the tree."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_requirement_of_levels_1_and_2_stands_there_once_in_order():
    wanted = [
        (f"V{section}.{n}", level)
        for section, levels in zip(LEVELS[::2], LEVELS[1::2], strict=True)
        for n, level in enumerate(levels, 1)
        if level in "12"
    ]
    assert (len(wanted), sum(level == "1" for _id, level in wanted)) == (253, 70)
    assert [(row["id"], row["level"]) for row in rows()] == wanted


def test_each_verdict_has_what_it_needs():
    wrong = []
    for row in rows():
        said = row["evidence"]
        named, files = NAMED.findall(said), FILE.findall(said)
        gone = [f"{path}::{name}" for path, name in named if not exists(path, name)]
        holds = row["verdict"] in VERDICTS and row["what"] and said and not gone
        if row["verdict"] == "pass":
            holds = holds and (named or files)
            gone += [path for path in files if not (ROOT / path).exists()]
        if row["verdict"] == "accepted risk":
            holds = holds and "Ends " in said
        if not holds or gone:
            wrong.append((row["id"], row["verdict"], gone))
    assert wrong == []


def exists(path: str, name: str) -> bool:
    return (ROOT / path).is_file() and name in names_in(path)


def test_most_of_what_applies_passes():
    verdicts = [row["verdict"] for row in rows()]
    applies = [verdict for verdict in verdicts if verdict != "not applicable"]
    assert applies.count("pass") / len(applies) >= ENOUGH


def test_the_documentation_tells_the_same_figures_and_every_accepted_risk():
    told = (ROOT / "docs" / "security.md").read_text()
    chapters: dict[str, list[int]] = {}
    for row in rows():
        chapter = chapters.setdefault(row["id"].split(".")[0], [0, 0, 0])
        chapter[["pass", "not applicable", "accepted risk"].index(row["verdict"])] += 1
    lines = re.findall(r"^\| (V\d+) [^|]*\| (\d+) \| (\d+) \| (\d+) \|$", told, re.M)
    assert {name: [int(n) for n in figures] for name, *figures in lines} == chapters
    accepted = [row["id"] for row in rows() if row["verdict"] == "accepted risk"]
    assert [one for one in accepted if f"**{one}**" not in told] == []
