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

            rows = Product.objects.filter(brand=brand)
            other = set(rows.exclude(currency="EUR").values_list("currency", flat=True))
            told = first.problems.values_list("field", "value")
            assert (first.state, set(told)) == ("done", {("price", code) for code in other})
            assert first.added == rows.count() > 0
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
        "cup,Cup,,,,,4,shopify,1.5,",
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


def test_what_shopify_calls_its_columns_now_is_read(tmp_path):
    """The edition with `URL handle`; a column for stock is missing where a shop has several places."""
    text = """Title,URL handle,Description,Product category,Type,Published on online store,Status,SKU,\
Option1 name,Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,\
Continue selling when out of stock,Product image URL,Image position,Image alt text,Variant image URL
Mug,mug,<p>Clay</p>,Home > Pots,Mugs,TRUE,Active,M-S,Size,S,12.50,15.00,shopify,-3,DENY,\
https://mill.example/a.jpg,1,A mug,https://mill.example/s.jpg
,mug,,,,,,M-L,Size,L,14.50,,shopify,4,CONTINUE,https://mill.example/b.jpg,2,,
Pot,pot,,,,FALSE,Active,P,Title,Default Title,9,,shopify,7,deny,,,,
"""
    path = write(tmp_path, text)
    (mug, pot), problems = read(path)

    assert (feeds.detect(path), problems) == ("shopify", [])
    assert (mug.external_id, mug.description, mug.category) == (
        "mug", "<p>Clay</p>", "Home > Pots\nMugs",
    )  # fmt: skip
    assert [(v.sku, v.options, v.price, v.compare_at, v.stock) for v in mug.variants] == [
        ("M-S", (("Size", "S"),), 1250, 1500, 0), ("M-L", (("Size", "L"),), 1450, None, None),
    ]  # fmt: skip
    assert [url[-5:] for url, _alt in mug.images] == ["a.jpg", "b.jpg", "s.jpg"]
    assert (pot.published, pot.variants[0].stock, pot.variants[0].options) == (False, 7, ())


def test_a_merchant_price_names_its_currency_in_any_way():
    for text in ("25.00 USD", "USD 25", "25,00usd", "usd25.00"):
        assert base.price_with_currency(text, "EUR") == (2500, "USD")
    assert base.price_with_currency("€ 1.025,00", "EUR") == (102500, "EUR")
    for text in ("25 XXY", "25 USD EUR", "from 25 EUR", "1e3 EUR"):
        with pytest.raises(BadValue):
            base.price_with_currency(text, "EUR")


def test_what_a_spreadsheet_puts_before_the_names_is_passed_over(tmp_path):
    path = write(tmp_path, "sep=;\r\n;;\r\nname;price\r\n\r\nMug, blue;€ 12,50\r\nPot;x\r\n")
    found, problems = read(path)

    assert [(one.title, one.variants[0].price, one.line) for one in found] == [
        ("Mug, blue", 1250, 5)
    ]
    assert [one.line for one in problems] == [6]


def test_a_web_page_is_told_from_a_catalogue(tmp_path):
    for page in ("<!DOCTYPE html><html>", "\n<html lang='nl'><head>"):
        with pytest.raises(UnreadableFeed, match="web page"):
            read(write(tmp_path, page))


