"""The payloads of platforms, as they document them."""

import json

import pytest

from creators.platforms import base, registry


def load(data, name):
    return json.loads((data / "social" / name).read_text())


def test_documented_payloads_are_read(data):
    tiktok = load(data, "tiktok_user_info.json")
    tiktok["data"] = {"user": {**tiktok["data"], "open_id": "723f24d7", "username": "my.nick"}}
    read = registry.get("tiktok").profile(tiktok)
    assert (read.followers, read.likes, read.posts) == (232, 27_155_089, 44)

    read = registry.get("youtube").profile(load(data, "youtube_channel.json"))
    assert (read.handle, read.followers, read.posts) == ("googledevelopers", 1_927_873, 5_026)

    read = registry.get("instagram").profile(load(data, "instagram_user.json"))
    assert (read.handle, read.followers, read.posts) == ("facebookfordevelopers", 64_363, 427)

    read = registry.get("facebook").profile(load(data, "facebook_accounts.json"), "1234")
    assert (read.external_id, read.handle, read.followers) == ("1234", "BBBBBBBB", None)


def test_documented_errors_are_told_apart(data):
    with pytest.raises(base.NotEligible):
        registry.get("facebook").refuse(400, load(data, "facebook_error.json"), 0)
    with pytest.raises(base.BadAnswer):
        registry.get("youtube").refuse(403, load(data, "youtube_error_permission.json"), 0)


@pytest.mark.parametrize("value", [True, "many", -1, 1.5, [], 10**15])
def test_a_count_that_is_none_is_a_bad_answer(value):
    with pytest.raises(base.BadAnswer):
        base.count(value)
