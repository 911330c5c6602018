"""Statements: each entry names its cause, a month closes with what the next one opens with."""

import copy
import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from affiliates import adjustments, bookings, clock, ledger, settlement, statements
from affiliates.models import Account, SettlementLine
from config.lib import sheets
from shop import refunds
from shop.models import Membership, Movement, TopUp
from tests.affiliates.factories import (
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_user,
)
from tests.affiliates.test_refunds import chargeback, win

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DAY = timedelta(days=1)
NOW = timezone.now()  # nights post at the moment at which they run
FIRST = NOW - 100 * DAY
THIS = clock.local_day(NOW).replace(day=1)


@pytest.fixture(scope="module")
def market_once(shared_rows):
    """Three months of one creator and one brand: sales, nights, a refund, a dispute, gifts."""
    with shared_rows():
        creator, brand, owner = make_creator(), make_brand(), make_user()
        Membership.objects.create(user=owner, brand=brand)
        admins = [make_user(is_staff=True), make_user(is_staff=True)]
        for n in range(4):
            at = FIRST + 27 * n * DAY
            make_commission(creator, brand, at=at, delivered=at + DAY, price=3450 + n)
            settlement.settle(at + 20 * DAY)
        last = make_order({"brand": brand, "creator": creator}, at=NOW - 9 * DAY)
        refunds.refund(last, at=NOW - 8 * DAY, amount=500)
        win(chargeback(last, "dp", 1000, NOW - 7 * DAY), NOW - 6 * DAY)
        gift = adjustments.propose("goodwill", brand, 70, "EUR", "=sorry()", admins[0], NOW)
        adjustments.approve(gift, admins[1], NOW)
        return creator, brand, owner


@pytest.fixture
def market(market_once):
    return copy.deepcopy(market_once)


def accounts(creator, brand):
    return [Account.objects.get(creator=creator), Account.objects.get(brand=brand)]


def test_a_month_opens_with_what_the_last_one_closed_with(market):
    for account in accounts(*market[:2]):
        months = statements.months(account, NOW)
        found = [statements.of(account, "EUR", month) for month in reversed(months)]

        assert found[0].opening == 0
        assert found[-1].month == THIS
        assert account.creator_id or len(found) in {4, 5}
        for before, after in zip(found, found[1:], strict=False):
            assert before.closing == after.opening
            assert before.until == after.since
        owner = ledger.Owner(account.kind, account.brand_id, account.creator_id)
        assert found[-1].closing == ledger.balance(owner, "EUR")
        for row in found:
            lines = list(statements.rows(row))
            assert len(lines) == row.count
            assert row.opening + sum(r.line.amount for r in lines) == row.closing
            assert not lines or lines[-1].line.balance == row.closing


def test_pages_of_a_statement_join(market):
    account = Account.objects.get(brand=market[1])
    statement = statements.of(account, "EUR", THIS)
    whole = list(statements.rows(statement))
    parts = [list(statements.rows(statement, skip, 3)) for skip in range(0, len(whole), 3)]
    assert [row for part in parts for row in part] == whole


def test_a_month_is_one_of_the_markets_calendar():
    brand = make_brand()
    for at in (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)):
        make_order({"brand": brand, "price": 100}, at=at)
    account = Account.objects.get(brand=brand)
    october, november = (statements.of(account, "EUR", date(2026, n, 1)) for n in (10, 11))
    assert (october.closing, november.closing) == (100, 200)
    assert statements.following(date(2026, 12, 1)) == date(2027, 1, 1)


def test_every_entry_names_its_cause(market, client):
    creator, brand, owner = market
    for account, user in zip(accounts(creator, brand), (creator.user, owner), strict=True):
        client.force_login(user)
        seen = set()
        for month in statements.months(account, NOW):
            for row in statements.rows(statements.of(account, "EUR", month)):
                assert row.cause.text, row
                seen.add(row.cause.url)
        for url in seen - {""}:
            assert client.get(url).status_code == 200, url


def test_what_moved_without_an_order_is_named_too():
    brand = make_brand()
    facts = {"gateway": "fake", "currency": "EUR", "created_at": NOW}
    top_up = TopUp.objects.create(
        number="TU-1", brand=brand, amount=5000, state="paid", paid_at=NOW, charge="c", **facts
    )
    bookings.topped_up(top_up, NOW)
    order = make_order({"brand": brand, "price": 1000}, at=NOW)
    dispute = chargeback(order, "dp", 1000, NOW)
    fee = Movement.objects.create(
        kind="dispute_fee", amount=9, reference="t", dispute=dispute, **facts
    )
    bookings.moved(fee, NOW)

    account = Account.objects.get(brand=brand)
    rows = statements.rows(statements.of(account, "EUR", THIS))
    assert [row.cause.text for row in rows] == ["TU-1"] + [f"Order {order.number}"] * 3


