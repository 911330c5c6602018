"""From two creators' links, through an app's own browser, to the receipt and its contest."""

from django.conf import settings
from django.test import Client
from django.utils import timezone

from affiliates import links
from affiliates.models import Commission
from creators.models import Case
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.e2e import steps
from tests.shop.factories import make_brand, make_variant

INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148 Instagram 300.0.0.1"
)


def test_the_newest_link_earns_and_its_receipt_says_why(people):
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand)
    now = timezone.now()
    earlier, creator = (
        make_creator(handle=name, followers=6_000, user=make_user(), at=now)
        for name in ("pia", "noor")
    )
    taken = []
    for one in (earlier, creator):
        links.accept_terms(one.user, now)
        taken.append(links.take(one, product=variant.product, platform="instagram", at=now))

    outside = people(inspects=False)  # the phone's own browser, in which she met the other
    outside.goto(f"/go/{taken[0].code}")
    inside = people(user_agent=INSTAGRAM)
    inside.goto(f"/go/{taken[1].code}")
    inside.sees("You are in the browser inside Instagram.")
    inside.checks_page()
    inside.page.locator("#buy button[type=submit]").first.click()
    inside.page.wait_for_url("**/cart/")
    moved = inside.page.locator('[data-copy*="/cart/open/"]').first.get_attribute("data-copy")

    outside.goto(moved)
    outside.goto("/checkout/")
    outside.fill(**steps.BUYER)
    outside.page.locator(steps.SUBMIT).last.click()
    outside.page.wait_for_url("**/pay/fake/**")
    steps.pays(outside)
    assert Commission.objects.get().creator == creator

    reader = people()
    signed_in = Client()
    signed_in.force_login(creator.user)
    cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    reader.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": reader.url}]
    )
    reader.goto("/creator/earnings/")
    reader.page.locator(".sale-why > summary").click()
    reader.sees(f"Your link {taken[1].code}")
    reader.sees("Another creator")
    assert taken[0].code not in reader.page.content()
    reader.checks_page()
    reader.page.locator(".sale-why details > summary").click()
    reader.fill(text="The rate was 15 %.")
    reader.press("Contest it")
    reader.sees("A person decides by")
    assert Case.objects.get().kind == "contest"
