"""`manage.py`: each command says in one line what is wrong with its arguments, and ends with 2."""

from typing import Any

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand, CommandParser


class CommandLine(ManagementUtility):
    """Django's own, with quiet parsers."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        return in_one_line(super().fetch_command(subcommand))


def in_one_line(command: BaseCommand) -> BaseCommand:
    """Leave out the usage that argparse prints above each error; `--help` still shows it."""
    make = command.create_parser

    def create_parser(*args: Any, **kwargs: Any) -> CommandParser:
        parser = make(*args, **kwargs)
        parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
        return parser

    command.create_parser = create_parser  # type: ignore[method-assign]
    return command
