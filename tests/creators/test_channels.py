"""Channels: OAuth end to end over HTTP, readings, failures, disconnecting."""

import re
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from creators import channels, tasks
from creators.models import Channel, ChannelToken, PlatformStatus, Reading
from creators.platforms.base import Profile, Token
from tests.creators.conftest import connect
from tests.creators.factories import NOW, make_channel, make_creator, make_user
from tests.together import at_once

pytestmark = pytest.mark.django_db
EVERY = pytest.mark.parametrize("platform", ["tiktok", "instagram", "youtube", "facebook"])


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def noor(client):
    creator = make_creator(user=make_user(), handle="noor")
    client.force_login(creator.user)
    return creator


@pytest.fixture
def eager():
    """Tasks run at once, here."""
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def someone_else(client, **fields):
    creator = make_creator(user=make_user(), **fields)
    client.force_login(creator.user)
    return creator


@EVERY
def test_a_channel_connects_over_oauth_and_its_count_is_read(client, stand_in, noor, platform):
    page = connect(client, stand_in, platform, handle="noor.bakes", followers="1240")

    assert "is connected" in text(page)
    channel = Channel.objects.get(platform=platform)
    assert (channel.handle, channel.token_state, channel.problem) == ("noor.bakes", "ok", "")
    assert channel.readings.get().followers == 1_240
    noor.refresh_from_db()
    assert noor.status == "pilot"
    assert noor.directoryentry.best_platform == platform
    assert noor.directoryentry.is_listed


@EVERY
def test_saying_no_at_the_platform_changes_nothing(client, stand_in, noor, platform):
    page = connect(client, stand_in, platform, deny="1")

    assert "You did not connect" in text(page)
    assert not Channel.objects.exists()


@EVERY
@pytest.mark.parametrize(
    ("fail", "said"),
    [("429", "asks us to wait"), ("500", "did not answer"), ("garbage", "did not finish")],
)
def test_a_platform_that_fails_while_connecting_is_said_so(
    client, stand_in, noor, platform, fail, said
):
    page = connect(client, stand_in, platform, handle="noor.bakes", followers="1240", fail=fail)

    assert said in text(page)
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("platform", "fail", "said"),
    [
        ("instagram", "personal", "Switch it to a professional account"),
        ("facebook", "none", "You run no Facebook page"),
        ("youtube", "none", "no YouTube channel"),
    ],
)
def test_accounts_without_counts_are_told_what_to_do(client, stand_in, noor, platform, fail, said):
    assert said in text(
        connect(client, stand_in, platform, handle="noor", followers="5", fail=fail)
    )


def test_a_hidden_subscriber_count_waits_and_says_how_to_go_on(client, stand_in, noor):
    page = connect(client, stand_in, "youtube", handle="noor", followers="9000", fail="hidden")

    noor.refresh_from_db()
    assert noor.status == "waiting"
    assert "hides" in text(page)


def test_a_channel_belongs_to_one_creator(client, stand_in, noor):
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    thief = someone_else(client)

    page = connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")

    assert "connected to another Thousand account" in text(page)
    assert not thief.channels.exists()
    assert Channel.objects.get().creator == noor


@pytest.mark.django_db(transaction=True)
def test_two_creators_at_the_same_moment_get_one_channel():
    pair = [make_creator(), make_creator()]
    profile = Profile("x1", "x", "", 1_200)

    jobs = [partial(channels.connect, one, "tiktok", profile, Token("t"), NOW) for one in pair]

    got = at_once(*jobs, may_raise=(channels.ChannelTaken,))

    assert [isinstance(one, channels.ChannelTaken) for one in got].count(True) == 1


