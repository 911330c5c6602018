"""Rules that hold a commission: what fires, what is innocent, in words, once, and taken back."""

import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from affiliates import (
    clickwatch,
    clock,
    commissions,
    fraud,
    holds,
    links,
    night,
    visitors,
)
from affiliates.fraud import addresses, rules, words
from affiliates.models import (
    Attribution,
    Click,
    ClickFinding,
    ClickScan,
    Commission,
    Link,
    PayoutMethod,
    RiskFlag,
)
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_collaboration,
    make_commission,
    make_creator,
    make_order,
    make_user,
    sign_in,
)

DAY = timedelta(days=1)
CLICKED = datetime(2026, 11, 2, 9, 12, tzinfo=UTC)  # three hours before PAID


# ------------------------------------------------------------------ the pure rules


def test_a_burst_is_few_visitors_who_click_again_and_again():
    found = rules.click_burst(rules.Hour(clicks=120, people=3, usual=1.25, links=48))
    assert found == fraud.Evidence(
        "click_burst",
        {"clicks": 120, "people": 3, "each": 40.0},
        {"each": 1.2, "links": 48},
    )


@pytest.mark.parametrize(
    ("name", "clicks", "people", "usual"),
    [
        ("a post that goes round", 9_000, 900, 1.2),
        ("a post seen behind the one address of a carrier", 800, 95, 1.2),
        ("a creator who tries her new link", 30, 1, 1.2),
        ("a market where all click often", 90, 9, 4.0),
    ],
)
def test_many_clicks_alone_are_no_burst(name, clicks, people, usual):
    assert rules.click_burst(rules.Hour(clicks, people, usual, 40)) is None


@given(st.integers(21, 10**6), st.integers(0, 10**7), st.floats(0, 50))
def test_no_number_of_clicks_of_many_visitors_is_a_burst(people, more, usual):
    assert rules.click_burst(rules.Hour(people + more, people, usual, 9)) is None


@pytest.mark.parametrize(
    ("name", "links", "creators", "seconds", "fires"),
    [
        ("a machine", 40, 9, 120, True),
        ("everything on one creator's page", 60, 1, 120, False),
        ("a long evening", 40, 9, 3_000, False),
        ("a few", 8, 8, 10, False),
    ],
)
def test_one_visitor_many_links(name, links, creators, seconds, fires):
    assert (rules.many_links(rules.Visit(links, creators, seconds, 4, 900)) is not None) == fires


@pytest.mark.parametrize(
    ("name", "people", "paid", "fires"),
    [
        ("advertised", 60, 45, True),
        ("an address that was copied from an advertisement", 900, 12, False),
        ("three of three", 3, 3, False),
    ],
)
def test_paid_advertisements(name, people, paid, fires):
    facts = rules.Advertised(people, paid, ("google",), 0.01)
    assert (rules.paid_ads(facts) is not None) == fires


@pytest.mark.parametrize(
    ("name", "facts", "fires"),
    [
        ("far more than others of the brand", rules.Returns(10, 7, 40, 400, 24), True),
        ("a brand whose clothes often go back", rules.Returns(10, 5, 40, 400, 180), False),
        ("one that went back", rules.Returns(1, 1, 40, 400, 8), False),
        ("nobody to compare with", rules.Returns(9, 6, 0, 0, 0), True),
        ("many sales, few back", rules.Returns(100, 9, 0, 0, 0), False),
    ],
)
def test_what_goes_back_after_it_was_settled(name, facts, fires):
    assert (rules.came_back(facts) is not None) == fires


def test_one_mail_that_is_thrown_away_is_a_wish_to_be_left_alone():
    assert rules.disposable_mail(rules.Mails(orders=3, disposable=2)) is None
    assert rules.disposable_mail(rules.Mails(orders=40, disposable=3)) is None
    assert rules.disposable_mail(rules.Mails(orders=9, disposable=3)).measured == {
        "orders": 9, "disposable": 3
    }  # fmt: skip


