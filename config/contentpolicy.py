"""The content security policy: all that a page may load or send comes from or goes to us."""

from csp.constants import NONE, SELF

REPORTS = "/violations/"  # where a browser tells what it refused: config/violations.py
ENDPOINT = "policy"
# A form may lead on to these: Chromium applies form-action to redirects too.
PAYMENT_AND_PLATFORMS = (
    "https://checkout.stripe.com",
    "https://connect.stripe.com",
    "https://www.tiktok.com",
    "https://accounts.google.com",
    "https://www.instagram.com",
    "https://www.facebook.com",
)


def policy(*, secure: bool, stand_in: str) -> dict[str, dict[str, object]]:
    """Return django-csp's setting; `stand_in`: the demo's platforms, where they answer."""
    onward = [stand_in] if stand_in else PAYMENT_AND_PLATFORMS
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF],
            "manifest-src": [SELF],
            "form-action": [SELF, *onward],
            "base-uri": [NONE],
            "frame-ancestors": [NONE],
            "object-src": [NONE],
            "upgrade-insecure-requests": secure,
            "report-uri": [REPORTS],  # of Firefox and Safari
            "report-to": [ENDPOINT],  # named by the header Reporting-Endpoints
        }
    }
