"""Tax numbers: checked, sealed at rest, masked to their owner, seen in clear by finance only."""

from datetime import date

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from affiliates import identities, tins
from affiliates.models import BrandTaxIdentity, TaxIdentity, TaxLook
from affiliates.payouts import brands
from config.lib.access import FINANCE
from tests.affiliates import factories as money
from tests.affiliates.test_money_admin import act
from tests.affiliates.test_money_pages import TAX, status

pytestmark = pytest.mark.django_db
BSN = "111222333"


@pytest.fixture
def creator(client):
    creator = money.make_creator()
    money.sign_in(client, creator.user)
    return creator


@given(st.integers(10_000_000, 99_999_999))
def test_of_ten_last_digits_at_most_one_passes_the_11_test(first):
    def passes(number: str) -> bool:
        try:
            return tins.clean(number, "NL") == number
        except tins.NotATin:
            return False

    weighed = sum(int(d) * w for d, w in zip(str(first), range(9, 1, -1), strict=True)) % 11
    assert [n for n in range(10) if passes(f"{first}{n}")] == ([weighed] if weighed < 10 else [])


@pytest.mark.parametrize(
    ("number", "country", "fits"),
    [("1112.22.333", "NL", "111222333"), ("111222334", "NL", ""), ("", "NL", ""),
     ("36 574 261 809", "DE", "36574261809"), ("36574261890", "DE", ""),
     ("54362315K", "ES", "54362315K"), ("54362315Z", "ES", ""),
     ("93 01 01 333 34", "BE", ""), ("RCCMNL83S18D969H", "IT", "RCCMNL83S18D969H"),
     ("AB123456C", "GB", "AB123456C"), ("1988010112345", "LU", "1988010112345"),
     ("x", "LU", ""), ("<b>12345</b>", "LU", "")],
)  # fmt: skip
def test_tax_numbers(number, country, fits):
    try:
        found = tins.clean(number, country)
    except tins.NotATin:
        found = ""
    assert found == fits


def test_it_is_stored_sealed_and_shown_masked(client, creator):
    assert client.post(TAX, status()).status_code == 302
    row = TaxIdentity.objects.get()
    assert (row.tin, row.birth_on, row.tin_country) == (BSN, date(1999, 12, 31), "NL")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM affiliates_taxidentity")
        stored = repr(cursor.fetchall())
    assert BSN not in stored
    assert "1999" not in stored
    for path in ("/creator/payouts/", TAX):
        text = client.get(path).content.decode()
        assert BSN not in text
        assert "••••••333" in text


def test_an_empty_number_keeps_the_one_we_have(client, creator):
    client.post(TAX, status())
    assert client.post(TAX, status(tin="", legal_name="N. de Visser")).status_code == 302
    assert TaxIdentity.objects.get().tin == BSN
    assert client.post(TAX, status(tin="", tin_country="DE")).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"tin": "111222334"}, {"tin": ""}, {"birth_on": "2999-01-01"}, {"birth_on": ""},
              {"birth_on": "1899-12-31"}, {"tin_country": "XX"}]
)  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_is_kept(client, creator, wrong):
    assert client.post(TAX, status(**wrong)).status_code == 422
    assert not TaxIdentity.objects.exists()
    assert not creator.tax_profiles.exists()


def test_without_it_she_is_asked_for_it(client, creator):
    money.make_payable(creator)
    creator.tax_identity.delete()
    assert "Add your date of birth and tax number" in client.get("/creator/").content.decode()


def desk(**facts):
    client = Client()
    user = money.make_user(is_staff=True, **facts)
    money.sign_in(client, user)
    return client, user


LIST = "/admin/affiliates/taxidentity/"


