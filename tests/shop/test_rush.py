"""The last ten pieces and fifty buyers, each with a browser's requests to the real server."""

import os

import pytest
from django.db.models import Sum

from shop.models import Order, OrderLine, Payment
from tests import buyers, harness
from tests.shop.factories import make_brand, make_variant


@pytest.fixture
def busy_site(transactional_db):
    """The real server; it believes one proxy who is asking."""
    port = harness.free_port()
    env = {"THOUSAND_PART": "web", "TRUSTED_PROXY_COUNT": "1", "PORT": str(port),
           "SITE_URL": "", "DATABASE_URL": os.environ["DATABASE_URL"]}  # fmt: skip
    site = harness.Site(port, env)
    yield site.url
    site.stop()


@pytest.mark.timeout(300)
def test_fifty_buyers_of_the_last_ten_buy_exactly_ten(busy_site):
    variant = make_variant(brand=make_brand(), stock=10, price=3450)

    paid = buyers.rush(busy_site, variant.product.get_absolute_url(), variant.pk, 50)

    variant.refresh_from_db()
    sold = OrderLine.objects.aggregate(sum=Sum("quantity"))["sum"]
    assert (paid, sold, variant.stock, variant.reserved) == (10, 10, 0, 0)
    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}
    assert Payment.objects.filter(kind="capture").count() == 10