def test_a_state_of_someone_else_or_used_twice_connects_nothing(client, stand_in, noor):
    start = client.post("/creator/channels/tiktok/connect/")
    back = stand_in.choose(start["Location"], handle="noor.bakes", followers="1240")
    path = "{0.path}?{0.query}".format(urlsplit(back))
    thief = someone_else(client)

    assert "did not finish" in text(client.get(path, follow=True))
    assert not thief.channels.exists()

    client.force_login(noor.user)
    assert client.get("/creator/channels/tiktok/callback/?code=x&state=y").status_code == 302
    assert client.get("/creator/channels/tiktok/callback/").status_code == 302
    assert not Channel.objects.exists()


def test_a_callback_replayed_connects_nothing_new(client, stand_in, noor):
    start = client.post("/creator/channels/tiktok/connect/")
    back = stand_in.choose(start["Location"], handle="noor.bakes", followers="1240")
    path = "{0.path}?{0.query}".format(urlsplit(back))
    client.get(path)
    Channel.objects.all().delete()

    assert "did not finish" in text(client.get(path, follow=True))
    assert not Channel.objects.exists()


def test_pkce_and_state_are_sent_and_the_redirect_comes_from_settings(client, stand_in, noor):
    start = client.post("/creator/channels/youtube/connect/", headers={"Host": "testserver"})
    asked = parse_qs(urlsplit(start["Location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/creator/channels/youtube/callback/"]
    assert asked["scope"] == ["https://www.googleapis.com/auth/youtube.readonly"]


def test_signing_in_with_a_platform_makes_no_account(client, stand_in, db):
    from allauth.socialaccount.models import SocialAccount

    assert client.get("/creator/channels/tiktok/callback/?code=x&state=y").status_code == 302
    assert client.post("/creator/channels/tiktok/connect/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_a_platform_that_is_off_or_unknown_cannot_be_connected(client, stand_in, noor):
    PlatformStatus.objects.filter(platform="tiktok").update(status="off")

    page = client.post("/creator/channels/tiktok/connect/", follow=True)

    assert "Ask for a check by hand" in text(page)
    assert client.post("/creator/channels/myspace/connect/").status_code == 404


def test_tokens_are_sealed_at_rest(client, stand_in, noor):
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    with connection.cursor() as cursor:
        cursor.execute("SELECT access, refresh FROM creators_channeltoken")
        stored = cursor.fetchone()
    held = ChannelToken.objects.get()

    assert held.access and held.access not in stored
    assert all(word.startswith("gAAAA") for word in stored)


def test_a_token_that_no_key_opens_reads_as_nothing(settings):
    channel = make_channel(creator=make_creator(), token="secret")
    settings.SECRET_KEY = "another key altogether, of which nothing is known at all"

    assert ChannelToken.objects.get(channel=channel).access == ""


def test_disconnecting_deletes_numbers_and_tokens_and_frees_the_channel(client, stand_in, noor):
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    channel = Channel.objects.get()

    client.post(f"/creator/channels/{channel.pk}/disconnect/")

    assert not Reading.objects.exists() and not ChannelToken.objects.exists()
    noor.refresh_from_db()
    assert noor.status == "waiting"
    assert noor.decisions.count() == 2  # what decided the first time is kept
    other = someone_else(client)
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    assert other.channels.verified().count() == 1


def test_nobody_touches_the_channel_of_another(client, noor):
    theirs = make_channel(creator=make_creator())

    for action in ("read", "disconnect"):
        assert client.post(f"/creator/channels/{theirs.pk}/{action}/").status_code == 404


# --- reading again


def connected(client, stand_in, platform="tiktok", **form):
    connect(client, stand_in, platform, handle="noor.bakes", followers="900", **form)
    return Channel.objects.get()


def test_those_who_wait_are_read_the_next_night_and_let_in_with_one_mail(
    client, stand_in, noor, mailoutbox, eager, django_capture_on_commit_callbacks
):
    channel = connected(client, stand_in)
    stand_in.control("tiktok", "noor.bakes", followers=1_010)
    tomorrow = timezone.now() + timedelta(days=1)
    assert channels.due(timezone.now()) == []
    assert channels.due(tomorrow) == [channel]

    with django_capture_on_commit_callbacks(execute=True):
        assert channels.read_due(tomorrow)[0].problem == ""
        assert [tasks.redecide_waiting(), tasks.redecide_waiting()] == [1, 0]

    noor.refresh_from_db()
    assert noor.status == "pilot"
    (mail,) = mailoutbox
    assert mail.to == [noor.user.email]
    assert "010" in mail.body and "/creator/join/decision/" in mail.body


def test_members_are_read_weekly():
    creator = make_creator(followers=2_000)
    channel = creator.channels.get()

    assert channels.due(NOW + timedelta(days=6)) == []
    assert channels.due(NOW + timedelta(days=7, seconds=1)) == [channel]


@EVERY
@pytest.mark.parametrize(
    ("fail", "problem", "token"),
    [
        ("429", "rate_limited", "ok"),
        ("500", "unavailable", "ok"),
        ("garbage", "bad_answer", "ok"),
        ("revoked", "token_over", "expired"),
    ],
)
def test_a_failed_reading_keeps_the_last_counts(
    client, stand_in, noor, platform, fail, problem, token
):
    channel = connected(client, stand_in, platform)
    stand_in.control(platform, "noor.bakes", fail=fail, followers=7)

    read = channels.read_again(channel, timezone.now())

    channel.refresh_from_db()
    assert (read.problem, channel.problem, channel.token_state) == (problem, problem, token)
    assert channel.readings.get().followers == 900
    assert client.get("/creator/channels/").status_code == 200


@pytest.mark.parametrize("platform", ["tiktok", "youtube", "instagram"])
def test_an_expired_token_is_renewed_once(client, stand_in, noor, platform):
    channel = connected(client, stand_in, platform)
    before = channel.token.access
    ChannelToken.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    stand_in.control(platform, "noor.bakes", followers=950)

    assert channels.read_again(channel, timezone.now()).problem == ""
    assert channel.readings.get().followers == 950
    assert ChannelToken.objects.get().access != before or platform == "instagram"


def test_too_often_stops_that_platform_and_no_other(client, stand_in, noor):
    connect(client, stand_in, "tiktok", handle="a.one", followers="900")
    connect(client, stand_in, "tiktok", handle="a.two", followers="900")
    connect(client, stand_in, "youtube", handle="b.one", followers="900")
    stand_in.control("tiktok", "a.one", fail="429")

    done = channels.read_due(timezone.now() + timedelta(days=1))

    assert [read.problem for read in done] == ["rate_limited", ""]
    assert set(
        Channel.objects.filter(checked_at__gt=timezone.now()).values_list("platform", flat=True)
    ) == {"youtube"}


def test_counting_again_lets_someone_in_and_rests_a_minute(client, stand_in, noor):
    channel = connected(client, stand_in)
    stand_in.control("tiktok", "noor.bakes", followers=5_100)
    url = f"/creator/channels/{channel.pk}/read/"

    assert "a moment ago" in text(client.post(url, follow=True))
    Channel.objects.update(checked_at=timezone.now() - timedelta(minutes=2))
    client.post(url)

    noor.refresh_from_db()
    assert noor.status == "full"


def test_a_dropping_count_puts_nobody_out(client, stand_in, noor):
    connect(client, stand_in, "tiktok", handle="noor.bakes", followers="1240")
    stand_in.control("tiktok", "noor.bakes", followers=200)
    channels.count_again(Channel.objects.get(), timezone.now())

    noor.refresh_from_db()
    assert noor.status == "pilot"


def test_the_stand_in_is_refused_in_live_mode():
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "creators.platforms.fake", "--port", "1"],
        env={**os.environ, "MARKET_MODE": "live"}, capture_output=True, text=True, timeout=20,
    )  # fmt: skip

    assert done.returncode == 2 and "demo mode only" in done.stderr


def test_a_verified_channel_once_is_a_promise_of_the_database():
    make_channel(creator=make_creator(), external_id="same")
    other = make_creator()
    with pytest.raises(DatabaseError), transaction.atomic():
        make_channel(creator=other, external_id="same")
