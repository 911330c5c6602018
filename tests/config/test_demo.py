"""The demo market: it has everything, and every rule of the books holds."""

import re
import stat
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import timezone

from affiliates import attribution, deliveries, documents, invariants, switchwork
from affiliates.models import (
    ApiToken,
    Attribution,
    Click,
    Commission,
    Delivery,
    Endpoint,
    FlatFee,
    LinkDay,
    PayoutBatch,
    PlatformSwitch,
    SelfBill,
)
from config.demo import accounts, people
from config.demo.world import Size
from creators import policy
from creators.models import Case, CaseEvent, Creator, Decision
from shop.models import Brand, DeliveryOption, Order, Product, Refund
from tests import harness

pytestmark = pytest.mark.django_db
SMALL = Size(creators=120, brands=8, products=60, orders=1500)


@pytest.fixture(scope="module")
def signed(django_db_setup, django_db_blocker):
    """Who may sign in to a market that most tests here only look at: filled once."""
    with django_db_blocker.unblock():
        yield harness.fill_market(SMALL)
        TransactionTestCase._fixture_teardown(None)  # empties the tables


def test_a_market_has_everything_and_its_books_balance(signed):
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


def test_decisions_and_attributions_can_be_replayed(signed):
    for decision in Decision.objects.order_by("?")[:20]:
        assert policy.replay(decision.facts).sha256 == decision.sha256
    for row in Attribution.objects.exclude(creator=None).order_by("?")[:20]:
        winner = attribution.replay(row).winner
        assert (winner.creator_id, winner.pays_bp) == (row.creator_id, row.rate_bp)


def test_the_sign_ins_work_and_their_file_is_private(signed, settings, tmp_path):
    settings.DATA_DIR = tmp_path

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


def test_the_demo_creator_has_money_in_every_state(signed):
    creator = Creator.objects.get(user__email=signed[0].email)
    states = set(creator.commissions.values_list("state", flat=True))
    assert states >= {"pending", "settled"}
    assert creator.payouts.filter(state="paid").exists()
    assert creator.status == "pilot"
    assert LinkDay.objects.filter(link__creator=creator, day=timezone.localdate()).exists()


def test_a_filled_market_is_left_alone(signed):
    orders = Order.objects.count()
    said = StringIO()

    call_command("demo", verbosity=0, stdout=said)

    assert "filled already" in said.getvalue()
    assert Order.objects.count() == orders


def test_no_name_of_a_real_company_or_bank(signed):
    assert not Brand.objects.exclude(legal_name__endswith="(demo)").exists()
    ibans = Creator.objects.exclude(payout_methods=None).values_list(
        "payout_methods__iban", flat=True
    )
    assert all(re.fullmatch(r"NL\d\dDEMO\d{10}", iban) for iban in ibans)


def test_a_market_holds_cases_at_every_stage_and_mails_nobody_about_them(signed):
    found = set(Case.objects.filter(kind="violation").values_list("state", flat=True))
    assert found == {"open", "answered", "upheld", "dismissed", "reversed"}
    assert Case.objects.filter(kind="appeal", state="answered").exists()
    assert Case.objects.filter(kind="contest", creator__user__email=people.STAR).count() == 1
    assert not CaseEvent.objects.filter(tells=True).exists()


def test_every_second_brand_of_the_market_has_a_second_way_to_deliver(signed):
    assert DeliveryOption.objects.count() == SMALL.brands / 2
    assert not Brand.objects.filter(delivery_days_to=None).exists()


def test_the_first_brand_pays_for_posts_beside_the_commission(signed):
    creator = Creator.objects.get(user__email=signed[0].email)

    states = set(FlatFee.objects.values_list("state", flat=True))
    assert states == {"reserved", "posted", "approved"}
    assert FlatFee.objects.filter(participation__creator=creator, state="posted").exists()
    assert not FlatFee.objects.filter(tells=True).exists()


def test_a_market_shows_keys_and_webhooks_that_open_nothing_and_an_outage_that_is_over(signed):
    keys = ApiToken.objects.all()
    assert {bool(key.brand) for key in keys} == {True, False}
    assert any(key.revoked_at for key in keys) and all(key.start[:4] == "thd_" for key in keys)
    assert set(Endpoint.objects.values_list("state", flat=True)) == {"paused", "off"}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered", "dead"}
    assert deliveries.send(timezone.now()) == 0

    row = PlatformSwitch.objects.get()
    assert (row.phase(timezone.now()), row.worked, row.words.count()) == ("back", "back", 2)
    assert row.rehearsal["platform"] == "tiktok"
    moved = row.changes.order_by().values_list("act", "shift").distinct()
    assert list(moved) == [("moved", row.off_until - row.off_from)]
    assert not row.letters.filter(told_at=None).exists()
    assert switchwork.run(timezone.now()) == 0
