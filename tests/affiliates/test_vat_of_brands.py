"""VAT numbers of brands: reverse charge only on one that VIES knows."""

from datetime import date, timedelta

import pytest

from affiliates import brandinvoices, funding, settlement, tax, vatnumbers
from affiliates.models import BrandInvoice, BrandVatCheck, SettlementLine
from shop.models import Membership
from tests.affiliates import factories as money
from tests.affiliates.vies_fake import register

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NUMBER, OTHER = "DE136695976", "DE129273398"
AT = money.NIGHT_OVER
DAY = timedelta(days=1)


def vat_of(brand) -> int:
    brand.refresh_from_db()
    return tax.vat_bp_of(brand, 2100)


def test_a_typed_number_carries_home_vat_until_vies_knows_it(settings):
    brand = money.make_brand(country="DE", vat_number=NUMBER)
    assert vat_of(brand) == 2100
    with register(settings, **{NUMBER: True}) as vies:
        assert [vatnumbers.check_due(AT), vatnumbers.check_due(AT)] == [1, 0]

    assert [one["countryCode"] + one["vatNumber"] for one in vies.asked] == [NUMBER]
    row = BrandVatCheck.objects.get()
    assert (row.number, row.state, row.consultation) == (NUMBER, "valid", "WAPIAAAA00000001")
    assert vat_of(brand) == 0


@pytest.mark.parametrize(
    ("facts", "vat_bp"),
    [
        ({"country": "NL", "vat_number": "NL000099998B57"}, 2100),
        ({"country": "DE", "vat_number": ""}, 2100),
        ({"country": "US", "vat_number": "12-3456789"}, 0),
    ],
)
def test_nothing_is_asked_where_nothing_depends_on_it(settings, facts, vat_bp):
    brand = money.make_brand(**facts)
    with register(settings) as vies:
        assert vatnumbers.check_due(AT) == 0
    assert (vies.asked, vat_of(brand)) == ([], vat_bp)


def test_an_invalid_number_pays_home_vat_and_the_brand_reads_it(settings, client):
    brand = money.make_brand(country="DE", vat_number=NUMBER)
    user = money.make_user()
    Membership.objects.create(user=user, brand=brand)
    client.force_login(user)
    page = f"/brand/{brand.slug}/balance/"
    assert "has not answered yet" in client.get(page).content.decode()
    with register(settings, **{NUMBER: False}):
        vatnumbers.check_due(AT)

    assert vat_of(brand) == 2100
    assert "does not know your VAT number" in client.get(page).content.decode()


def test_a_register_that_is_away_keeps_what_it_last_said(settings):
    brand = money.make_brand(country="DE", vat_number=NUMBER)
    with register(settings, **{NUMBER: True}) as vies:
        vatnumbers.check_due(AT)
        vies.known[NUMBER] = "MS_UNAVAILABLE"
        assert vatnumbers.check_due(AT + vatnumbers.AGAIN) == 0
        assert vat_of(brand) == 0
        vies.known[NUMBER] = False
        assert vatnumbers.check_due(AT + vatnumbers.AGAIN + DAY) == 1
    assert vat_of(brand) == 2100


def test_another_number_is_asked_about_anew_and_an_old_one_when_it_is_back(settings):
    brand = money.make_brand(country="DE", vat_number=NUMBER)
    with register(settings, **{NUMBER: True, OTHER: True}):
        vatnumbers.check_due(AT)
        for number in (OTHER, NUMBER):
            type(brand).objects.filter(pk=brand.pk).update(vat_number=number)
            assert vat_of(brand) == 2100
            assert vatnumbers.check_due(AT + DAY) == 1
            assert vat_of(brand) == 0
    assert BrandVatCheck.objects.count() == 2


@pytest.mark.parametrize(("said", "vat"), [(True, 0), (False, 718)])
def test_the_night_the_reserve_and_the_invoice_follow_it(settings, said, vat):
    brand = money.make_brand(country="DE", vat_number=NUMBER)
    with register(settings, **{NUMBER: said}):
        vatnumbers.check_due(AT)
    money.make_commission(brand=brand, price=34500)
    before = funding.of(brand, at=money.PAID)
    settlement.settle(AT)

    line = SettlementLine.objects.get()
    assert (line.amount, line.vat) == (3421, vat)
    assert before.balance - before.payable >= line.amount + line.vat
    brandinvoices.issue(AT + 20 * DAY, date(2026, 11, 1))
    facts = BrandInvoice.objects.get(brand=brand).facts
    assert facts["vat_check"]["state"] == ("valid" if said else "invalid")
    assert facts["vat_check"]["consultation"] == "WAPIAAAA00000001"
