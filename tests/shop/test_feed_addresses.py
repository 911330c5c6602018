"""Catalogues behind an address: fetched safely, on time, and the last good one stays."""

import gzip
import os
from datetime import timedelta

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.files import File
from django.utils import timezone

from config.lib import locks
from shop import tasks
from shop.feeds import addresses, base, importer, takeover
from shop.feeds.book import Book
from shop.models import Feed, FeedRun, Product, Variant
from tests.shop.factories import AT, make_brand, make_user
from tests.shop.test_feeds import HEADER, write
from tests.shop.test_pictures import shop  # noqa: F401  a fixture: another shop's server

pytestmark = pytest.mark.django_db
CUPS = HEADER + "".join(f"cup-{n},Cup {n},,,,,5,,,\n" for n in "abcdef")


def make_feed(url, *, brand=None, **facts) -> Feed:
    facts = {"name": "Shop", "every_hours": 24, "next_at": AT} | facts
    return Feed.objects.create(brand=brand or make_brand(owner=make_user()), url=url, **facts)


def on_sale(feed):
    return Product.objects.filter(brand=feed.brand, status="active").count()


def test_an_address_is_read_when_it_is_due(shop):  # noqa: F811
    shop.answers["/feed"] = (302, {"Location": "/feed.csv"}, b"")
    shop.answers["/feed.csv"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(CUPS.encode()))
    feed = make_feed(f"{shop.url}/feed")

    assert addresses.claim(AT - timedelta(seconds=1)) == []
    assert [addresses.claim(AT), addresses.claim(AT)] == [[feed.pk], []]
    run = addresses.read(feed, AT)

    feed.refresh_from_db()
    assert (run.state, run.added, bool(run.file), feed.next_at) == (
        "done", 6, False, AT + timedelta(days=1),
    )  # fmt: skip
    assert on_sale(feed) == 6


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b"gone"),
        (302, {"Location": "http://127.0.0.1:1/feed.csv"}, b""),
        (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
        (302, {"Location": "file:///etc/passwd"}, b""),
        (302, {"Location": "/feed"}, b""),
        (200, {}, b"<html><body>Log in first</body></html>"),
        (200, {}, b""),
        (200, {}, HEADER.encode() + b"cup-a,Cup,,,,,-1,,,\n"),
        (200, {}, HEADER.encode() + b"cup-a,Cup,,,,,5,,,\n"),  # most of it is gone
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 2_000_000)),
        (200, {"Content-Encoding": "gzip"}, b"no gzip at all"),
        (200, {}, gzip.compress(CUPS.encode())[:60]),
    ],
)
def test_whatever_an_address_gives_the_last_good_catalogue_stays(shop, monkeypatch, answer):  # noqa: F811
    monkeypatch.setattr(addresses, "MAX_BYTES", 1_000_000)
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed")
    assert addresses.read(feed, AT).state == "done"
    shop.answers["/feed"] = answer

    run = addresses.read(feed, AT)

    feed.refresh_from_db()
    assert run.state == "refused" and run.error
    assert (on_sale(feed), feed.failures) == (6, 1)


def test_an_address_that_fails_is_asked_sooner_and_told_once(shop):  # noqa: F811
    feed = make_feed(f"{shop.url}/nothing")
    waits = []
    for _n in range(3):
        addresses.read(feed, AT)
        feed.refresh_from_db()
        waits.append(feed.next_at - AT)
        tasks.read_addresses()
    assert waits == [timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2)]
    assert [message.to[0] for message in mail.outbox] == [
        feed.brand.memberships.get().user.email,
    ]  # fmt: skip
    assert "(404)" in mail.outbox[0].body

    shop.answers["/nothing"] = (200, {}, CUPS.encode())
    addresses.read(feed, AT)

    feed.refresh_from_db()
    assert (feed.failures, feed.told_at) == (0, None)


def test_a_reading_whose_worker_is_gone_is_taken_up(shop):  # noqa: F811
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed", every_hours=0, next_at=None)
    run = FeedRun.objects.create(feed=feed, format="auto", state="running")
    assert addresses.stale(timezone.now()) == []

    later = timezone.now() + timedelta(hours=1)
    assert addresses.stale(later) == [run]
    tasks.import_feed(run.pk)

    run.refresh_from_db()
    assert (run.state, run.added) == ("done", 6)


def test_only_the_newest_readings_of_the_clock_are_kept(shop):  # noqa: F811
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed")
    mine = FeedRun.objects.create(feed=feed, state="done", started_by=make_user())
    for _n in range(addresses.KEPT + 2):
        FeedRun.objects.create(feed=feed, state="refused")

    newest = addresses.read(feed, AT)

    kept = set(feed.runs.values_list("pk", flat=True))
    assert len(kept) == addresses.KEPT + 1 and {mine.pk, newest.pk} <= kept


