"""Every page in a filled market is for everybody: no finding of axe in either scheme, and nothing
scrolls sideways when it is read at 320 px with letters a third larger. In both languages.
"""

import pytest
from django.conf import settings

from config.demo.world import Size
from tests import everywhere, harness, tour
from tests.e2e.person import EXPECTED, PHONE

pytestmark = [
    pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1_800),
]  # fmt: skip
SMALLEST = {"width": 320, "height": 640}
LARGER = "135%"
LOCALES = {"nl": "nl-NL", "en": "en-GB"}
PARTS = {
    "public": lambda visit: visit.who is None,
    "creator": lambda visit: visit.who in {tour.CREATOR, everywhere.NEWCOMER, everywhere.JOINING},
    "brand": lambda visit: visit.who in {tour.BRAND, everywhere.OWNER},
    "desk": lambda visit: visit.who == tour.ADMIN,
}
LEAST = {"public": 38, "creator": 52, "brand": 48, "desk": 150}
WIDTH = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return "";
  const over = [...document.querySelectorAll("body *")].filter(at =>
    at.getBoundingClientRect().right > innerWidth || at.scrollWidth > at.clientWidth + 1);
  return `${wide} px wide: ` + over.slice(-4).map(at => at.outerHTML.slice(0, 120)).join(" | ");
}"""


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_for_everybody(people, live_site, part, language):
    harness.fill_market(Size(40, 4, 24, 300))
    clients = everywhere.everybody()
    visits = [visit for visit in everywhere.visits(clients) if PARTS[part](visit)]
    if part == "public":
        visits += everywhere.errors(language)
    browsers, seen = {}, set()
    for visit in visits:
        if visit.who not in browsers:
            browsers[visit.who] = _browser(people, live_site, clients[visit.who], language)
        if _looks(browsers[visit.who], visit, language):
            seen.add(visit.path)

    assert len(seen) >= LEAST[part], len(seen)


def _browser(people, live_site, client, language):
    person = people(locale=LOCALES[language], reduced_motion="reduce")
    if session := client.cookies.get(settings.SESSION_COOKIE_NAME):
        person.context.add_cookies(
            [{"name": session.key, "value": session.value, "url": live_site.url}]
        )
    return person


def _looks(person, visit, language) -> bool:
    """Open a page and judge it; False where it leads elsewhere, as some do."""
    person.expects = EXPECTED | {visit.status}
    if visit.body:
        person.page.route(
            f"**{visit.path}",
            lambda route: route.fulfill(
                status=visit.status, body=visit.body, content_type="text/html; charset=utf-8"
            ),
        )
    answer = person.page.goto(visit.path)
    if answer.request.redirected_from is not None:
        return False
    if answer.status != visit.status:
        person._trouble(f"{visit.name} answers {answer.status}")
    said = person.page.evaluate(
        "[document.documentElement.lang, document.title.trim(),"
        " document.querySelectorAll('h1').length]"
    )
    if said[0] != language or not said[1] or said[2] != 1:
        person._trouble(f"{visit.name}: language, title, number of h1: {said}")
    person.checks_page()
    person.page.set_viewport_size(SMALLEST)
    person.page.evaluate(f"document.documentElement.style.fontSize = '{LARGER}'")
    if wide := person.page.evaluate(WIDTH):
        person._trouble(f"at {SMALLEST['width']} px, letters {LARGER}: {wide}")
    person.page.set_viewport_size(PHONE)
    return True
