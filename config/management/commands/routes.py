"""Print every address: its name, its methods and who may see it."""

import json

from django.core.management.base import BaseCommand, CommandParser

from config import checks


class Command(BaseCommand):
    help = "Print every address with its methods and who may see it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON list")

    def handle(self, *, json: bool, **options: object) -> None:
        routes = list(checks.routes())
        if json:
            self.stdout.write(as_json(routes))
            return
        for route in routes:
            methods = ",".join(route.methods)
            owner = f"  (owner: {','.join(route.owner_only)})" if route.owner_only else ""
            self.stdout.write(
                f"{route.who or '-':16} {methods:24} {route.pattern}  {route.name}{owner}"
            )


def as_json(routes: list[checks.Route]) -> str:
    fields = ("name", "pattern", "methods", "who", "owner_only")
    rows = [{field: getattr(route, field) for field in fields} for route in routes]
    return json.dumps(rows, indent=1)