def test_relays_are_not_thrown_away():
    gone = ["a@mailinator.com", "A@Yopmail.com ", "x@inbox.mailinator.com"]
    kept = [
        "a@duck.com",
        "a@privaterelay.appleid.com",
        "a@mozmail.com",
        "a@people.example",
        "",
        "@",
    ]
    assert [addresses.is_disposable(one) for one in [*gone, *kept]] == [True] * 3 + [False] * 6


@pytest.mark.parametrize(
    ("query", "network"),
    [
        ("", ""),
        ("gclid=Cj0KCQ", "google"),
        ("utm_source=x&ttclid=E.C.P.1", "tiktok"),
        ("ScCid=a1", "snapchat"),
        ("utm_medium=cpc&utm_source=google", "ads"),
        ("utm_medium=paid_social", "ads"),
        ("fbclid=IwAR1", ""),  # Meta puts it on every link, paid or not
        ("igsh=abc", ""),
        ("utm_medium=social", ""),
        ("utm_medium=affiliate", ""),
        ("gclid=", ""),
        ("notgclid=1", ""),
    ],
)
def test_what_marks_a_paid_advertisement(query, network):
    assert visitors.paid_by(query) == network


def test_every_rule_is_said_in_words_in_both_languages():
    found = [
        rules.click_burst(rules.Hour(120, 3, 1.3, 48)),
        rules.many_links(rules.Visit(40, 9, 120, 4, 900)),
        rules.paid_ads(rules.Advertised(60, 45, ("google",), 0.01)),
        rules.came_back(rules.Returns(10, 7, 40, 400, 24)),
        rules.disposable_mail(rules.Mails(9, 3)),
        *rules.same_person(
            rules.Person(*[frozenset("a")] * 3), rules.Person(*[frozenset("a")] * 3)
        ),
    ]
    english = [words.say(one.rule, one.as_json()) for one in found]
    with translation.override("nl"):
        dutch = [words.say(one.rule, one.as_json()) for one in found]
    assert english[0] == (
        "Within one hour 3 visitors clicked the link 120 times, which is 40 each. "
        "Usual on that day, on 48 links: 1.3."
    )
    assert len(set(english) | set(dutch)) == 2 * len(found) == 16


# ------------------------------------------------------------------ when the order is paid


def held_rules(creator, **order):
    """Return the rules that hold what a creator earns on one order."""
    make_order({"brand": make_brand(), "creator": creator}, **order)
    found = Commission.objects.order_by("pk").last()
    return sorted({found.flag.rule} if found.flag else set())


@pytest.mark.django_db
@pytest.mark.usefixtures("books", "clean_redis")
class TestOrders:
    def test_a_creator_who_buys_through_anothers_link_is_no_fraud(self):
        seller, buyer = make_creator(), make_creator()
        for one in (seller, buyer):
            PayoutMethod.objects.create(
                creator=one, iban=f"NL00TEST{one.pk:010}", holder="A", usable_from=PAID,
                created_at=PAID,
            )  # fmt: skip
        assert held_rules(seller, buyer=buyer.user, email=buyer.user.email) == []

    def test_two_accounts_with_one_bank_account(self):
        seller, buyer = make_creator(), make_creator()
        for one in (seller, buyer):
            PayoutMethod.objects.create(
                creator=one, iban="NL91ABNA0417164300", holder="A", usable_from=PAID,
                created_at=PAID,
            )  # fmt: skip
        assert held_rules(seller, buyer=buyer.user) == ["same_account"]
        EmailAddress.objects.create(user=buyer.user, email=buyer.user.email, verified=True)
        assert held_rules(seller, email=buyer.user.email.upper()) == ["same_account"]

    def test_another_mail_of_hers_confirmed_or_not(self):
        seller = make_creator()
        EmailAddress.objects.create(user=seller.user, email="second@people.example")
        assert held_rules(seller, email="Second@people.example") == ["same_mail"]

    def test_the_third_order_with_a_mail_that_is_thrown_away(self):
        seller = make_creator()
        mails = [f"{n}@mailinator.com" for n in range(3)]
        assert [held_rules(seller, email=mail) for mail in mails] == [[], [], ["disposable_mail"]]

    def test_the_same_payment_twice_is_one_flag(self):
        seller = make_creator()
        order = make_order({"brand": make_brand(), "creator": seller}, email=seller.user.email)
        flags = [fraud.flag_order(order, seller, PAID).pk for _ in range(2)]
        assert len(set(flags)) == RiskFlag.objects.count() == 1


