"""All four platforms in a browser: refused, broken off, connected, and taken back."""

from datetime import timedelta
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone

from creators.models import Channel, ChannelToken
from creators.platforms.fake import NAMES
from tests.e2e import steps
from tests.e2e.person import DESK

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
BROKEN = {  # how its platform answers -> what she reads
    "tiktok": ("429", "asks us to wait"),
    "youtube": ("none", "channel"),
    "instagram": ("personal", "personal"),
    "facebook": ("none", "page"),
}
LATER = {  # once it is connected
    "youtube": ("garbage", "gave an answer that we could not read"),
    "instagram": ("429", "asks us to wait"),
    "facebook": ("expired", "Facebook no longer lets us read this channel"),
    "tiktok": ("revoked", "TikTok no longer lets us read this channel"),
}


def test_a_creator_connects_each_platform_after_it_failed(people, stand_in):
    creator = people(viewport=DESK)
    creator.goto("/")
    steps.signs_up(creator, "fenna@creators.example", "/creator/join/")
    steps.tells_about_her(creator, "fenna")
    for number, platform in enumerate(NAMES):
        handle, followers = f"fenna.{platform}", 1_200 + number
        creator.goto("/creator/join/channels/")
        steps.goes_to_platform(creator, platform)
        creator.press("No, do not connect")
        creator.sees(f"You did not connect {NAMES[platform]}")

        fail, said = BROKEN[platform]
        creator.goto("/creator/join/channels/")
        steps.connects(creator, handle, followers, platform, fail)
        assert said in creator.page.locator("main").inner_text()
        assert not Channel.objects.filter(platform=platform, verified_at__isnull=False).exists()

        creator.goto("/creator/join/channels/")
        steps.connects(creator, handle, followers, platform)
        channel = Channel.objects.get(platform=platform, verified_at__isnull=False)
        assert channel.readings.get().followers == followers

    assert ChannelToken.objects.count() == len(NAMES)
    creator.goto("/creator/channels/")
    creator.checks_page()
    for platform, (fail, said) in LATER.items():
        handle = f"fenna.{platform}"
        body = urlencode({"platform": platform, "handle": handle, "fail": fail}).encode()
        urlopen(Request(f"{stand_in}/_control", body)).close()
        channel = Channel.objects.get(platform=platform, verified_at__isnull=False)
        Channel.objects.update(checked_at=timezone.now() - timedelta(hours=1))
        creator.page.locator(f'form[action$="/channels/{channel.pk}/read/"] button').click()
        creator.sees(said)
        channel.refresh_from_db()
        assert channel.readings.get().followers >= 1_200  # what was read before stays
