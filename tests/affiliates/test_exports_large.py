"""Large tables: asked for, made in the worker, mailed, for whoever asked alone, and gone again."""

import io
import os
import re
import tracemalloc
from datetime import timedelta

import psycopg
import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from openpyxl import load_workbook

from affiliates import exports, links, tasks
from affiliates.locks import Lock
from affiliates.models import Export, LinkDay
from config.lib.privatefiles import private_files
from creators.models import Creator
from shop.models import Brand, Membership
from tests.affiliates.exporting import DAY, NOW, Side, address

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides():
    return Side("ada"), Side("zoe")


@pytest.fixture
def full(sides):
    return [side.fill() for side in sides]


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
        other.execute("select pg_advisory_unlock(%s, 0)", [Lock.EXPORT])
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
