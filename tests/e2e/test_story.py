"""The main job in a browser: from a creator's sign-up to money on its way."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from sepaxml.validation import try_valid_xml

from affiliates import clock, invariants
from affiliates.models import Click, Commission, Payout, PayoutBatch
from creators.models import Creator
from shop.models import BrandOrder, Product
from tests.e2e import steps
from tests.e2e.person import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def settle(at) -> dict:
    out = io.StringIO()
    call_command("settle", as_of=at, json=True, stdout=out)
    return json.loads(out.getvalue())


def asks_for_payouts(creator) -> None:
    """Say where the money goes, and how it is taxed; before it, set up a second factor."""
    creator.goto("/creator/payouts/bank/")
    creator.sees("it needs a second factor")
    creator.checks_page(wide=True)
    creator.follow("Set up an app")
    creator.fill(password=PASSWORD)
    creator.press("It is me")
    creator.checks_page()
    creator.fill(code=steps.one_time_code(creator.page.locator("p.break").inner_text()))
    creator.press("Switch the app on")
    creator.sees("Keep them on paper")
    creator.checks_page(wide=True)
    creator.follow("go on where I was")
    creator.fill(**{"bank-iban": "NL91 ABNA 0417 1643 00", "bank-holder": "Noor Bakes"})
    creator.checks_page(wide=True)
    creator.press("Save bank account")
    creator.goto("/creator/payouts/tax/")
    creator.tick("tax-kind", "private")
    creator.fill(
        **{
            "tax-legal_name": "Noor Bakes",
            "tax-address": "Road 2, Utrecht",
            "tax-tin": "111222333",  # fits the eleven test, and is nobody's
        }
    )
    creator.tick("tax-self_billing")
    creator.checks_page(wide=True)
    creator.press("Save tax status")
    creator.sees("Your tax status is saved")
    creator.checks_page(wide=True)


def acts(admin, batch: PayoutBatch, action: str) -> None:
    admin.goto("/admin/affiliates/payoutbatch/")
    admin.checks_page(wide=True)
    admin.page.locator(f'input[name="_selected_action"][value="{batch.pk}"]').check()
    admin.page.locator('select[name="action"]').select_option(action)
    admin.page.locator('button[name="index"]').click()


def test_from_sign_up_to_money_on_its_way(people, data):
    brand = people()
    slug = steps.opens_brand(brand, data)

    visitor = people()
    visitor.goto("/")
    visitor.checks_page(wide=True)
    small = people(inspects=False)  # `test_three_steps.py` looks at the way in
    steps.joins(small, "lotte.small", 900)
    small.inspects = True
    assert Creator.objects.get(handle="lotte.small").status == "waiting"
    small.sees("100")
    small.checks_page(wide=True)

    creator = people(inspects=False)
    steps.joins(creator, "noor.bakes", 1200)
    creator.inspects = True
    assert Creator.objects.get(handle="noor.bakes").status == "pilot"
    creator.checks_page(wide=True)
    product = Product.objects.on_sale().get(slug="wooden-fence")
    path = steps.takes_link(creator, product)

    shopper = people()
    shopper.goto(path)
    shopper.sees("earns a commission")
    shopper.checks_page(wide=True)
    steps.orders(shopper, 2)
    steps.pays(shopper)
    shopper.sees("Wickerwold")
    shopper.checks_page(wide=True)
    call_command("drain_clicks", once=True)
    assert Click.objects.filter(counted=True).count() == 1
    commission = Commission.objects.get()
    assert commission.state == "pending"

    brand.goto(f"/brand/{slug}/orders/")
    brand.checks_page(wide=True)
    brand.goto(f"/brand/{slug}/orders/{BrandOrder.objects.get().pk}/")
    brand.checks_page()
    brand.press("Mark as delivered")
    brand.sees("Delivered")
    asks_for_payouts(creator)

    later = timezone.now() + timedelta(days=16)
    assert settle(later)["commissions"] == 1
    commission.refresh_from_db()
    assert commission.state == "settled"
    for page in ("/creator/", "/creator/earnings/", "/creator/payouts/"):
        creator.goto(page)
        creator.checks_page(wide=True)
    for page in ("", "balance/", "creators/", "shortlists/"):
        brand.goto(f"/brand/{slug}/{page}")
        brand.checks_page(wide=True)

    friday = clock.midnight(clock.friday_from(clock.local_day(later))) + timedelta(hours=6)
    settle(friday + timedelta(days=1))
    payout = Payout.objects.get()
    assert payout.amount == commission.amount
    one, two = people(), people(inspects=False)
    for admin, address in ((one, "one@staff.example"), (two, "two@staff.example")):
        steps.signs_in(admin, address, steps.make_admin(address))
    one.checks_page(wide=True)
    batch = PayoutBatch.objects.get()
    acts(one, batch, "approve")
    one.sees("Another admin exports it")
    acts(one, batch, "export")
    one.sees("Whoever approved a batch does not export it")
    with two.page.expect_download() as download:
        acts(two, batch, "export")
    document = download.value.path().read_bytes()
    try_valid_xml(document, "pain.001.001.09")
    assert b"NL91ABNA0417164300" in document
    creator.goto("/creator/payouts/")
    creator.checks_page(wide=True)
    assert invariants.check() == {}
