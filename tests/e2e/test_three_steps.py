"""A creator joins on a phone, in Dutch and in English: not yet with 900 followers, in with 1,200.

Each step may be left and taken up again, and the check by hand is there when a sign-in is not.
"""

import pytest
from playwright.sync_api import expect

from creators.models import Creator, ManualCheck
from tests.e2e import steps
from tests.e2e.person import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
NL = {
    "landing": ("volgers",),
    "steps": ("1. Jij", "2. Kanalen", "3. Je antwoord"),
    "name": ("Typ de naam waaronder mensen je kennen.",),
    "waiting": ("Nog 100 volgers", "Nog niet. We blijven kijken."),
    "decision": ("We kijken opnieuw op",),
    "gone": ("is losgekoppeld",),
    "in": ("Je bent erbij, Fenna",),
    "by hand": ("Zet deze code in de beschrijving van je kanaal", "ons antwoord"),
}
EN = {
    "landing": ("followers",),
    "steps": ("1. You", "2. Channels", "3. Your answer"),
    "name": ("Type the name that people know you by.",),
    "waiting": ("100 more followers to go", "Not yet. We keep looking."),
    "decision": ("We check again on",),
    "gone": ("is disconnected",),
    "in": ("You are in, Fenna",),
    "by hand": ("Put this code in your channel description", "our answer"),
}


@pytest.mark.parametrize(
    ("language", "words"),
    [pytest.param("nl", NL, id="nl"), pytest.param("en", EN, id="en", marks=pytest.mark.slow)],
)
def test_three_steps_on_a_phone(people, language, words):
    def says(what: str) -> None:
        expect(creator.page.locator("html")).to_have_attribute("lang", language)
        for text in words[what]:
            creator.sees(text)

    creator = people(locale={"nl": "nl-NL", "en": "en-GB"}[language], viewport=PHONE)
    creator.goto("/")
    says("landing")
    creator.checks_page()
    steps.signs_up(creator, "fenna@creators.example", "/creator/join/")
    says("steps")

    creator.page.locator(steps.SUBMIT).click()  # nothing typed: each error at its field
    expect(creator.page.locator(".errsum")).to_be_focused()
    says("name")
    creator.checks_page()
    steps.tells_about_her(creator, "fenna")

    steps.connects(creator, "fenna", 900)
    assert Creator.objects.get().status == "waiting"
    says("waiting")
    creator.goto("/creator/join/")  # taken up again where she left
    assert creator.page.url.endswith("/creator/join/decision/")
    says("decision")
    creator.checks_page()

    creator.goto("/creator/join/channels/")
    creator.page.locator("#by-hand > summary").click()
    creator.fill(handle="fenna.films")
    creator.page.locator('button[formaction$="/youtube/check/"]').click()
    says("by hand")
    creator.sees(ManualCheck.objects.get().code)
    creator.checks_page()

    creator.page.locator('form[action$="/disconnect/"]').first.evaluate("form => form.submit()")
    says("gone")
    steps.connects(creator, "fenna", 1200)
    assert Creator.objects.get().status == "pilot"
    says("in")
