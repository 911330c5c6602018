"""Plugs pulled: the clicks' Redis killed while shoppers come; three creators and two brands in a bag."""

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest
from django.utils import timezone

from affiliates import clickbuffer, clicks, linkcache, links, redirect
from affiliates.models import Attribution, Click, Commission
from config import embedded
from tests.test_journeys import CHROME, Client, creator, shopper, to_payment, variant

pytestmark = pytest.mark.django_db
__all__ = ["creator", "shopper", "variant"]  # fixtures


@pytest.fixture
def own_server(settings, monkeypatch):
    """A Redis for the clicks of this test alone, which may be killed."""
    everybodys = settings.CLICKS_REDIS_URL
    with tempfile.TemporaryDirectory(prefix="thousand-plug-") as home:
        engines = embedded.Engines(Path(home))
        engines.ensure({"clicks"})
        settings.CLICKS_REDIS_URL = engines.redis_url("clicks")
        server = clickbuffer.Stream(settings.CLICKS_REDIS_URL)
        monkeypatch.setattr(redirect, "server", lambda: server)
        linkcache.client.cache_clear()
        yield engines
        engines.stop()
    settings.CLICKS_REDIS_URL = everybodys
    linkcache.client.cache_clear()


def kill(engines) -> None:
    pid = engines.pid("clicks")
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while engines.answers("clicks") and time.monotonic() < end:
        time.sleep(0.05)
    assert not engines.answers("clicks")


def back(engines) -> None:
    """Start it where it does not run, wait until it has what this process held, and drain it."""
    engines.ensure({"clicks"})
    linkcache.client.cache_clear()
    end = time.monotonic() + 30
    while redirect.server().owed() and time.monotonic() < end:
        time.sleep(0.05)
    assert not redirect.server().owed()
    while clicks.drain_once(linkcache.client()):
        pass


def test_redis_killed_links_lead_on_and_sales_are_credited(own_server, shopper, creator, variant):
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    assert Client(**CHROME).get(f"/go/{link.code}").status_code == 302
    assert linkcache.client().xlen("clicks") == 1

    kill(own_server)
    answer = shopper.get(f"/go/{link.code}")
    assert (answer.status_code, answer["Location"].endswith(link.destination)) == (302, True)
    assert "touches" in answer.cookies
    paid = shopper.post(to_payment(shopper, variant), {"pay": "1"})

    assert paid.status_code == 302
    assert Attribution.objects.get().link == link
    assert Commission.objects.get().creator == creator
    assert clicks.lag().seconds is None  # the alert says that nobody answers

    # Nothing that was answered is lost: it is in the append-only file, or waited in this process.
    back(own_server)
    assert Click.objects.filter(link_id=link.pk).count() == 2


def test_what_redis_confirmed_and_forgot_is_told_again_and_kept_once(own_server, creator, variant):
    """While the disk is slow its log is written after the answer: here it is not written at all."""
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    came = Client(**CHROME)
    assert came.get(f"/go/{link.code}").status_code == 302
    linkcache.client().config_set("appendonly", "no")
    for _n in range(3):
        assert came.get(f"/go/{link.code}").status_code == 302
    asked = timezone.now()

    kill(own_server)
    assert own_server.ensure({"clicks"}) == ["clicks"]
    linkcache.client.cache_clear()
    assert linkcache.client().xlen("clicks") == 1
    assert came.get(f"/go/{link.code}").status_code == 302  # notices that the connection broke
    back(own_server)

    found = Click.objects.filter(link_id=link.pk)
    assert found.count() == 5
    assert (
        found.filter(clicked_at__lt=asked).count() == 4
    )  # when they were, not when they were told


def test_more_than_a_process_holds_is_lost_oldest_first_and_said(monkeypatch, caplog):
    monkeypatch.setattr(clickbuffer, "HELD", 3)
    nobody = clickbuffer.Stream("unix:///nowhere/clicks.sock")
    for n in range(5):
        with pytest.raises(clickbuffer.resp.Away):
            nobody.append(b"%d" % n)
    assert (nobody.owed(), nobody._next()) == (3, [b"2", b"3", b"4"])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "1 clicks are lost: more than 3 wait for Redis"
    ] * 2


def test_two_brands_one_bag_three_creators(shopper, creator, variant):
    """Each brand's line goes to the newest click on that brand; the third creator gets nothing."""
    from tests.affiliates.factories import make_collaboration
    from tests.creators.factories import make_creator, make_user
    from tests.shop.factories import make_brand, make_variant

    now = timezone.now()
    second, third = (
        make_creator(handle=name, followers=6_000, user=make_user(), at=now)
        for name in ("pia", "lou")
    )
    for one in (second, third):
        links.accept_terms(one.user, now)
    other = make_variant(brand=make_brand(), price=1000)
    make_collaboration(other.brand, rate_bp=2000)
    order = [(third, variant), (creator, variant), (second, other)]
    for who, what in order:
        link = links.take(who, product=what.product, platform="tiktok", at=now)
        assert shopper.get(f"/go/{link.code}").status_code == 302
    shopper.post("/cart/add/", {"variant": other.pk})
    shopper.post(to_payment(shopper, variant), {"pay": "1"})

    earned = Commission.objects.values_list("creator__handle", "brand", "amount")
    assert sorted(earned) == [
        ("noor", variant.brand_id, 342), ("pia", other.brand_id, 165)
    ]  # fmt: skip
    receipt = Attribution.objects.get(creator=creator)
    reasons = {touch["creator"]: touch["excluded_by"] for touch in receipt.touches}
    assert reasons == {creator.pk: None, third.pk: "not_newest"}
