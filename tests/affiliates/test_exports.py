"""Every table that somebody sees, as a file: what the page shows, hers alone, safe and typed."""

import csv
import io
import os
import re
import tracemalloc
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape

import psycopg
import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from affiliates import (
    brandinvoices,
    brandweeks,
    exports,
    links,
    participations,
    samples,
    settlement,
    shortlists,
    tasks,
)
from affiliates.locks import Lock
from affiliates.models import Export, LinkDay, Payout, PayoutBatch
from config.lib import deskfiles, money, sheets, tables
from config.lib.privatefiles import private_files
from creators import cases
from creators.models import Creator
from shop import discounts, documents, integrations
from shop.feeds import importer
from shop.models import Brand, DiscountCode, FeedProblem, Membership, WebhookEvent
from tests.affiliates.factories import make_collaboration, make_commission, make_payable, sign_in
from tests.creators.factories import make_creator, make_user
from tests.desk import make_desk
from tests.shop.factories import make_brand, make_variant

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)
EVIL = "=HYPERLINK(1)"
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Side:
    """One creator, one brand and a sale between them, under names of their own."""

    def __init__(self, name: str):
        self.name = name
        self.creator = make_creator(
            followers=6_000, user=make_user(), handle=f"her.{name}", at=NOW - 50 * DAY
        )
        self.creator.display_name = f"{EVIL} {name}"
        self.creator.save()
        self.owner = make_user(email=f"{name}@brands.example")
        self.brand = make_brand(owner=self.owner, name=f"@Mill {name}", slug=f"mill-{name}")
        self.variant = make_variant(brand=self.brand, title=f"+Mug {name}")
        self.offer = make_collaboration(self.brand, name=f"-Open {name}", gives_samples=True)
        at = NOW - 40 * DAY
        facts = {"variant": self.variant, "at": at, "delivered": at + DAY}
        self.sale = make_commission(self.creator, self.brand, **facts)
        line = self.sale.order_line
        line.title = f"+Mug {self.name}"
        line.save()
        order = line.brand_order.order
        order.city = f"{EVIL}{self.name}"[:80]
        order.number = f"TH-{self.name}"
        order.save()

    def fill(self):
        """Give every table a row."""
        links.accept_terms(self.creator.user, NOW)
        self.link = links.take(
            self.creator, product=self.variant.product, platform="tiktok", at=NOW
        )
        self.settle()
        self.talk()
        return self

    def settle(self):
        settlement.settle(NOW)
        self.sale.refresh_from_db()
        self.line = self.sale.settlement_line
        LinkDay.objects.update_or_create(
            link=self.link, day=timezone.localdate(),
            defaults={"clicks": 3, "uniques": 2, "orders": 1, "income": 342},
        )  # fmt: skip
        documents.invoice(self.sale.order_line.brand_order, NOW)
        brandweeks.refresh(NOW)
        brandinvoices.issue(NOW + 32 * DAY)
        method = make_payable(self.creator)
        Payout.objects.create(
            batch=PayoutBatch.objects.create(
                pay_on=date(2026, 11, 6), rail="sepa", currency="EUR", built_at=NOW,
                message_id=f"M-{self.name}",
            ),
            creator=self.creator, method=method, amount=1_042, currency="EUR", rail="sepa",
            state="failed", reason=f"={self.name}", created_at=NOW,
        )  # fmt: skip

    def talk(self):
        wish = samples.Wish(
            self.variant, "video", {"name": "A"}, channel=self.creator.channels.get()
        )
        samples.ask(self.creator, wish, NOW)
        self.targeted = self.brand.collaborations.create(
            kind="targeted", name=f"@For you {self.name}", rate_bp=1_500, starts_at=NOW - DAY
        )
        participations.invite(self.targeted, [self.creator], NOW)
        self.list = shortlists.first(self.brand)
        shortlists.add(self.list, [self.creator.pk], self.owner)
        shortlists.note(self.brand, self.creator.pk, f"={self.name}")
        cases.contest(self.creator, f"commission:{self.sale.pk}", "Why?", NOW)
        discounts.make(DiscountCode(
            brand=self.brand, code=f"TEN{self.name.upper()}", rate_bp=1_000, starts_at=NOW - DAY
        ), [])  # fmt: skip
        self.run = importer.start(self.brand, name=f"=feed {self.name}", started_by=self.owner)
        self.run.state = "done"
        self.run.save()
        FeedProblem.objects.create(run=self.run, line=2, field="price", value=f"-{self.name}", reason="no price")  # fmt: skip
        shop = integrations.connect(self.brand, "api", f"{self.name}.example", days=4, at=NOW)
        WebhookEvent.objects.create(
            gateway="api", external_id=self.name, kind="order", body={}, body_sha256="",
            integration=shop, about=f"={self.name}", outcome="ignored",
        )  # fmt: skip

    def owner_of(self, kind):
        return self.creator if kind is Creator else self.brand

    def user_of(self, kind):
        return self.creator.user if kind is Creator else self.owner

    def asked(self, name) -> dict[str, str]:
        """What a page of one thing says of it in its address."""
        return {
            "line": {"line": str(self.line.pk)},
            "import-problems": {"run": str(self.run.pk)},
            "order-lines": {"first": str(timezone.localdate() - 90 * DAY)},
            "sale-documents": {"first": str(timezone.localdate() - 90 * DAY)},
            "statement": {"month": f"{NOW:%Y-%m}"},
        }.get(name, {})


