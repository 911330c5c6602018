"""`manage.py passport_key`: a new key for passports, and what becomes of the one in use."""

from django.core.management.base import BaseCommand

from affiliates import passportkeys
from config.lib import jws, seeds


class Command(BaseCommand):
    help = "Print a new key that signs passports, as lines for the environment. Nothing is stored."

    def handle(self, **_options: object) -> None:
        seed = seeds.new()
        old = [key["x"] for key in passportkeys.published()]
        self.stdout.write(f"PASSPORT_KEY={seed}")
        if old:
            self.stdout.write(f"PASSPORT_OLD_KEYS={','.join(old)}")
        new = jws.jwk(jws.private(seed).public_key())
        self.stderr.write(
            f"Key {new['kid']} will be published. Earlier keys may go 90 days after the change."
        )
