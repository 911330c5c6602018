"""Bodies that no shop sends: kept, and never an error of ours."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shop.models import Integration, Product, Stocked, Stockroom, WebhookEvent
from tests.affiliates.own_shops import NOW, Shop, paid, refund, sample, shipped, told
from tests.properties import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


LEVEL = {"inventory_item_id": 91, "location_id": 11, "available": 3, "updated_at": NOW.isoformat()}
PRODUCT = {"id": 1, "updated_at": NOW.isoformat(), "variants": [
    {"id": 7, "sku": "MUG", "inventory_item_id": 91, "inventory_management": "shopify",
     "inventory_quantity": 3, "updated_at": NOW.isoformat()}]}  # fmt: skip
MUG = {"id": 9, "type": "simple", "sku": "MUG", "manage_stock": True, "stock_quantity": 3,
       "stock_status": "instock", "date_modified_gmt": NOW.isoformat()}  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("\x00\ud800"),
    st.just("1e400"), st.just("-5"), st.just(10**400), st.just([]), st.just({}), st.just("NaN"),
)  # fmt: skip


def _mutate(facts, path, value):
    """Put `value` at the place that the numbers of `path` lead to."""
    here = facts
    for n in path[:-1]:
        keys = list(here) if isinstance(here, dict) else range(len(here))
        if not keys:
            return
        inner = here[list(keys)[n % len(keys)]]
        if not isinstance(inner, dict | list) or not inner:
            break
        here = inner
    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
    here[keys[path[-1] % len(keys)]] = value


def keep_stock(shop):
    """Let the shop keep the stock of its mug, so that what it says of it is taken over."""
    Product.objects.filter(pk=shop.variant.product_id).update(sells_at="beside")
    address = f"https://{shop.row.domain}"
    room = Stockroom.objects.create(integration=shop.row, address=address, connected_at=NOW)
    place = "11" if shop.row.provider == "shopify" else ""
    Stocked.objects.create(
        variant=shop.variant, stockroom=room, external_id="9", item_id="91", seen_at=NOW,
        levels={place: [5, "", True]},
    )  # fmt: skip


@hypothesis_settings(
    max_examples=examples(60), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    which=st.integers(0, 8),
    changes=st.lists(
        st.tuples(st.lists(st.integers(0, 50), min_size=1, max_size=4), LEAVES), max_size=4
    ),
)
def test_no_mutated_message_is_a_server_error(which, changes):
    row = Integration.objects.filter(provider=["shopify", "woocommerce"][which in (5, 8)]).first()
    if row is None:
        for provider in ("shopify", "woocommerce"):
            keep_stock(Shop(provider))
        row = Integration.objects.filter(
            provider=["shopify", "woocommerce"][which in (5, 8)]
        ).first()
    topic, body = [
        ("orders/paid", paid()), ("refunds/create", refund()),
        ("fulfillments/update", shipped(arrived=NOW)), ("orders/cancelled", sample("shopify_order")),
        ("refunds/create", sample("shopify_refund")), ("order.updated", sample("woocommerce_order")),
        ("inventory_levels/update", LEVEL), ("products/update", PRODUCT), ("product.updated", MUG),
    ][which]  # fmt: skip
    body = copy.deepcopy(body)
    for path, value in changes:
        _mutate(body, path, value)
    shop = Shop.__new__(Shop)
    shop.row = row
    raw = json.dumps(body).encode()
    assert shop.send(topic, None, raw=raw).status_code in (200, 409)
    assert not WebhookEvent.objects.filter(outcome="failed").exists()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": 1e999}'])
def test_what_is_no_order_is_kept_as_refused(raw):
    shop = Shop()
    assert told(shop.send("orders/paid", None, raw=raw))[:2] == (200, "refused")
    assert WebhookEvent.objects.get().outcome == "refused"
