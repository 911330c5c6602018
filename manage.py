#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import sys

WITHOUT_ENGINES = {"check", "collectstatic", "help", "messages", "routes", "up", "version"}


def needs_engines(arguments: list[str]) -> bool:
    """Say whether this command asks the database or the queue."""
    asks_for_help = {"-h", "--help"} & set(arguments)
    return bool(arguments) and not asks_for_help and arguments[0] not in WITHOUT_ENGINES


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured

    from config.commandline import CommandLine, in_one_line
    from config.embedded import EngineFailed

    try:
        from config import settings  # says at once which setting is missing

        if needs_engines(sys.argv[1:]):
            settings.ENGINES.ensure(settings.EMBEDDED)
    except (ImproperlyConfigured, EngineFailed) as problem:
        sys.exit(f"manage.py: {problem}")
    if sys.argv[1:2] == ["up"]:  # the supervisor needs no apps
        from config.management.commands.up import Command

        in_one_line(Command()).run_from_argv(sys.argv)
    else:
        CommandLine(sys.argv).execute()


if __name__ == "__main__":
    main()
