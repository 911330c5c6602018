"""The site with a stand-in platform beside it, and people who use it in Chromium.

What goes wrong unseen in anybody's browser (errors in the console, blocked by the content policy,
addresses of ours that fail) fails the test at its end.
"""

import pytest
from django.conf import settings

from tests import harness
from tests.e2e.person import Person
from tests.e2e.walker import Walker


@pytest.fixture(scope="session")
def stand_in():
    """The four platforms, as a real OAuth server in a process of its own."""
    port = settings.FAKE_PLATFORM_PORT
    server = harness.Served(port, ["creators.platforms.fake", "--port", str(port)], {})
    yield settings.FAKE_PLATFORM_URL
    server.stop()


@pytest.fixture
def people(live_site, stand_in, browser):
    """Make people; at the end none of them may have met trouble."""
    everybody = []

    def make(**options) -> Person:
        everybody.append(Person(browser, live_site.url, **options))
        return everybody[-1]

    yield make
    troubles = [trouble for person in everybody for trouble in person.troubles]
    for person in everybody:
        person.context.close()
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def walker(people):
    return Walker(people(inspects=False, bypass_csp=True, reduced_motion="reduce"))
