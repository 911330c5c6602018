"""Whoever buys while a catalogue comes in waits for a moment at most."""

import os

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from config.lib import locks
from shop.feeds import book, importer, takeover
from shop.gateways import fake
from shop.models import Order, Product, Variant
from tests.shop.factories import make_brand, make_variant
from tests.shop.test_checkout import order_it, put_in_bag
from tests.shop.test_feeds import HEADER, counts, write

CUPS = "abcdefgh"


def rows(price, names=CUPS):
    return "".join(f"cup-{n},Cup {n},,,,{n},{price},shopify,9,\n" for n in names)


@pytest.mark.django_db(transaction=True)
def test_no_row_stays_locked_while_a_file_is_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr(book, "CHUNK", 2)
    monkeypatch.setattr(takeover, "AT_ONCE", 2, raising=False)
    brand = make_brand()
    path = write(tmp_path, HEADER + rows(5))
    importer.import_file(importer.start(brand, name="cups"), path, at=timezone.now())
    write(tmp_path, HEADER + rows(6, CUPS[:6]))
    asked = []

    def buy(*_told):
        """Somebody orders a piece of everything, and waits for no one."""
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("set lock_timeout = 100")
            connection.execute("update shop_variant set reserved = reserved + 1")
            connection.execute("update shop_product set in_stock = true")
        asked.append(_told)

    for look in (True, False):
        run = importer.start(brand, name="cups", dry_run=look)
        run = importer.import_file(run, path, at=timezone.now(), progress=buy)
        assert counts(run)[1:] == (0, 6, 0, 2, 0)
        prices = set(Variant.objects.filter(brand=brand).values_list("price", flat=True))
        assert prices == ({500} if look else {500, 600})

    assert len(asked) > 8
    assert set(Variant.objects.values_list("reserved", flat=True)) == {len(asked)}
    assert Product.objects.filter(status="archived").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_a_brand_follow_each_other(tmp_path):
    brand, other = make_brand(), make_brand()
    path = write(tmp_path, HEADER + rows(5))
    said = []

    def start_another(*_told):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            for one in (brand, other):
                found = connection.execute(
                    "select pg_try_advisory_lock(%s, %s)", [takeover.IMPORTING, one.pk]
                )
                said.append(found.fetchone()[0])

    importer.import_file(
        importer.start(brand, name="cups"), path, at=timezone.now(), progress=start_another
    )

    assert said[:2] == [False, True]
    with locks.alone(takeover.IMPORTING, brand.pk):
        assert counts(_again(brand, path)) == ("done", 0, 0, 8, 0, 0)


def _again(brand, path):
    return importer.import_file(importer.start(brand, name="cups"), path, at=timezone.now())


@pytest.fixture
def hurried(db):
    """The site's own patience, but shorter."""
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = 200")
        yield
        cursor.execute("reset lock_timeout")


@pytest.mark.django_db(transaction=True)
def test_who_meets_a_row_that_others_hold_is_asked_to_come_again(client, hurried):
    variant = make_variant(stock=5, price=3450)
    put_in_bag(client, variant)
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select from shop_variant where id = %s for update", [variant.pk])
        refused = order_it(client)
    assert refused.status_code == 422
    assert "Nothing was ordered" in refused.content.decode()
    assert not Order.objects.exists()

    assert order_it(client).status_code == 302
    order = Order.objects.get()
    headers, body = fake.message(
        "captured", order=order.number, amount=3450, currency="EUR", reference="ch-1", event_id="e1"
    )
    told = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select from shop_variant where id = %s for update", [variant.pk])
        busy = client.post("/hooks/fake/", body, content_type="application/json", **told)
    again = client.post("/hooks/fake/", body, content_type="application/json", **told)

    order.refresh_from_db()
    assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    assert (again.content, order.status) == (b"applied", "paid")
