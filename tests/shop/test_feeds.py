"""Catalogue files: what is read, what is refused, and that nothing is half imported."""

import gzip
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop import feeds
from shop.feeds import base, importer
from shop.feeds.base import BadValue, Problem, UnreadableFeed
from shop.models import FeedRun, Product, Variant
from tests import real
from tests.properties import examples
from tests.shop.factories import AT, make_brand, make_user

HEADER = "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty,Image Src\n"


def read(path, currency="EUR"):
    """Return (products, problems) of a file."""
    found = list(feeds.read(path, feeds.detect(path), currency, AT))
    problems = [one for one in found if isinstance(one, Problem)]
    return [one for one in found if not isinstance(one, Problem)], problems


def write(tmp_path, text, name="feed.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "products", "variants", "pictures"),
    [
        ("shopify_apparel.csv", 20, 22, 20),
        ("shopify_jewelery.csv", 20, 23, 41),
        ("shopify_home_and_garden.csv", 20, 21, 21),
        ("shopify_resaved_german.csv", 20, 21, 21),
        ("shopify_wide.csv", 3, 16, 11),
        ("merchant_feed_40.tsv", 40, 40, 40),
        ("merchant_feed_rss2.xml", 5, 6, 9),
        ("merchant_feed_tiny.xml", 1, 1, 1),
    ],
)
def test_feeds_are_read_whole(data, name, products, variants, pictures):
    found, problems = read(data / name)

    assert problems == []
    assert (
        len(found),
        sum(len(one.variants) for one in found),
        sum(len(one.images) for one in found),
    ) == (products, variants, pictures)


def test_what_a_feed_does_to_its_rows_is_understood(data):
    silver, _problems = read(data / "shopify_jewelery.csv")
    brooch = next(one for one in silver if one.external_id == "egret-brooch")
    drop = next(one for one in silver if one.external_id == "amber-drop")
    assert brooch.description.count("\n") == 4 and '"as it comes"' in brooch.description
    assert [url.rsplit("/", 1)[1] for url, _alt in brooch.images] == [
        "egret-brooch-1.jpg",
        "egret-brooch-back.jpg",
    ]
    assert [(v.sku, v.image.rsplit("/", 1)[1]) for v in drop.variants] == [
        ("amber-drop/Gold", "amber-drop-2.jpg"),
        ("amber-drop/Silver", "amber-drop-1.jpg"),
    ]
    assert sum(v.compare_at is not None for one in silver for v in one.variants) == 17

    wide, _problems = read(data / "shopify_wide.csv")
    assert wide[0].variants[4].sku == "LOOM-OC-M"
    assert wide[0].variants[4].options == (("Colour", "Ochre"), ("Size", "M"))

    rss, _problems = read(data / "merchant_feed_rss2.xml")
    facts = {one.external_id: (one.title, one.variants[0].price) for one in rss}
    assert facts["BOOK-0564738"] == ("Basket weaving: part 2 & a pattern book", 1199)
    assert facts["MIR-1923451"] == ("Willow mirror", 4990)  # the sale is over
    assert facts["NAMED-0001"][1] == 4500


FOREIGN = sorted([*real.CATALOGUES.glob("shopify_*.csv"), *real.CATALOGUES.glob("merchant_feed*")])


@real.needed
@pytest.mark.django_db
def test_files_that_nobody_here_wrote_are_imported(subtests):
    for path in FOREIGN:
        with subtests.test(path.name):
            brand = make_brand()

            first, second = run(brand, path), run(brand, path)

            assert (first.state, first.problem_count) == ("done", 0)
            assert first.added == Product.objects.filter(brand=brand).count() > 0
            assert (second.added, second.changed, second.unchanged) == (0, 0, first.added)


def test_a_german_spreadsheet_reads_like_the_original(data):
    def facts(name):
        return [
            (one.external_id, one.title, [(v.sku, v.price, v.stock) for v in one.variants])
            for one in read(data / name)[0]
        ]

    assert facts("shopify_resaved_german.csv") == facts("shopify_home_and_garden.csv")


