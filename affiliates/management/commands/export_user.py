"""`manage.py export_user ADDRESS`: all that we hold on a person, as a ZIP of JSON and CSV."""

from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates import dossier


def person(word: str) -> AbstractUser:
    """Return the user with this number or this address. Raises CommandError."""
    users = get_user_model().objects
    is_number = word.isascii() and word.isdigit()
    found = users.filter(pk=word) if is_number else users.filter(email__iexact=word)
    user = found.first()
    if user is None:
        raise CommandError(f"There is no account {word}.", returncode=2)
    return user


class Command(BaseCommand):
    help = "Write all that we hold on a person into a ZIP file, readable by this user alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="an e-mail address, or the number of the account")
        parser.add_argument("--out", type=Path, help="the file; otherwise user-NUMBER.zip here")

    def handle(self, *, who: str, out: Path | None, **_options: object) -> None:
        user = person(who)
        path = out or Path(f"user-{user.pk}.zip")
        try:
            path.touch(mode=0o600, exist_ok=False)
            with path.open("wb") as file:
                rows = dossier.write(user, file, timezone.now())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.", returncode=2) from error
        self.stdout.write(f"{rows} rows in {path}.")
