"""`manage.py seal_anew`: after SECRET_KEY was changed, before the old one is thrown away."""

import sys

from django.core.management.base import BaseCommand

from config import sealing


class Command(BaseCommand):
    help = "Seal with SECRET_KEY what an older key sealed; 1 if something opens with no key."

    def handle(self, **options: object) -> None:
        done = sealing.anew()
        for name, (anew, shut) in done.items():
            if anew or shut:
                self.stdout.write(f"{name}: {anew} sealed anew, {shut} that no key opens")
        if any(one.shut for one in done.values()):
            self.stderr.write(
                "Put the key that sealed the rest into SECRET_KEY_FALLBACKS, and again."
            )
            sys.exit(1)
        self.stdout.write("All that is sealed opens with SECRET_KEY alone.")
