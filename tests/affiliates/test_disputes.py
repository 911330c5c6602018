"""Two creators, one channel: a case, both sides heard, and a decision that moves it or not."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import caseletters, holds
from creators import cases, channels, disputes, enrolment, manual_checks
from creators.disputes import Claim
from creators.models import Case, Channel, ChannelToken, Reading
from tests.creators.conftest import _stand_in as _stand_in
from tests.creators.conftest import connect, stand_in  # noqa: F401
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def pair(client, stand_in):  # noqa: F811
    """Noor has connected noor.bakes; the other one signs in with it too, and finds it taken."""
    noor = make_creator(user=make_user(), handle="noor", site_language="en")
    other = make_creator(user=make_user(), handle="other", site_language="en")
    client.force_login(noor.user)
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    client.force_login(other.user)
    noor.refresh_from_db()
    return noor, other


def test_a_taken_channel_offers_a_dispute_and_keeps_the_proof(client, stand_in, pair):  # noqa: F811
    noor, other = pair
    page = connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1260")
    assert "connected to another Thousand account" in text(page)
    assert "keep that as proof" in text(page)
    assert "noor@" not in text(page) and noor.user.email not in text(page)

    url = "/creator/channels/dispute/"
    assert client.post(url, {"text": " "}).status_code == 422
    assert "ask the other side" in text(client.post(url, {"text": "Mine!"}, follow=True))

    case = Case.objects.get(kind="channel_dispute")
    assert (case.creator, case.dispute.holder) == (other, noor)
    assert case.dispute.proven_at is not None and case.dispute.followers == 1_260
    assert case.dispute.channel == noor.channels.get()
    assert client.get(url).status_code == 302  # nothing is left to dispute


def test_a_handle_that_is_taken_is_disputed_without_proof(client, pair):
    page = client.post("/creator/channels/tiktok/check/", {"handle": "Noor.Bakes"}, follow=True)
    assert "get a code" in text(page)

    client.post("/creator/channels/dispute/", {"text": "Mine!"})

    case = Case.objects.get(kind="channel_dispute")
    assert case.dispute.proven_at is None
    assert case.dispute.code in text(client.get(f"/creator/cases/{case.pk}/"))


def opened(pair, at, **claim):
    noor, other = pair
    claim = {"external_id": noor.channels.get().external_id, "proven_at": at, **claim}
    return disputes.begin(other, Claim("tiktok", handle="noor.bakes", **claim), "Mine.", at)


def test_both_are_told_and_the_holder_is_heard(client, pair, mailoutbox):
    noor, other = pair
    case = opened(pair, timezone.now())
    assert opened(pair, timezone.now()) == case
    caseletters.send_waiting()
    assert [mail.to for mail in mailoutbox] == [[other.user.email], [noor.user.email]]
    assert "Mine." in mailoutbox[1].body and case.dispute.code not in mailoutbox[1].body

    url = f"/creator/cases/{case.pk}/"
    assert "Your answer" not in text(client.get(url))  # the claimant has spoken
    client.force_login(noor.user)
    page = text(client.get(url))
    assert "Your answer" in page and case.dispute.code not in page and "other" not in noor.handle
    client.post(url, {"text": "I film these."})

    case.refresh_from_db()
    assert case.state == "answered"
    client.force_login(other.user)
    assert "the other side: answered" in text(client.get(url))
    client.force_login(make_creator(user=make_user()).user)
    assert client.get(url).status_code == 404


def test_upheld_moves_the_channel_and_deletes_the_old_numbers(pair, mailoutbox):
    noor, other = pair
    now = timezone.now()
    case = opened(pair, now)
    with pytest.raises(cases.TooEarly):
        holds.decide(case, True, by=make_user(), reason="Proven.", at=now)
    disputes.answer(case, noor, "No.", at=now)

    holds.decide(case, True, by=make_user(), reason="Proven.", at=now + timedelta(days=1))
    caseletters.send_waiting()

    noor.refresh_from_db(), other.refresh_from_db()
    moved = Channel.objects.verified().get()
    assert (moved.creator, moved.token_state) == (other, "expired")
    assert moved.readings.get().followers == 1_240
    assert Reading.objects.count() == 1 and not ChannelToken.objects.exists()
    assert (noor.status, other.status) == ("waiting", "pilot")
    assert noor.decisions.count() == 2  # the first one keeps what it was made from
    told = [(mail.to[0], mail.subject.split(": ", 1)[1]) for mail in mailoutbox[-2:]]
    assert told == [
        (other.user.email, "decided: the channel moves"),
        (noor.user.email, "decided: the channel moves"),
    ]


def test_dismissed_leaves_everything(pair, mailoutbox):
    noor, _other = pair
    now = timezone.now()
    case = opened(pair, now, proven_at=None)

    holds.decide(case, False, by=make_user(), reason="No code.", at=now)
    caseletters.send_waiting()

    assert noor.channels.verified().get().readings.count() == 1
    assert "stays where it is" in mailoutbox[-1].body


def test_the_holder_does_not_judge_her_own_dispute(pair):
    noor, other = pair
    case = opened(pair, timezone.now())

    for judge in (noor.user, other.user):
        with pytest.raises(enrolment.OwnAccount):
            holds.decide(case, False, by=judge, reason="Mine.", at=timezone.now())


def test_a_silent_holder_is_decided_on_after_ten_days(pair):
    now = timezone.now()
    case = opened(pair, now)

    holds.decide(case, True, by=make_user(), reason="Proven.", at=now + timedelta(days=10))

    assert Channel.objects.verified().get().creator == pair[1]


def test_a_channel_that_was_let_go_is_not_disputed_but_connected(pair):
    noor, other = pair
    case = opened(pair, timezone.now())
    channels.disconnect(noor.channels.get(), timezone.now())
    with pytest.raises(disputes.NothingToDispute):
        disputes.begin(other, Claim("tiktok", "x", "noor.bakes"), "Mine.", timezone.now())

    late = timezone.now() + timedelta(days=11)
    holds.decide(case, True, by=make_user(), reason="Let go.", at=late)
    assert Channel.objects.verified().get().creator == other


def test_three_open_disputes_are_enough(pair):
    noor, other = pair
    staff, now = make_user(), timezone.now()
    for word in "abcd":
        check = manual_checks.ask(noor, "facebook", f"page.{word}", now)
        manual_checks.confirm(check, by=staff, followers=2_000, evidence="seen", at=now)

    def dispute(word):
        claim = Claim("facebook", f"manual:page.{word}", f"page.{word}")
        return disputes.begin(other, claim, "Mine.", now)

    assert len({dispute(word).pk for word in "abc"}) == 3
    with pytest.raises(disputes.TooMany):
        dispute("d")


def test_a_proof_is_a_word_after_an_hour(client, stand_in, pair):  # noqa: F811
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1260")
    session = client.session
    kept = session["disputed_channel"]
    kept["proven_at"] = (timezone.now() - timedelta(hours=2)).isoformat()
    session["disputed_channel"] = kept
    session.save()

    client.post("/creator/channels/dispute/", {"text": "Mine!"})

    assert Case.objects.get(kind="channel_dispute").dispute.proven_at is None
