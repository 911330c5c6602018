"""Checks by hand: a code in the bio, a private screenshot, a promise of 24 hours, evidence."""

import io
import os
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from config.lib import images
from config.lib.privatefiles import private_files
from creators import channels, manual_checks
from creators.models import ManualCheck
from creators.platforms.base import Profile, Token
from tests.creators.factories import NOW, make_channel, make_creator, make_user

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def picture(kind: str = "PNG", **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (200, 300), "navy").save(out, kind, **more)
    return out.getvalue()


@pytest.fixture
def files(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"
    return settings.PRIVATE_ROOT / "checks"


@pytest.fixture
def noor(client):
    creator = make_creator(user=make_user(), handle="noor")
    client.force_login(creator.user)
    return creator


def desk(client, *, second_factor: bool):
    from allauth.mfa.models import Authenticator

    user = make_user(is_staff=True)
    user.is_superuser = True
    user.save()
    if second_factor:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return user


def upload(raw: bytes, name: str = "shot.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, raw, "image/png")


def test_a_check_by_hand_is_confirmed_with_evidence(client, noor):
    client.post("/creator/channels/facebook/check/", {"handle": "@noor.bakes"})
    check = ManualCheck.objects.get()
    assert re.fullmatch(r"TH-[A-Z2-9]{4}-[A-Z2-9]{4}", check.code)
    assert check.code in text(client.get("/creator/channels/"))
    assert manual_checks.ask(noor, "facebook", "noor.bakes", NOW) == check

    staff = make_user(is_staff=True)
    manual_checks.confirm(check, by=staff, followers=1_300, evidence="code seen", at=NOW)

    noor.refresh_from_db()
    assert noor.status == "pilot"
    assert noor.channels.get().readings.get().followers == 1_300


def test_a_handle_that_is_none_is_repeated_with_its_error(client, noor):
    page = client.post("/creator/channels/facebook/check/", {"handle": "not a handle!"})

    source = page.content.decode()
    assert page.status_code == 422
    assert 'value="not a handle!"' in source
    assert '<a href="#id_handle">' in source
    assert 'id="id_handle-error"' in source
    assert not ManualCheck.objects.exists()


def test_a_check_by_hand_needs_evidence_and_may_be_refused(client, noor):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW)
    staff = make_user(is_staff=True)
    with pytest.raises(ValueError):
        manual_checks.confirm(check, by=staff, followers=1_300, evidence=" ", at=NOW)

    manual_checks.refuse(check, by=staff, evidence="no code in the bio", at=NOW)

    assert not noor.channels.verified().exists()
    assert "We did not find your code" in text(client.get("/creator/channels/"))


def test_a_handle_of_another_creator_is_not_checked_by_hand(noor):
    manual_checks.confirm(
        manual_checks.ask(noor, "tiktok", "noor.bakes", NOW),
        by=make_user(is_staff=True), followers=10, evidence="seen", at=NOW,
    )  # fmt: skip

    with pytest.raises(channels.ChannelTaken):
        manual_checks.ask(make_creator(), "tiktok", "@Noor.Bakes", NOW)


def test_she_sees_her_code_her_place_and_when_we_answer(client, noor):
    manual_checks.ask(make_creator(), "tiktok", "another", NOW)
    client.post("/creator/channels/facebook/check/", {"handle": "@noor.bakes"})

    page = text(client.get("/creator/join/channels/"))

    check = ManualCheck.objects.get(channel__creator=noor)
    assert check.code in page
    assert "1 check is before yours" in page
    assert check.answer_by == check.asked_at + timedelta(hours=24)
    assert "You have our answer tomorrow by" in page
    assert "2 checks by hand are waiting for us" in page


def test_a_screenshot_is_made_anew_and_has_no_public_address(client, noor, files, settings):
    raw = picture("JPEG", comment=b"where I live")
    data = {"handle": "noor.bakes", "screenshot": upload(raw)}
    client.post("/creator/channels/facebook/check/", data)

    check = ManualCheck.objects.get()
    (kept,) = files.iterdir()
    made = kept.read_bytes()
    assert made[:4] == b"RIFF" and b"where I live" not in made
    assert kept.stat().st_mode & 0o077 == 0
    assert settings.MEDIA_ROOT not in kept.parents
    assert client.get(f"/media/{check.screenshot.name}").status_code in (302, 403, 404)
    with pytest.raises(ValueError, match="no address"):
        private_files().url(check.screenshot.name)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG or WebP"),
        (b"GIF89a not really", "JPEG, PNG or WebP"),
        (b"\x89PNG" + b"0" * images.MAX_BYTES, "at most 10 MB"),
    ],
)
def test_what_is_no_picture_or_too_big_is_said_so(client, noor, files, raw, said):
    data = {"handle": "noor.bakes", "screenshot": upload(raw)}
    page = client.post("/creator/channels/facebook/check/", data)

    assert (page.status_code, said in text(page)) == (422, True)
    assert not ManualCheck.objects.exists() and not files.exists()


