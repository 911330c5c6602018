"""Check a creator's statement against the published proofs, offline."""

import json as jsonlib
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from affiliates import proof, statement_check
from affiliates.models import SettlementRun


class Command(BaseCommand):
    help = "Check a creator's statement (JSON) against the published proofs, offline."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the statement")
        parser.add_argument(
            "--proofs", type=Path, help="what /proof/?format=json said; default: our own tables"
        )

    def handle(self, *, file: Path, proofs: Path | None, **_options: object) -> None:
        try:
            statement = jsonlib.loads(file.read_text("utf-8"))
            known = jsonlib.loads(proofs.read_text("utf-8")) if proofs else self.published()
            found = statement_check.check(statement, known)
        except OSError as error:
            raise CommandError(f"cannot read {error.filename}", returncode=2) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"this is no statement: {error!r}", returncode=2) from error
        if found:
            raise CommandError("\n".join(found), returncode=1)
        lines = sum(len(night["lines"]) for night in statement["nights"])
        self.stdout.write(f"{lines} lines, each among the published ones.")

    def published(self) -> dict[str, object]:
        runs = SettlementRun.objects.exclude(root="").order_by("night")
        return {"nights": [proof.as_published(run) for run in runs]}
