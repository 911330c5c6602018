"""Filling and emptying the demo market: when it is refused, what a seed means, what stays."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from affiliates.models import Commission, LinkDay, Payout
from config import demo
from config.demo import emptying
from config.demo.world import Size
from creators.models import Creator
from shop.models import Order

pytestmark = pytest.mark.django_db
SMALL = Size(creators=60, brands=8, products=60, orders=700)
BAR = SimpleNamespace(set_description_str=lambda text: None, update=lambda n: None)


def portrait():
    """What a market looks like, whatever ids the database gave its rows."""
    return [
        list(Order.objects.order_by("placed_at", "number").values_list("number", "placed_at")),
        list(Commission.objects.order_by("id").values_list("kind", "state", "amount", "due_at")),
        list(Payout.objects.order_by("batch__pay_on", "creator__handle").values_list("amount")),
        list(LinkDay.objects.order_by("link__code", "day").values_list("clicks", "income")),
        list(Creator.objects.order_by("id").values_list("handle", "status")),
    ]


@pytest.mark.slow
def test_the_same_seed_makes_the_same_market():
    now = timezone.now()
    seen = []
    for seed in (7, 7, 8):
        with transaction.atomic():
            demo.fill(SMALL, seed, now, BAR)
            seen.append(portrait())
            transaction.set_rollback(True)

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_live_mode_refuses(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="refused in live mode") as refusal:
        call_command("demo")

    assert refusal.value.returncode == 2
    assert not Creator.objects.exists()


def test_impossible_sizes_are_refused():
    with pytest.raises(CommandError, match="a product for every brand"):
        call_command("demo", "--brands", "5", "--products", "2")


def test_what_emptying_keeps_points_at_nothing_that_it_empties():
    kept = [model for model in apps.get_models() if model._meta.db_table in emptying.KEPT]
    targets = {
        (model._meta.db_table, field.related_model._meta.db_table)
        for model in kept
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model._meta.app_label in emptying.OURS
    }

    assert kept
    assert {pair for pair in targets if pair[1] not in emptying.KEPT} == set()


def test_emptying_leaves_what_migrations_wrote():
    seeded = {
        model._meta.db_table
        for label in ("shop", "creators", "affiliates")
        for model in apps.get_app_config(label).get_models()
        if model._default_manager.exists()
    }

    assert {"creators_sanction", "shop_category"} <= seeded
    assert seeded <= emptying.KEPT | set(emptying.PUT_BACK)