# ------------------------------------------------------------ files


def payloads() -> list[str]:
    """Return what a spreadsheet would run, if it took it for a formula."""
    return [
        "=1+1", "+1", "-1+2", "@SUM(1+9)*cmd|' /C calc'!A0", "=cmd|' /C notepad'!'A1'",
        "\t=1", "\r=1", "\n=1", 'DDE ("cmd";"/C calc";"!A0")A0', ";=1", '"=1',
    ]  # fmt: skip


def test_no_spreadsheet_finds_a_formula():
    rows = [[text, Decimal("-3.42")] for text in payloads()]

    table = b"".join(sheets.answer(rows, "x.csv").streaming_content).decode()
    for (text, _amount), (cell, amount) in zip(rows, csv.reader(io.StringIO(table)), strict=True):
        assert not re.search(r"(^|[;\t\r\n])\s*[=+\-@]", cell)  # nor behind a separator
        assert cell.replace("'", "", 1) == text
        assert amount == "-3.42"  # a number stays one

    content = b"".join(sheets.workbook(rows, "x.xlsx").streaming_content)
    for row in load_workbook(io.BytesIO(content)).active.iter_rows():
        assert (row[0].data_type, row[1].data_type) == ("s", "n")


def download(client, url):
    answer = client.get(url, {"month": f"{THIS:%Y-%m}"})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_the_files_hold_the_month_and_add_up(market, client):
    creator, brand, owner = market
    for user, url in ((creator.user, "/creator/earnings/statement."),
                      (owner, f"/brand/{brand.slug}/balance/statement.")):  # fmt: skip
        client.force_login(user)
        text = download(client, url + "csv").decode()
        table = list(csv.reader(io.StringIO(text)))
        opening, closing = Decimal(table[1][5]), Decimal(table[-1][5])
        assert opening + sum(Decimal(row[4]) for row in table[2:-1]) == closing
        assert table[-2][5] == table[-1][5]
        assert "'=sorry()" in text or user == creator.user

        sheet = load_workbook(io.BytesIO(download(client, url + "xlsx"))).active
        values = list(sheet.iter_rows(values_only=True))
        assert [Decimal(str(row[5])) for row in values[1:]] == [Decimal(r[5]) for r in table[1:]]
        assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)
        assert client.get(url + "pdf").status_code == 404


# ------------------------------------------------------------ pages


@pytest.mark.parametrize("sales", [1, 3, 12])
def test_the_pages_take_the_same_few_queries(client, sales, django_assert_max_num_queries):
    creator, brand, owner = make_creator(), make_brand(), make_user()
    Membership.objects.create(user=owner, brand=brand)
    at = NOW - 30 * DAY
    for _n in range(sales):
        make_commission(creator, brand, at=at, delivered=at)
    settlement.settle(NOW)
    line = SettlementLine.objects.get()

    for user, urls in (
        (creator.user, ["/creator/earnings/statement/", f"/creator/earnings/lines/{line.pk}/"]),
        (owner, [f"/brand/{brand.slug}/balance/{rest}" for rest in
                 ("", "statement/", f"statement/?month={THIS:%Y-%m}&page=9", f"lines/{line.pk}/", "topup/")]),
    ):  # fmt: skip
        client.force_login(user)
        for url in urls:
            with django_assert_max_num_queries(12):
                assert client.get(url).status_code == 200


def test_the_line_of_another_is_not_there(market, client):
    line = SettlementLine.objects.first()
    client.force_login(make_creator().user)
    assert client.get(f"/creator/earnings/lines/{line.pk}/").status_code == 404
    other, owner = make_brand(), make_user()
    Membership.objects.create(user=owner, brand=other)
    client.force_login(owner)
    assert client.get(f"/brand/{other.slug}/balance/lines/{line.pk}/").status_code == 404


def test_a_brand_pays_in_by_card(client):
    brand, owner = make_brand(), make_user()
    Membership.objects.create(user=owner, brand=brand)
    client.force_login(owner)
    url = f"/brand/{brand.slug}/balance/topup/"
    for wrong in ("", "abc", "9.99", "100000.01", "1.234", "-50"):
        assert client.post(url, {"amount": wrong}).status_code == 422
    assert not TopUp.objects.exists()

    page = client.post(url, {"amount": "250,00"})["Location"]
    assert page.startswith("/pay/fake/")
    assert client.get(page).status_code == 200
    assert client.post(page, {"fail": "1"})["Location"] == f"/brand/{brand.slug}/balance/"
    client.post(page, {"pay": "1"})
    client.post(page, {"pay": "1"})
    assert ledger.balance(ledger.brand(brand.pk), "EUR") == 25_000
    assert "TU-" in client.get(f"/brand/{brand.slug}/balance/").content.decode()
