"""Where money goes is changed with a second factor, and whoever has none is led to one and back."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.utils import timezone

from affiliates.models import BrandTaxIdentity, PayoutMethod, TaxProfile
from config.lib import typed
from shop.models import Brand
from tests.affiliates.factories import make_brand, make_creator, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)  # allauth's signals wait for the commit
WORD = "kaap-duin-3381-wolk"
BANK = "/creator/payouts/bank/"
ACCOUNT = {"bank-iban": "NL91 ABNA 0417 1643 00", "bank-holder": "Noor Visser"}


@pytest.fixture
def creator():
    creator = make_creator(user=make_user(password=WORD))
    EmailAddress.objects.create(
        user=creator.user, email=creator.user.email, verified=True, primary=True
    )
    return creator


def set_up(client) -> str:
    """Set up an authenticator as its page asks; return where it leads."""
    asked = client.get("/accounts/2fa/totp/activate/")
    if asked.status_code == 302:  # her password first
        client.post(asked["Location"], {"password": WORD})
        asked = client.get("/accounts/2fa/totp/activate/")
    secret = asked.context["form"].secret
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    return client.post("/accounts/2fa/totp/activate/", {"code": code})["Location"]


def test_who_has_no_second_factor_sets_one_up_and_finds_what_she_typed(client, creator):
    sign_in(client, creator.user, second_factor=False)

    assert client.post(BANK, ACCOUNT)["Location"] == "/accounts/2fa/"
    page = client.get("/accounts/2fa/").content.decode()
    assert "it needs a second factor" in page and BANK not in page
    codes = client.get(set_up(client)).content.decode()
    assert f'href="{BANK}"' in codes and "go on where I was" in codes

    back = client.get(BANK)
    assert back.status_code == 200
    assert 'value="NL91 ABNA 0417 1643 00"' in back.content.decode()
    assert not PayoutMethod.objects.exists()  # looking saves nothing

    assert client.post(BANK, ACCOUNT).status_code == 302
    assert PayoutMethod.objects.get().holder == "Noor Visser"
    assert BANK not in client.get("/accounts/2fa/").content.decode()  # she has been there
    assert 'value="NL91' not in client.get(BANK).content.decode()


@pytest.mark.parametrize("path", [BANK, "/creator/payouts/tax/"])
def test_a_password_alone_opens_no_page_of_a_creators_money(client, creator, path):
    client.post("/accounts/login/", {"login": creator.user.email, "password": WORD})

    assert client.get(path)["Location"] == "/accounts/2fa/"
    assert client.post(path, ACCOUNT)["Location"] == "/accounts/2fa/"
    assert not PayoutMethod.objects.exists() and not TaxProfile.objects.exists()


def test_what_was_typed_is_kept_sealed_for_its_page_its_person_and_half_an_hour(
    client, creator, time_machine
):
    time_machine.move_to(timezone.now())
    sign_in(client, creator.user, second_factor=False)
    client.post(BANK, ACCOUNT)
    kept = client.session[typed.KEPT]
    assert "NL91" not in kept and "Visser" not in kept

    sign_in(client, creator.user)
    assert "Visser" not in client.get("/creator/payouts/tax/").content.decode()
    other = Client()
    sign_in(other, make_creator().user)
    session = other.session
    session[typed.KEPT] = kept
    session.save()
    assert "Visser" not in other.get(BANK).content.decode()

    session = client.session
    session[typed.KEPT] = kept
    session.save()
    assert "Visser" in client.get(BANK).content.decode()
    time_machine.shift(typed.KEPT_S + 1)
    sign_in(client, creator.user)
    assert "Visser" not in client.get(BANK).content.decode()


def test_a_second_factor_given_long_ago_is_asked_again(client, creator, time_machine):
    time_machine.move_to(timezone.now())
    sign_in(client, creator.user)
    time_machine.shift(301)

    assert client.post(BANK, ACCOUNT)["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert not PayoutMethod.objects.exists()


def test_recovery_codes_made_anew_are_no_second_factor_given(client, creator):
    sign_in(client, creator.user)
    session = client.session
    session["account_authentication_methods"] = [
        one | {"reauthenticated": True}
        for one in session["account_authentication_methods"]
        if one["method"] == "password"
    ]
    session.save()
    client.post("/accounts/2fa/recovery-codes/generate/", {})

    assert Authenticator.objects.filter(user=creator.user, type="recovery_codes").exists()
    assert client.get(BANK)["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_a_password_takes_no_second_factor_away_and_adds_none(client, creator):
    """Somebody sits at her computer, where she is signed in, and knows her password."""
    sign_in(client, creator.user)
    session = client.session
    session["account_authentication_methods"] = []  # it was a while ago
    session.save()
    asks = "/accounts/2fa/reauthenticate/"

    assert client.post("/accounts/reauthenticate/", {"password": WORD})["Location"] == asks
    for path in ("totp/deactivate/", "recovery-codes/generate/", "webauthn/add/"):
        answer = client.post(f"/accounts/2fa/{path}", {})
        way = client.get(answer["Location"])
        assert (way["Location"] if way.status_code == 302 else asks).startswith(asks), path
    assert "/accounts/reauthenticate/" not in client.get(asks).content.decode()

    kinds = Authenticator.objects.filter(user=creator.user).values_list("type", flat=True)
    assert list(kinds) == ["totp"]
    assert client.get(BANK)["Location"].startswith(asks)


# ------------------------------------------------------------ brands


@pytest.fixture
def owner():
    owner = make_user(password=WORD)
    owner.brand = make_brand(
        legal_name="Mill B.V.", address="Road 1", postal_code="1000 AA", city="Utrecht",
        email="mill@brands.example", phone="+31 75 612 3456", register_number="12345678", vat_number="",
        self_certified_at=timezone.now(),
    )  # fmt: skip
    owner.brand.memberships.create(user=owner, role="owner")
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    return owner


def settings_of(client, path, **changes) -> dict:
    """Return the fields of a brand's settings as a browser sends them."""
    form = client.get(path).context["form"]
    facts = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in facts.items() if value not in (None, False)} | changes


