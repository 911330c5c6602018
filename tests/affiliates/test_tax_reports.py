"""The yearly reports: what was paid, to whom, in which quarter; who lacks what is named."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from affiliates import identities, ledger, payouts, settlement, taxreports
from affiliates.models import BrandTaxIdentity, TaxLook
from affiliates.taxreports import Quarter, Seller
from shop import refunds
from tests.affiliates import factories as money
from tests.affiliates.test_payouts import FRIDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def paid(creator, price=34500, at=FRIDAY, **more):
    """Pay a creator for one sale."""
    commission = money.make_commission(creator, price=price, **more)
    settlement.settle(max(at, money.NIGHT_OVER))
    (batch,) = payouts.build(at)
    payouts.approve(batch, money.make_user(is_staff=True), at)
    payouts.export(batch, money.make_user(is_staff=True), at)
    payouts.confirm_batch(batch, at)
    return commission, batch.payouts.get(creator=creator)


@pytest.fixture
def creator():
    creator = money.make_creator()
    money.make_payable(creator)
    return creator


def creators_of(report):
    return [row for row in report.rows if row.kind == "individual"]


def test_dac7_tells_of_each_creator_by_quarter(creator):
    paid(creator)
    (row,) = creators_of(taxreports.dac7(2026))
    assert (row.id, row.activity, row.name, row.address, row.country) == (
        creator.pk, "personal services", "A. Person", "Road 2, Utrecht", "NL"
    )  # fmt: skip
    assert (row.tin, row.tin_country, row.birth_on) == ("111222333", "NL", "1999-12-31")
    assert (row.account, row.currency) == ("NL91ABNA0417164300", "EUR")
    assert row.quarters == {
        1: Quarter(), 2: Quarter(), 3: Quarter(), 4: Quarter(3421, 0, 1, 0)
    }  # fmt: skip
    assert creators_of(taxreports.dac7(2025)) == []


def test_one_euro_is_enough_for_a_service(creator):
    paid(creator, price=10200)
    assert creators_of(taxreports.dac7(2026))[0].total("consideration") == 1012


def test_vat_is_told_apart_and_its_number_too(creator):
    money.make_numbered(creator)
    paid(creator)
    (row,) = creators_of(taxreports.dac7(2026))
    assert (row.quarters[4], row.vat_number) == (Quarter(4139, 718, 1, 0), "NL000099998B57")


def test_what_came_back_was_not_paid(creator):
    _sale, payout = paid(creator)
    payouts.returned(payout, "closed", FRIDAY)
    assert creators_of(taxreports.dac7(2026)) == []
    assert taxreports.ubd(2026).rows == []


def test_who_lives_outside_the_eu_is_not_told_of_by_dac7(creator):
    creator.tax_profiles.update(country="CH")
    paid(creator)
    assert creators_of(taxreports.dac7(2026)) == []
    assert len(taxreports.ubd(2026).rows) == 1


def test_a_quarter_and_a_year_end_at_midnight_of_the_market(creator):
    paid(creator)
    row = creator.payouts.get()
    for moment, year, quarter in [
        (datetime(2026, 9, 30, 21, 59, tzinfo=UTC), 2026, 3),
        (datetime(2026, 9, 30, 22, 0, tzinfo=UTC), 2026, 4),
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), 2026, 4),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), 2027, 1),
    ]:
        row.paid_at = moment
        row.save()
        (told,) = creators_of(taxreports.dac7(year))
        assert told.quarters[quarter].consideration == 3421, moment


def test_a_brand_is_told_of_with_what_we_kept(creator):
    brand = money.make_brand(legal_name="Brand B.V.")
    sale, _payout = paid(creator, price=345000, brand=brand)
    brand.connect_account = "acct_1"
    brand.save()
    refunds.refund(sale.order_line.brand_order.order, at=FRIDAY, amount=10000)
    rows = [row for row in taxreports.dac7(2026).rows if row.kind == "entity"]
    (row,) = rows
    left = ledger.balance(ledger.brand(brand.pk), "EUR")
    assert (row.activity, row.name, row.account) == ("goods", "Brand B.V.", "acct_1")
    assert (row.quarters[4].consideration, row.quarters[4].activities) == (left, 1)
    assert row.quarters[4].consideration + row.quarters[4].withheld == 345000 - 10000
    assert (row.kind, row.tin, row.tin_country) == ("entity", "111222333", "NL")

    identities.store_brand(
        brand, FRIDAY, kind="individual", birth_on=date(1980, 1, 2), tin="123456782",
        tin_country="NL",
    )  # fmt: skip
    (row,) = [row for row in taxreports.dac7(2026).rows if row.activity == "goods"]
    assert (row.kind, row.birth_on, row.tin) == ("individual", "1980-01-02", "123456782")
    BrandTaxIdentity.objects.all().delete()
    report = taxreports.dac7(2026)
    assert "tin" in report.missing()[f"brand {brand.pk}"]


@given(st.integers(0, 60), st.integers(0, 400_000))
def test_small_sellers_of_goods_are_left_out_and_no_others(sales, amount):
    row = Seller("entity", 1, "goods", currency="EUR")
    row.quarters[2] = Quarter(amount, 0, sales)
    assert taxreports.is_small([row]) == (sales < 30 and amount <= 200_000)


def test_ubd_tells_of_each_payment_without_vat(creator):
    paid(creator)
    (row,) = taxreports.ubd(2026).rows
    assert (row.bsn, row.tin, row.name, row.birth_on) == (
        "111222333", "", "A. Person", "1999-12-31"
    )  # fmt: skip
    assert (row.paid_on, row.amount) == ("2026-11-20", 3421)


def test_who_invoices_vat_is_left_out_of_ubd(creator):
    money.make_numbered(creator)
    paid(creator)
    assert taxreports.ubd(2026).rows == []


@pytest.mark.parametrize("kind", ["kor", "eu_reverse"])
def test_an_invoice_without_vat_is_in_ubd(creator, kind):
    money.make_numbered(creator, kind=kind)
    paid(creator)
    assert len(taxreports.ubd(2026).rows) == 1


def test_reports_add_up_to_what_left_the_bank(creator):
    others = [money.make_creator() for _n in range(3)]
    for one in others:
        money.make_payable(one)
    money.make_numbered(others[0])
    for n, one in enumerate([creator, *others]):
        paid(one, price=34500 + n * 1111, at=FRIDAY + timedelta(days=7 * n))
    payouts.returned(others[2].payouts.get(), "closed", FRIDAY + timedelta(days=30))
    told = sum(
        row.total("consideration")
        for year in (2026, 2027)
        for row in creators_of(taxreports.dac7(year))
    )
    assert told == ledger.balance(ledger.BANK, "EUR")
    without_vat = sum(row.amount for year in (2026, 2027) for row in taxreports.ubd(year).rows)
    vat_payer = others[0].payouts.get()
    assert without_vat == told - vat_payer.amount - vat_payer.vat


# ------------------------------------------------------------------ the command


def run(capsys, *arguments):
    call_command("tax_report", *arguments)
    return capsys.readouterr()


def test_the_command_names_who_lacks_what_and_notes_the_look(creator, capsys):
    paid(creator)
    creator.tax_identity.delete()
    said = run(capsys, "--year", "2026", "--kind", "ubd")
    assert said.err == f"creator {creator.pk} lacks birth_on, bsn\n"
    assert json.loads(said.out)["missing"] == {f"creator {creator.pk}": ["birth_on", "bsn"]}
    assert TaxLook.objects.get().why == "tax_report ubd 2026"


@pytest.mark.parametrize("kind", ["dac7", "ubd"])
def test_the_table_says_what_the_json_says(creator, capsys, tmp_path, kind):
    paid(creator)
    file = tmp_path / "report.csv"
    run(capsys, "--year", "2026", "--kind", kind, "--csv", "--out", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    told = json.loads(run(capsys, "--year", "2026", "--kind", kind, "--json").out)["rows"]
    assert [row["id"] for row in rows] == [str(row["id"]) for row in told]
    amount = "amount" if kind == "ubd" else "q4_consideration"
    assert rows[0][amount] == "34.21"


@pytest.mark.parametrize(
    "wrong",
    [["--year", "1999", "--kind", "ubd"], ["--year", "2999", "--kind", "ubd"],
     ["--year", "2026", "--kind", "ib47"], ["--year", "x", "--kind", "ubd"], ["--kind", "ubd"],
     ["--year", "2026", "--kind", "ubd", "--csv", "--json"],
     ["--year", "2026", "--kind", "ubd", "--out", "/nowhere/at/all.json"]],
)  # fmt: skip
def test_wrong_arguments_end_with_2(wrong):
    with pytest.raises(CommandError) as error:
        call_command("tax_report", *wrong)
    assert error.value.returncode == 2 or "--" in str(error.value)
    assert not TaxLook.objects.exists()