@pytest.mark.parametrize("length", [1, 200_000])  # beyond what a cell may hold, too
def test_a_quote_that_is_not_closed_takes_no_rows_in(tmp_path, length):
    """Tab-separated files are often written without any quoting."""
    rows = ['1\tMug\t5 EUR\t"round, they say', "2\tPot\t6 EUR\t" + "x" * (length // 10)]
    rows += [f"{n}\tPan\t7 EUR\t{'y' * (length // 10)}" for n in range(3, 14)]
    rows += ['14\t"Jug"\t8 EUR\t', '15\tLid\t9 EUR\t"so\nthey ""say"""']
    path = write(tmp_path, "id\ttitle\tprice\tdescription\n" + "\n".join(rows) + "\n", "a.tsv")
    found, problems = read(path)

    assert ([int(one.external_id) for one in found], problems) == (list(range(1, 16)), [])
    assert [one.title for one in found] == ["Mug", "Pot", *["Pan"] * 11, "Jug", "Lid"]
    assert (found[0].description, found[1].line, found[-1].line) == ("round, they say", 3, 16)
    assert found[-1].description == 'so\nthey "say"'


def test_empty_cells_too_many_are_none_and_a_bad_row_names_its_product(tmp_path):
    head, row = HEADER.strip(), "cup,Cup,,,,C1,5,,,"
    found, problems = read(write(tmp_path, f"{head}\n{row},,\npot,Pot,,,,P1,5,,,,x\n"))

    assert [one.external_id for one in found] == ["cup"]
    assert [(one.line, one.product) for one in problems] == [(3, "pot")]


def test_a_few_damaged_letters_do_not_make_it_another_encoding(tmp_path):
    names = "".join(f"k{n},Käsebrett für Gäste,,,,,5,,,\n" for n in range(9))
    text = (HEADER + names).encode() + b"cut,Caf\xc3,,,,,5,,,\n"

    assert read(write(tmp_path, text))[0][0].title == "Käsebrett für Gäste"
    whole = text.decode(errors="ignore").encode("cp1252")
    assert read(write(tmp_path, whole))[0][0].title == "Käsebrett für Gäste"


@pytest.mark.parametrize(
    ("period", "price"),
    [
        ("2026-11-01/2026-11-10", 400), ("2026-11-01/2026-11-09", 500),
        ("2026-11-10T13:00/2026-11-30T00:00", 400), ("2026-11-10T13:01/2026-11-30", 500),
        ("2026-11-10T13:00+0100/2026-11-10T13:01+0100", 400), ("", 400),
    ],
)  # fmt: skip
def test_a_day_of_a_sale_is_a_day_of_the_market(tmp_path, period, price):
    text = (
        f"id\ttitle\tprice\tsale_price\tsale_price_effective_date\na\tA\t5 EUR\t4 EUR\t{period}\n"
    )
    path = write(tmp_path, text, "a.tsv")

    (found,) = feeds.read(path, "merchant_tsv", "EUR", timezone.localtime(AT))
    assert found.variants[0].price == price


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
        "1.234",
        "1,234",
        "1.23,456",
        "$ 5",
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
    [
        ("34.50", "EUR", 3450), ("34,5", "EUR", 3450), ("500", "JPY", 500), ("1.250", "KWD", 1250),
        ("1.234,56", "EUR", 123456), ("1,234.56", "USD", 123456), ("€ 12,50", "EUR", 1250),
        ("12,50\u00a0€", "EUR", 1250), ("EUR 12", "EUR", 1200), ("1 234,56", "EUR", 123456),
    ],
)  # fmt: skip
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

    def test_what_a_feed_does_not_count_stays_as_it_was_typed(self, tmp_path):
        brand = make_brand()
        several = HEADER.replace("Variant Inventory Qty,", "")
        path = write(tmp_path, several + "cup,Cup,,,,C,5,shopify,\npot,Pot,,,,P,5,,\n")
        first = run(brand, path)
        stock = Variant.objects.filter(brand=brand).order_by("sku").values_list("stock", flat=True)
        assert (counts(first), list(stock)) == (("done", 2, 0, 0, 0, 1), [0, None])
        Variant.objects.filter(sku="C").update(stock=6)
        write(tmp_path, several + "cup,Cup,,,,C,7,shopify,\npot,Pot,,,,P,5,,\n")

        assert counts(run(brand, path)) == ("done", 0, 1, 1, 0, 1)
        assert list(stock.all()) == [6, None]
        own = make_brand(sells_at="own_shop")
        run(own, path)
        assert Variant.objects.get(brand=own, sku="C").stock is None

    def test_a_row_with_cells_too_many_takes_no_product_away(self, tmp_path):
        brand = make_brand()
        path = write(tmp_path, HEADER + "cup,Cup,,,,C,5,,,\npot,Pot,,,,P,5,,,\n")
        run(brand, path)
        write(tmp_path, HEADER + "cup,Cup,,,,C,5,,,\npot,Pot,,,,P,5,,,,x\n")

        assert counts(run(brand, path)) == ("done", 0, 0, 1, 0, 1)

    def test_titles_are_read_as_people_read_them(self, tmp_path):
        brand = make_brand()
        run(brand, write(tmp_path, HEADER + "cup,Cup &amp; b&#246;wl &lt;b&gt; &#0;R&D,,,,,5,,,\n"))

        assert Product.objects.get(brand=brand).title == "Cup & böwl <b> \ufffdR&D"

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
