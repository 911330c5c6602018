"""Every page of ours in a filled market: no finding of axe, and nothing scrolls sideways when it
is read at 320 px with letters a third larger, in both languages and schemes.
"""

import pytest
from django.conf import settings

from config.demo.world import Size
from tests import harness, tour
from tests.e2e.person import PHONE

pytestmark = [
    pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1_800),
]  # fmt: skip
SMALLEST = {"width": 320, "height": 640}
LARGER = "135%"


@pytest.mark.parametrize("language", ["nl-NL", "en-GB"])
def test_every_page_is_for_everybody(people, live_site, language):
    harness.fill_market(Size(40, 4, 24, 300))
    pages = [page for page in tour.pages() if not page.name.startswith("admin:")]
    browsers = {}
    for who, client in tour.clients().items():
        browsers[who] = people(locale=language)
        if session := client.cookies.get(settings.SESSION_COOKIE_NAME):
            browsers[who].context.add_cookies(
                [{"name": session.key, "value": session.value, "url": live_site.url}]
            )
    for page in pages:
        person = browsers[page.who]
        person.goto(page.path)
        person.checks_page()
        person.page.set_viewport_size(SMALLEST)
        width = person.page.evaluate(
            f"document.documentElement.style.fontSize = '{LARGER}',"
            " document.documentElement.scrollWidth"
        )
        if width > SMALLEST["width"]:
            person._trouble(f"{page.path}: {width} px wide at {LARGER} on {SMALLEST['width']}")
        person.page.set_viewport_size(PHONE)
    assert len(pages) > 80
