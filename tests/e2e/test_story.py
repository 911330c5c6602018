"""The main job in a browser: from a creator's sign-up to money on its way."""

import io
import json
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
from sepaxml.validation import try_valid_xml

from affiliates import clock, invariants
from affiliates.models import Click, Commission, Payout, PayoutBatch
from creators.models import Creator
from shop.models import Brand, BrandOrder, Product
from tests.e2e.conftest import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
BUYER = {
    "email": "shopper@people.example", "name": "Sam Shopper", "address": "Canal 12",
    "postal_code": "3511 AB", "city": "Utrecht",
}  # fmt: skip


def opens_brand(brand, data) -> str:
    """Sign up, join, import two catalogues and open a collaboration at 12 %; return the slug."""
    brand.signs_up("owner@brand.example", "/brands/join/")
    brand.fill(
        name="Wickerwold", legal_name="Wickerwold (demo)", address="Mill Road 1",
        postal_code="1500 AA", city="Zaandam", country="NL", register_number="12345678",
    )  # fmt: skip
    brand.page.locator('select[name="category"]').select_option(index=1)
    for box in ("certified", "terms"):
        brand.tick(box)
    brand.checks_page(wide=True)
    brand.press("Start selling")
    brand.page.wait_for_url("**/feeds/")
    slug = Brand.objects.get().slug
    for file in ("shopify_home_and_garden.csv", "merchant_feed_40.tsv"):
        brand.goto(f"/brand/{slug}/feeds/")
        brand.page.set_input_files('input[type="file"]', data / file)
        brand.press("^Import$")
        brand.page.wait_for_url(re.compile(r"/feeds/\d+/$"))
        brand.checks_page()
    brand.goto(f"/brand/{slug}/products/")
    brand.checks_page(wide=True)
    brand.goto(f"/brand/{slug}/collaborations/new/")
    brand.fill(name="Open to all", percent="12")
    brand.checks_page()
    brand.press("Open the collaboration")
    brand.sees("12%")
    return slug


def joins(creator, handle: str, followers: int) -> None:
    """Join in three steps, with TikTok on the stand-in."""
    creator.signs_up(f"{handle}@creators.example", "/creator/join/")
    creator.fill(display_name=handle.title(), handle=handle, birth_on="1998-05-04", country="NL")
    creator.page.locator('input[name="niches"]').first.check(force=True)
    creator.checks_page()
    creator.press("Save and connect")
    creator.page.wait_for_url("**/join/channels/")
    creator.checks_page()
    connects(creator, handle, followers)


def connects(creator, handle: str, followers: int) -> None:
    """Connect TikTok with as many followers."""
    creator.press("^Connect TikTok")
    creator.page.wait_for_url("**/authorize/**")
    creator.fill(handle=handle, followers=str(followers))
    creator.press("Connect this account")
    creator.page.wait_for_url("**/creator/**")


def takes_link(creator, product: Product) -> str:
    """Take a link for TikTok in the market; return its path."""
    creator.goto("/creator/market/")
    creator.checks_page(wide=True)
    creator.goto(f"/creator/market/?q={product.title}")
    card = creator.page.locator(f'article:has(a[href*="/{product.slug}/"])').first
    if card.locator('[name="terms"]').count():
        card.locator('[name="terms"]').check()
    card.get_by_role("button", name=re.compile("Get link")).click()
    creator.sees("is ready")
    creator.checks_page()
    creator.goto("/creator/links/")
    creator.checks_page(wide=True)
    return re.search(r"/go/\w+", creator.page.content())[0]


def buys(shopper, quantity: int) -> None:
    """Buy what is open as a guest, through the stand-in for the payment provider."""
    shopper.page.locator('select[name="quantity"]').select_option(str(quantity))
    shopper.press("Put in my bag")
    shopper.page.wait_for_url("**/cart/")
    shopper.checks_page(wide=True)
    shopper.goto("/checkout/")
    shopper.fill(**BUYER)
    shopper.checks_page(wide=True)
    shopper.page.locator("main form button[type=submit]").last.click()
    shopper.page.wait_for_url("**/pay/fake/**")
    shopper.checks_page()
    shopper.press("^Pay$")
    shopper.page.wait_for_url("**/orders/**")


def settle(at) -> dict:
    out = io.StringIO()
    call_command("settle", as_of=at, json=True, stdout=out)
    return json.loads(out.getvalue())


def make_admin(address: str) -> str:
    """An admin of the finance desk; return her secret for one-time codes."""
    user = get_user_model().objects.create_superuser(address, address, PASSWORD)
    user.groups.add(Group.objects.get_or_create(name="finance")[0])
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def signs_in(admin, address: str, secret: str) -> None:
    admin.goto("/accounts/login/?next=/admin/")
    admin.fill(login=address, password=PASSWORD)
    admin.page.locator("main form button[type=submit]").first.click()
    admin.page.wait_for_url("**/2fa/**")
    step = next(totp.yield_hotp_counters_from_time())
    admin.fill(code=totp.format_hotp_value(totp.hotp_value(secret, step)))
    admin.page.locator("main form button[type=submit]").first.click()
    admin.page.wait_for_url("**/admin/")


def acts(admin, batch: PayoutBatch, action: str) -> None:
    admin.goto("/admin/affiliates/payoutbatch/")
    admin.page.locator(f'input[name="_selected_action"][value="{batch.pk}"]').check()
    admin.page.locator('select[name="action"]').select_option(action)
    admin.page.locator('button[name="index"]').click()


def test_from_sign_up_to_money_on_its_way(people, data):
    brand = people()
    slug = opens_brand(brand, data)

    visitor = people()
    visitor.goto("/")
    visitor.checks_page(wide=True)
    small = people()
    joins(small, "lotte.small", 900)
    assert Creator.objects.get(handle="lotte.small").status == "waiting"
    small.sees("100")
    small.checks_page(wide=True)

    creator = people()
    joins(creator, "noor.bakes", 1200)
    assert Creator.objects.get(handle="noor.bakes").status == "pilot"
    creator.checks_page()
    product = Product.objects.on_sale().get(slug="wooden-fence")
    path = takes_link(creator, product)

    shopper = people()
    shopper.goto(path)
    shopper.sees("earns a commission")
    shopper.checks_page(wide=True)
    buys(shopper, 2)
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
    creator.goto("/creator/payouts/bank/")
    creator.fill(password=PASSWORD)
    creator.press("Confirm")
    creator.fill(**{"bank-iban": "NL91 ABNA 0417 1643 00", "bank-holder": "Noor Bakes"})
    creator.press("Save bank account")
    creator.goto("/creator/payouts/tax/")
    creator.tick("tax-kind", "private")
    creator.fill(**{"tax-legal_name": "Noor Bakes", "tax-address": "Road 2, Utrecht"})
    creator.tick("tax-self_billing")
    creator.press("Save tax status")
    creator.checks_page(wide=True)

    now = timezone.now()
    later = now + timedelta(days=16)
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
    one, two = people(), people()
    signs_in(one, "one@staff.example", make_admin("one@staff.example"))
    signs_in(two, "two@staff.example", make_admin("two@staff.example"))
    batch = PayoutBatch.objects.get()
    acts(one, batch, "approve")
    one.sees("Another admin exports it")
    with two.page.expect_download() as download:
        acts(two, batch, "export")
    document = download.value.path().read_bytes()
    try_valid_xml(document, "pain.001.001.09")
    assert b"NL91ABNA0417164300" in document
    creator.goto("/creator/payouts/")
    assert invariants.check() == {}
