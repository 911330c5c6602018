"""`manage.py erase_user ADDRESS --yes`: close an account and erase what names its person."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates import erasure
from affiliates.management.commands.export_user import person

WHY = {
    "staff": "is staff: `manage.py staff ADDRESS --remove` first",
    "owner": "is the only owner of a brand: make somebody else its owner first",
    "owed": "is or may be owed money and has not said where to pay it",
}


class Command(BaseCommand):
    help = "Erase a person; the books stay whole. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="an e-mail address, or the number of the account")
        parser.add_argument(
            "--yes", action="store_true", help="do it; without, only say what is in the way"
        )

    def handle(self, *, who: str, yes: bool, **_options: object) -> None:
        user = person(who)
        if not yes:
            found = erasure.reasons_not_to(user)
            for code in found:
                self.stdout.write(f"Account {user.pk} {WHY[code]}.")
            if not found:
                self.stdout.write(f"Account {user.pk} can be erased: add --yes.")
            return
        try:
            done = erasure.close(user, timezone.now())
        except erasure.NotClosable as error:
            said = "; ".join(WHY[code] for code in error.codes)
            raise CommandError(f"Account {user.pk} {said}.", returncode=1) from error
        self.stdout.write(f"Account {user.pk} is erased." if done else "It was erased before.")
