"""Hostile and damaged catalogues: nothing breaks, and nothing is half imported."""

import gzip
import resource
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.feeds import base
from shop.models import FeedRun, Product, Variant
from tests import real
from tests.properties import examples
from tests.shop.factories import make_brand, make_user
from tests.shop.test_feeds import HEADER, read, run, write

DATA = Path(__file__).parent.parent / "data"
XML = b'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>%s</channel></rss>'
ITEM = b"<item><g:id>%s</g:id><title>A mug</title><g:price>5 EUR</g:price></item>"
BOMB = b'<!DOCTYPE r [<!ENTITY a "%s">' % (b"ha" * 50)
BOMB += b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(8)
)  # a billion of them
ATTACKS = {
    "billion laughs": BOMB + b"]><rss><channel><item><title>&i;</title></item></channel></rss>",
    "file entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + XML % b"<item><g:id>1</g:id><title>&x;</title><g:price>5 EUR</g:price></item>",
    "outside entity": b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><rss/>',
    "doctype in UTF-16": '<!DOCTYPE r [<!ENTITY x "y">]><rss>&x;</rss>'.encode("utf-16"),
    "unknown entity": XML % b"<item><title>&nothing;</title></item>",
    "unknown encoding": b'<?xml version="1.0" encoding="utf-7"?>' + XML % (ITEM % b"1"),
    "cut off": (XML % (ITEM % b"1"))[:-30],
    "deep": b"<rss>" + b"<a>" * 10_000,
    "many attributes": b"<rss " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"></rss>",
    "nothing but nulls": b"\x00" * 5_000,
    "a damaged gzip": gzip.compress(HEADER.encode())[:-6],
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "a page": b"<!DOCTYPE html><html><body>Log in</body></html>",
    "many columns": b",".join(b"c%d" % n for n in range(5_000)) + b"\n" + b"1," * 5_000,
    "only a header": HEADER.encode(),
}


@pytest.fixture
def brand(client):
    owner = make_user()
    client.force_login(owner)
    return make_brand(owner=owner)


def upload(client, brand, raw, name="feed.xml", **more):
    file = SimpleUploadedFile(name, raw)
    return client.post(f"/brand/{brand.slug}/feeds/", {"file": file, **more}, follow=True)


@pytest.mark.django_db
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_words_and_changes_nothing(client, brand, tmp_path, attack):
    kept = run(brand, write(tmp_path, HEADER + "cup,Cup,,,,,5,,,\n"))

    page = upload(client, brand, ATTACKS[attack])

    made = FeedRun.objects.exclude(pk=kept.pk).get()
    assert (page.status_code, made.state) == (200, "refused")
    assert made.error and "Nothing was taken over" in page.content.decode()
    assert Product.objects.filter(brand=brand).values_list("title", "status").get() == (
        "Cup", "active",
    )  # fmt: skip


@pytest.mark.django_db
def test_what_looks_like_an_attack_and_is_none_comes_in(client, brand):
    text = b"<![CDATA[<!DOCTYPE r [<!ENTITY x 'y'>]> &amp; <b>]]>"
    item = b"<item><g:id>1</g:id><title>" + text + b"</title><g:price>5 EUR</g:price></item>"

    upload(client, brand, XML % item)

    assert Product.objects.get(brand=brand).title == "<!DOCTYPE r [<!ENTITY x 'y'>]> & <b>"


def test_a_line_of_a_hundred_megabytes_does_not_fill_the_memory(tmp_path):
    path = tmp_path / "feed.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b'cup,"')
        for _n in range(100):
            file.write(b"x" * 1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(base.UnreadableFeed, match="longer than a million"):
        read(path)

    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 60


def test_an_item_of_a_hundred_megabytes_is_cut_at_the_cell(tmp_path):
    path = tmp_path / "feed.xml"
    start, end = (XML % (ITEM % b"1")).split(b"A mug")
    with path.open("wb") as file:
        file.write(start)
        for _n in range(50):
            file.write(b"mug " * 250_000)
        file.write(end)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found, problems = read(path)

    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 60
    assert found == [] and [p.field for p in problems] == ["title"]


def test_a_gzip_bomb_is_cut_off_as_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "MAX_BYTES", 8_000_000)
    path = tmp_path / "feed.csv.gz"
    row = b"cup,Cup,,,,,5,,,\n"
    path.write_bytes(gzip.compress(HEADER.encode() + row * 1_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(base.UnreadableFeed, match="larger than"):
        read(path)

    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 60


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_delimiter_reads_the_same(client, brand, encoding, delimiter):
    rows = [HEADER.strip().split(","), ["k", "Käsebrett „für“ 5 €", *[""] * 4, "5,50", "", "", ""]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)

    upload(client, brand, text.encode(encoding), "feed.csv")

    variant = Variant.objects.select_related("product").get(brand=brand)
    assert (variant.product.title, variant.price) == ("Käsebrett „für“ 5 €", 550)


REAL = sorted(
    [*DATA.glob("shopify_*.csv"), *DATA.glob("woocommerce.csv"), *DATA.glob("merchant_feed*"),
     *real.CATALOGUES.glob("shopify_*.csv"), *real.CATALOGUES.glob("woocommerce*.csv"), *real.CATALOGUES.glob("merchant*.xml")]
)  # fmt: skip
NOISE = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"\x00",
            b'"',
            b'""',
            b",",
            b";",
            b"\t",
            b"\r",
            b"\n",
            b"\xff\xfe",
            b"&x;",
            b"<![CDATA[",
            b"]]>",
            b"</item>",
            b"<entry>",
            "\u202e".encode(),
            b"\xed\xa0\x80",
            b"-1",
            b"1e99",
            b"NaN",
            b"0" * 200,
        ]  # fmt: skip
    ),
)


@pytest.mark.django_db
@settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(REAL),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 300), NOISE), min_size=1, max_size=6
    ),
)
def test_a_mutated_feed_comes_in_whole_or_not_at_all(client, tmp_path, path, changes):
    """What is said to be in is in, what is refused changed nothing, and no page is a 500."""
    owner = make_user()
    client.force_login(owner)
    brand = make_brand(owner=owner)
    raw = path.read_bytes()
    for place, cut, noise in changes:
        at = int(place * len(raw))
        raw = raw[:at] + noise + raw[at + cut :]

    page = upload(client, brand, raw, path.name)

    made = FeedRun.objects.filter(feed__brand=brand).first()
    if made is None:  # an empty file is refused by the form
        assert page.status_code == 422 and not raw
        return
    assert page.status_code == 200
    products = Product.objects.filter(brand=brand)
    assert made.state in {"done", "refused"}
    assert products.count() == made.added
    assert bool(made.error) == (made.state == "refused") == (made.added == 0)
    for product in products.prefetch_related("variants"):
        assert product.title and product.variants.exists()
        assert product.price_from == min(v.price for v in product.variants.all()) > 0
    again = run(brand, write(tmp_path, raw, path.name)) if made.added else made
    assert (again.added, again.changed) == (0, 0)


@pytest.mark.django_db
def test_a_file_that_breaks_our_reader_is_refused_and_loud(tmp_path, monkeypatch):
    brand = make_brand()
    path = write(tmp_path, HEADER + "cup,Cup,,,,,5,,,\npot,Pot,,,,,5,,,\n")

    def breaks(*_arguments):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("shop.feeds.gallery.addresses", breaks)
    with pytest.raises(RuntimeError):
        run(brand, path)

    made = FeedRun.objects.get()
    assert (made.state, made.added) == ("refused", 0) and "our side" in made.error
    assert not Product.objects.filter(brand=brand).exists()
