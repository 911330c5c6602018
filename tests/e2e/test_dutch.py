"""A creator joins in Dutch on a phone: not yet with 900 followers, in with 1,200."""

import pytest
from playwright.sync_api import expect

from creators.models import Creator
from tests.e2e import steps
from tests.e2e.person import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def says(person, *texts: str) -> None:
    """The page is Dutch and says all of it."""
    expect(person.page.locator("html")).to_have_attribute("lang", "nl")
    for text in texts:
        person.sees(text)


def test_three_steps_in_dutch(people):
    creator = people(locale="nl-NL", viewport=PHONE)
    creator.goto("/")
    says(creator, "volgers")
    creator.checks_page()
    steps.signs_up(creator, "fenna@creators.example", "/creator/join/")
    says(creator, "1. Jij", "2. Kanalen", "3. Je antwoord")

    creator.page.locator(steps.SUBMIT).click()  # nothing typed: each error in Dutch, at its field
    summary = creator.page.locator(".errsum")
    expect(summary).to_be_focused()
    says(creator, "Typ de naam waaronder mensen je kennen.")
    creator.checks_page()
    steps.tells_about_her(creator, "fenna")

    steps.connects(creator, "fenna", 900)
    assert Creator.objects.get().status == "waiting"
    says(creator, "900 volgers", "Nog 100 volgers", "Nog niet. We blijven kijken.")
    creator.goto("/creator/join/decision/")
    says(creator, "900 op TikTok", "We kijken opnieuw op")
    creator.checks_page()

    creator.goto("/creator/join/channels/")
    creator.page.locator('form[action$="/disconnect/"]').evaluate("form => form.submit()")
    says(creator, "is losgekoppeld")
    steps.connects(creator, "fenna", 1200)
    assert Creator.objects.get().status == "pilot"
    says(creator, "Je bent erbij, Fenna")
