"""`manage.py messages update|compile|check`: the Dutch catalogue, without system gettext."""

from django.core.management.base import BaseCommand, CommandError

from config import catalogue


class Command(BaseCommand):
    help = "Update, compile or check the translations (locale/nl)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("action", choices=["update", "compile", "check"])

    def handle(self, *args, action: str, **options):
        if action == "compile":
            for path in catalogue.compile_stale():
                self.stdout.write(f"compiled {path.parts[-3]}")
            return
        if action == "update":
            catalog = catalogue.update("nl")
            left = len(catalogue.missing(catalog))
            self.stdout.write(f"{len(catalog)} strings, {left} without Dutch")
            return
        self.check_complete()

    def check_complete(self) -> None:
        """Refuse strings without Dutch, and Dutch that lost a placeholder."""
        dutch = catalogue.read("nl")
        lacking = catalogue.lacking(dutch)
        if lacking:
            shown = "\n".join(f"  {text!r}" for text in lacking[:20])
            raise CommandError(f"{len(lacking)} strings have no Dutch:\n{shown}")
        if flaws := catalogue.flaws(dutch):
            raise CommandError("\n  ".join(["The Dutch has flaws:", *flaws[:20]]))
        self.stdout.write("Dutch is complete")
