"""Who earns an order line: the table of docs/attribution.md, and what always holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from affiliates import attribution, clickids, links, referral
from affiliates.attribution import Line, Rule, Touch, decide
from affiliates.models import Attribution, CreatorCode
from creators.models import Case
from tests.affiliates import factories as money
from tests.affiliates.test_links import enrolled, offered

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINE = Line(brand_id=1, product_id=9, placed_at=AT, paid_at=AT, buyer_id=70)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def click(link_id=1, ago=DAY, **facts):
    facts = {"creator_id": link_id, "collaboration_id": 5, "rate_bp": 1200} | facts
    return Touch(brand_id=facts.pop("brand_id", 1), link_id=link_id, click=f"c{link_id}",
                 clicked_at=AT - ago, **facts)  # fmt: skip


def code(creator_id=8, **facts):
    facts = {"collaboration_id": 5, "rate_bp": 1200, "code": "NOOR"} | facts
    return Touch(creator_id=creator_id, brand_id=1, **facts)


OWN = {"creator_user_id": 70}
CLAIMED = replace(LINE, own_claim_at=AT - timedelta(hours=2))
TABLE = [
    ("nobody came by", LINE, [], None, "no_touch"),
    ("one click", LINE, [click(1)], 1, "newest_click"),
    ("the newest of two", LINE, [click(1, 3 * DAY), click(2, DAY)], 2, "newest_click"),
    ("the code beats the click", LINE, [click(1), code(8)], 8, "code"),
    (
        "an inactive code lets the click win",
        LINE,
        [click(1), code(link_active=False)],
        1,
        "newest_click",
    ),
    (
        "a foreign code lets the click win",
        LINE,
        [click(1), code(collaboration_id=None)],
        1,
        "newest_click",
    ),
    ("another brand", LINE, [click(1, brand_id=2)], None, "other_brand"),
    ("her own purchase", LINE, [click(1, **OWN)], None, "own_purchase"),
    ("her own click is newer", LINE, [click(1, **OWN), click(2, 2 * DAY)], 2, "newest_click"),
    (
        "a creator buys through another's link",
        LINE,
        [click(2, creator_user_id=71)],
        2,
        "newest_click",
    ),
    ("her own code", LINE, [code(**OWN)], None, "own_purchase"),
    ("the edge of the window", LINE, [click(1, 30 * DAY)], 1, "newest_click"),
    ("a second later", LINE, [click(1, 30 * DAY + SECOND)], None, "expired"),
    ("a shorter window", LINE, [click(1, 8 * DAY, window_days=7)], None, "expired"),
    ("a click after the order", LINE, [click(1, -SECOND)], None, "after_order"),
    ("a link that is off", LINE, [click(1, link_active=False)], None, "link_inactive"),
    ("no offer", LINE, [click(1, collaboration_id=None)], None, "no_offer"),
    ("an offer to come", LINE, [click(1, offer_starts_at=AT + SECOND)], None, "no_offer"),
    ("an offer that ended", LINE, [click(1, offer_ends_at=AT)], None, "offer_ended"),
    ("an offer that ends later", LINE, [click(1, offer_ends_at=AT + SECOND)], 1, "newest_click"),
    ("not enrolled", LINE, [click(1, enrolled=False)], None, "creator_not_enrolled"),
    ("banned before", LINE, [click(1, enrolled=False, suspended_at=AT)], None, "creator_suspended"),
    (
        "a platform that is off",
        LINE,
        [click(1, platform_off_at=AT - 2 * DAY)],
        None,
        "platform_off",
    ),
    ("clicked before it was off", LINE, [click(1, platform_off_at=AT)], 1, "newest_click"),
    ("Thousand first", CLAIMED, [click(1)], 1, "newest_click"),
    ("own programme first", CLAIMED, [click(1, programme="own_first")], None, "own_programme"),
    ("its click was newer", CLAIMED, [click(1, programme="newest")], None, "own_programme"),
    ("ours was newer", CLAIMED, [click(1, SECOND, programme="newest")], 1, "newest_click"),
]


@pytest.mark.parametrize(("name", "line", "touches", "creator", "rule"), TABLE)
def test_the_table(name, line, touches, creator, rule):
    result = decide(line, touches)
    assert (result.winner and result.winner.creator_id, str(result.rule)) == (creator, rule)
    assert len(result.touches) == len(touches)
    assert sum(reason is None for _touch, reason in result.touches) == (creator is not None)


def test_a_ban_between_order_and_payment_holds():
    late = replace(LINE, paid_at=AT + DAY)
    result = decide(late, [click(1, enrolled=False, suspended_at=AT + SECOND)])
    assert (result.rule, result.hold) == (Rule.NEWEST_CLICK, "creator_suspended")


def test_the_rate_is_never_less_than_promised():
    assert decide(LINE, [click(1, rate_bp=1000, promised_bp=1500)]).rate_bp == 1500
    assert decide(LINE, [click(1, rate_bp=1800, promised_bp=1500)]).rate_bp == 1800


touches = st.lists(
    st.builds(
        click,
        link_id=st.integers(1, 12),
        ago=st.integers(-5, 50 * 24).map(lambda hours: timedelta(hours=hours)),
        brand_id=st.integers(1, 2),
        link_active=st.booleans(),
        enrolled=st.booleans(),
        programme=st.sampled_from(["thousand_first", "own_first", "newest"]),
        creator_user_id=st.sampled_from([None, 70, 71]),
    )
    | st.builds(code, creator_id=st.integers(20, 22), link_active=st.booleans()),
    max_size=6,
)


@given(touches, st.sampled_from([LINE, CLAIMED]))
def test_one_winner_or_none_and_a_loser_changes_nothing(competing, line):
    result = decide(line, competing)
    assert (result.winner is None) == (result.rule not in {Rule.CODE, Rule.NEWEST_CLICK})
    for n, touch in enumerate(competing):
        if touch != result.winner:
            rest = competing[:n] + competing[n + 1 :]
            assert decide(line, rest).winner == result.winner


@given(st.lists(st.tuples(st.integers(1, 10**15), st.integers(1, 10**15)), max_size=60))
def test_the_cookie_stays_small_and_keeps_the_newest(clicks):
    seen = []
    for brand, link in clicks:
        new = referral.Seen(brand, link, clickids.new(), 1200, "newest")
        seen = referral.add(seen, new)
        assert new in referral.read(referral.write(seen))
    assert len(referral.write(seen)) <= referral.MAX_BYTES
    assert len({touch.brand_id for touch in seen}) <= referral.BRANDS


def seen_of(link, rate_bp=1200):
    brand = link.collaboration.brand_id
    return referral.Seen(brand, link.pk, clickids.new(), rate_bp, "thousand_first")


def ordered(brand, **facts):
    """Make an order of one line that nobody was credited for yet."""
    order = money.make_order({"brand": brand}, at=timezone.now(), paid=False, **facts)
    Attribution.objects.all().delete()
    return order


@pytest.mark.django_db
class TestRecord:
    def test_the_cookie_on_the_order_credits_her_once(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        told = {"clicks": {"touches": [str(seen_of(link))]}, "code": ""}
        order = ordered(link.collaboration.brand, referral=told)

        (row,) = attribution.attribute(order, timezone.now())

        assert (row.creator, row.link, row.rate_bp, row.rule) == (
            link.creator, link, 1200, "newest_click"
        )  # fmt: skip
        assert attribution.attribute(order, timezone.now()) == [row]
        replayed = attribution.replay(row)
        assert (replayed.winner.creator_id, replayed.rule) == (link.creator_id, row.rule)

    def test_the_stamp_on_the_line_is_enough_without_a_cookie(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        stamp = referral.stamp(seen_of(link))
        order = ordered(link.collaboration.brand)
        line = order.parts.get().lines.get()
        line.touch = stamp
        line.save(update_fields=["touch"])
        (row,) = attribution.attribute(order, timezone.now())
        assert row.creator == link.creator

    def test_a_typed_code_wins(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        other = enrolled()
        word = CreatorCode.objects.create(creator=other, code="SAM10")
        told = {"clicks": {"touches": [str(seen_of(link))]}, "code": " sam10"}
        (row,) = attribution.attribute(
            ordered(link.collaboration.brand, referral=told), timezone.now()
        )
        assert (row.creator, row.code, row.rule) == (other, word, "code")

    def test_a_link_of_another_brand_earns_nothing_here(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        told = {"clicks": {"touches": [str(seen_of(link))]}}
        (row,) = attribution.attribute(ordered(money.make_brand(), referral=told), timezone.now())
        assert (row.creator, row.rule) == (None, "no_touch")

    def test_her_own_purchase_earns_nothing(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        told = {"clicks": {"touches": [str(seen_of(link))]}}
        order = ordered(link.collaboration.brand, referral=told, buyer=link.creator.user)
        (row,) = attribution.attribute(order, timezone.now())
        assert (row.creator, row.rule) == (None, "own_purchase")
        assert attribution.replay(row).rule == "own_purchase"

    def test_a_creator_banned_after_the_order_is_held(self):
        link = links.take(enrolled(), offered(), at=timezone.now())
        told = {"clicks": {"touches": [str(seen_of(link))]}}
        order = ordered(link.collaboration.brand, referral=told)
        later = timezone.now() + DAY
        link.creator.case = Case.objects.create(
            creator=link.creator, kind="violation", state="upheld", reason="fake followers",
            opened_at=later, decided_at=later,
        )  # fmt: skip
        link.creator.status = "suspended"
        link.creator.save()
        (row,) = attribution.attribute(order, later + DAY)
        assert (row.creator, attribution.hold_reason(row)) == (link.creator, "creator_suspended")

    @pytest.mark.parametrize(
        "told", [{}, {"clicks": []}, {"touches": "x"}, {"clicks": {"touches": [1, "a.b"]}}]
    )
    def test_a_referral_that_makes_no_sense_credits_nobody(self, told):
        (row,) = attribution.attribute(ordered(money.make_brand(), referral=told), timezone.now())
        assert row.rule == "no_touch"