def test_a_product_with_a_bad_row_stays_as_it_was(shop):  # noqa: F811
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed")
    addresses.read(feed, AT)
    shop.answers["/feed"] = (
        200,
        {},
        CUPS.replace("cup-a,Cup a,,,,,5", "cup-a,Cup a,,,,,x").encode(),
    )

    run = addresses.read(feed, AT)

    assert (run.state, run.removed, run.problem_count, on_sale(feed)) == ("done", 0, 1, 6)


def test_a_brand_adds_an_address_looks_and_says_yes_really(client, shop):  # noqa: F811
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    path = f"/brand/{brand.slug}/feeds/"
    typed = {"url": f"{shop.url}/feed", "name": "Shop", "every_hours": 24, "format": "auto"}

    assert client.post(f"{path}address/", typed | {"url": "ftp://x/"}).status_code == 422
    client.post(f"{path}address/", typed | {"preview": "1"})
    look = FeedRun.objects.get()
    assert 'id="progress"' in client.get(f"{path}{look.pk}/").content.decode()
    tasks.import_feed(look.pk)
    page = client.get(f"{path}{look.pk}/").content.decode()
    assert "Only a look" in page and "Cup a" in page
    assert not Product.objects.filter(brand=brand).exists()

    client.post(f"{path}{look.pk}/import/")
    assert Product.objects.filter(brand=brand, status="active").count() == 6
    shop.answers["/feed"] = (200, {}, HEADER.encode() + b"cup-a,Cup a,,,,,6,,,\n")
    feed = Feed.objects.get()
    addresses.read(feed, timezone.now())
    refused = feed.runs.first()
    page = client.get(f"{path}{refused.pk}/").content.decode()
    assert refused.asks_shrink and "on purpose: import it" in page

    client.post(f"{path}{refused.pk}/import/", {"shrink": "1"})
    done = feed.runs.first()
    assert (done.state, done.changed, done.removed) == ("done", 1, 5)
    assert "Cup a: €5.00 → €6.00" in client.get(f"{path}{done.pk}/").content.decode()

    client.post(f"{path}address/{feed.pk}/", {"remove": "1"})
    feed.refresh_from_db()
    assert (feed.url, feed.next_at) == ("", None)
    assert Product.objects.filter(brand=brand, status="active").count() == 1


def test_an_address_takes_the_place_of_a_file_that_was_uploaded(client, shop, tmp_path):  # noqa: F811
    """Under its name; so SKUs that the file's products have come along, whatever calls them."""
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    path = write(tmp_path, "sku,title,price\nA,Mug,5.50\nB,Pot,6.50\n", "mine.csv")
    importer.import_file(importer.start(brand, name="mine.csv"), path, at=AT)
    before = dict(Variant.objects.values_list("sku", "product"))
    shop.answers["/feed"] = (200, {}, HEADER.encode() + b"mug,Mug,,,,A,7,,,\npot,Pot,,,,B,8,,,\n")
    typed = {"url": f"{shop.url}/feed", "name": " mine.csv", "every_hours": 24, "import": "1"}
    page = f"/brand/{brand.slug}/feeds/address/"

    wrong = client.post(page, typed | {"url": "ftp://x/"})
    assert wrong.status_code == 422 and "Read this address no more" not in wrong.content.decode()
    client.post(page, typed)
    tasks.import_feed(FeedRun.objects.latest("pk").pk)

    feed = Feed.objects.get()
    assert (feed.url, feed.runs.latest("pk").state) == (f"{shop.url}/feed", "done")
    assert dict(Variant.objects.values_list("sku", "product")) == before
    assert set(Product.objects.values_list("external_id", "status", "price_from")) == {
        ("mug", "active", 700), ("pot", "active", 800),
    }  # fmt: skip
    assert client.post(page, typed).status_code == 422  # it has an address already