def test_a_brands_tax_number_wants_a_second_factor(client, owner):
    path = f"/brand/{owner.brand.slug}/balance/tax/"
    BrandTaxIdentity.objects.all().delete()
    sign_in(client, owner, second_factor=False)
    form = {"tax-kind": "entity", "tax-tin": "123456782", "tax-tin_country": "NL"}

    assert client.post(path, form)["Location"] == "/accounts/2fa/"
    client.get(set_up(client))
    assert "123456782" in client.get(path).content.decode()
    assert not BrandTaxIdentity.objects.exists()
    assert client.post(path, form).status_code == 302
    assert BrandTaxIdentity.objects.exists()


def test_who_the_trader_is_wants_a_second_factor_and_shipping_does_not(client, owner):
    path = f"/brand/{owner.brand.slug}/settings/"
    sign_in(client, owner, second_factor=False)

    assert client.post(path, settings_of(client, path, shipping_price="4.95"))["Location"] == path
    assert Brand.objects.get().shipping_price == 495
    changed = settings_of(client, path, legal_name="Thief B.V.", shipping_price="5.95")
    assert client.post(path, changed)["Location"] == "/accounts/2fa/"
    assert (Brand.objects.get().legal_name, Brand.objects.get().shipping_price) == (
        "Mill B.V.", 495,
    )  # fmt: skip

    client.get(set_up(client))
    page = client.get(path).content.decode()
    assert 'value="Thief B.V."' in page and "<h1>" in page
    assert Brand.objects.get().legal_name == "Mill B.V."
    assert client.post(path, changed)["Location"] == path
    assert Brand.objects.get().legal_name == "Thief B.V."


def test_a_draft_names_its_trader_without(client, owner):
    Brand.objects.update(status="draft", legal_name="", self_certified_at=None)
    path = f"/brand/{owner.brand.slug}/settings/"
    sign_in(client, owner, second_factor=False)

    assert client.post(path, settings_of(client, path, legal_name="Mill B.V."))["Location"] == path
    assert Brand.objects.get().legal_name == "Mill B.V."


def test_a_download_asked_for_too_late_leads_back_to_its_page(client, creator):
    client.force_login(creator.user)

    asked = client.post("/accounts/data/download/")["Location"]
    then = client.post(asked, {"password": WORD, "next": "/accounts/data/"})["Location"]
    assert client.get(then).status_code == 200
