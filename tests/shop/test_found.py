"""What search engines and posts read of the shop: data of products, addresses, the sitemap."""

import json
import re

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.utils import timezone
from lxml import etree

from affiliates import links, shelf
from config.lib import sitemaps
from shop.models import Category, Image, Product
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant

pytestmark = pytest.mark.django_db
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def machine_facts(page: str) -> list[dict]:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    return [json.loads(text) for text in found]


def addresses(client, path: str) -> list[str]:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    return [loc.text for loc in etree.fromstring(answer.content).iter(LOC)]


def test_a_product_says_what_it_costs_where_it_goes_and_how_it_comes_back(client, settings):
    brand = make_brand(
        name="Mill", legal_name="Mill V.O.F.", shipping_price=495, free_shipping_from=5000,
        ships_to=["NL", "BE"], delivery_days_from=1, delivery_days_to=3,
    )  # fmt: skip
    one = make_variant(brand=brand, title="Mug </script><b>", price=3450, stock=0)
    two = make_variant(brand=brand, product=one.product, price=6000)
    two.options = [["Size", "L"]]
    two.save()
    file = ContentFile(b"x", name="mug-l.webp")
    Image.objects.create(product=one.product, file=file, width=900, height=900)
    url = settings.SITE_URL + one.product.get_absolute_url()

    product, trail = machine_facts(client.get(one.product.get_absolute_url()).content.decode())

    assert (product["@type"], product["name"], product["url"]) == (
        "Product", "Mug </script><b>", url,
    )  # fmt: skip
    assert [image.startswith(settings.SITE_URL) for image in product["image"]] == [True]
    small, large = product["offers"]
    assert (small["price"], small["availability"]) == ("34.50", "https://schema.org/OutOfStock")
    assert (large["price"], large["name"]) == ("60.00", "Mug </script><b>, L")
    assert large["seller"]["name"] == "Mill V.O.F."
    rates = [one["shippingDetails"]["shippingRate"]["value"] for one in (small, large)]
    assert rates == ["4.95", "0.00"]
    to = [one["addressCountry"] for one in small["shippingDetails"]["shippingDestination"]]
    assert to == ["NL", "BE"]
    assert small["hasMerchantReturnPolicy"]["merchantReturnDays"] == 14
    assert small["hasMerchantReturnPolicy"]["returnFees"].endswith("CustomerResponsibility")
    assert [step["name"] for step in trail["itemListElement"]][::2] == ["Thousand", product["name"]]


def test_what_cannot_come_back_says_so(client):
    variant = make_variant(withdrawal=Product.Withdrawal.CUSTOM)

    product, _trail = machine_facts(client.get(variant.product.get_absolute_url()).content.decode())

    policy = product["offers"][0]["hasMerchantReturnPolicy"]
    assert policy["returnPolicyCategory"].endswith("/MerchantReturnNotPermitted")
    assert "merchantReturnDays" not in policy


@pytest.mark.parametrize(
    ("query", "canonical", "is_found"),
    [
        ("", "/shop/", True),
        ("?page=1&utm_source=x", "/shop/", True),
        ("?page=2", "/shop/?page=2", True),
        ("?category=kitchen&page=2", "/shop/?category=kitchen&page=2", True),
        ("?category=no-such", "/shop/", True),
        ("?category=kitchen&q=mug&sort=cheap", "/shop/?category=kitchen", False),
        ("?page=x", "/shop/", True),
    ],
)
def test_each_list_has_one_address(client, settings, query, canonical, is_found):
    page = client.get(f"/shop/{query}").content.decode()

    assert f'<link rel="canonical" href="{settings.SITE_URL}{canonical}">' in page.replace(
        "&amp;", "&"
    )
    assert ('content="noindex,follow"' not in page) is is_found


def test_the_sitemap_lists_what_is_on_sale(client, settings):
    cache.clear()
    variant, draft = make_variant(), make_variant()
    Product.objects.filter(pk=draft.product_id).update(status="draft")
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=timezone.now())
    links.accept_terms(creator.user, timezone.now())
    make_collaboration(variant.brand)
    shelf.put(creator, variant.product, timezone.now())
    hidden = make_creator(handle="linkless", followers=6_000, user=make_user(), at=timezone.now())
    site = settings.SITE_URL

    files = addresses(client, "/sitemap.xml")
    assert files[0].startswith(site)
    found = [one for file in files for one in addresses(client, file.removeprefix(site))]

    assert site + variant.product.get_absolute_url() in found
    assert site + variant.brand.get_absolute_url() in found
    assert f"{site}/shop/?category=kitchen" in found
    assert site + creator.get_absolute_url() in found
    assert site + hidden.get_absolute_url() not in found
    assert site + draft.product.get_absolute_url() not in found
    assert client.get("/sitemap-nothing.xml").status_code == 404
    assert client.get("/sitemap-products.xml?p=99").status_code == 404


def test_a_large_shop_has_several_files_none_of_which_reads_the_others(
    client, monkeypatch, django_assert_num_queries
):
    cache.clear()
    monkeypatch.setattr(sitemaps.IdPages.__init__, "__defaults__", (2,))
    made = [make_variant() for _n in range(5)]
    last = made[-1].product_id

    files = [one for one in addresses(client, "/sitemap.xml") if "sitemap-products" in one]
    assert len(files) == last // 2 + 1
    with django_assert_num_queries(2):  # the last id, and the rows of this file
        one = addresses(client, f"/sitemap-products.xml?p={len(files)}")
    assert len(one) <= 2


def test_robots_are_told_where_the_sitemap_is_and_what_is_private(client, settings):
    text = client.get("/robots.txt").content.decode()

    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in text
    assert {"Disallow: /orders/", "Disallow: /checkout/", "Disallow: /go/"} < set(text.split("\n"))


@pytest.mark.parametrize("rows", [1, 12])
def test_lists_and_products_take_four_statements(client, django_assert_max_num_queries, rows):
    brand = make_brand()
    made = [make_variant(brand=brand) for _n in range(rows)]
    for path in ("/shop/", "/shop/?q=mug", f"/shop/?category={Category.objects.first().slug}",
                 brand.get_absolute_url(), made[0].product.get_absolute_url()):  # fmt: skip
        with django_assert_max_num_queries(4):
            assert client.get(path).status_code == 200
