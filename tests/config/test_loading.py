"""What the site loads before its first page: libraries that only some requests need wait."""

import os
import subprocess
import sys

from django.conf import settings

LOAD = """
import sys
import config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
sys.stdout.write(" ".join(sorted({"fontTools", "fpdf", "holidays", "openpyxl", "playwright"} & set(sys.modules))))
"""


def test_the_site_starts_without_the_libraries_that_few_requests_need():
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=settings.BASE_DIR, capture_output=True, text=True,
        check=True, env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip

    assert done.stdout == ""