def test_a_merchant_group_is_one_product_with_variants(data):
    found, _problems = read(data / "merchant_feed_rss2.xml")
    jeans = next(one for one in found if one.external_id == "JEANS-29473856")

    assert jeans.currency == "USD"
    assert [(v.sku, v.price, v.stock, dict(v.options)["Size"]) for v in jeans.variants] == [
        ("JEANS-29473856-1", 2950, 0, "8 Standard"),
        ("JEANS-29473856-2", 2950, None, "8 Tall"),
    ]


def test_problems_name_the_physical_line(tmp_path):
    rows = [
        'pot,Pot,"<p>two\nlines</p>",Size,S,,9.99,shopify,3,',
        "pot,,,,L,,1.234,shopify,3,",
        ",No handle,,,,,5,,,",
        "jug,Jug,,,,,0,,,",
        "cup,Cup,,,,,4,shopify,-1,",
    ]
    found, problems = read(write(tmp_path, HEADER + "\n".join(rows)))

    assert [one.external_id for one in found] == ["pot"]
    assert sorted((p.line, p.field) for p in problems) == [
        (4, "Variant Price"),
        (5, "Handle"),
        (6, "Variant Price"),
        (7, "Variant Inventory Qty"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(tmp_path, encoding):
    path = write(tmp_path, HEADER + "k,Käsebrett für Gäste,,,,,5,,,\n", encoding=encoding)

    assert read(path)[0][0].title == "Käsebrett für Gäste"


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "0",
        "NaN",
        "Infinity",
        "1e9",
        "1_000",
        "１２",
        "٣",
        "1.234,56",
        "1,234",
        "9" * 15,
        "",
        "1.999",
    ],
)
def test_prices_that_are_not_plain_are_refused(text):
    with pytest.raises(BadValue):
        base.price(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("34.50", "EUR", 3450), ("34,5", "EUR", 3450), ("500", "JPY", 500), ("1.250", "KWD", 1250)],
)
def test_plain_prices_are_exact(text, currency, minor):
    assert base.price(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>',
        b'<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>',
        b"<rss><channel><item>",
        b"<rss>" + b"<a>" * 100 + b"</a>" * 100 + b"</rss>",
        b"<rss></rss>",
        b"",
        b"a,b,c\n1,2,3\n",
        b"PK\x03\x04zip",
    ],
)
def test_hostile_and_unknown_files_are_refused_whole(tmp_path, text):
    path = write(tmp_path, text)

    with pytest.raises(UnreadableFeed):
        read(path)


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "MAX_BYTES", 1000)
    path = tmp_path / "feed.csv.gz"
    path.write_bytes(gzip.compress(HEADER.encode() + b"x" * 5000))

    with pytest.raises(UnreadableFeed, match="larger than"):
        read(path)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(noise=st.binary(max_size=40), place=st.integers(0, 6000), cut=st.integers(0, 6000))
def test_a_damaged_feed_never_breaks_the_reader(data, tmp_path, noise, place, cut):
    for name in ("shopify_apparel.csv", "merchant_feed_rss2.xml"):
        raw = (data / name).read_bytes()
        path = write(tmp_path, raw[:place] + noise + raw[min(place, cut) :], name)
        try:
            read(path)
        except UnreadableFeed as error:
            assert str(error)


def run(brand, path, **how):
    made = importer.start(brand, name=path.name, **how)
    return importer.import_file(made, path, at=timezone.now())


def counts(run):
    return (run.state, run.added, run.changed, run.unchanged, run.removed, run.problem_count)


