"""Drop the clicks past their time, and make the months ahead; what the worker does each day."""

from django.core.management.base import BaseCommand

from affiliates import clicks, clock


class Command(BaseCommand):
    help = "Drop clicks kept longer than 13 months, and make the months ahead. Safe to repeat."

    def handle(self, **_options: object) -> None:
        made = clicks.make_partitions(clock.now())
        self.stdout.write(f"Clicks past their time are gone; {made} months were made ahead.")