@pytest.fixture
def sides():
    return Side("ada"), Side("zoe")


@pytest.fixture
def full(sides):
    return [side.fill() for side in sides]


EVERY = [(kind, name) for kind, named in exports.TABLES.items() for name in named]
SEEN = {  # where a table is seen, and what of it stands there as it stands in the file
    (Creator, "commissions"): ("affiliates:earnings", ["What", "Brand", "Left"]),
    (Creator, "links"): ("affiliates:links", ["Product", "Brand", "Clicks", "Earned"]),
    (Creator, "clicks"): ("affiliates:links", ["Product", "Brand", "Clicks"]),
    (Creator, "statement"): ("affiliates:earnings_statement", ["What", "Because of", "Amount"]),
    (Creator, "line"): ("affiliates:earnings_line", ["What", "Price without VAT", "Amount"]),
    (Creator, "settled"): ("affiliates:earnings_statement", ["Brand", "Amount"]),
    (Creator, "payouts"): ("affiliates:payouts", ["Account", "Amount", "Why not"]),
    (Creator, "samples"): ("affiliates:samples", ["Product", "Brand"]),
    (Creator, "invitations"): ("affiliates:invitations", ["Brand", "Collaboration"]),
    (Creator, "cases"): ("affiliates:cases", ["Number", "Kind", "State"]),
    (Creator, "earned"): ("affiliates:creator_dashboard", ["Clicks", "Orders", "Earned"]),
    (Creator, "platforms"): ("affiliates:creator_risk", ["Clicks", "Orders", "Commission"]),
    (Brand, "collaborations"): ("affiliates:collaborations", ["Collaboration"]),
    (Brand, "participants"): ("affiliates:collaboration", ["Creator"]),
    (Brand, "links"): ("affiliates:brand_links", ["Creator", "Posted on", "Clicks", "Commission"]),
    (Brand, "claims"): ("affiliates:claims", ["Order", "Product", "Creator", "Why", "Commission"]),
    (Brand, "shortlist"): ("affiliates:shortlists", ["Creator", "Note of your team", "Added by"]),
    (Brand, "samples"): ("affiliates:brand_samples", ["Creator", "Product"]),
    (Brand, "entries"): (
        "affiliates:balance",
        ["What", "Because of", "Amount", "Balance after it"],
    ),
    (Brand, "statement"): ("affiliates:balance_statement", ["What", "Because of", "Amount"]),
    (Brand, "line"): ("affiliates:balance_line", ["What", "Order", "Amount"]),
    (Brand, "settled"): ("affiliates:balance_statement", ["Creator", "Amount"]),
    (Brand, "commissions"): ("affiliates:balance_line", ["What", "Order", "Amount"]),
    (Brand, "invoices"): ("affiliates:balance", ["Number", "Total"]),
    (Brand, "weeks"): ("affiliates:brand_dashboard", ["Sales", "TikTok", "Pages and codes"]),
    (Brand, "platforms"): ("affiliates:brand_risk", ["Clicks", "Orders", "Sales"]),
    (Brand, "orders"): ("shop:brand_orders", ["Order", "Where it is", "City", "Amount"]),
    (Brand, "order-lines"): ("shop:brand_orders", ["Order"]),
    (Brand, "sale-documents"): ("shop:brand_orders", ["Order"]),
    (Brand, "products"): ("shop:products", ["Product", "Price", "Status"]),
    (Brand, "discounts"): ("shop:discounts", ["Code", "Takes off", "Taken off, paid orders"]),
    (Brand, "team"): ("shop:team", ["E-mail", "Role"]),
    (Brand, "imports"): ("shop:feeds", ["File", "Result"]),
    (Brand, "import-problems"): ("shop:feed_run", ["Line", "Field", "Value", "Reason"]),
    (Brand, "shop-messages"): ("shop:integrations", ["Message", "Order", "What became of it"]),
}
EMPTY = {(Brand, "claims")}  # here; tests/affiliates/test_programmes.py has some


