"""Whose a post is, asked of the four platforms' stand-ins over HTTP."""

from datetime import UTC, datetime

import pytest

from creators import channels, posts
from creators.models import Channel
from creators.platforms.base import NoPost
from creators.platforms.fake_answers import Account, seal
from tests.creators.factories import NOW, make_channel, make_creator

pytestmark = pytest.mark.django_db
SECOND = int(datetime(2026, 3, 9, 12, tzinfo=UTC).timestamp())
TIKTOK = SECOND << 32
VIDEO = "dQw4w9WgXcQ"


def channel_of(creator, platform, handle, signed_in=True, **facts):
    """A channel as a sign-in leaves it: the platform's own id, and a token that works."""
    account = Account(platform, handle, 1_500)
    known = account.external_id if platform != "youtube" else f"UC{account.external_id[:22]}"
    token = {"platform": platform, "handle": handle, "followers": 1_500, "fail": "", "bio": ""}
    word = seal({"account": token, "kind": "access"}) if signed_in else ""
    state = Channel.Token.OK if signed_in else Channel.Token.NONE
    facts = {"external_id": known, "token_state": state} | facts
    return make_channel(creator=creator, platform=platform, handle=handle, token=word, **facts)


@pytest.mark.parametrize(
    ("url", "platform", "kept"),
    [
        (f"https://www.tiktok.com/@Noor.Bakes/video/{TIKTOK}?is_from_webapp=1", "tiktok",
         f"https://www.tiktok.com/@noor.bakes/video/{TIKTOK}"),
        (f"https://youtu.be/{VIDEO}?si=x", "youtube", f"https://www.youtube.com/watch?v={VIDEO}"),
        (f"https://www.youtube.com/shorts/{VIDEO}", "youtube",
         f"https://www.youtube.com/watch?v={VIDEO}"),
        ("https://instagram.com/noor/reel/C1a_b-2/?igsh=1", "instagram",
         "https://www.instagram.com/reel/C1a_b-2/"),
        ("https://m.facebook.com/noor/posts/1234567890", "facebook",
         "https://www.facebook.com/noor/posts/1234567890"),
        ("https://www.facebook.com/watch/?v=1234567890", "facebook",
         "https://www.facebook.com/watch/?v=1234567890"),
    ],
)  # fmt: skip
def test_an_address_names_one_post_without_what_tracks(url, platform, kept):
    post = posts.parse(url)

    assert (post.platform, post.url) == (platform, kept)


@pytest.mark.parametrize(
    "url",
    ["https://www.tiktok.com/@noor", "https://tiktok.com.evil.example/@a/video/1234567890",
     "javascript:alert(1)", "https://vm.tiktok.com/ZM123/", "https://[", "", "http://localhost/x",
     "https://www.youtube.com/watch?v=short", "https://www.instagram.com/noor/"],
)  # fmt: skip
def test_what_is_no_post_is_refused(url):
    with pytest.raises(posts.NotAPost):
        posts.parse(url)


def test_tiktok_names_the_author_and_the_number_tells_the_second(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "tiktok", "Noor.Bakes")

    hers = posts.look(creator, f"https://www.tiktok.com/@noor.bakes/video/{TIKTOK}", NOW)
    other = posts.look(creator, f"https://www.tiktok.com/@sam.fixes/video/{TIKTOK}", NOW)

    assert (hers.verdict, hers.how, hers.published_at.timestamp()) == ("hers", "oembed", SECOND)
    assert (other.verdict, other.author) == ("not_hers", "sam.fixes")
    with pytest.raises(NoPost):
        posts.look(creator, "https://www.tiktok.com/@noor.bakes/video/123456404", NOW)


def test_an_address_that_lies_about_its_author_is_found_out(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "tiktok", "noor.bakes")
    stand_in.control("tiktok", "sam.fixes", post=str(TIKTOK))

    found = posts.look(creator, f"https://www.tiktok.com/@noor.bakes/video/{TIKTOK}", NOW)

    assert (found.verdict, found.author) == ("not_hers", "sam.fixes")


def test_youtube_compares_channel_ids_with_her_token(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "youtube", "noor.bakes")
    stand_in.control("youtube", "noor.bakes", post=VIDEO, published="2026-03-09T10:00:00Z")
    stand_in.control("youtube", "sam.fixes", post="aaaaaaaaaaa")

    hers = posts.look(creator, f"https://youtu.be/{VIDEO}", NOW)
    other = posts.look(creator, "https://youtu.be/aaaaaaaaaaa", NOW)

    assert (hers.verdict, hers.how, hers.published_at.day) == ("hers", "api", 9)
    assert other.verdict == "not_hers"
    with pytest.raises(NoPost):
        posts.look(creator, "https://youtu.be/bbbbbbbbbbb", NOW)


def test_a_youtube_channel_checked_by_hand_is_known_by_its_handle(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "youtube", "noor.bakes", signed_in=False, external_id="manual:noor.bakes")
    stand_in.control("youtube", "noor.bakes", post=VIDEO)

    found = posts.look(creator, f"https://youtu.be/{VIDEO}", NOW)

    assert (found.verdict, found.how) == ("hers", "oembed")


@pytest.mark.parametrize(
    ("platform", "code", "url"),
    [("instagram", "C1a_b-2", "https://www.instagram.com/reel/C1a_b-2/"),
     ("facebook", "1234567890", "https://www.facebook.com/noor/posts/1234567890")],
)  # fmt: skip
def test_instagram_and_facebook_list_her_own_posts(stand_in, platform, code, url):
    creator = make_creator(at=NOW)
    channel_of(creator, platform, "noor.bakes")

    before = posts.look(creator, url, NOW)
    stand_in.control(platform, "noor.bakes", post=code)
    after = posts.look(creator, url, NOW)

    assert (before.verdict, after.verdict, after.how) == ("unknown", "hers", "api")


def test_what_a_platform_cannot_tell_now_is_asked_again(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "instagram", "noor.bakes")
    url = "https://www.instagram.com/reel/C1a_b-2/"
    stand_in.control("instagram", "noor.bakes", fail="429")

    found = posts.look(creator, url, NOW)

    assert (found.verdict, found.problem) == ("unknown", "rate_limited")
    assert channels.resting(NOW) == {"instagram"}
    assert posts.look(creator, url, NOW).problem == "rate_limited"  # nobody is asked meanwhile


def test_without_a_token_instagram_says_nothing_and_no_channel_is_said(stand_in):
    creator = make_creator(at=NOW)
    channel_of(creator, "instagram", "noor.bakes", signed_in=False)

    found = posts.look(creator, "https://www.instagram.com/reel/C1a_b-2/", NOW)

    assert (found.verdict, found.problem) == ("unknown", "token_over")
    with pytest.raises(posts.NoChannel):
        posts.look(creator, f"https://youtu.be/{VIDEO}", NOW)
