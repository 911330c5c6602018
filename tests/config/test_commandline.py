"""Bad arguments: exit code 2 and one line that says what is wrong, for every command of ours."""

import pytest
from django.core.management import get_commands

from config.commandline import CommandLine

OURS = sorted(
    name for name, app in get_commands().items() if app in {"affiliates", "config", "creators", "shop"}
)  # fmt: skip
WRONG = {  # what was typed -> what is said about it
    "backup": "required: dir",
    "backup nowhere --keep 0": "--keep must be 1 or more",
    "demo --creators none": "invalid int value: 'none'",
    "demo --creators 0": "A market needs a creator",
    "drain_clicks --batch 0": "'0' is no whole number above 0",
    "drill myspace": "invalid choice: 'myspace'",
    "drill tiktok --brand nobody": "nobody",
    "erase_user nobody@nowhere.example": "nobody@nowhere.example",
    "export_user nobody@nowhere.example": "nobody@nowhere.example",
    "export_user ²": "There is no account ²",
    "export_user 99999999999999999999": "There is no account",
    "gateway_event --order NONE --type captured": "There is no order 'NONE'",
    "gateway_event --order NONE --type stolen": "invalid choice: 'stolen'",
    "gateway_event --order NONE --type refunded --amount -5": "must be above 0",
    "gateway_event --order NONE --type refunded --amount none": "invalid int value: 'none'",
    "import_feed nowhere.csv --brand nobody": "There is no brand 'nobody'",
    "import_feed nowhere.csv": "required: --brand",
    "messages burn": "invalid choice: 'burn'",
    "payouts approve --by nobody@staff.example --batch 7": "there is no batch 7",
    "payouts confirm --batch 99999999999999999999": "there is no batch",
    "payouts export --out nowhere": "nowhere is no folder",
    "payouts build --by nobody@staff.example": "--by needs the e-mail of an admin",
    "payouts burn": "invalid choice: 'burn'",
    "restore nowhere": "nowhere is no backup",
    "settle --as-of yesterday": "'yesterday' is no moment",
    "settle --as-of 0001-01-01": "'0001-01-01' is no moment",
    "settle --night 31-12-2025": "'31-12-2025' is no day",
    "settle --night 0001-01-01": "'0001-01-01' is no day",
    "settle --night 2999-01-01": "2999-01-01",
    "staff nobody@nowhere.example": "nobody@nowhere.example",
    "staff nobody@nowhere.example --group kings": "invalid choice: 'kings'",
    "tax_report --year 2025 --kind income": "invalid choice: 'income'",
    "tax_report --year 1 --kind dac7": "--year is one of 2023 to",
    "up --host 0.0.0.0": "listens on this machine only",
    "up --workers none": "'none' is no whole number above 0",
    "verify_statement nowhere.json": "cannot read nowhere.json",
    "what_if --min-followers -1": "numbers of 0 or more",
    "what_if --min-followers 1 --country ÅÅ": "--country is two letters",
    "what_if --min-followers 1 --platform myspace": "invalid choice: 'myspace'",
}


def run(typed: str, capsys) -> str:
    """Run a command as typed; return what it wrote when it ended with 2."""
    with pytest.raises(SystemExit) as end:
        CommandLine(["manage.py", *typed.split()]).execute()
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("name", OURS)
def test_every_command_refuses_what_it_does_not_know_in_one_line(name, capsys, db):
    said = run(f"{name} --no-such-option", capsys)

    assert said.count("\n") == 1
    assert said.startswith(f"manage.py {name}: error: ")


@pytest.mark.parametrize("typed", WRONG)
def test_a_bad_argument_is_named_in_one_line(typed, capsys, db):
    said = run(typed, capsys)

    assert said.count("\n") == 1
    assert WRONG[typed] in said


def test_each_command_with_arguments_is_tried():
    tried = {typed.split()[0] for typed in WRONG}
    without = {
        "check_books",
        "passport_key",
        "prepare",
        "purge_clicks",
        "routes",
        "seal_anew",
        "verify_audit",
    }  # they take nothing that could be wrong

    assert set(OURS) - tried == without


def test_help_still_shows_the_usage(capsys):
    with pytest.raises(SystemExit) as end:
        CommandLine(["manage.py", "settle", "--help"]).execute()

    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")