# ------------------------------------------------------------------ what the night finds


def uid_at(at, n=0) -> uuid.UUID:
    return uuid.UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | n)


def click(link, at, visitor: int, n: int, **facts) -> Click:
    facts = {
        "uid": uid_at(at, n), "link_id": link.pk, "clicked_at": at,
        "visitor": visitor.to_bytes(16, "big"), "device": "phone", "counted": True,
    } | facts  # fmt: skip
    return Click(**facts)


def make_link(creator=None) -> Link:
    offer = make_collaboration(make_brand())
    return Link.objects.create(
        code=links.new_code(), creator=creator or make_creator(), collaboration=offer,
        platform="tiktok", destination="/", taken_bp=1200, created_at=PAID - DAY,
    )  # fmt: skip


def sold(link, seen: Click) -> Commission:
    """Make a sale that a click won."""
    sale = make_commission(link.creator, link.collaboration.brand, delivered=None)
    told = urlsafe_b64encode(seen.uid.bytes)[:22].decode()
    Attribution.objects.filter(order_line=sale.order_line_id).update(
        link=link, clicked_at=seen.clicked_at, touches=[{"click": told, "excluded_by": None}]
    )
    return sale


def state(*rows) -> list[str]:
    return [Commission.objects.get(pk=row.pk).state for row in rows]


def everyday(n=0) -> None:
    """Clicks as they are on most links, to compare with."""
    rows = [
        click(link, CLICKED + timedelta(minutes=v), 1_000 * k + v, n + 100 * k + v)
        for k, link in enumerate([make_link() for _ in range(3)])
        for v in range(8)
    ]
    Click.objects.bulk_create(rows)


def burst(link, people=3, clicks=90, at=CLICKED) -> list[Click]:
    rows = [
        click(link, at + timedelta(seconds=n), n % people, 10_000 + n, counted=n < people)
        for n in range(clicks)
    ]
    return Click.objects.bulk_create(rows)


SOON = datetime(2026, 11, 3, 1, tzinfo=UTC)  # the day of the clicks is over