def address(kind, side, name, ending) -> str:
    where = "creator_table" if kind is Creator else "brand_table"
    start = [] if kind is Creator else [side.brand.slug]
    return reverse(f"affiliates:{where}", args=[*start, name, ending])


def page_of(kind, side, name) -> str:
    view, _columns = SEEN[kind, name]
    args = [] if kind is Creator else [side.brand.slug]
    args += {"line": [side.line.pk], "participants": [side.targeted.pk]}.get(name, [])
    args += {"import-problems": [side.run.pk]}.get(name, [])
    args += [side.line.pk] if (kind, name) == (Brand, "commissions") else []
    return reverse(view, args=args)


def read(client, kind, side, name, ending="csv", asked=None):
    query = side.asked(name) if asked is None else asked
    answer = client.get(address(kind, side, name, ending), query)
    assert answer.status_code == 200, (kind, name, answer.status_code)
    content = b"".join(answer.streaming_content)
    if ending == "xlsx":
        return list(load_workbook(io.BytesIO(content)).active.iter_rows())
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_each_table_has_a_page_of_its_own():
    assert sorted(SEEN, key=str) == sorted(EVERY, key=str)


def test_a_file_says_what_the_page_shows_hers_alone_safe_and_typed(client, full):
    """All tables at once: to make a market takes longer than to walk it."""
    ada, zoe = full
    wrong = []
    for kind, name in EVERY:
        client.force_login(ada.user_of(kind))
        head, *rows = read(client, kind, ada, name)
        cells = read(client, kind, ada, name, "xlsx")
        page = client.get(page_of(kind, ada, name), ada.asked(name)).content.decode()
        page = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
        fields = " ".join(unescape(value) for value in re.findall(r'value="([^"]*)"', client.get(page_of(kind, ada, name), ada.asked(name)).content.decode()))  # fmt: skip
        if not rows and (kind, name) not in EMPTY:
            wrong.append((name, "empty"))
        # as on the page
        for row in cells[1:]:
            for cell, heading in zip(row, head, strict=True):
                if heading not in SEEN[kind, name][1] or cell.value in (None, ""):
                    continue
                shown = shown_as(cell)
                if shown not in page and shown not in fields:
                    wrong.append((kind.__name__, name, heading, shown))
        # typed: the same values, and no formula in either
        if len(cells) != len(rows) + 1:
            wrong.append((name, "rows differ"))
        for written, row in zip(rows, cells[1:], strict=False):
            for text, cell, heading in zip(written, row, head, strict=True):
                if cell.data_type == "f" or not same(text, cell):
                    wrong.append((kind.__name__, name, heading, text, cell.value))
        # of nobody else
        for row in rows:
            if any("zoe" in cell.lower() for cell in row):
                wrong.append((kind.__name__, name, "another owner's", row))
        client.force_login(zoe.user_of(kind))
        if kind is Brand:
            seen = client.get(address(kind, ada, name, "csv"), ada.asked(name)).status_code
        elif name == "line":
            seen = client.get(address(kind, zoe, name, "csv"), ada.asked(name)).status_code
        else:
            seen = 404
        if seen != 404:
            wrong.append((kind.__name__, name, "open to another", seen))
    assert wrong == []


