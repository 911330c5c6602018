"""Attacks on the sign-in at a platform, and its failures: all four, over HTTP, end to end."""

import re
from datetime import datetime, time, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from config.lib import outbound
from creators import channels, enrolment
from creators.models import Channel, ChannelToken, PlatformStatus
from creators.platforms import registry
from tests.creators.conftest import connect
from tests.creators.factories import make_channel, make_creator, make_user

pytestmark = pytest.mark.django_db
PLATFORMS = ["tiktok", "youtube", "instagram", "facebook"]
EVERY = pytest.mark.parametrize("platform", PLATFORMS)
WITH_PKCE = pytest.mark.parametrize("platform", PLATFORMS[1:])
NOBODY = "did not finish"


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def someone() -> Client:
    client = Client()
    client.creator = make_creator(user=make_user())
    client.force_login(client.creator.user)
    return client


def begin(client, stand_in, platform, handle="noor.bakes"):
    """Sign in at the platform, and return where it sends the browser: code and state."""
    start = client.post(f"/creator/channels/{platform}/connect/")
    back = stand_in.choose(start["Location"], handle=handle, followers="1240")
    return {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}


def finish(client, platform, **query):
    url = f"/creator/channels/{platform}/callback/?{urlencode(query)}"
    return client.get(url, follow=True)


# --- attacks


@EVERY
def test_a_callback_without_state_connects_nothing(stand_in, platform):
    noor = someone()
    back = begin(noor, stand_in, platform)

    assert NOBODY in text(finish(noor, platform, code=back["code"]))
    assert not Channel.objects.exists()


@EVERY
def test_a_channel_cannot_be_pushed_into_the_account_of_another(stand_in, platform):
    """The attacker's own code and state, opened by the victim."""
    attacker, victim = someone(), someone()
    back = begin(attacker, stand_in, platform, "bad.actor")
    begin(victim, stand_in, platform)  # she is on her way, too

    assert NOBODY in text(finish(victim, platform, **back))
    assert not Channel.objects.exists()


@EVERY
def test_the_state_of_one_platform_does_not_serve_another(stand_in, platform):
    noor = someone()
    other = PLATFORMS[PLATFORMS.index(platform) - 1]
    state = begin(noor, stand_in, other)["state"]
    code = begin(noor, stand_in, platform)["code"]

    finish(noor, platform, code=code, state=state)
    assert not Channel.objects.verified().filter(platform=platform).exists()


@WITH_PKCE
def test_a_stolen_code_is_worth_nothing_in_another_browser(stand_in, platform):
    victim, thief = someone(), someone()
    code = begin(victim, stand_in, platform)["code"]
    state = begin(thief, stand_in, platform, "bad.actor")["state"]

    assert NOBODY in text(finish(thief, platform, code=code, state=state))
    assert not Channel.objects.exists()


@WITH_PKCE
def test_a_code_without_its_verifier_is_worth_nothing(stand_in, platform):
    noor = someone()
    code = begin(noor, stand_in, platform)["code"]
    there = registry.get(platform)
    form = {
        "client_id": f"demo-{platform}", "client_secret": "demo-secret", "code": code,
        "grant_type": "authorization_code",
        "redirect_uri": f"http://testserver/creator/channels/{platform}/callback/",
    }  # fmt: skip
    answer = outbound.request(
        "POST", there.address(there.token_url), body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"}, allow_private=True,
    )  # fmt: skip
    assert (answer.status, b"invalid_grant" in answer.body) == (400, True)


@EVERY
def test_a_callback_opened_twice_connects_once(stand_in, platform):
    noor = someone()
    back = begin(noor, stand_in, platform)
    assert "is connected" in text(finish(noor, platform, **back))
    Channel.objects.all().delete()

    assert NOBODY in text(finish(noor, platform, **back))
    assert not Channel.objects.exists()


@EVERY
def test_a_channel_of_another_stays_hers(stand_in, platform):
    noor, thief = someone(), someone()
    connect(noor, stand_in, platform, handle="noor.bakes", followers="1240")
    before = ChannelToken.objects.get().access

    page = connect(thief, stand_in, platform, handle="noor.bakes", followers="1240")

    assert "connected to another Thousand account" in text(page)
    assert Channel.objects.verified().get().creator == noor.creator
    assert ChannelToken.objects.get().access == before
    thief.creator.refresh_from_db()
    assert thief.creator.status == "draft"


@EVERY
def test_a_visitor_cannot_finish_a_sign_in(stand_in, platform):
    back = begin(someone(), stand_in, platform)

    page = Client().get(f"/creator/channels/{platform}/callback/?{urlencode(back)}")
    assert page["Location"].startswith("/accounts/login/")
    assert not Channel.objects.exists()


# --- failures


