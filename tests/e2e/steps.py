"""What people do in a browser, step by step; by form and field, so that any language will do."""

import re
import time

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from shop.models import Brand, Product
from tests.e2e.person import PASSWORD, Person, code_in, mails

SUBMIT = "main form button[type=submit]"
BUYER = {
    "email": "shopper@people.example", "name": "Sam Shopper", "address": "Canal 12",
    "postal_code": "3511 AB", "city": "Utrecht",
}  # fmt: skip


def signs_up(person: Person, address: str, then: str) -> None:
    """Make an account and type the code from the mail; end at `then`."""
    person.goto(f"/accounts/signup/?next={then}")
    person.fill(email=address, password1=PASSWORD)
    person.checks_page()
    person.page.locator(SUBMIT).first.click()
    person.page.wait_for_url("**/confirm-email/**")
    person.fill(code=code_in(mails(address)[-1]))
    person.checks_page()
    person.page.locator(SUBMIT).first.click()
    person.page.wait_for_url(f"**{then}")


def opens_brand(brand: Person, data) -> str:
    """Sign up, join, import two catalogues and open a collaboration at 12 %; return the slug."""
    signs_up(brand, "owner@brand.example", "/brands/join/")
    brand.fill(
        name="Wickerwold", legal_name="Wickerwold (demo)", address="Mill Road 1",
        postal_code="1500 AA", city="Zaandam", country="NL", phone="+31 75 612 3456", register_number="12345678",
    )  # fmt: skip
    brand.page.locator('select[name="category"]').select_option(index=1)
    for box in ("certified", "terms"):
        brand.tick(box)
    brand.checks_page(wide=True)
    brand.press("Start selling")
    brand.page.wait_for_url("**/feeds/")
    brand.checks_page(wide=True)
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
    brand.checks_page()
    return slug


def joins(creator: Person, handle: str, followers: int) -> None:
    """Join in three steps, with TikTok on the stand-in; end at the answer."""
    signs_up(creator, f"{handle}@creators.example", "/creator/join/")
    tells_about_her(creator, handle)
    connects(creator, handle, followers)


def tells_about_her(creator: Person, handle: str) -> None:
    """Fill in the first step of joining; end at the second."""
    creator.fill(display_name=handle.title(), handle=handle, birth_on="1998-05-04", country="NL")
    creator.page.locator('input[name="niches"]').first.check(force=True)
    creator.checks_page()
    creator.page.locator(SUBMIT).click()
    creator.page.wait_for_url("**/join/channels/")
    creator.checks_page()


def connects(
    creator: Person, handle: str, followers: int, platform: str = "tiktok", fail: str = ""
) -> None:  # fmt: skip
    """Connect a channel with as many followers, whose platform answers as `fail` says."""
    goes_to_platform(creator, platform)
    creator.fill(handle=handle, followers=str(followers), fail=fail)
    creator.press("Connect this account")
    creator.page.wait_for_url(f"{creator.url}/creator/**")
    creator.checks_page()


def goes_to_platform(creator: Person, platform: str) -> None:
    """Press the button that leads to the platform's own page."""
    creator.page.locator(f'form[action$="/{platform}/connect/"] button').first.click()
    creator.page.wait_for_url(f"**/{platform}/**response_type=code**")
    creator.checks_page()


def takes_link(creator: Person, product: Product) -> str:
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


def orders(shopper: Person, quantity: int = 1) -> None:
    """Order what is open as a guest; end on the page of the payment provider's stand-in."""
    shopper.page.locator('select[name="quantity"]').select_option(str(quantity))
    shopper.page.locator("#buy button[type=submit]").first.click()
    shopper.page.wait_for_url("**/cart/")
    shopper.checks_page(wide=True)
    shopper.goto("/checkout/")
    shopper.fill(**BUYER)
    shopper.checks_page(wide=True)
    shopper.page.locator(SUBMIT).last.click()
    shopper.page.wait_for_url("**/pay/fake/**")
    shopper.checks_page()


def pays(shopper: Person) -> None:
    shopper.page.locator('button[name="pay"]').click()
    shopper.page.wait_for_url("**/orders/**")


def make_admin(address: str) -> str:
    """An admin of the finance desk; return her secret for one-time codes."""
    user = get_user_model().objects.create_superuser(address, address, PASSWORD)
    user.groups.add(Group.objects.get_or_create(name="finance")[0])
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def one_time_code(secret: str) -> str:
    """Return a code with time left to type it: one in its last second is refused, as it should."""
    period = mfa_settings.TOTP_PERIOD
    left_s = period - time.time() % period
    if left_s < period / 3:
        time.sleep(left_s)
    step = next(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, step))


def signs_in(admin: Person, address: str, secret: str) -> None:
    """Sign in to the admin with a password and a one-time code."""
    admin.goto("/accounts/login/?next=/admin/")
    admin.fill(login=address, password=PASSWORD)
    admin.checks_page()
    admin.page.locator(SUBMIT).first.click()
    admin.page.wait_for_url("**/2fa/**")
    admin.checks_page()
    admin.fill(code=one_time_code(secret))
    admin.page.locator(SUBMIT).first.click()
    admin.page.wait_for_url("**/admin/")
