"""Every form, filled in wrongly: it repeats what was typed, with the error at the field."""

import copy

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html

from affiliates import links
from affiliates.models import Collaboration
from shop import orders
from tests.affiliates.factories import make_collaboration, sign_in
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = pytest.mark.django_db
ADDRESS = {"name": "A Shopper", "address": "Canal 12", "city": "Utrecht", "country": "NL"}
TRADER = {"country": "NL", "name": "Mill", "legal_name": "Mill V.O.F.", "address": "Mill Road 1"}
# who, method and path, what is typed, the fields that are wrong
FORMS = [
    ("visitor", "GET /check/", {"platform": "tiktok", "followers": "many"}, "followers"),
    ("visitor", "GET /brands/", {"price": "cheap", "percent": "12"}, "price"),
    ("visitor", "POST /accounts/signup/", {"email": "no mail", "password1": "x"}, "email password1"),
    ("visitor", "POST /accounts/login/", {"login": "no mail", "password": "x"}, "login"),
    ("visitor", "POST /accounts/password/reset/", {"email": "no mail"}, "email"),
    ("visitor", "POST /report/creator/{creator}/", {"ground": "fraud", "text": "short", "email": "no"},
     "text email good_faith"),
    ("shopper", "POST /checkout/", ADDRESS | {"email": "no mail", "postal_code": "12"},
     "email postal_code"),
    ("shopper", "POST /orders/{token}/code/", {"code": "000000x"}, "code"),
    ("person", "POST /creator/join/", {"handle": "a b", "bio": "Breads", "country": "NL"},
     "display_name handle birth_on niches"),
    ("person", "POST /brands/join/", TRADER | {"vat_number": "NL1"}, "postal_code vat_number terms"),
    ("creator", "POST /creator/settings/", {"display_name": "N", "handle": "noor"}, "display_name"),
    ("creator", "POST /creator/channels/tiktok/check/", {"handle": "two words"}, "handle"),
    ("creator", "POST /creator/links/many/", {"products": "no page", "platform": "tiktok"},
     "products"),
    ("creator", "POST /creator/links/code/", {"code": "é!"}, "code"),
    ("creator", "POST /creator/storefront/links/", {"do": "add", "label": "L", "url": "no"}, "url"),
    ("creator", "POST /creator/payouts/bank/", {"bank-iban": "NL00", "bank-holder": "N"},
     "bank-iban"),
    ("creator", "POST /creator/payouts/tax/", {"tax-kind": "vat_liable", "tax-legal_name": "N"},
     "tax-address tax-vat_number tax-self_billing"),
    ("brand", "POST /brand/mill/settings/", TRADER | {"return_days": "3", "shipping_price": "x"},
     "return_days shipping_price"),
    ("brand", "POST /brand/mill/products/new/", {"title": "Jar", "sells_at": "own_shop"},
     "category own_shop_url"),
    ("brand", "POST /brand/mill/feeds/", {"format": "shopify"}, "file"),
    ("brand", "POST /brand/mill/collaborations/new/", {"name": "Autumn", "percent": "95"},
     "percent"),
    ("brand", "POST /brand/mill/collaborations/{offer}/", {"percent": "0.5"}, "percent"),
    ("brand", "POST /brand/mill/creators/{creator}/invite/", {"message": "Hi"}, "collaboration"),
    ("brand", "POST /brand/mill/balance/topup/", {"amount": "1"}, "amount"),
    ("brand", "POST /brand/mill/orders/{part}/ship/", {"track_url": "no address"}, "track_url"),
    ("brand", "POST /brand/mill/orders/{part}/refund/", {"amount": "9999", "reason": "R", "key": "k"},
     "amount"),
]  # fmt: skip


@pytest.fixture(scope="module")
def market_once(shared_rows):
    """A brand with an order, a creator with terms, somebody new, and a shopper with a bag."""
    with shared_rows():
        return make_market()


@pytest.fixture
def market(market_once):
    """The browsers of those people, and facts of the market."""
    cookies, facts = copy.deepcopy(market_once)
    people = {name: Client() for name in cookies}
    for name, browser in people.items():
        browser.cookies = cookies[name]
    return people, facts


def make_market():
    """Return what the browsers of those people keep, and facts of the market."""
    owner, new = make_user(), make_user()
    brand = make_brand(owner=owner, slug="mill")
    variant = make_variant(brand=brand)
    offer = make_collaboration(brand)
    Collaboration.objects.create(
        brand=brand, kind="targeted", rate_bp=1500, starts_at=timezone.now()
    )
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=timezone.now())
    links.accept_terms(creator.user, timezone.now())
    order = make_order((variant, 1))
    people = {name: Client() for name in ("visitor", "shopper", "person", "creator", "brand")}
    people["shopper"].post("/cart/add/", {"variant": variant.pk})
    for name, user in (("person", new), ("creator", creator.user), ("brand", owner)):
        sign_in(people[name], user)
    facts = {
        "offer": offer.pk, "creator": creator.pk, "part": order.parts.get().pk,
        "token": orders.token_of(order.checkout_key),
    }  # fmt: skip
    return {name: browser.cookies for name, browser in people.items()}, facts


def shown(page, name: str):
    """Return what a field of the page holds, as a browser would send it."""
    [*controls] = page.xpath("//main//*[@name=$name]", name=name)
    if controls and controls[0].get("type") in ("radio", "checkbox"):
        return [one.get("value") for one in controls if one.get("checked") is not None][:1]
    return [one.value.removeprefix("\n") for one in controls if one.value is not None][:1]


def is_marked(page, name: str) -> bool:
    """Say whether the field is marked as wrong and leads to words that stand at it."""
    [control, *_more] = page.xpath(
        "//main//*[@name=$name or @name=concat($name, '_day')]", name=name
    )
    group = control.xpath("ancestor::fieldset[@aria-describedby]")
    ids = " ".join(e.get("aria-describedby") or "" for e in [control, *group]).split()
    texts = [e.text_content().strip() for i in ids for e in page.xpath("//*[@id=$i]", i=i)
             if i.endswith("-error")]  # fmt: skip
    return bool(texts and all(texts)) and (control.get("aria-invalid") == "true" or bool(group))


@pytest.mark.parametrize(("who", "what", "typed", "wrong"), FORMS, ids=[row[1] for row in FORMS])
def test_a_form_repeats_what_was_typed_with_the_error_at_the_field(market, who, what, typed, wrong):
    people, facts = market
    method, path = what.format(**facts).split()

    answer = getattr(people[who], method.lower())(path, typed)

    assert answer.status_code in (200, 422), answer
    page = html.fromstring(answer.content.decode())
    assert [name for name in wrong.split() if not is_marked(page, name)] == []
    kept = {name: shown(page, name) for name in typed if name not in ("do", "key")}
    secret = {"password", "password1"}
    assert {k: v for k, v in kept.items() if k not in secret} == {
        name: [text] for name, text in typed.items() if name in kept and name not in secret
    }
    assert not any(kept[name] for name in secret & set(kept))
    summary = page.xpath("//*[contains(concat(' ', @class, ' '), ' errsum ')]//a/@href")
    assert all(page.xpath("//*[@id=$i]", i=target.removeprefix("#")) for target in summary)