@pytest.mark.django_db
@pytest.mark.usefixtures("books", "clean_redis")
class TestNight:
    def test_a_burst_holds_what_that_link_sold_in_that_hour_and_nothing_else(self):
        everyday()
        creator = make_creator()
        link, other = make_link(creator), make_link(creator)
        first = burst(link)[0]
        innocent = click(other, CLICKED, 77, 1)
        later = click(link, CLICKED + timedelta(hours=3), 78, 2)
        Click.objects.bulk_create([innocent, later])
        sales = sold(link, first), sold(other, innocent), sold(link, later)

        seen = clickwatch.run(SOON)

        assert (seen.findings, seen.held) == (1, 1)
        assert state(*sales) == ["held", "pending", "pending"]
        flag = RiskFlag.objects.get()
        assert (flag.rule, flag.creator, flag.subject) == (
            "click_burst",
            creator,
            f"link:{link.pk}",
        )
        assert flag.evidence["version"] == fraud.VERSION
        assert flag.evidence["measured"] == {"clicks": 90, "people": 3, "each": 30.0}
        assert flag.evidence["usual"] == {"each": 1.0, "links": 4}

    def test_twice_changes_nothing_and_what_was_let_go_stays_so(self):
        link = make_link()
        sale = sold(link, burst(link)[0])
        clickwatch.run(SOON)
        again = clickwatch.run(SOON)
        assert (again.days, again.findings, again.held) == (0, 0, 0)
        admin = make_user(is_staff=True)
        holds.decide_flag(RiskFlag.objects.get(), False, by=admin, reason="Her class.", at=SOON)
        clickwatch.run(SOON + DAY)
        assert (state(sale), RiskFlag.objects.count()) == (["pending"], 1)

    def test_a_sale_that_comes_weeks_after_such_a_click_is_held_too(self):
        link = make_link()
        seen = burst(link)[1]
        assert clickwatch.run(SOON).held == 0
        assert RiskFlag.objects.count() == 0  # nothing to decide yet
        sale = sold(link, seen)
        assert clickwatch.run(SOON + 20 * DAY).held == 1
        assert state(sale) == ["held"]

    def test_after_a_confirmed_flag_new_sales_of_it_open_the_next(self):
        link = make_link()
        seen = burst(link)
        sold(link, seen[0])
        clickwatch.run(SOON)
        admin = make_user(is_staff=True)
        holds.decide_flag(RiskFlag.objects.get(), True, by=admin, reason="A script.", at=SOON)
        sale = sold(link, seen[1])
        clickwatch.run(SOON + DAY)
        assert state(sale) == ["held"]
        assert sorted(RiskFlag.objects.values_list("state", flat=True)) == ["confirmed", "open"]

    def test_a_post_that_goes_round_holds_nothing(self):
        link = make_link()
        seen = burst(link, people=60, clicks=600)
        sale = sold(link, seen[0])
        assert clickwatch.run(SOON).findings == 0
        assert state(sale) == ["pending"]

    def test_one_visitor_through_many_links_holds_what_she_bought(self):
        everyday()
        shelf = [make_link() for _ in range(24)]
        robot = [
            click(link, CLICKED + timedelta(seconds=2 * n), 5_000, 500 + n)
            for n, link in enumerate(shelf)
        ]
        person = click(shelf[0], CLICKED + timedelta(seconds=5), 6_000, 900)
        Click.objects.bulk_create([*robot, person])
        sales = sold(shelf[0], robot[0]), sold(shelf[0], person)

        clickwatch.run(SOON)

        assert state(*sales) == ["held", "pending"]
        assert RiskFlag.objects.get().evidence["measured"] == {
            "links": 24, "creators": 24, "seconds": 2.0
        }  # fmt: skip

    def test_advertised_links_hold_what_the_advertisement_sold(self):
        everyday()
        link = make_link()
        rows = [
            click(link, CLICKED + timedelta(minutes=n), n, 500 + n, paid="google" if n < 15 else "")
            for n in range(20)
        ]
        Click.objects.bulk_create(rows)
        sales = sold(link, rows[0]), sold(link, rows[19])
        clickwatch.run(SOON)
        assert state(*sales) == ["held", "pending"]
        assert RiskFlag.objects.get().evidence["measured"] == {
            "people": 20, "paid": 15, "networks": ["google"]
        }  # fmt: skip

    def test_days_that_were_missed_are_looked_through_once(self):
        assert clickwatch.run(SOON).days == clickwatch.DAYS_BACK
        assert clickwatch.run(SOON + 2 * DAY).days == 2
        assert ClickScan.objects.count() == clickwatch.DAYS_BACK + 2

    def test_a_day_whose_clicks_still_wait_is_left_for_later(self):
        from affiliates import linkcache

        now = timezone.now()
        linkcache.client().xadd(
            "clicks", {"d": b"x"}, id=f"{int((now - DAY).timestamp() * 1000)}-0"
        )
        today = clock.local_day(now)
        assert max(clickwatch.days_to_see(now)) < today - DAY
        linkcache.client().delete("clicks")
        assert max(clickwatch.days_to_see(now)) == today - DAY

    def test_sales_that_go_back_after_the_night_hold_what_is_pending_there(self):
        from shop import refunds

        creator, brand, admin = make_creator(), make_brand(), make_user(is_staff=True)
        done = [make_commission(creator, brand) for _ in range(6)]
        elsewhere = make_commission(creator, at=NIGHT_OVER, delivered=None)
        night.run(NIGHT_OVER)
        assert state(*done) == ["settled"] * 6
        for sale in done[:5]:
            refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER + DAY)
        fresh = make_commission(creator, brand, at=NIGHT_OVER + DAY, delivered=None)

        clickwatch.run(NIGHT_OVER + 2 * DAY)

        assert state(fresh, elsewhere) == ["held", "pending"]
        flag = RiskFlag.objects.get()
        assert flag.evidence["measured"] == {"settled": 6, "back": 5}
        holds.decide_flag(flag, False, by=admin, reason="A bad batch.", at=NIGHT_OVER + 2 * DAY)
        clickwatch.run(NIGHT_OVER + 3 * DAY)
        assert state(fresh) == ["pending"]

    def test_the_night_itself_looks_through_the_clicks(self):
        link = make_link()
        sale = sold(link, burst(link)[0])
        assert night.run(SOON).seen.held == 1
        assert (state(sale), ClickFinding.objects.count()) == (["held"], 1)


