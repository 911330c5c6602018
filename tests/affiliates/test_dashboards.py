"""The first pages: figures that add up, and as many statements for one row as for many."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from affiliates import clock, dashboards, links, payouts, settlement, solvency
from affiliates.dashboards.brand import BrandBoard, Sum, Waiting, Week
from affiliates.models import FlatFee, LedgerEntry, Link, Message, Participation, SampleRequest
from shop import refunds
from shop.models import Membership
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_collaboration,
    make_commission,
    make_creator,
    make_payable,
    make_user,
    make_variant,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
CREATOR = reverse("affiliates:creator_dashboard")


def get(client, user, url, **query):
    client.force_login(user)
    return client.get(url, query)


def own_brand():
    brand = make_brand()
    return brand, Membership.objects.create(user=make_user(), brand=brand).user


def test_a_new_creator_sees_empty_purses_and_what_to_do(client):
    creator = make_creator()

    page = get(client, creator.user, CREATOR).content.decode()

    board = dashboards.creator_board(creator, "30", NIGHT_OVER)
    assert board.purse.pending == board.purse.paid == 0
    assert [key for key, _ in board.todos] == ["bank", "tax"]
    assert "Add your bank account" in page
    assert "It begins with one link." in page
    assert "Show as a table" not in page
    assert "Share a link to earn your first commission" in page


def test_money_moves_from_pending_to_cleared_to_paid():
    creator = make_creator()
    make_payable(creator)
    amount = make_commission(creator, price=20_000).amount

    purse = dashboards.creator_board(creator, "30", PAID).purse
    assert (purse.today, purse.pending, purse.cleared) == (amount, amount, 0)

    settlement.settle(NIGHT_OVER)
    purse = dashboards.creator_board(creator, "30", NIGHT_OVER).purse
    assert (purse.today, purse.pending, purse.cleared) == (0, 0, amount)

    batch = payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER))[0]
    purse = dashboards.creator_board(creator, "30", NIGHT_OVER).purse
    assert (purse.cleared, purse.on_its_way) == (0, amount)

    payouts.approve(batch, make_user(), NIGHT_OVER)
    payouts.export(batch, make_user(), NIGHT_OVER)
    payouts.confirm_batch(batch, NIGHT_OVER)
    board = dashboards.creator_board(creator, "30", NIGHT_OVER)
    assert (board.purse.on_its_way, board.purse.paid) == (0, amount)
    assert [bar.state for bar in board.funnel.bars if bar.orders] == ["paid"]
    assert board.sales[0].is_paid


def test_a_refund_is_taken_off_where_it_is_shown():
    creator = make_creator()
    sale = make_commission(creator)
    refunds.refund(sale.order_line.brand_order.order, at=PAID + timedelta(days=4))

    board = dashboards.creator_board(creator, "30", NIGHT_OVER)

    assert board.purse.pending == 0
    assert (board.sales[0].left, board.sales[0].amount) == (0, sale.amount)
    assert board.funnel.earned == 0


def test_currencies_are_never_added_up():
    creator = make_creator()
    euro = make_commission(creator).amount
    pounds = make_commission(creator, make_brand(currency="GBP"), price=1_000).amount

    purses = dashboards.creator_board(creator, "30", PAID).purses

    assert {purse.currency: purse.pending for purse in purses} == {"EUR": euro, "GBP": pounds}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("draft", "You are almost there."),
        ("waiting", "Not yet. We keep looking."),
        ("declined", "You cannot join now."),
        ("suspended", "Your account is suspended."),
        ("closed", "Your account is closed."),
    ],
)
def test_whoever_is_not_in_reads_why_first(status, said):
    creator = SimpleNamespace(status=status)

    page = render_to_string(
        "affiliates/_standing.html", {"request": SimpleNamespace(creator=creator)}
    )

    assert said in page


def test_a_balance_below_zero_is_carried(client):
    creator = make_creator()
    make_payable(creator)
    sale = make_commission(creator, price=20_000)
    settlement.settle(NIGHT_OVER)
    batch = payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER))[0]
    payouts.approve(batch, make_user(), NIGHT_OVER)
    payouts.export(batch, make_user(), NIGHT_OVER)
    payouts.confirm_batch(batch, NIGHT_OVER)
    refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER)
    settlement.settle(NIGHT_OVER + timedelta(days=2))

    page = get(client, creator.user, CREATOR).content.decode()

    assert "carried, never collected" in page
    assert "You never pay it back." in page


def test_a_link_is_shown_with_its_address_and_its_code(client):
    creator = make_creator()
    brand = make_brand()
    link = Link.objects.create(
        code=links.new_code(), creator=creator, collaboration=make_collaboration(brand),
        product=make_variant(brand).product, platform="tiktok", destination="/", created_at=PAID,
        taken_bp=1200,
    )  # fmt: skip

    page = get(client, creator.user, CREATOR).content.decode()

    assert f"/go/{link.code}" in page
    assert reverse("affiliates:link_qr_page", args=[link.pk]) in page


def test_invitations_are_on_the_list(client):
    creator, brand = make_creator(), make_brand(name="Dauw & Draad")
    Participation.objects.create(
        creator=creator, collaboration=make_collaboration(brand), state="invited", asked_at=PAID
    )

    page = get(client, creator.user, CREATOR).content.decode()

    assert "Dauw &amp; Draad invites you: 12%" in page


@pytest.mark.parametrize("period", ["7", "30", "all", "nonsense"])
def test_every_period_is_a_page(client, period):
    creator = make_creator()
    make_commission(creator)

    answer = get(client, creator.user, CREATOR, period=period)

    assert answer.status_code == 200


def test_htmx_gets_the_charts_alone(client):
    creator = make_creator()
    client.force_login(creator.user)

    answer = client.get(CREATOR, {"period": "7"}, headers={"HX-Request": "true"}).content.decode()

    assert answer.strip().startswith("<section")
    assert "<html" not in answer


def test_a_long_history_is_drawn_by_week():
    creator = make_creator()
    creator.created_at = NIGHT_OVER - timedelta(days=200)

    funnel = dashboards.creator_board(creator, "all", NIGHT_OVER).funnel

    assert funnel.by_week
    assert len(funnel.bars) in (29, 30)
    assert all(bar.day.weekday() == 0 for bar in funnel.bars)


def test_the_creator_page_costs_the_same_with_many_rows(client, django_assert_max_num_queries):
    creator = make_creator()
    for rows in (1, 3):
        for _n in range(rows):
            make_commission(creator)
        get(client, creator.user, CREATOR)
        with django_assert_max_num_queries(12):
            get_again = client.get(CREATOR)
        assert get_again.status_code == 200


def test_a_brand_sees_what_creators_sold_and_what_it_cost():
    brand = make_brand()
    sales = [make_commission(brand=brand, price=price) for price in (3_450, 10_000)]
    make_commission()  # another brand's

    board = dashboards.brand_board(brand, 12, NIGHT_OVER)

    fees = LedgerEntry.objects.filter(kind="fee", debit__brand=brand).values_list(
        "amount", flat=True
    )
    assert board.now.sales == board.now.sold == sum(sale.base for sale in sales)
    assert board.now.earned == sum(sale.amount for sale in sales)
    assert board.now.fee == sum(fees)
    assert (board.now.orders, board.sellers, board.before.sales) == (2, 2, 0)
    assert board.now.per_cost == board.now.sales / board.now.cost
    assert sum(week.sales for week in board.weeks) == board.now.sales
    assert board.elsewhere + sum(board.platforms.values()) == board.now.sales
    assert board.now.cost_bp == round(board.now.cost * 10_000 / board.now.sales)
    for rows in ([s for _key, s in board.by_platform], [r.sum for r in board.creators]):
        assert sum(row.cost for row in rows) == board.now.cost
        assert all(row.cost_bp > 1_200 for row in rows)  # 12 % of commission, and our fee


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_what_the_cost_brings_is_a_ratio_in_any_currency(client, currency):
    brand, user = own_brand()
    brand.currency = currency
    brand.save()
    sale = make_commission(brand=brand, price=121_000, at=timezone.now(), delivered=timezone.now())

    client.force_login(user)
    page = client.get(f"/brand/{brand.slug}/")

    cost = page.context["board"].now.cost
    assert (sale.base, sale.amount) == (100_000, 12_000)
    assert 12_000 <= cost < 20_000
    assert f"{100_000 / cost:.2f} ×" in page.content.decode()


def test_what_came_back_counts_neither_as_sale_nor_as_cost():
    brand = make_brand()
    sale = make_commission(brand=brand)
    refunds.refund(sale.order_line.brand_order.order, at=PAID + timedelta(days=4))

    board = dashboards.brand_board(brand, 12, NIGHT_OVER)

    assert (board.now.sales, board.now.cost, board.now.per_cost) == (0, 0, None)
    assert board.now.sold == sum(week.sold for week in board.weeks) == sale.base > 0
    assert board.now.back_share == 100


def test_what_is_open_and_the_light_that_creators_see_are_on_the_page(client):
    brand, user = own_brand()
    deal = make_collaboration(brand, gives_samples=True)
    creator, other = make_creator(), make_creator()
    sample = {"collaboration": deal, "act_by": PAID, "asked_at": PAID, "creator": creator}
    for state in ("asked", "posted", "delivered"):
        SampleRequest.objects.create(variant=make_variant(brand), state=state, **sample)
    Participation.objects.create(
        creator=creator, collaboration=deal, state="invited", asked_at=PAID, unfunded_at=PAID
    )
    done = Participation.objects.create(
        creator=other, collaboration=deal, state="accepted", asked_at=PAID
    )
    FlatFee.objects.create(
        participation=done, commission=make_commission(brand=brand, creator=other),
        state="posted", post_url="https://example.com/p", act_by=PAID, reserved_at=PAID,
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(brand=brand, creator=creator, sender=user, from_brand=who, text="Hi", sent_at=PAID)
        for who in (True, False)
    )
    solvency.refresh(PAID)
    stranger, theirs = own_brand()

    board = dashboards.brand_board(brand, 12, NIGHT_OVER)
    page = get(client, user, reverse("affiliates:brand_dashboard", args=[brand.slug]))

    said = page.content.decode()
    assert board.waiting == Waiting(
        to_ship=0, unsettled=board.waiting.unsettled, samples=2, posts=1, unfunded=1, messages=1
    )
    assert board.light.health == "amber"  # a sale waits, and the balance is empty
    for words in ("2 samples are on your clock", "1 post waits for your yes", "1 unread message",
                  "1 yes found no money", "Funds tight"):  # fmt: skip
        assert words in said
    assert not dashboards.brand_board(stranger, 12, NIGHT_OVER).waiting.anything


def test_an_empty_brand_has_a_page(client):
    brand, user = own_brand()

    answer = get(client, user, reverse("affiliates:brand_dashboard", args=[brand.slug]))

    assert answer.status_code == 200
    assert "Import your catalogue to begin" in answer.content.decode()


def test_the_brand_page_costs_the_same_with_many_rows(client, django_assert_max_num_queries):
    brand, user = own_brand()
    url = reverse("affiliates:brand_dashboard", args=[brand.slug])
    for rows in (1, 3):
        for _n in range(rows):
            make_commission(brand=brand)
        get(client, user, url)
        cache.clear()
        with django_assert_max_num_queries(12):
            assert client.get(url).status_code == 200


def test_nobody_sees_another_ones_dashboard(client):
    brand, _user = own_brand()
    stranger = make_user()

    url = reverse("affiliates:brand_dashboard", args=[brand.slug])
    assert get(client, stranger, url).status_code == 404
    assert get(client, stranger, CREATOR).status_code == 302  # to joining
    client.logout()
    assert client.get(CREATOR).status_code == 302
    assert client.get(url).status_code == 302


def board_of(platforms, elsewhere=0, weeks=4):
    week = [Week(NIGHT_OVER.date()) for _ in range(weeks)]
    return BrandBoard(
        now=Sum(), before=Sum(), sellers=0, weeks=week, platforms=platforms, elsewhere=elsewhere,
        creators=[], products=[], balance=0, waiting=Waiting(), light=None, by_platform=[],
        made_at=NIGHT_OVER,
    )  # fmt: skip


def test_the_first_page_names_the_platform_that_most_hangs_on():
    sold = {"tiktok": 6_000, "instagram": 3_000, "facebook": 0}
    assert board_of(sold, elsewhere=1_000).hangs_on == ("tiktok", 60)
    assert board_of({}, elsewhere=500).hangs_on is None
