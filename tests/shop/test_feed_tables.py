"""Tables of other shop systems: columns by many names, rows that belong together, prices."""

import pytest

from shop.feeds import UnreadableFeed
from tests import real
from tests.shop.factories import make_brand
from tests.shop.test_feeds import read, run, write

FOREIGN = {  # name: products, variants, problems
    "bagisto_products.csv": (5, 8, 17),
    "fashion_products.csv.gz": (7128, 7128, 0),
    "medusa_export_comma.csv": (2, 3, 0),
    "medusa_export_semicolon.csv": (2, 3, 0),
    "spree_products.csv": (37, 87, 0),
    "vendure_invalid_row_length.csv": (2, 2, 1),
    "vendure_money_handling.csv": (2, 2, 0),
    "vendure_products_full.csv": (20, 34, 0),
}
REFUSED = {
    "books_10k.csv.gz": "no column with a price",
    "medusa_invalid_prices.csv": "variant price nonexistent",
    "oscar_books_semicolon.csv": "first line",
    "retail_demo_store_products.json.gz": "JSON",
    "saleor_demo_shop.json.gz": "JSON",
    "spree_product_translations.csv": "first line",
    "spree_translations_windows1252.csv": "first line",
    "ucp_flower_shop_products.csv": "whole hundreds",
}


def facts(found):
    return [
        (one.external_id, one.title, one.currency,
         [(v.sku, v.price, v.stock, [value for _n, value in v.options]) for v in one.variants])
        for one in found
    ]  # fmt: skip


def test_rows_belong_together_by_slug_and_a_frame_is_no_free_product(tmp_path):
    rows = """slug,sku,name,price,compare_at_price,currency,status,option1_name,option1_value,stock
pot,POT,Pot,0,0,USD,active,,,
pot,POT-S,,10,0,USD,,Size,S,4
pot,POT-L,,12.50,15,USD,,Size,L,
jug,JUG,Jug,20,0,USD,draft,,,0
pot,POT-S,,9,,EUR,,,,
pot,POT-L,,11,,EUR,,,,
"""
    found, problems = read(write(tmp_path, rows), "EUR")

    assert problems == []
    assert facts(found) == [
        ("pot", "Pot", "EUR", [("POT-S", 900, 4, ["S"]), ("POT-L", 1100, None, ["L"])]),
        ("jug", "Jug", "USD", [("JUG", 2000, 0, [])]),
    ]
    assert not found[1].published


def test_rows_belong_together_by_an_empty_title_or_a_parent(tmp_path):
    by_title = (
        "name , sku , price , optionValues\nLamp , L1 , 5.00 , 1m|red\n , L2 , 6.00 , 2m|red\n"
    )
    found, _problems = read(write(tmp_path, by_title))
    assert [len(one.variants) for one in found] == [2]
    assert found[0].variants[1].options == (("", "2m"), ("", "red"))

    by_parent = (
        "sku;parent_sku;name;price\nCUP;;Cup;\nCUP-1;CUP;Cup red;5,10\nCUP-2;CUP;Cup blue;5,20\n"
    )
    found, problems = read(write(tmp_path, by_parent))
    assert (facts(found), problems) == (
        [("CUP", "Cup", "EUR", [("CUP-1", 510, None, ["red"]), ("CUP-2", 520, None, ["blue"])])],
        [],
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title,id\nCup,1\n", "no column with a price"),
        ("title,sku,price usd\nCup,1,5\n", "none in EUR"),
        ("title,sku,price,price shop x\nCup,1,5,6\n", "price column"),
        ("title,id,price\nCup,1,500\nPot,2,1500\n", "whole hundreds"),
    ],
)
def test_prices_that_may_mean_something_else_are_asked_about(tmp_path, text, why):
    with pytest.raises(UnreadableFeed, match=why):
        read(write(tmp_path, text))


@real.needed
@pytest.mark.parametrize("name", FOREIGN)
def test_tables_that_nobody_here_wrote_are_read(name):
    found, problems = read(real.CATALOGUES / name)

    counts = (len(found), sum(len(one.variants) for one in found), len(problems))
    assert counts == FOREIGN[name]


@real.needed
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_understood_is_refused_whole(name):
    with pytest.raises(UnreadableFeed, match=REFUSED[name]):
        read(real.CATALOGUES / name)


@pytest.mark.slow
@real.needed
@pytest.mark.django_db
def test_the_same_export_comes_to_the_same_and_is_imported():
    comma, semicolon = (
        facts(read(real.CATALOGUES / f"medusa_export_{name}.csv")[0])
        for name in ("comma", "semicolon")
    )
    assert comma == semicolon
    made = [run(make_brand(), real.CATALOGUES / name) for name in FOREIGN]
    assert [(one.state, one.added) for one in made] == [
        ("done", products) for products, _variants, _problems in FOREIGN.values()
    ]
