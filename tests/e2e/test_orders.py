"""An order after it is paid: a withdrawal on a phone in Dutch, and a brand's day at a desk."""

import re

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from shop import documents, orders, parcels, postroom, returns, troubles
from shop.models import Return, Trouble
from tests.e2e.person import DESK, mails
from tests.shop.factories import make_brand, make_order, make_user, make_variant


def make_part(brand=None, **order):
    brand = brand or make_brand(owner=make_user(), name="Kiln & Co")
    lines = [(make_variant(brand=brand, title=title, price=3450), n)
             for title, n in (("Bowl", 2), ("Plate", 1))]  # fmt: skip
    return make_order(*lines, **order).parts.select_related("order", "brand").get()


def signs_in(person, user):
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    person.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": person.url}]
    )


def test_a_shopper_withdraws_on_a_phone_in_dutch(people):
    part = make_part(language="nl", email="sam@people.example")
    parcels.deliver(part, timezone.now())
    shopper = people(locale="nl-NL")
    shopper.goto(f"/orders/{orders.token(part.order)}/")
    shopper.checks_page()
    shopper.page.get_by_role("link", name=re.compile("Herroep")).click()
    shopper.fill(**{f"line_{part.lines.first().pk}": "1"})
    shopper.checks_page()
    shopper.press("Verder|Volgende")
    shopper.sees("doorgestuurd")
    shopper.checks_page()
    shopper.fill(code=re.search(r"\b\d{6}\b", mails("sam@people.example")[-1])[0])
    shopper.press("Bevestig de herroeping|Herroeping bevestigen")
    shopper.sees("Je hebt herroepen")
    shopper.checks_page()

    made = Return.objects.get()
    assert sorted(made.lines.values_list("quantity", flat=True)) == [1, 1]
    mail.outbox.clear()
    postroom.send_waiting(timezone.now())
    receipt = next(one for one in mail.outbox if "herroeping" in one.subject)
    said = timezone.localtime(made.asked_at)
    assert f"{said:%H:%M:%S}" in receipt.body and "1 x Bowl" in receipt.body


def test_a_shopper_opens_her_order_and_says_that_something_is_wrong(people):
    """Each form of a page whose address is a secret is sent from there, as a browser does it."""
    part = make_part(email="sam@people.example")
    parcels.deliver(part, timezone.now())
    shopper = people()
    shopper.goto(f"/orders/{orders.token(part.order)}/")
    shopper.press("Mail me a code")
    shopper.fill(code=re.search(r"\b\d{6}\b", mails("sam@people.example")[-1])[0])
    shopper.press("^Show$")
    shopper.sees("Canal 12")
    shopper.page.get_by_role("link", name="Something is wrong").click()
    shopper.page.get_by_text("It is damaged").click()
    shopper.fill(words="It came in two pieces.")
    shopper.checks_page()
    shopper.press("Ask the seller")
    shopper.sees("answers by")
    shopper.press("It is solved")
    shopper.sees("This is solved.")
    assert Trouble.objects.get().state == "solved"


@pytest.mark.slow
def test_a_brands_day(people):
    part = make_part()
    back, wrong = make_part(part.brand), make_part(part.brand)
    for one in (back, wrong):
        parcels.deliver(one, timezone.now())
        one.refresh_from_db()
    returns.ask(back, {back.lines.first().pk: 1}, "Too big", timezone.now())
    troubles.ask(wrong, "damaged", {wrong.lines.first().pk: 1}, "Cracked.", timezone.now())
    brand = people(viewport=DESK)
    signs_in(brand, part.brand.memberships.get().user)

    brand.goto(f"/brand/{part.brand.slug}/orders/?state=pack")
    brand.checks_page(wide=True)
    brand.page.get_by_role("link", name=part.order.number).click()
    brand.page.get_by_text("Not everything in this parcel?").click()
    brand.fill(**{f"line_{part.lines.last().pk}": "0"}, carrier="PostNL", code="3S1")
    brand.press("Mark as sent")
    brand.sees("Partly on its way")
    brand.checks_page(wide=True)
    brand.press("Mark as sent")
    brand.sees("On its way")
    brand.press("Mark as delivered")
    brand.sees("Returns until")
    with brand.page.expect_download() as got:
        brand.page.get_by_role("link", name="Invoice").click()
    assert got.value.suggested_filename == f"{documents.invoice(part, timezone.now()).name}.pdf"

    brand.goto(f"/brand/{part.brand.slug}/orders/?state=returns")
    brand.page.get_by_role("link", name=back.order.number).click()
    brand.press("Mark as received back")
    brand.sees("With you since")
    brand.checks_page(wide=True)
    brand.press("^Give €")
    brand.sees("The return is closed.")
    assert back.order.refunds.get().amount == 3450

    brand.goto(f"/brand/{part.brand.slug}/orders/?state=troubles")
    brand.page.get_by_role("link", name=wrong.order.number).click()
    brand.fill(words="A new bowl leaves today.")
    brand.checks_page(wide=True)
    brand.press("^Answer$")
    brand.sees("Your answer:")
    assert Trouble.objects.get().state == "answered"

    brand.goto(f"/brand/{part.brand.slug}/orders/")
    brand.page.get_by_text("For your books").click()
    for nth, said in ((0, part.order.number), (1, documents.invoice(part, timezone.now()).name)):
        with brand.page.expect_download() as got:
            brand.page.get_by_role("button", name="CSV").nth(nth).click()
        assert said in got.value.path().read_text()