def test_finance_sees_it_in_clear_with_a_reason_that_is_kept(creator):
    money.make_identity(creator)
    finance, user = desk()
    user.groups.add(Group.objects.get_or_create(name=FINANCE)[0])
    rows = [creator.tax_identity]
    for path in (LIST, f"{LIST}{creator.pk}/change/"):
        answer = finance.get(path)
        assert (answer.status_code, BSN in answer.content.decode()) == (200, False)
    act(finance, TaxIdentity, "show", rows)
    assert not TaxLook.objects.exists()  # no reason, no look

    answer = act(finance, TaxIdentity, "show", rows, "letter of the tax office")
    assert BSN in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    look = TaxLook.objects.get()
    assert (look.by, look.creator, look.why) == (user, creator, "letter of the tax office")
    with pytest.raises(DatabaseError), transaction.atomic():
        TaxLook.objects.all().delete()


def test_other_staff_do_not_see_it_even_with_every_permission(creator):
    from django.contrib.auth.models import Permission

    money.make_identity(creator)
    other, user = desk()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="affiliates"))
    assert other.get(LIST).status_code == 403
    assert other.get(f"{LIST}{creator.pk}/change/").status_code == 403
    answer = act(other, TaxIdentity, "show", [creator.tax_identity], "curious")
    assert (answer.status_code, TaxLook.objects.count()) == (403, 0)


def test_the_look_asks_for_a_fresh_second_factor(creator):
    money.make_identity(creator)
    finance, _user = desk(is_superuser=True)
    session = finance.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()
    answer = act(finance, TaxIdentity, "show", [creator.tax_identity], "letter")
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert not TaxLook.objects.exists()


# ------------------------------------------------------------ brands


@pytest.fixture
def owner(client):
    owner = money.make_user()
    owner.brand = money.make_brand(connect_account="acct_1")
    owner.brand.memberships.create(user=owner, role="owner")
    BrandTaxIdentity.objects.all().delete()
    money.sign_in(client, owner)
    return owner


def told(**facts):
    plain = {"kind": "entity", "tin": "123456782", "tin_country": "NL", "birth_on": ""}
    return {f"tax-{name}": value for name, value in (plain | facts).items()}


def test_a_brand_tells_its_tax_number_before_it_is_paid(client, owner):
    page = f"/brand/{owner.brand.slug}/balance/tax/"
    assert "Before your first payout" in client.get(page.replace("tax/", "")).content.decode()
    assert owner.brand not in brands.payable_brands(money.DUE)

    assert client.post(page, told()).status_code == 302

    row = BrandTaxIdentity.objects.get()
    assert (row.kind, row.tin, row.birth_on) == ("entity", "123456782", None)
    assert owner.brand in brands.payable_brands(money.DUE)
    shown = client.get(page.replace("tax/", "")).content.decode()
    assert "••••••782" in shown and "123456782" not in shown
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM affiliates_brandtaxidentity")
        assert "123456782" not in repr(cursor.fetchall())


@pytest.mark.parametrize(
    "wrong", [{"tin": "123456783"}, {"tin": ""}, {"kind": "individual"}, {"kind": "x"},
              {"kind": "individual", "birth_on": "2999-01-01"}]
)  # fmt: skip
def test_what_does_not_fit_a_brand_is_said_and_nothing_is_kept(client, owner, wrong):
    page = f"/brand/{owner.brand.slug}/balance/tax/"

    assert client.post(page, told(**wrong)).status_code == 422
    assert not BrandTaxIdentity.objects.exists()


def test_only_an_owner_tells_it(client, owner):
    owner.brand.memberships.update(role="member")

    answer = client.post(f"/brand/{owner.brand.slug}/balance/tax/", told())

    assert answer.status_code == 403
    assert not BrandTaxIdentity.objects.exists()


def test_a_look_at_a_brands_number_is_written_down(owner):
    money_desk, admin = desk(is_superuser=True)
    identities.store_brand(
        owner.brand, money.PAID, kind="individual", birth_on=date(1980, 1, 2), tin="123456782",
        tin_country="NL",
    )  # fmt: skip

    row = BrandTaxIdentity.objects.get()
    shown = act(money_desk, BrandTaxIdentity, "show", [row], "An audit")

    assert "123456782" in shown.content.decode()
    look = TaxLook.objects.get()
    assert (look.brand, look.creator, look.by, look.why) == (owner.brand, None, admin, "An audit")