def test_a_screenshot_is_added_and_replaced_while_it_waits(
    client, noor, files, django_capture_on_commit_callbacks
):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW)
    url = f"/creator/channels/{check.channel_id}/screenshot/"

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            page = client.post(url, {"screenshot": upload(picture())}, follow=True)
            assert "We have your screenshot" in text(page)
    assert len(list(files.iterdir())) == 1
    assert "Choose a picture" in text(client.post(url, {}, follow=True))

    manual_checks.refuse(check, by=make_user(), evidence="no code", at=NOW)
    assert client.post(url, {"screenshot": upload(picture())}).status_code == 404


def test_only_staff_with_a_second_factor_see_a_screenshot(client, noor, files):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW, picture())
    url = f"/admin/creators/manualcheck/{check.pk}/screenshot/"

    assert client.get(url).status_code == 302
    desk(client, second_factor=False)
    assert client.get(url).status_code == 302
    desk(client, second_factor=True)
    answer = client.get(url)
    assert b"".join(answer.streaming_content)[:4] == b"RIFF"
    assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))
    assert "sandbox" in answer["Content-Security-Policy"]
    page = client.get("/admin/creators/manualcheck/").content.decode()
    assert url in page and "answer by" in page.lower()


def test_a_screenshot_goes_when_nobody_objects_and_its_fingerprint_stays(
    noor, files, django_capture_on_commit_callbacks
):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW, picture())
    manual_checks.confirm(check, by=make_user(), followers=1_300, evidence="seen", at=NOW)
    orphan = files / "9-gone.webp"
    orphan.write_bytes(b"x")

    assert manual_checks.forget(NOW + timedelta(days=29)) == 0
    os.utime(orphan, (NOW.timestamp(), NOW.timestamp()))
    with django_capture_on_commit_callbacks(execute=True):
        assert manual_checks.forget(NOW + timedelta(days=30)) == 2
    assert list(files.iterdir()) == []
    check.refresh_from_db()
    assert not check.screenshot
    assert len(check.screenshot_sha256) == 64
    assert check.evidence == "seen"


def test_disconnecting_deletes_the_screenshot(
    client, noor, files, django_capture_on_commit_callbacks
):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW, picture())

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/creator/channels/{check.channel_id}/disconnect/")

    assert list(files.iterdir()) == []
    assert not ManualCheck.objects.exists()


def test_two_admins_at_once_decide_one_check(noor):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW)
    staff = make_user()
    manual_checks.confirm(check, by=staff, followers=1_300, evidence="seen", at=NOW)

    with pytest.raises(manual_checks.NotAsked):
        manual_checks.refuse(check, by=make_user(), evidence="not seen", at=NOW)


