"""The demo market: every rule of the books holds, and the same seed gives the same market."""

import re
import stat
from io import StringIO
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from affiliates import attribution, documents, invariants
from affiliates.models import Attribution, Click, Commission, LinkDay, Payout, PayoutBatch, SelfBill
from config import demo
from config.demo import accounts, emptying, people
from config.demo.world import Size
from creators import policy
from creators.models import Case, CaseEvent, Creator, Decision
from shop.models import Brand, DeliveryOption, Order, Product, Refund

pytestmark = pytest.mark.django_db
SMALL = Size(creators=60, brands=8, products=60, orders=700)
BAR = SimpleNamespace(set_description_str=lambda text: None, update=lambda n: None)


def fill(size=SMALL, seed=1):
    return demo.fill(size, seed, timezone.now(), BAR)


def portrait():
    """What a market looks like, whatever ids the database gave its rows."""
    return [
        list(Order.objects.order_by("placed_at", "number").values_list("number", "placed_at")),
        list(Commission.objects.order_by("id").values_list("kind", "state", "amount", "due_at")),
        list(Payout.objects.order_by("batch__pay_on", "creator__handle").values_list("amount")),
        list(LinkDay.objects.order_by("link__code", "day").values_list("clicks", "income")),
        list(Creator.objects.order_by("id").values_list("handle", "status")),
    ]


def test_a_market_has_everything_and_its_books_balance():
    fill()

    assert invariants.check() == {}
    assert Creator.objects.count() == SMALL.creators
    assert Brand.objects.filter(is_demo=True).count() == SMALL.brands
    assert Product.objects.on_sale().count() == SMALL.products
    assert Order.objects.count() == SMALL.orders
    assert set(Commission.objects.values_list("state", flat=True)) >= {"pending", "settled"}
    assert Refund.objects.exists()
    assert Click.objects.filter(counted=True).exists()
    assert PayoutBatch.objects.exclude(state="closed").count() == 0
    bills = SelfBill.objects.select_related("tax_profile", "creator")
    for bill in bills:
        assert sum(amount for _name, amount in bill.facts["lines"]) == (
            bill.amount if bill.kind == "invoice" else -bill.amount
        )
        assert bill.facts["supplier"]["name"] == bill.tax_profile.legal_name
    assert documents.self_bill(bills[0])[:5] == b"%PDF-"
    platforms = Creator.objects.values_list("channels__platform", flat=True)
    assert set(platforms) == {"tiktok", "instagram", "youtube", "facebook"}


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


def test_decisions_and_attributions_can_be_replayed():
    fill()

    for decision in Decision.objects.order_by("?")[:20]:
        assert policy.replay(decision.facts).sha256 == decision.sha256
    for row in Attribution.objects.exclude(creator=None).order_by("?")[:20]:
        winner = attribution.replay(row).winner
        assert (winner.creator_id, winner.pays_bp) == (row.creator_id, row.rate_bp)


def test_the_sign_ins_work_and_their_file_is_private(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    signed = fill()

    text = accounts.write(signed)

    assert [one.role for one in signed] == ["creator", "brand", "admin", "admin"]
    for one in signed:
        user = authenticate(username=one.email.split("@")[0], password=one.password)
        assert one.role == "creator" or user.email == one.email
        assert one.password in text
    creator = Creator.objects.get(user__email=signed[0].email)
    assert creator.user.check_password(signed[0].password)
    assert Authenticator.objects.filter(type="totp").count() == 2
    assert stat.S_IMODE((tmp_path / "sign-ins.txt").stat().st_mode) == 0o600
    assert "or sign up yourself" in text


def test_the_demo_creator_has_money_in_every_state():
    signed = fill(Size(creators=60, brands=8, products=60, orders=1500))

    creator = Creator.objects.get(user__email=signed[0].email)
    states = set(creator.commissions.values_list("state", flat=True))
    assert states >= {"pending", "settled"}
    assert creator.payouts.filter(state="paid").exists()
    assert creator.status == "pilot"
    assert LinkDay.objects.filter(link__creator=creator, day=timezone.localdate()).exists()


def test_a_filled_market_is_left_alone():
    fill()
    orders = Order.objects.count()
    said = StringIO()

    call_command("demo", verbosity=0, stdout=said)

    assert "filled already" in said.getvalue()
    assert Order.objects.count() == orders


def test_live_mode_refuses(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="refused in live mode") as refusal:
        call_command("demo")

    assert refusal.value.returncode == 2
    assert not Creator.objects.exists()


def test_impossible_sizes_are_refused():
    with pytest.raises(CommandError, match="a product for every brand"):
        call_command("demo", "--brands", "5", "--products", "2")


def test_no_name_of_a_real_company_or_bank():
    fill()

    assert not Brand.objects.exclude(legal_name__endswith="(demo)").exists()
    ibans = Creator.objects.exclude(payout_methods=None).values_list(
        "payout_methods__iban", flat=True
    )
    assert all(re.fullmatch(r"NL\d\dDEMO\d{10}", iban) for iban in ibans)


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


def test_a_market_holds_cases_at_every_stage_and_mails_nobody_about_them():
    fill(Size(creators=120, brands=8, products=60, orders=700))

    found = set(Case.objects.filter(kind="violation").values_list("state", flat=True))
    assert found == {"open", "answered", "upheld", "dismissed", "reversed"}
    assert Case.objects.filter(kind="appeal", state="answered").exists()
    assert Case.objects.filter(kind="contest", creator__user__email=people.STAR).count() == 1
    assert not CaseEvent.objects.filter(tells=True).exists()


def test_emptying_leaves_what_migrations_wrote():
    seeded = {
        model._meta.db_table
        for label in ("shop", "creators", "affiliates")
        for model in apps.get_app_config(label).get_models()
        if model._default_manager.exists()
    }

    assert {"creators_sanction", "shop_category"} <= seeded
    assert seeded <= emptying.KEPT | set(emptying.PUT_BACK)


def test_every_second_brand_of_the_market_has_a_second_way_to_deliver():
    fill(Size(creators=12, brands=4, products=12, orders=20))

    assert DeliveryOption.objects.count() == 2
    assert not Brand.objects.filter(delivery_days_to=None).exists()