def shown_as(cell) -> str:
    """Return how a page writes what a cell holds."""
    if cell.data_type == "n" and "." in cell.number_format:
        return money.display(round(Decimal(str(cell.value)) * 100), "EUR")
    return f"{cell.value:,}" if isinstance(cell.value, int) else " ".join(str(cell.value).split())


def same(text: str, cell) -> bool:
    """Say whether CSV and XLSX say the same, and neither is a formula."""
    value = cell.value
    if value is None:
        return text == ""
    if isinstance(value, datetime):
        day_only = cell.number_format == "yyyy-mm-dd"
        return text == (f"{value:%Y-%m-%d}" if day_only else f"{value:%Y-%m-%d %H:%M:%S}")
    if isinstance(value, int | float):
        return Decimal(text) == round(Decimal(str(value)), 6)
    is_text = cell.data_type == "s" and not text.startswith(STARTS)
    return is_text and text in (value, str(sheets.safe_cell(value)))


def test_the_filters_of_the_page_are_kept(client, sides):
    ada, _zoe = sides
    client.force_login(ada.owner)
    page = client.get(reverse("shop:brand_orders", args=[ada.brand.slug]), {"state": "pack"})
    found = re.search(r'href="([^"]*/exports/orders\.csv[^"]*)"', client.get(
        reverse("shop:brand_orders", args=[ada.brand.slug]), {"state": "delivered", "page": "1"}
    ).content.decode())  # fmt: skip
    assert unescape(found[1]).endswith("orders.csv?state=delivered")
    assert "orders.csv" not in page.content.decode()  # nothing to take along
    count = {
        state: len(read(client, Brand, ada, "orders", asked={"state": state})) - 1
        for state in ("", "pack", "delivered", "troubles")
    }
    assert count == {"": 1, "pack": 0, "delivered": 1, "troubles": 0}
    for asked, rows in (({"q": "none"}, 0), ({"status": "active"}, 1), ({"status": "draft"}, 0)):
        assert len(read(client, Brand, ada, "products", asked=asked)) - 1 == rows
    client.force_login(ada.creator.user)
    for state, rows in (("pending", 1), ("held", 0), ("nonsense", 1)):
        assert len(read(client, Creator, ada, "commissions", asked={"state": state})) - 1 == rows


def test_headings_are_in_her_language(client, sides):
    ada, _zoe = sides
    client.force_login(ada.creator.user)
    answer = client.get(
        address(Creator, ada, "payouts", "csv"), headers={"accept-language": "nl"}
    ).getvalue()
    assert answer.decode().splitlines()[0].startswith("Datum,")


def test_only_declared_tables_and_kinds_are_there(client, sides):
    ada, _zoe = sides
    client.force_login(ada.owner)
    for name, kind in (("orders", "pdf"), ("creators", "csv"), ("payouts", "csv"), ("line", "csv")):
        assert client.get(address(Brand, ada, name, kind)).status_code == 404
    assert client.get(address(Creator, ada, "payouts", "csv")).status_code == 302  # to joining


# ------------------------------------------------------------------ large ones


@pytest.fixture
def large(monkeypatch, settings, tmp_path, sides):
    """A table of one row counts as large."""
    settings.PRIVATE_ROOT = tmp_path / "private"
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    return sides


def ask(client, side, kind="csv", **asked) -> Export:
    url = address(Brand, side, "orders", kind)
    page = client.get(url, asked)
    assert "mail you a link" in page.content.decode()  # a GET makes nothing
    assert client.post(url, asked).status_code == 302
    return Export.objects.latest("pk")


def test_one_large_file_is_made_at_a_time(client, large):
    ada, _zoe = large
    client.force_login(ada.owner)
    row = ask(client, ada, "csv")
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select pg_advisory_lock(%s, 0)", [Lock.EXPORT])
        assert tasks.make_export(row.pk) == 0
    row.refresh_from_db()
    assert row.state == "waiting"

    assert tasks.make_export(row.pk) > 0