@pytest.mark.django_db
class TestImport:
    def test_it_may_be_repeated(self, data):
        brand = make_brand()

        first = run(brand, data / "shopify_jewelery.csv")
        second = run(brand, data / "shopify_jewelery.csv")

        assert counts(first) == ("done", 20, 0, 0, 0, 0)
        assert counts(second) == ("done", 0, 0, 20, 0, 0)
        assert Product.objects.filter(brand=brand, status="active").count() == 20
        assert Variant.objects.filter(brand=brand).count() == 23

    def test_a_dry_run_changes_nothing(self, data):
        brand = make_brand()

        preview = run(brand, data / "shopify_apparel.csv", dry_run=True)

        assert counts(preview) == ("preview", 20, 0, 0, 0, 0)
        assert not Product.objects.filter(brand=brand).exists()

    def test_what_the_file_no_longer_has_is_archived(self, tmp_path):
        brand = make_brand()
        rows = [f"cup-{n},Cup {n},,,,,5,,,\n" for n in "abcdef"]
        path = write(tmp_path, HEADER + "".join(rows))
        run(brand, path)
        write(tmp_path, HEADER + "".join(rows[:4]) + "new,New,,,,,5,,,\n")

        assert counts(run(brand, path)) == ("done", 1, 0, 4, 2, 0)

    def test_a_feed_that_lost_most_of_it_is_refused(self, tmp_path):
        brand = make_brand()
        rows = [f"cup-{n},Cup {n},,,,,5,,,\n" for n in "abcdef"]
        path = write(tmp_path, HEADER + "".join(rows))
        run(brand, path)
        write(tmp_path, HEADER + rows[0].replace(",5,", ",6,"))

        refused = run(brand, path)
        assert refused.state == "refused" and "More than half" in refused.error
        assert set(Variant.objects.filter(brand=brand).values_list("price", flat=True)) == {500}
        assert counts(run(brand, path, shrink=True)) == ("done", 0, 1, 0, 5, 0)

    def test_stock_never_goes_below_what_is_reserved(self, tmp_path):
        brand = make_brand()
        path = write(tmp_path, HEADER + "cup,Cup,,,,,5,shopify,9,\n")
        run(brand, path)
        Variant.objects.filter(brand=brand).update(reserved=4)
        write(tmp_path, HEADER + "cup,Cup,,,,,5,shopify,2,\n")
        run(brand, path)

        assert Variant.objects.filter(brand=brand).values_list("stock", "reserved").get() == (4, 4)

    def test_descriptions_are_made_harmless(self, tmp_path):
        brand = make_brand()
        evil = (
            "<p onclick=x hx-get=/a>Hi<script>1</script><a href=javascript:1>b</a><img src=x></p>"
        )
        run(brand, write(tmp_path, HEADER + f"cup,Cup,{evil},,,,5,,,\n"))

        assert Product.objects.get(brand=brand).description == "<p>Hib</p>"

    def test_a_product_without_a_shelf_stays_a_draft(self, data):
        brand = make_brand(category=None)
        run(brand, data / "shopify_apparel.csv")

        rows = Product.objects.filter(brand=brand)
        assert set(rows.values_list("status", flat=True)) == {"draft"}
        assert rows.first().missing == ["category"]

    def test_the_command_reports_and_refuses(self, data, tmp_path):
        brand = make_brand()
        out = StringIO()
        path = str(data / "merchant_feed_rss2.xml")
        call_command("import_feed", path, brand=brand.slug, json=True, stdout=out)
        assert json.loads(out.getvalue())["added"] == 5

        for arguments in ({"brand": "nobody"}, {"brand": brand.slug, "source": "/nowhere.csv"}):
            with pytest.raises(CommandError) as error:
                call_command("import_feed", arguments.pop("source", path), **arguments)
            assert error.value.returncode == 2


@pytest.mark.django_db
def test_a_brand_uploads_looks_and_imports(client, data):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    with (data / "shopify_apparel.csv").open("rb") as file:
        seen = client.post(
            f"/brand/{brand.slug}/feeds/", {"file": file, "preview": "1"}, follow=True
        )
    assert "Only a look" in seen.content.decode()
    preview = FeedRun.objects.get()

    done = client.post(f"/brand/{brand.slug}/feeds/{preview.pk}/import/", follow=True)

    assert "20 products are in." in done.content.decode()
    assert client.get(f"/brand/{brand.slug}/products/").status_code == 200


@pytest.mark.django_db
def test_the_problems_come_as_a_safe_csv(client, tmp_path):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    made = run(brand, write(tmp_path, HEADER + "cup,Cup,,,,,=1+1,,,\npot,Pot,,,,,5,,,\n"))

    page = client.get(f"/brand/{brand.slug}/feeds/{made.pk}/problems.csv")

    assert "2,Variant Price,'=1+1," in page.getvalue().decode()