# ------------------------------------------------------------------ decided, and taken back


def held_sale():
    link = make_link()
    sale = sold(link, burst(link)[0])
    clickwatch.run(SOON)
    return sale, RiskFlag.objects.get(), make_user(is_staff=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("books", "clean_redis")
class TestDecision:
    def test_a_confirmed_flag_taken_back_pays_the_sale_as_a_new_row(self):
        sale, flag, admin = held_sale()
        holds.decide_flag(flag, True, by=admin, reason="A script.", at=SOON)
        assert state(sale) == ["void"]

        assert holds.reverse_flag(flag, by=admin, reason="It was her class.", at=SOON + DAY) == 1

        flag.refresh_from_db()
        again = Commission.objects.live().get()
        facts = ["creator_id", "order_line_id", "base", "rate_bp", "amount", "currency", "link_id"]
        assert [getattr(again, f) for f in facts] == [getattr(sale, f) for f in facts]
        assert (again.state, state(sale), flag.state) == ("pending", ["void"], "cleared")
        clickwatch.run(SOON + 2 * DAY)
        assert state(again) == ["pending"]

    def test_a_part_that_went_back_meanwhile_goes_off_again(self):
        from shop import refunds

        sale, flag, admin = held_sale()
        holds.decide_flag(flag, True, by=admin, reason="A script.", at=SOON)
        line = sale.order_line
        refunds.refund(line.brand_order.order, amount=line.gross // 2, at=SOON)
        holds.reverse_flag(flag, by=admin, reason="It was her class.", at=SOON + DAY)
        rows = Commission.objects.live()
        line.refresh_from_db()
        target = commissions.half_up(line.net - line.refunded, sale.rate_bp)
        assert sum(row.amount for row in rows) == target < sale.amount

    def test_a_cleared_flag_taken_back_is_open_with_its_own_ten_days(self):
        sale, flag, admin = held_sale()
        holds.decide_flag(flag, False, by=admin, reason="Fine.", at=SOON)
        assert holds.reverse_flag(flag, by=admin, reason="Not fine.", at=SOON + DAY) == 1
        flag.refresh_from_db()
        assert (state(sale), flag.state, flag.opened_at) == (["held"], "open", SOON + DAY)
        assert holds.lift(SOON + 11 * DAY).flags == 1
        with pytest.raises(holds.NotFreezable):
            holds.reverse_flag(flag, by=admin, reason="Again.", at=SOON + 12 * DAY)

    def test_the_queue_says_what_was_found_and_takes_back_in_bulk(self, client):
        sale, flag, _admin = held_sale()
        admin = make_user(is_staff=True, is_superuser=True)
        sign_in(client, admin)
        url = reverse("admin:affiliates_riskflag_changelist")
        page = client.get(url).content.decode()
        assert "3 visitors clicked the link 90 times" in page
        assert "13 November" in page
        for action, wanted in [("confirm", "void"), ("take_back", "void"), ("clear", "void")]:
            client.post(url, {"action": action, "reason": "So.", "_selected_action": [flag.pk]})
            assert state(sale) == [wanted]
        assert Commission.objects.live().get().state == "pending"

    def test_the_creator_reads_why_and_until_when(self, client):
        sale, _flag, _admin = held_sale()
        client.force_login(sale.creator.user)
        page = client.get(reverse("affiliates:earnings")).content.decode()
        assert "3 visitors clicked the link 90 times" in page
        assert "Without a decision by 13 Nov" in page
        first = client.get(reverse("affiliates:creator_dashboard")).content.decode()
        assert "3 visitors clicked the link 90 times" in first
