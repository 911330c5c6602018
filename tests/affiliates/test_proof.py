"""Proofs: a sceptic with two files and eighty lines finds whatever was changed."""

import copy
import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from affiliates import night, proof, statement_check
from affiliates.models import SettlementLine, SettlementRun
from affiliates.views.proof import SCRIPT
from tests.affiliates import factories as money

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture(scope="module")
def published(shared_rows):
    """A creator with lines in two nights, among others' lines; her statement and the proofs."""
    with shared_rows():
        creator, client = money.make_creator(), Client()
        for brand in (money.make_brand(), money.make_brand()):
            money.make_commission(creator, brand)
        for _n in range(4):
            money.make_commission()
        night.run(money.NIGHT_OVER)
        money.make_commission(creator, delivered=money.DELIVERED + timedelta(days=2))
        night.run(money.NIGHT_OVER + timedelta(days=2))
        money.sign_in(client, creator.user, second_factor=False)
        statement = client.get("/creator/payouts/statement.json", {"month": "2026-11"})
        return creator, json.loads(statement.content), client.get("/proof/?format=json").json()


@pytest.fixture
def creator(published):
    return copy.deepcopy(published[0])


@pytest.fixture
def files(published):
    """The statement and the proofs, as the pages give them."""
    return copy.deepcopy(published[1:])


def problems(files, change):
    statement, proofs = copy.deepcopy(files)
    change(statement, proofs)
    return statement_check.check(statement, proofs)


def test_an_honest_statement_holds(files, creator):
    statement, proofs = files
    lines = [line["fields"]["line"] for one in statement["nights"] for line in one["lines"]]
    own = SettlementLine.objects.filter(creator=creator).order_by("run__night", "id")
    assert lines == list(own.values_list("pk", flat=True))
    assert (len(lines), len(statement["nights"]), statement["totals"]) == (3, 2, {"EUR": 1026})
    assert statement_check.check(statement, proofs) == []


def line_of(statement, n=0):
    return statement["nights"][0]["lines"][n]


CHANGES = {
    "is not what was published": [
        lambda s, p: line_of(s)["fields"].update(amount=999) or s["totals"].update(EUR=1683),
        lambda s, p: line_of(s).update(salt="00" * 16),
        lambda s, p: line_of(s)["path"].pop(),
        lambda s, p: line_of(s).update(path=line_of(s, 1)["path"]),
    ],
    "not among the published nights": [
        lambda s, p: p["nights"].remove(next(n for n in p["nights"] if n["night"] == s["nights"][0]["night"])),
        lambda s, p: s["nights"][0].update(root="0" * 64),
    ],
    "the night before is missing": [lambda s, p: p["nights"].pop(3)],
    "its root does not contain": [
        lambda s, p: p["nights"][2].update(previous_root="0" * 64),
        lambda s, p: p["nights"][2].update(root="0" * 64),
    ],
    "add up to": [lambda s, p: s["nights"][0]["lines"].pop()],
    "counted twice": [lambda s, p: s["nights"][0]["lines"].append(line_of(s))],
    "belongs to another": [lambda s, p: s.update(creator=s["creator"] + 1)],
}  # fmt: skip


def test_whatever_was_changed_is_found(files, subtests):
    for text, changes in CHANGES.items():
        for n, change in enumerate(changes):
            with subtests.test(text, n=n):
                assert any(text in problem for problem in problems(files, change))


def test_another_creators_line_does_not_pass_as_ones_own(files, creator):
    other = SettlementLine.objects.exclude(creator=creator).first()
    theirs = proof.statement(other.creator_id, other.run.night, other.run.night)

    def slip_in(statement, proofs):
        statement["nights"][0]["lines"].append(theirs["nights"][0]["lines"][0])

    assert "belongs to another creator" in "".join(problems(files, slip_in))


def test_the_script_needs_nothing_but_python(files, client, tmp_path):
    source = b"".join(client.get("/proof/verify.py").streaming_content)
    assert source == SCRIPT.read_bytes()
    assert len(source.splitlines()) <= 80
    (tmp_path / "verify.py").write_bytes(source)
    for name, content in zip(("statement", "proofs"), files, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))

    def run():
        command = [sys.executable, "-I", "verify.py", "statement.json", "proofs.json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (run().returncode, run().stdout) == (0, "Every line is among the published ones.\n")
    broken = copy.deepcopy(files[0])
    line_of(broken)["fields"]["amount"] += 1
    (tmp_path / "statement.json").write_text(json.dumps(broken))
    assert (run().returncode, "is not what was published" in run().stdout) == (1, True)


def test_the_command(files, tmp_path, capsys):
    statement, proofs = (tmp_path / name for name in ("s.json", "p.json"))
    for path, content in zip((statement, proofs), files, strict=True):
        path.write_text(json.dumps(content))
    call_command("verify_statement", statement)
    call_command("verify_statement", statement, proofs=proofs)
    assert capsys.readouterr().out == "3 lines, each among the published ones.\n" * 2
    line_of(files[0])["salt"] = "ff"
    statement.write_text(json.dumps(files[0]))
    for path, code in ((statement, 1), (tmp_path / "none.json", 2), (proofs, 2)):
        with pytest.raises(CommandError) as error:
            call_command("verify_statement", path)
        assert error.value.returncode == code


@pytest.mark.parametrize(("others", "shown"), [(8, None), (9, 10)])
def test_counts_are_public_only_for_nights_of_ten_creators(client, others, shown):
    for _n in range(others + 1):
        money.make_commission()
    night.run(money.NIGHT_OVER)
    newest = client.get("/proof/?format=json").json()["nights"][0]
    amounts = None if shown is None else {"EUR": 342 * shown}
    assert (newest["lines"], newest["creators"], newest["amounts"]) == (shown, shown, amounts)
    page = client.get("/proof/").content.decode()
    assert f'data-l="Lines">{shown}<' in page or shown is None


def test_nights_published_before_get_their_counts(creator):
    SettlementRun.objects.update(published=None, head_path=[])
    proof.publish()
    nights = [proof.as_published(run) for run in SettlementRun.objects.order_by("night")]
    assert list(statement_check.check_chain(nights)) == []


def test_a_statement_of_a_month_that_makes_no_sense_is_this_months(client, creator):
    money.sign_in(client, creator.user, second_factor=False)
    for month in ("", "x", "2026-13", "2026-1", "９９９９-01"):
        answer = client.get("/creator/payouts/statement.json", {"month": month})
        assert json.loads(answer.content)["kind"] == "thousand-statement"
