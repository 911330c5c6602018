"""Messages: limits, blocks, reports, the digest, and who may see them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from affiliates import caseletters, dossier, erasure, holds, messageletters, messages, outreach
from affiliates import shortlists as lists
from affiliates.models import Collaboration, Message, Participation, Thread
from creators import directory
from creators.models import Case, Creator
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_user
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def pair():
    """A brand with its owner, and a listed creator."""
    brand = make_brand(email="mill@brand.example")
    Membership.objects.create(user=make_user(), brand=brand)
    return brand, make_creator(followers=6_000, user=make_user(), at=NOW)


def owner_of(brand):
    return brand.memberships.first().user


def write(brand, creator, text="Hello", at=NOW, from_brand=True):
    by = owner_of(brand) if from_brand else creator.user
    return messages.send(brand, creator, text, by=by, from_brand=from_brand, at=at)


# ------------------------------------------------------------------ limits


def test_after_five_without_an_answer_the_sixth_waits(pair):
    for n in range(5):
        write(*pair, text=f"{n}")
    with pytest.raises(messages.WaitForAnswer):
        write(*pair)

    write(*pair, from_brand=False)

    assert write(*pair).pk
    assert Thread.objects.get().answered_at == NOW


@pytest.mark.parametrize("by_brand", [True, False])
def test_a_block_stops_both_and_only_the_blocker_lifts_it(pair, by_brand):
    write(*pair)
    messages.block(*pair, by_brand=by_brand, at=NOW)
    messages.unblock(*pair, by_brand=not by_brand)

    for from_brand in (True, False):
        with pytest.raises(messages.Blocked):
            write(*pair, from_brand=from_brand)

    messages.unblock(*pair, by_brand=by_brand)
    assert write(*pair, from_brand=False).pk


def test_a_creator_writes_to_ten_new_brands_a_week(pair):
    _brand, creator = pair
    for _n in range(10):
        write(_with_owner(make_brand()), creator, from_brand=False)
    with pytest.raises(messages.TooMany):
        write(_with_owner(make_brand()), creator, from_brand=False)

    assert write(_with_owner(make_brand()), creator, at=NOW + 8 * DAY, from_brand=False).pk


def _with_owner(brand):
    Membership.objects.create(user=make_user(), brand=brand)
    return brand


def test_nobody_writes_to_who_is_not_in_the_market(pair):
    brand, _creator = pair
    waiting = make_creator(followers=300, user=make_user(), at=NOW)
    with pytest.raises(messages.NotReachable):
        write(brand, waiting)
    with pytest.raises(messages.NotReachable):
        write(brand, waiting, from_brand=False)


def test_an_empty_message_and_null_bytes(pair):
    with pytest.raises(ValueError, match="words"):
        write(*pair, text=" \x00 ")
    assert write(*pair, text="a\x00b").text == "ab"


# ------------------------------------------------------------------ the quota of strangers


@given(answers=st.integers(0, 2_000), blocks=st.integers(0, 200))
def test_a_quota_grows_with_answers_and_shrinks_with_blocks(answers, blocks):
    now = outreach.quota(answers, blocks)

    assert outreach.LEAST <= now <= outreach.MOST
    assert outreach.quota(answers + 1, blocks) >= now >= outreach.quota(answers, blocks + 1)


def test_a_new_brand_may_write_to_a_hundred_and_who_answers_is_no_stranger(pair):
    brand, creator = pair
    assert outreach.quota(0, 0) == 100
    write(brand, creator)
    assert outreach.standing(brand, NOW) == outreach.Standing(answers=0, blocks=0, used=1)

    write(brand, creator, from_brand=False)

    assert outreach.standing(brand, NOW) == outreach.Standing(answers=1, blocks=0, used=0)


def test_blocks_take_from_the_quota_until_no_stranger_is_left(pair):
    brand, creator = pair
    people = [make_creator(at=NOW) for _n in range(4)]
    Thread.objects.bulk_create(
        Thread(brand=brand, creator=one, started_by_brand=True, started_at=NOW - 30 * DAY,
               last_at=NOW, blocked_by_creator_at=NOW - DAY)
        for one in people
    )  # fmt: skip
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="A", rate_bp=1500, starts_at=NOW
    )
    Participation.objects.bulk_create(
        Participation(creator=make_creator(at=NOW), collaboration=offer, state="invited",
                      asked_at=NOW - DAY)
        for _n in range(20)
    )  # fmt: skip
    with pytest.raises(outreach.QuotaReached) as full:
        write(brand, creator)

    assert (full.value.left, full.value.limit) == (0, 20)
    assert not Thread.objects.filter(creator=creator).exists()


def test_only_whom_the_brand_wrote_to_or_invited_takes_from_its_quota_by_a_block(pair):
    brand, written_to = pair
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="A", rate_bp=1500, starts_at=NOW
    )
    invited, stranger = make_creator(at=NOW), make_creator(at=NOW)
    Participation.objects.create(
        creator=invited, collaboration=offer, state="invited", asked_at=NOW - DAY
    )
    write(brand, written_to)
    for one in (written_to, invited, stranger):
        messages.block(brand, one, by_brand=False, at=NOW + DAY)

    found = outreach.standing(brand, NOW + DAY)

    assert (found.blocks, found.used) == (2, 2)


@pytest.mark.parametrize("by_brand", [True, False])
def test_a_block_that_is_lifted_makes_nobody_known(pair, by_brand):
    brand, creator = pair
    messages.block(brand, creator, by_brand=by_brand, at=NOW)
    messages.unblock(brand, creator, by_brand=by_brand)

    assert outreach.known(brand) == set()
    assert outreach.standing(brand, NOW).used == 0
    write(brand, creator, at=NOW + DAY)
    assert outreach.standing(brand, NOW + DAY).used == 1
    thread = Thread.objects.get()
    assert (thread.started_by_brand, thread.started_at) == (True, NOW + DAY)


def test_after_a_lifted_block_the_quota_still_holds(pair, monkeypatch):
    brand, creator = pair
    monkeypatch.setattr(outreach, "quota", lambda answers, blocks: 0)
    messages.block(brand, creator, by_brand=True, at=NOW)
    messages.unblock(brand, creator, by_brand=True)

    with pytest.raises(outreach.QuotaReached):
        write(brand, creator)


# ------------------------------------------------------------------ who sees what


def test_brand_a_sees_nothing_of_brand_b(client, pair):
    brand, creator = pair
    word = write(brand, creator, "Our secret rate is 31 percent")
    reply = write(brand, creator, "For my sourdough", from_brand=False)
    lists.toggle(brand, creator)
    other = _with_owner(make_brand())
    client.force_login(owner_of(other))

    for path in ("messages/", f"messages/{creator.pk}/", "shortlists/", "samples/"):
        page = client.get(f"/brand/{other.slug}/{path}")
        assert page.status_code == 200
        assert "secret" not in page.content.decode() and "sourdough" not in page.content.decode()
        assert client.get(f"/brand/{brand.slug}/{path}").status_code == 404
    assert lists.kept(other, [creator.pk]) == set()
    for pk in (word.pk, reply.pk):
        path = f"/brand/{other.slug}/messages/{creator.pk}/{pk}/report/"
        assert client.get(path).status_code == 404


def test_the_team_reads_the_same_thread_and_opening_it_reads_it(client, pair):
    brand, creator = pair
    member = Membership.objects.create(user=make_user(), brand=brand, role="member")
    write(brand, creator)
    write(brand, creator, "I bake", from_brand=False)
    client.force_login(member.user)

    assert "1 new" in client.get(f"/brand/{brand.slug}/messages/").content.decode()
    page = client.get(f"/brand/{brand.slug}/messages/{creator.pk}/").content.decode()
    assert "I bake" in page and "Your team" in page
    assert "1 new" not in client.get(f"/brand/{brand.slug}/messages/").content.decode()
    client.force_login(creator.user)
    assert "Hello" in client.get(f"/creator/messages/{brand.slug}/").content.decode()
    assert Message.objects.filter(read_at=None).count() == 0


def test_words_are_shown_as_plain_text_and_every_limit_in_words(client, pair):
    brand, creator = pair
    write(brand, creator, "<script>alert(1)</script>")
    client.force_login(creator.user)
    page = f"/creator/messages/{brand.slug}/"

    assert "&lt;script&gt;" in client.get(page).content.decode()
    assert client.post(page, {"step": "send", "text": ""}).status_code == 422
    assert client.post(page, {"step": "send", "text": "Hi"}).status_code == 302
    client.post(page, {"step": "block"})
    assert "You blocked this" in client.get(page).content.decode()
    client.force_login(owner_of(brand))
    refused = client.post(
        f"/brand/{brand.slug}/messages/{creator.pk}/", {"step": "send", "text": "Why?"}
    )
    assert refused.status_code == 422
    assert "takes no messages" in refused.content.decode()


# ------------------------------------------------------------------ reports


def test_a_reported_message_opens_a_case_and_is_taken_down_when_upheld(client, pair, mailoutbox):
    brand, creator = pair
    word = write(brand, creator, "Buy followers here")
    client.force_login(creator.user)
    page = f"/creator/messages/{brand.slug}/{word.pk}/report/"
    typed = {"ground": "fraud", "text": "It sells followers.", "good_faith": "on",
             "email": creator.user.email}  # fmt: skip
    assert "Buy followers" in client.get(page).content.decode()
    state = client.post(page, typed)["Location"]

    case = Case.objects.get()
    assert (case.kind, case.subject, case.creator) == ("report", f"message:{word.pk}", None)
    assert client.get(f"/report/message/{word.pk}/").status_code == 404
    holds.decide(case, True, by=make_user(is_staff=True), reason="It does.", at=timezone.now())
    caseletters.send_waiting()

    word.refresh_from_db()
    assert word.hidden_at is not None
    assert sorted({mail.to[0] for mail in mailoutbox}) == sorted(
        [creator.user.email, "mill@brand.example"]
    )
    assert all("Buy followers" not in mail.body for mail in mailoutbox)
    thread = client.get(f"/creator/messages/{brand.slug}/").content.decode()
    assert "took this message down" in thread and "Buy followers" not in thread
    assert "you are right" in client.get(state).content.decode()


# ------------------------------------------------------------------ the digest


def test_one_mail_a_day_of_what_is_unread_and_new(pair, mailoutbox):
    brand, creator = pair
    write(brand, creator, "One")
    assert messageletters.send(NOW + timedelta(minutes=30)) == 0  # she may be reading it
    write(brand, creator, "Two", at=NOW + timedelta(minutes=40))
    assert messageletters.send(NOW + timedelta(hours=2)) == 1
    assert "One" in mailoutbox[0].body and "Two" in mailoutbox[0].body
    write(brand, creator, "Three", at=NOW + timedelta(hours=3))
    assert messageletters.send(NOW + timedelta(hours=20)) == 0  # once a day
    assert messageletters.send(NOW + timedelta(hours=27)) == 1
    assert messageletters.send(NOW + timedelta(hours=60)) == 0  # nothing new since

    messages.read(brand, creator, by_brand=False, at=NOW + timedelta(hours=61))
    write(brand, creator, "Four", at=NOW + timedelta(hours=62))
    messages.block(brand, creator, by_brand=False, at=NOW + timedelta(hours=62))
    assert messageletters.send(NOW + timedelta(hours=90)) == 0  # she wants none of it
    assert [mail.to for mail in mailoutbox] == [[creator.user.email]] * 2


def test_stale_messages_however_many_keep_nobody_from_being_told(pair, mailoutbox):
    brand, creator = pair
    later = make_creator(followers=6_000, user=make_user(), at=NOW)
    Creator.objects.update(site_language="en")
    facts = {"brand": brand, "sender": owner_of(brand), "from_brand": True, "text": "Hello"}
    old, new = NOW - 15 * DAY, NOW - DAY
    Message.objects.bulk_create(
        [Message(creator=creator, sent_at=old, **facts)]
        + [Message(creator=creator, sent_at=new, **facts) for _n in range(messageletters.AT_ONCE)]
        + [Message(creator=later, sent_at=new + timedelta(hours=1), **facts)]
    )

    assert messageletters.send(NOW) == 2
    said = {mail.to[0]: mail.subject for mail in mailoutbox}
    assert said == {
        creator.user.email: "You have 2000 unread messages",
        later.user.email: "You have 1 unread message",
    }
    assert messageletters.send(NOW + 2 * DAY) == 0


def test_a_whole_team_is_told_and_brands_of_the_demo_are_not(pair, mailoutbox):
    brand, creator = pair
    Membership.objects.create(user=make_user(), brand=brand, role="member")
    shown = _with_owner(make_brand(is_demo=True))
    for one in (brand, shown):
        write(one, creator, from_brand=False)

    assert messageletters.send(NOW + 2 * timedelta(hours=1)) == 2
    told = {mail.to[0] for mail in mailoutbox}
    assert told == set(brand.memberships.values_list("user__email", flat=True))


# ------------------------------------------------------------------ taken along, and erased


def test_she_takes_her_messages_along_and_they_go_when_she_closes(pair):
    brand, creator = pair
    write(brand, creator, "Hello Noor")
    write(brand, creator, "Hello mill", from_brand=False)

    hers = dossier.collect(creator.user)
    theirs = dossier.collect(owner_of(brand))
    assert {row["text"] for row in hers["affiliates.Message"]} == {"Hello Noor", "Hello mill"}
    assert {row["text"] for row in theirs["affiliates.Message"]} == {"Hello Noor"}

    with time_machine.travel(NOW, tick=False):
        erasure.close(creator.user, NOW)
    assert not Message.objects.exists() and not Thread.objects.exists()


def test_the_lists_ask_as_much_for_many_threads_as_for_one(
    client, pair, django_assert_max_num_queries
):
    brand, creator = pair
    for _n in range(3):
        other = make_creator(followers=6_000, user=make_user(), at=NOW)
        directory.record([other.pk])
        write(brand, other)
    write(brand, creator)
    client.force_login(owner_of(brand))

    with django_assert_max_num_queries(12):
        assert client.get(f"/brand/{brand.slug}/messages/").status_code == 200


def test_what_is_used_of_a_quota_names_exactly_the_strangers(pair):
    """The one statement and `known` agree on everybody a brand wrote to."""
    brand, creator = pair
    offer = Collaboration.objects.create(
        brand=brand, kind="approval", name="A", rate_bp=1500, starts_at=NOW - DAY
    )
    people = [make_creator(followers=6_000, user=make_user(), at=NOW) for _n in range(5)]
    facts = [("invited", False), ("lapsed", False), ("declined", False), ("accepted", False),
             ("applied", True)]  # fmt: skip
    for one, (state, hers) in zip(people, facts, strict=True):
        Participation.objects.create(
            creator=one, collaboration=offer, state=state, asked_by_creator=hers,
            asked_at=NOW - DAY, answered_at=NOW if state in {"declined", "accepted"} else None,
        )  # fmt: skip
    write(brand, creator)
    found = outreach.standing(brand, NOW)

    strangers = {creator.pk, people[0].pk, people[1].pk}
    assert outreach.known(brand) == {one.pk for one in people[2:]}
    assert (found.answers, found.used) == (2, len(strangers))
