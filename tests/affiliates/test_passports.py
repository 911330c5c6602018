"""Passports: what they say, whose they are, and how they end."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from affiliates import passportform, passportkeys, passports
from affiliates.models import RevokedPassport
from config import keys
from config.lib import jws
from shop import refunds
from shop.models import BrandOrder
from tests.affiliates.factories import make_brand, make_order
from tests.affiliates.passporting import ALL, DAY, NOW, issue, promise, sell
from tests.creators.factories import make_channel, make_creator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def noor():
    return make_creator(followers=6_000, user=make_user(), at=NOW - 100 * DAY)


# ------------------------------------------------------------------ what it says


def test_it_says_what_she_chose_and_nothing_else(noor):
    brand = make_brand()
    rows = sell(noor, 9, brand)
    promise(noor, kept=3, late=1, broken=1)
    sell(noor, 3, at=NOW - 500 * DAY)  # too long ago
    sell(make_creator(followers=2_000), 7)  # another's
    line = rows[0].order_line
    refunds.refund(line.brand_order.order, amount=line.gross, at=NOW)

    row = issue(noor, ALL)

    told = passports.read(row)
    net = sum(one.order_line.net for one in rows)
    line.refresh_from_db()
    assert told["facts"] == {
        "orders": {"count": 9},
        "refunds": {"rate_bp": (line.refunded * 10_000 + net // 2) // net},
        "samples": {"kept": 4, "of": 5},
        "posts": {"on_time": 3, "of": 5},
    }
    channel = noor.channels.get()
    assert [(one["platform"], one["handle"]) for one in told["channels"]] == [
        ("tiktok", channel.handle)
    ]
    assert row.expires_at - row.issued_at == timedelta(days=90)
    for secret in (brand.name, brand.slug, noor.user.email, noor.display_name, line.title):
        assert secret not in json.dumps(told)
    assert passports.read(issue(noor, ["samples"]))["facts"] == {"samples": {"kept": 4, "of": 5}}


def test_nothing_is_said_that_fewer_than_five_orders_make(noor):
    sell(noor, 4)
    promise(noor, kept=4)

    found = passports.offer(noor, NOW).facts
    assert (found.said, found.withheld) == ({}, ALL)
    with pytest.raises(passports.NotIssued, match="field"):
        issue(noor, ["orders"])
    sell(noor, 1)
    assert set(passports.offer(noor, NOW).facts.said) == {"orders", "refunds"}


def test_a_channel_that_is_not_hers_is_in_no_passport(noor):
    other = make_creator(followers=2_000).channels.get()
    with pytest.raises(passports.NotIssued, match="channel"):
        passports.issue(noor, [], [other.pk], NOW)


# ------------------------------------------------------------------ pages, erasure, commands


def test_she_makes_one_prints_it_takes_it_along_and_withdraws_it(client, noor, settings):
    sell(noor, 5)
    client.force_login(noor.user)
    page = reverse("affiliates:passports")
    channel = noor.channels.get()
    shown = client.get(page).content.decode()
    assert "Samples: promises kept" in shown.partition("Left out")[2]  # not to be chosen

    wrong = client.post(page, {"channels": channel.pk, "fields_said": ["orders"]})
    assert wrong.status_code == 422 and not noor.passports.exists()  # no consent
    client.post(page, {"channels": channel.pk, "fields_said": ["orders"], "consent": "on"})
    row = noor.passports.get()
    printed = client.get(reverse("affiliates:passport", args=[row.pk])).content.decode()
    assert "5 orders" in printed and channel.handle in printed and str(row.uid) in printed
    files = [client.get(reverse("affiliates:passport_file", args=[row.pk, kind])).content
             for kind in ("json", "pdf")]  # fmt: skip
    assert files[0] == row.document.encode()
    assert files[1].startswith(b"%PDF-")
    known = {key["kid"]: jws.public_of(key) for key in client.get(f"/{passports.KEYS_PATH}").json()["keys"]}  # fmt: skip
    assert jws.opened(files[0], known, passports.KIND)

    other = make_creator(followers=2_000, user=make_user())
    client.force_login(other.user)
    for name, more in (("passport", []), ("passport_file", ["json"]), ("passport_withdraw", [])):
        url = reverse(f"affiliates:{name}", args=[row.pk, *more])
        assert client.generic("POST" if name.endswith("draw") else "GET", url).status_code == 404
    client.force_login(noor.user)
    client.post(reverse("affiliates:passport_withdraw", args=[row.pk]))
    assert client.get(reverse("affiliates:passport", args=[row.pk])).status_code == 404
    listed = client.get(f"/{passports.LIST_PATH}")
    assert passportform.read_list(jws.opened(listed.content, known, passports.LIST_KIND)).revoked == {row.uid}  # fmt: skip
    assert "max-age=900" in listed["Cache-Control"]
    again = client.get(f"/{passports.LIST_PATH}", headers={"if-none-match": listed["ETag"]})
    assert again.status_code == 304

    settings.PASSPORT_KEY = ""
    assert client.get(f"/{passports.KEYS_PATH}").status_code == 404
    assert client.get(f"/{passports.LIST_PATH}").status_code == 404
    assert client.post(page, {"channels": channel.pk, "consent": "on"}).status_code == 422


def test_a_channel_that_goes_takes_its_passports_along(noor):
    sell(noor, 5)
    make_channel(creator=noor, platform="youtube", at=NOW)
    row = issue(noor)
    assert passports.sweep(NOW) == 0
    noor.channels.filter(platform="youtube").update(disconnected_at=NOW)
    assert [passports.sweep(NOW), passports.sweep(NOW)] == [1, 0]
    row.refresh_from_db()
    assert row.revoked_at == NOW and RevokedPassport.objects.filter(uid=row.uid).exists()


def test_a_new_key_is_printed_and_nothing_is_stored(capsys, settings):
    before = settings.PASSPORT_KEY
    call_command("passport_key")
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.split())
    assert lines["PASSPORT_OLD_KEYS"] == passportkeys.published()[0]["x"]
    settings.PASSPORT_KEY, settings.PASSPORT_OLD_KEYS = lines["PASSPORT_KEY"], [lines["PASSPORT_OLD_KEYS"]]  # fmt: skip
    assert len(passportkeys.published()) == 2
    assert keys.seed_in(settings.DATA_DIR) == before


def test_orders_of_another_currency_count_but_are_not_added_up(noor):
    brand = make_brand(currency="USD")
    for _n in range(5):
        make_order({"brand": brand, "creator": noor}, at=NOW - 9 * DAY, currency="USD")
    BrandOrder.objects.update(delivered_at=NOW - 8 * DAY)
    found = passports.offer(noor, NOW).facts
    assert found.said == {"orders": {"count": 5}}
