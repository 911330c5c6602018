"""The payout batch by hand: build, approve, export, confirm."""

from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from affiliates import books, clock, payouts, rails
from affiliates.models import Payout, PayoutBatch


class Command(BaseCommand):
    help = "Build, approve, export or confirm a batch of payouts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("step", choices=["build", "approve", "export", "confirm"])
        parser.add_argument("--batch", type=int, help="id; default: the newest that fits")
        parser.add_argument("--by", help="e-mail of the admin who does it")
        parser.add_argument("--out", type=Path, default=Path(), help="folder for the bank's file")

    def handle(
        self, *, step: str, batch: int | None, by: str | None, out: Path, **_o: object
    ) -> None:
        try:
            getattr(self, step)(batch, by, out)
        except (payouts.NotAllowed, rails.Refused, books.OutOfBalance) as error:
            raise CommandError(str(error), returncode=1) from error

    def build(self, batch: int | None, by: str | None, out: Path) -> None:
        made = payouts.build(clock.now(), by=self.admin(by) if by else None)
        for row in made:
            self.stdout.write(
                f"batch {row.pk}: {row.payouts.count()} payouts, {row.rail} {row.currency}"
            )
        if not made:
            self.stdout.write("Nothing to pay out.")

    def approve(self, batch: int | None, by: str | None, out: Path) -> None:
        row = payouts.approve(self.find(batch, "built"), self.admin(by), clock.now())
        self.stdout.write(f"batch {row.pk} is approved; somebody else exports it.")

    def export(self, batch: int | None, by: str | None, out: Path) -> None:
        if not out.is_dir():
            raise CommandError(f"{out} is no folder", returncode=2)
        row = self.find(batch, "approved")
        document = payouts.export(row, self.admin(by), clock.now())
        for payout in row.payouts.filter(state=Payout.State.CANCELLED).order_by("pk"):
            self.stdout.write(f"{payout} stays here: {payout.reason}")
        if document is None:
            self.stdout.write("Nothing of this batch may go out any more: there is no file.")
            return
        (out / document.name).write_bytes(document.content)
        self.stdout.write(str(out / document.name))
        if rails.named(row.rail).sends:
            done = payouts.send_due(clock.now())
            self.stdout.write(f"{done} are sent; what is unclear is asked about by the worker.")

    def confirm(self, batch: int | None, by: str | None, out: Path) -> None:
        count = payouts.confirm_batch(self.find(batch, "exported"), clock.now())
        self.stdout.write(f"{count} payouts are paid.")

    def find(self, pk: int | None, state: str) -> PayoutBatch:
        rows = PayoutBatch.objects.filter(pk=pk) if pk else PayoutBatch.objects.filter(state=state)
        if row := rows.first():
            return row
        raise CommandError(f"there is no batch {pk or 'that is ' + state}", returncode=2)

    def admin(self, email: str | None):
        rows = get_user_model().objects.filter(
            email__iexact=email or "", is_staff=True, is_active=True
        )
        if row := rows.first():
            return row
        raise CommandError("--by needs the e-mail of an admin", returncode=2)