def test_a_brand_has_ten_addresses_at_most(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    for n in range(10):
        feed = make_feed("https://shop.example/feed", brand=brand, name=f"Shop {n}")
    path = f"/brand/{brand.slug}/feeds/address/"
    typed = {"url": "https://shop.example/x", "name": "More", "every_hours": 24, "save": "1"}

    refused = client.post(path, typed)
    assert refused.status_code == 422 and "at most 10 addresses" in refused.content.decode()
    assert client.post(f"{path}{feed.pk}/", typed).status_code == 302
    assert Feed.objects.exclude(url="").count() == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("held", ["a file of the brand", "another brand's address"])
def test_one_address_is_read_at_a_time(shop, held):  # noqa: F811
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed")

    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        brand = held == "a file of the brand"
        key = [takeover.IMPORTING, feed.brand_id] if brand else [addresses.READING, 0]
        other.execute("select pg_advisory_lock(%s, %s)", key)
        with pytest.raises(locks.Busy):
            addresses.read(feed, AT)
        assert not FeedRun.objects.exists()
        other.execute("select pg_advisory_unlock_all()")

    assert addresses.read(feed, AT).state == "done"


def test_the_meter_tells_how_far_a_file_is_read(tmp_path):
    path = tmp_path / "feed.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "x" * 60 + "\n" * 400_000).encode(), 0))
    with base.metered() as meter:
        assert meter.percent() is None
        with base.open_bytes(path) as stream:
            seen = [meter.percent()]
            while stream.read(1 << 17):
                seen.append(meter.percent())
            assert seen == sorted(seen) and seen[0] < 20 and seen[-1] == 99


@pytest.mark.parametrize(
    ("where", "rung", "failures"),
    [((Book, "find_gone"), False, 1), ((takeover.Takeover, "archive"), True, 0)],
)
def test_only_what_was_writing_goes_on_when_its_time_is_over(
    shop, monkeypatch, where, rung, failures  # noqa: F811
):  # fmt: skip
    def over(*_args):
        raise SoftTimeLimitExceeded

    again = []
    monkeypatch.setattr(*where, over)
    monkeypatch.setattr(tasks.read_address, "delay", again.append)
    shop.answers["/feed"] = (200, {}, CUPS.encode())
    feed = make_feed(f"{shop.url}/feed")

    tasks.read_address(feed.pk)

    feed.refresh_from_db()
    assert (again, feed.failures) == ([feed.pk] if rung else [], failures)
    assert FeedRun.objects.open().exists() == rung


def test_blank_lines_without_end_take_no_time_without_end(shop, monkeypatch):  # noqa: F811
    monkeypatch.setattr(base, "READING_S", 0.2)
    shop.answers["/feed"] = (
        200, {"Content-Encoding": "gzip"}, gzip.compress(HEADER.encode() + b"\n" * 20_000_000),
    )  # fmt: skip
    feed = make_feed(f"{shop.url}/feed")

    run = addresses.read(feed, AT)

    feed.refresh_from_db()
    assert run.error == "This file takes too long to read. Split it."
    assert (run.state, feed.failures, addresses.cut_off(feed)) == ("refused", 1, None)


SALE = "id\ttitle\tprice\tsale_price\tsale_price_effective_date\n"


def test_a_sale_of_a_file_begins_and_ends_by_itself(tmp_path):
    brand = make_brand(owner=make_user())
    day, began = timedelta(days=1), (AT + timedelta(days=1)).isoformat()
    ends = (AT + timedelta(days=3)).isoformat()
    path = write(tmp_path, SALE + f"a\tA\t5 EUR\t4 EUR\t{began}/{ends}\nb\tB\t5 EUR\t\t\n", "a.tsv")
    run = importer.start(brand, name="a.tsv")
    with path.open("rb") as file:
        run.file.save("a.tsv", File(file))
    importer.import_file(run, path, at=AT)
    feed = run.feed

    def passes(at):
        """Let the clock ring; return what is due after it, and the prices."""
        for pk in addresses.claim(at):
            addresses.read(Feed.objects.get(pk=pk), at)
        feed.refresh_from_db()
        prices = Variant.objects.filter(brand=brand).order_by("sku").values_list("price", flat=True)
        return feed.turns_at, list(prices)

    assert passes(AT) == (AT + day, [500, 500])
    assert passes(AT + day) == (AT + 3 * day, [400, 500])
    assert feed.runs.count() == 2
    assert passes(AT + 2 * day) == (AT + 3 * day, [400, 500])
    assert passes(AT + 3 * day) == (None, [500, 500])
    assert passes(AT + 4 * day) == (None, [500, 500])
    assert feed.runs.count() == 3


def test_a_file_that_a_newer_one_replaced_takes_nothing_back(tmp_path):
    brand = make_brand(owner=make_user())
    for name, price in (("old.tsv", 5), ("new.tsv", 7)):
        ends = (AT + timedelta(days=1)).isoformat()
        text = SALE + f"a\tA\t{price} EUR\t4 EUR\t{AT.isoformat()}/{ends}\n"
        importer.import_file(importer.start(brand, name=name), write(tmp_path, text, name), at=AT)
    old, new = Feed.objects.order_by("pk")
    assert (old.turns_at, new.turns_at) == (None, AT + timedelta(days=1))


def test_a_file_that_is_gone_is_not_asked_for_again_and_again(tmp_path):
    feed = make_feed("", every_hours=0, next_at=None, turns_at=AT)

    assert addresses.claim(AT) == [feed.pk]
    assert addresses.read(feed, AT).state == "refused"
    feed.refresh_from_db()
    assert (feed.turns_at, addresses.claim(AT + timedelta(days=9))) == (None, [])
