"""A brand types a product while her session ends, and while new terms begin: nothing is lost."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from shop.models import Acceptance, Product
from tests.security.test_sessions import HOUR, WORD, age
from tests.shop.factories import make_brand, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_what_a_brand_types_outlives_her_session_and_the_terms(people, live_site):
    owner = make_user()
    owner.set_password(WORD)
    owner.save()
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    brand = make_brand(owner=owner, phone="")
    client = Client()
    client.force_login(owner)
    person = people()
    person.expects = person.expects | {422}
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    person.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_site.url}])

    person.goto(f"/brand/{brand.slug}/products/")
    person.sees("Shoppers cannot call you yet")
    person.goto(f"/brand/{brand.slug}/settings/")
    person.goto(f"/brand/{brand.slug}/products/new/")
    person.fill(**{
        "title": "Egg cup", "description": "Holds one egg.", "variants-0-price": "7,50",
        "category": str(brand.category_id),
    })  # fmt: skip
    age(client, seen_at=13 * HOUR)
    person.press("^Save$")
    person.page.wait_for_url("**/accounts/login/**")
    person.sees("What you typed is kept")
    person.fill(login=owner.email, password=WORD)
    person.press("Sign in")
    person.page.wait_for_url("**/products/new/")
    person.checks_page(wide=True)
    Acceptance.objects.all().delete()
    person.press("Send it now")
    person.sees("First the new terms")
    person.checks_page(wide=True)
    person.press("go on$")
    person.page.wait_for_url("**/products/")
    made = Product.objects.get()
    assert (made.title, made.description, made.price_from) == (
        "Egg cup",
        "<p>Holds one egg.</p>",
        750,
    )
    assert Acceptance.objects.get().brand == brand
