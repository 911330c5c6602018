"""A live market in a process of its own: what it refuses to start with, and what it is like."""

import functools
import json
import os
import subprocess
import sys

from tests.harness import ROOT

LIVE = {
    "MARKET_MODE": "live",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "market.example",
    "SITE_URL": "https://market.example",
    "EMAIL_URL": "smtp://mail.example:25",
}
READY = {  # beside it, for money to move
    "STRIPE_SECRET_KEY": "sk_check",
    "STRIPE_WEBHOOK_SECRET": "whsec_check",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_check",
    "COMPANY_NAME": "Thousand B.V.",
    "COMPANY_ADDRESS": "Kade 1, Utrecht",
    "COMPANY_VAT_NUMBER": "NL000099998B57",
    "PAYOUT_NAME": "Thousand B.V.",
    "PAYOUT_IBAN": "NL91ABNA0417164300",
    "PASSPORT_KEY": "A" * 43,
}
NOTHING_ELSE = dict.fromkeys(
    ("DJANGO_ALLOW_ASYNC_UNSAFE", "FAKE_PLATFORM_URL", "PAYMENT_GATEWAY", *READY), ""
)
TELLS = """
import json
from django.conf import settings as s
from django.test import Client
from affiliates import programmes, redirect, referral
from config import checks, flash
from config.lib import replica

client = Client(headers={"host": "market.example"})
print(json.dumps({
    "routes": [route.pattern for route in checks.routes()],
    "debug": s.DEBUG,
    "hsts": [s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS],
    "person": client.get("/rules/").status_code,
    "hook": client.post("/hooks/stripe/").status_code,
    "api": client.get("/api/v1/orders/").status_code,
    "link": dict(redirect.HEADERS)["Strict-Transport-Security"],
    "sent": client.get("/robots.txt", secure=True).headers["Strict-Transport-Security"],
    "cookies": [
        s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, referral.COOKIE,
        programmes.COOKIE, flash.OwnCookie.cookie_name, replica.COOKIE,
    ],
    "secure": [
        s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE,
        redirect.cookie_options()["secure"],
    ],
    "domain": s.SESSION_COOKIE_DOMAIN,
    "attributes": redirect.cookie_attributes(),
}))
"""


def manage(*arguments: str, **env: str) -> subprocess.CompletedProcess:
    """Run a command with nothing set but `env`."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | NOTHING_ELSE | env,
        capture_output=True,
        text=True,
        check=False,
    )


@functools.cache
def tells() -> dict:
    """Return what a live market says of itself; it starts once for all that ask."""
    done = manage("shell", "-v", "0", "-c", TELLS, **LIVE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