def test_a_large_table_is_made_in_the_worker_and_mailed(client, large, django_capture_on_commit_callbacks):  # fmt: skip
    ada, zoe = large
    client.force_login(ada.owner)
    row = ask(client, ada, "xlsx", state="delivered", nonsense="1")
    assert (row.state, row.rows_all, row.asked) == ("waiting", 1, {"state": "delivered"})
    page = reverse("affiliates:brand_export", args=[ada.brand.slug, row.pk])
    text = client.get(page).content.decode()
    assert 'hx-trigger="every 2s"' in text and "<progress" in text and f'href="{page}"' in text
    assert ask(client, ada, "xlsx", state="delivered") == row  # the same, once

    assert [tasks.make_export(row.pk), tasks.make_export(row.pk)] == [1, 0]

    row.refresh_from_db()
    assert (row.state, row.rows_done) == ("done", 1)
    (letter,) = mail.outbox
    link = re.search(r"https?://[^\s]+(/exports/[^\s]+/)", letter.body)[1]
    assert letter.to == [ada.owner.email]
    file = client.get(link)
    cells = list(load_workbook(io.BytesIO(file.getvalue())).active.iter_rows(values_only=True))
    assert [len(cells), cells[1][0]] == [2, "TH-ada"]
    assert "every 2s" not in client.get(page).content.decode()
    assert exports.tell(NOW) == 0  # mailed once
    # who else holds the link, or has changed it
    assert client.get(link.replace(":", "x", 1)).status_code == 404
    client.force_login(zoe.owner)
    assert client.get(link).status_code == 404
    assert client.get(page).status_code == 404
    client.logout()
    assert client.get(link).status_code == 302
    # who has left the brand
    client.force_login(ada.owner)
    Membership.objects.filter(user=ada.owner).delete()
    assert client.get(link).status_code == 404
    Membership.objects.create(user=ada.owner, brand=ada.brand)
    assert client.get(link).status_code == 200
    # and a week later
    name = row.file
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.purge(NOW + 8 * DAY) == 1
    assert not private_files().exists(name) and client.get(link).status_code == 404


def test_a_link_expires(client, large):
    import time_machine

    ada, _zoe = large
    client.force_login(ada.owner)
    row = ask(client, ada)
    tasks.make_export(row.pk)
    token = exports.token(row)
    assert exports.opened(token, ada.owner) == row
    with time_machine.travel(NOW + 7 * DAY + timedelta(hours=1)):
        assert exports.opened(token, ada.owner) is None


def test_three_at_a_time_and_none_too_large(client, large, monkeypatch):
    ada, _zoe = large
    client.force_login(ada.owner)
    for state in ("", "delivered"):
        ask(client, ada, state=state) if state else ask(client, ada)
    ask(client, ada, "xlsx")
    client.post(address(Brand, ada, "products", "csv"))
    assert Export.objects.count() == exports.OPEN_AT_A_TIME
    Export.objects.all().delete()
    monkeypatch.setitem(exports.MOST, "xlsx", 0)
    client.post(address(Brand, ada, "products", "xlsx"))
    assert not Export.objects.exists()


def test_a_worker_that_dies_is_followed_by_another(client, large):
    ada, _zoe = large
    client.force_login(ada.owner)
    row = ask(client, ada)
    assert exports._claim(row.pk, NOW) is not None  # and dies
    assert exports.make(row.pk, NOW + timedelta(minutes=1)) == 0  # it may still be at work
    late = NOW + timedelta(minutes=10)
    assert exports.lost(late) == [row.pk]
    assert exports.make(row.pk, late) == 1


def test_a_file_that_cannot_be_made_is_told(client, large):
    ada, _zoe = large
    client.force_login(ada.owner)
    row = ask(client, ada)
    Membership.objects.filter(user=ada.owner).delete()
    assert exports.make(row.pk, NOW) == 0
    row.refresh_from_db()
    assert (row.state, row.file) == ("failed", "")
    assert exports.tell(NOW) == 1
    assert "could not be made" in mail.outbox[-1].subject


def test_an_export_goes_with_its_person(client, large, django_capture_on_commit_callbacks):
    ada, _zoe = large
    client.force_login(ada.creator.user)
    url = address(Creator, ada, "commissions", "csv")
    client.post(url)
    row = Export.objects.get()
    assert exports.make(row.pk, NOW) == 1
    row.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        exports.forget(ada.creator.user)
    assert not Export.objects.exists() and not private_files().exists(row.file)


# ------------------------------------------------------------------ the admin's lists