@EVERY
@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("token 429", "asks us to wait"),
        ("token 500", "did not answer"),
        ("token garbage", NOBODY),
        ("revoked", NOBODY),
    ],
)
def test_a_sign_in_that_fails_halfway_is_said_so(stand_in, platform, fail, said):
    noor = someone()
    page = connect(noor, stand_in, platform, handle="noor.bakes", followers="1240", fail=fail)

    assert said in text(page)
    assert not Channel.objects.exists() and not ChannelToken.objects.exists()


def connected(stand_in, platform):
    noor = someone()
    connect(noor, stand_in, platform, handle="noor.bakes", followers="900")
    return Channel.objects.get()


@EVERY
def test_a_token_that_the_platform_calls_expired_is_renewed_or_asked_for(stand_in, platform):
    channel = connected(stand_in, platform)
    stand_in.control(platform, "noor.bakes", fail="expired", followers=950)

    read = channels.read_again(channel, timezone.now())

    channel.refresh_from_db()
    if platform == "facebook" or (platform == "instagram" and read.problem):
        assert (read.problem, channel.token_state) == ("token_over", "expired")
    else:
        assert (read.problem, channel.readings.get().followers) == ("", 950)


@pytest.mark.parametrize("platform", ["tiktok", "youtube"])
@pytest.mark.parametrize(
    ("fail", "problem"),
    [("token 429", "rate_limited"), ("token 500", "unavailable"), ("token garbage", "bad_answer")],
)
def test_a_renewal_that_fails_keeps_token_and_counts(stand_in, platform, fail, problem):
    channel = connected(stand_in, platform)
    ChannelToken.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    before = ChannelToken.objects.get().refresh
    stand_in.control(platform, "noor.bakes", fail=fail)

    assert channels.read_again(channel, timezone.now()).problem == problem
    channel.refresh_from_db()
    assert (channel.token_state, channel.readings.get().followers) == ("ok", 900)
    assert ChannelToken.objects.get().refresh == before


@EVERY
def test_retry_after_rests_a_platform_for_exactly_that_long(stand_in, platform):
    channel = connected(stand_in, platform)
    stand_in.control(platform, "noor.bakes", fail="429")
    soon = timezone.now() + timedelta(days=1)

    assert [read.problem for read in channels.read_due(soon)] == ["rate_limited"]
    assert PlatformStatus.objects.get(platform=platform).rest_until == soon + timedelta(seconds=120)

    stand_in.control(platform, "noor.bakes", fail="well", followers=1_010)
    assert channels.read_due(soon + timedelta(seconds=119)) == []
    assert channels.count_again(channel, soon + timedelta(seconds=60)).problem == "rate_limited"
    assert [read.problem for read in channels.read_due(soon + timedelta(seconds=120))] == [""]


def test_a_days_quota_is_kept_and_the_rest_is_read_the_next_day(stand_in, monkeypatch):
    noor = someone()
    for handle in ("a.one", "a.two", "a.three"):
        connect(noor, stand_in, "youtube", handle=handle, followers="900")
    connect(noor, stand_in, "tiktok", handle="b.one", followers="900")
    monkeypatch.setattr(type(registry.get("youtube")), "calls_a_day", 2)
    day = enrolment.market_day(timezone.now()) + timedelta(days=2)  # a day after connecting
    soon = datetime.combine(day, time(12), enrolment.market_zone())  # and no midnight is near

    def read(at):
        ids = [one.channel_id for one in channels.read_due(at)]
        return sorted(Channel.objects.filter(pk__in=ids).values_list("platform", flat=True))

    assert read(soon) == ["tiktok", "youtube", "youtube"]
    assert read(soon + timedelta(hours=1)) == []
    later = soon + timedelta(days=1, minutes=1)
    assert read(later) == ["tiktok", "youtube", "youtube"]
    assert min(Channel.objects.values_list("checked_at", flat=True)) >= soon


def test_a_run_that_was_killed_is_finished_by_the_next_one(stand_in):
    noor = someone()
    for handle in ("a.one", "a.two", "a.three"):
        connect(noor, stand_in, "tiktok", handle=handle, followers="900")
    soon = timezone.now() + timedelta(days=1)

    parts = [[read.channel_id for read in channels.read_due(soon, limit=2)] for _ in range(3)]

    assert [len(part) for part in parts] == [2, 1, 0]
    assert len({pk for part in parts for pk in part}) == 3


def test_those_who_wait_are_read_nightly_and_the_others_weekly():
    now = timezone.now()
    waits, member = make_creator(followers=900, at=now), make_creator(followers=2_000, at=now)
    make_channel(creator=member, platform="youtube", at=now, token_state="none")

    tomorrow, week = now + timedelta(days=1), now + timedelta(days=8)
    assert [one.creator for one in channels.due(tomorrow)] == [waits]
    assert {one.creator for one in channels.due(week)} == {waits, member}
    assert all(one.token_state == "ok" for one in channels.due(week))