def test_a_channel_seen_by_hand_is_counted_again_after_a_week(client, noor):
    check = manual_checks.ask(noor, "facebook", "noor.bakes", NOW)
    staff = make_user()
    manual_checks.confirm(check, by=staff, followers=900, evidence="seen", at=NOW)
    with pytest.raises(manual_checks.NothingToCheck):
        manual_checks.ask(noor, "facebook", "noor.bakes", NOW + timedelta(days=6))

    later = NOW + timedelta(days=8)
    again = manual_checks.ask(noor, "facebook", "noor.bakes", later)
    assert channels.due(later) == []
    assert "Verified" in text(client.get("/creator/channels/"))
    manual_checks.confirm(again, by=staff, followers=1_050, evidence="seen", at=later)

    noor.refresh_from_db()
    assert (noor.status, noor.channels.get().readings.count()) == ("pilot", 2)


def test_a_lower_count_by_hand_puts_nobody_out():
    creator = make_creator(followers=6_000)
    check = manual_checks.ask(creator, "facebook", "small", NOW)

    manual_checks.confirm(check, by=make_user(), followers=10, evidence="seen", at=NOW)

    creator.refresh_from_db()
    assert creator.status == "full"


# --- looked at by a machine, where a platform's own API tells a bio


def test_a_code_is_read_from_the_official_api_and_from_nowhere_else(stand_in, settings):
    settings.GOOGLE_API_KEY = "demo-key"
    creator, other = make_creator(user=make_user()), make_creator()
    check = manual_checks.ask(creator, "youtube", "Noor.Films", NOW)
    by_hand = manual_checks.ask(other, "tiktok", "noor.films", NOW)
    for platform, one in (("youtube", check), ("tiktok", by_hand)):
        stand_in.control(platform, "noor.films", followers=2_400, bio=f"Films. {one.code}")

    assert manual_checks.look(NOW) == 1

    check.refresh_from_db(), by_hand.refresh_from_db(), creator.refresh_from_db()
    assert (check.state, check.automated, check.decided_by) == ("confirmed", True, None)
    assert "API" in check.evidence
    assert (by_hand.state, creator.status) == ("asked", "pilot")
    assert creator.channels.get().readings.get().followers == 2_400


@pytest.mark.parametrize("change", [{"bio": "no code"}, {"fail": "hidden"}, {"fail": "500"}, {}])
def test_a_machine_refuses_nobody(stand_in, settings, change):
    settings.GOOGLE_API_KEY = "demo-key"
    check = manual_checks.ask(make_creator(), "youtube", "noor.films", NOW)
    if change:
        stand_in.control("youtube", "noor.films", **{"followers": 2, "bio": check.code, **change})

    assert manual_checks.look(NOW) == 0
    check.refresh_from_db()
    assert (check.state, check.looked_at) == ("asked", NOW)
    assert manual_checks.look(NOW + timedelta(minutes=5)) == 0


def test_a_machine_does_not_take_the_channel_of_another(stand_in, settings):
    settings.GOOGLE_API_KEY = "demo-key"
    check = manual_checks.ask(make_creator(), "youtube", "noor.films", NOW)
    stand_in.control("youtube", "noor.films", followers=2_400, bio=check.code)
    owner = make_creator()
    profile = Profile("UC1", "noor.films", "", 2_400)
    channels.connect(owner, "youtube", profile, Token("t"), NOW)

    assert manual_checks.look(NOW) == 0
    check.refresh_from_db()
    assert check.state == "asked"


def test_without_a_key_no_api_is_asked(settings, stand_in):
    settings.GOOGLE_API_KEY = ""
    check = manual_checks.ask(make_creator(), "youtube", "noor.films", NOW)
    stand_in.control("youtube", "noor.films", followers=2_400, bio=check.code)

    assert manual_checks.look(NOW) == 0
    check.refresh_from_db()
    assert check.looked_at is None


def test_the_board_asks_the_same_of_one_and_of_three_checks(
    client, noor, django_assert_max_num_queries
):
    manual_checks.ask(noor, "facebook", "noor.a", NOW)
    make_channel(creator=noor, platform="tiktok")
    with django_assert_max_num_queries(12):
        client.get("/creator/join/channels/")
    manual_checks.ask(noor, "instagram", "noor.b", NOW)
    manual_checks.ask(noor, "youtube", "noor.c", NOW)
    with django_assert_max_num_queries(12):
        client.get("/creator/join/channels/")
