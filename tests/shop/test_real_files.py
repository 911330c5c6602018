"""Catalogues that nobody here wrote: none is forgotten, none brings half of itself in."""

import pytest

from shop.feeds import UnreadableFeed
from tests import real
from tests.shop.test_feed_tables import FOREIGN, REFUSED
from tests.shop.test_feeds import read
from tests.shop.test_woocommerce import WOO

pytestmark = real.needed


def test_every_catalogue_is_imported_or_refused_by_name():
    imported = {path.name for path in real.CATALOGUES.glob("shopify_*.csv")}
    imported |= {path.name for path in real.CATALOGUES.glob("merchant_feed*")} | {
        WOO.name,
        *FOREIGN,
    }

    assert imported.isdisjoint(REFUSED)
    assert {path.name for path in real.CATALOGUES.iterdir()} == imported | REFUSED.keys()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("cyclic.xml", "document type"), ("dtd.xml", "document type"),
        ("external.xml", "document type"), ("external_file.xml", "document type"),
        ("xmlbomb.xml", "document type"), ("xmlbomb2.xml", "document type"),
        ("simple.xml", "no items"), ("simple-ns.xml", "no items"),
    ],
)  # fmt: skip
def test_attacks_in_xml_are_refused_in_words(name, why):
    with pytest.raises(UnreadableFeed, match=why):
        read(real.DATA / "validation" / "xml_attacks" / name)
