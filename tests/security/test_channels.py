"""One channel lets one creator in, however it was proved."""

import pytest

from creators import channels, manual_checks
from creators.platforms.base import Profile, Token
from tests.creators.factories import NOW, make_creator, make_user

pytestmark = pytest.mark.django_db


def test_a_channel_checked_by_hand_is_not_connected_by_a_second_account():
    first, second = make_creator(), make_creator()
    check = manual_checks.ask(first, "tiktok", "Noor.Makes", NOW)
    manual_checks.confirm(
        check, by=make_user(is_staff=True), followers=4_000, evidence="seen in the bio", at=NOW
    )

    same = Profile("open-id-1", "noor.makes", "https://www.tiktok.com/@noor.makes", 4_000)
    with pytest.raises(channels.ChannelTaken):
        channels.connect(second, "tiktok", same, Token("t"), NOW)

    assert not second.channels.verified().exists()
    assert channels.connect(first, "tiktok", same, Token("t"), NOW).verified_at == NOW
