"""`manage.py staff ADDRESS`: who works in the admin. Said on the server, not in the admin."""

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

GROUPS = ("finance", "support")


class Command(BaseCommand):
    help = "Let a person work in the admin, with the rights of groups; or end that."

    def add_arguments(self, parser):
        parser.add_argument("address", help="the e-mail address of an account that exists")
        parser.add_argument("--group", action="append", choices=GROUPS, default=[])
        parser.add_argument("--remove", action="store_true", help="end all rights of staff")

    @transaction.atomic
    def handle(self, *args, address: str, group: list[str], remove: bool, **options):
        found = list(User.objects.select_for_update().filter(email__iexact=address))
        if len(found) != 1:
            known = "nobody has" if not found else f"{len(found)} accounts have"
            raise CommandError(f"{known} the address {address}", returncode=2)
        (user,) = found
        user.is_staff = not remove
        user.is_superuser = user.is_superuser and not remove
        user.save(update_fields=["is_staff", "is_superuser"])
        user.groups.set(
            [] if remove else [Group.objects.get_or_create(name=name)[0] for name in set(group)]
        )
        rights = ", ".join(sorted(set(group))) or "no group"
        self.stdout.write(f"{user.email}: {'no staff any more' if remove else rights}")
