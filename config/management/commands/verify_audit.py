"""`manage.py verify_audit`: is the log of who did what still what was written?"""

import sys

from django.core.management.base import BaseCommand

from config import audit


class Command(BaseCommand):
    help = "Look through the chain of the audit log; 1 if an entry was changed or is gone."

    def handle(self, **options: object) -> None:
        audit.seal()
        chain = audit.verify()
        if chain.broken_at is not None:
            self.stderr.write(f"Entry {chain.broken_at} is not what was written.")
            sys.exit(1)
        past = f", {chain.gone} past their time" if chain.gone else ""
        said = f"{chain.entries} entries, each as it was written{past}. Newest: {chain.head}"
        self.stdout.write(said)