def test_every_list_of_the_desks_comes_as_a_file_and_is_on_record(full, monkeypatch):
    client, wrong = make_desk(), []
    for model, desk in admin.site._registry.items():
        if not isinstance(desk, deskfiles.TakesAlong):
            continue
        start = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        page = client.get(reverse(f"{start}_changelist"))
        url = reverse(f"{start}_export", args=["csv"])
        rows = list(csv.reader(io.StringIO(client.get(url).getvalue().decode(), newline="")))
        if len(rows) - 1 != page.context["cl"].result_count:
            wrong.append((start, len(rows)))
        if url.rpartition("/")[2] not in page.content.decode():
            wrong.append((start, "no link"))
        if any(cell.startswith(STARTS) for row in rows for cell in row):
            wrong.append((start, "formula"))
    assert wrong == []
    assert LogEntry.objects.filter(change_message__contains="as a file").count() > 40
    url = reverse("admin:affiliates_commission_export", args=["xlsx"])
    content = client.get(url, {"state__exact": "settled"}).getvalue()
    assert len(list(load_workbook(io.BytesIO(content)).active)) == 3
    assert client.get(url, {"state__exact": "held"}).status_code == 200
    assert client.get(url.replace("xlsx", "pdf")).status_code == 404
    monkeypatch.setattr(deskfiles, "MOST", 1)
    assert client.get(url).status_code == 302
    clerk = make_user(is_staff=True)
    sign_in(client, clerk)
    assert client.get(url).status_code == 403


# ------------------------------------------------------------------ the mechanism


def test_rows_stream_in_chunks_and_sheets_do_not_overflow(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_OF_A_SHEET", 4)
    monkeypatch.setattr(tables, "CHUNK", 3)
    asked = []

    def numbers():
        for n in range(8):
            asked.append(n)
            yield n

    table = tables.Table("n", "N", lambda _o, _a: None, (tables.Column("N", lambda n: n),))
    cells = table.cells(None, tables.Stream(numbers, lambda: 8))
    assert [next(cells), next(cells), asked] == [[["N"]], [[0], [1], [2]], [0, 1, 2]]
    file = io.BytesIO()
    asked.clear()
    whole = table.cells(None, tables.Stream(numbers, lambda: 8))
    assert list(sheets.write("xlsx", whole, file)) == [1, 4, 7, 9]
    book = load_workbook(file)
    assert [[row[0] for row in sheet.values] for sheet in book] == [
        ["N", 0, 1, 2], ["N", 3, 4, 5, 6], ["N", 7],
    ]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_begins_like_a_formula_is_text(start):
    rows = [[f"{start}1+1", Decimal("-3.40"), date(2026, 1, 2), NOW]]
    file = io.BytesIO()
    assert list(sheets.write("xlsx", [rows], file)) == [1]
    (cells,) = load_workbook(file).active.iter_rows()
    assert (cells[0].data_type, cells[0].quotePrefix) == ("s", True)
    assert [cell.data_type for cell in cells[1:]] == ["n", "d", "d"]
    assert cells[1].number_format == "#,##0.00" and cells[2].number_format == "yyyy-mm-dd"
    text = b"".join(sheets.answer(rows, "x.csv")).decode()
    first, amount, *_rest = next(csv.reader(io.StringIO(text, newline="")))
    assert not first.startswith(STARTS[:4]) and first.lstrip("\t\r").startswith("'")
    assert amount == "-3.40"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_long_table_does_not_fill_the_memory(sides, settings, tmp_path, kind):
    """40,000 rows take hardly more than 4,000: they come from a cursor of the server."""
    settings.PRIVATE_ROOT = tmp_path / "private"
    ada, _zoe = sides
    links.accept_terms(ada.creator.user, NOW)
    link = links.take(ada.creator, product=ada.variant.product, platform="tiktok", at=NOW)

    def peak(rows: int) -> int:
        LinkDay.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO affiliates_linkday (link_id, day, clicks, uniques, orders, income)"
                " SELECT %s, date '1900-01-01' + n, n, n, 0, n FROM generate_series(1, %s) n",
                [link.pk, rows],
            )
        table = exports.table_of(ada.creator, "clicks")
        row = exports.begin(ada.creator.user, ada.creator, table, {}, kind, NOW)
        tracemalloc.start()
        assert exports.make(row.pk, NOW) == rows
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(4_000), peak(40_000)
    assert many < few * 1.5, (few, many)
