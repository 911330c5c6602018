#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        import config.settings  # noqa: F401  (says at once which setting is missing)
    except ImproperlyConfigured as missing:
        sys.exit(f"manage.py: {missing}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
