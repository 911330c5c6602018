"""A platform that is off: two admins, links that lead on, and clicks that stop earning."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from affiliates import kit, linkcache, links, switches, switchletters, switchwork
from affiliates.letters import day
from affiliates.models import (
    Attribution,
    Click,
    Commission,
    Link,
    PlatformSwitch,
    SwitchChange,
    SwitchLetter,
    SwitchWord,
)
from affiliates.models.switches import GRACE
from creators.models import Creator
from shop.models import Membership
from tests.affiliates.factories import make_collaboration, make_user, sign_in
from tests.affiliates.switching import DAY, agree, end, propose, switch_off
from tests.affiliates.test_drill import on
from tests.affiliates.test_redirect import _connection_of_the_test, call
from tests.creators.factories import make_creator
from tests.desk import make_desk
from tests.shop.factories import make_brand, make_variant
from tests.test_journeys import CHROME, to_payment

pytestmark = pytest.mark.django_db
_connection = _connection_of_the_test


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def creator(now) -> Creator:
    """On TikTok and YouTube, with links for one product on both and for one on TikTok alone."""
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now)
    on(creator, "youtube")
    links.accept_terms(creator.user, now)
    brand = make_brand(owner=make_user())
    make_collaboration(brand, starts_at=now - 30 * DAY)
    both, bare = make_variant(brand=brand, price=3450), make_variant(brand=brand, price=1000)
    for product, platform in ((both, "tiktok"), (both, "youtube"), (bare, "tiktok")):
        links.take(creator, product=product.product, platform=platform, at=now)
    return creator


@pytest.fixture
def shopper():
    return Client(**CHROME)


def dying(creator) -> list[Link]:
    return list(creator.links.filter(platform="tiktok").order_by("pk"))


def buys(shopper, link) -> Commission:
    """Buy what a link leads to; return what was earned."""
    shopper.post(to_payment(shopper, link.product.variants.get()), {"pay": "1"})
    row = Attribution.objects.latest("pk")
    return Commission.objects.filter(order_line=row.order_line).first()


# ------------------------------------------------------------------ two admins


def test_one_admin_proposes_and_another_agrees(now):
    first, second = make_user(), make_user()
    row = propose(now, by=first)
    assert (switches.off("tiktok", "NL", now), row.rehearsal["clocks"]["sample"]) == (None, 0)

    with pytest.raises(switches.NotAllowed, match="proposed it does not decide"):
        agree(row, now, by=first)
    agree(row, now, by=second)

    assert switches.off("tiktok", "NL", now) == row
    assert switches.off("youtube", "NL", now) is None
    with pytest.raises(switches.NotAllowed, match="decided already"):
        switches.answer(SwitchWord.objects.get(), True, make_user(), now, "again")


def test_nothing_is_agreed_with_that_was_not_rehearsed_or_has_no_reason(now):
    row = switches.propose("tiktok", "", now, None, "dark", make_user(), now)
    with pytest.raises(switches.NotAllowed, match="not rehearsed"):
        agree(row, now)
    with pytest.raises(switches.NotAllowed, match="reason"):
        switches.propose("youtube", "", now, None, " ", make_user(), now)
    with pytest.raises(switches.NotAllowed, match="30 days"):
        switches.propose("youtube", "", now - 31 * DAY, None, "dark", make_user(), now)


def test_nobody_decides_who_sells_there_herself(creator, now):
    member = Membership.objects.get().user
    for by in (creator.user, member):
        with pytest.raises(switches.NotAllowed, match="another admin"):
            switches.propose("tiktok", "", now, None, "dark", by, now)
    row = propose(now)
    with pytest.raises(switches.NotAllowed, match="another admin"):
        agree(row, now, by=creator.user)
    assert propose(now, country="DE", by=member).country == "DE"  # her creators are not there


def test_what_was_said_and_what_changed_stays(creator, now):
    row = switch_off(now)
    for rows in (SwitchWord.objects, PlatformSwitch.objects, SwitchChange.objects):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        SwitchChange.objects.update(note="never")
    with pytest.raises(DatabaseError), transaction.atomic():
        PlatformSwitch.objects.filter(pk=row.pk).update(off_from=now - DAY)
    with pytest.raises(DatabaseError), transaction.atomic():
        SwitchWord.objects.update(reason="another")


def test_a_platform_is_not_off_twice_at_once(now):
    switch_off(now, until=now + 5 * DAY, country="NL")
    for facts in ({"country": "NL"}, {"country": ""}):
        with pytest.raises(switches.NotAllowed, match="off then already"):
            propose(now, start=now + 4 * DAY, **facts)
    first = propose(now, start=now + 6 * DAY)
    second = propose(now, start=now + 7 * DAY)
    agree(first, now)
    with pytest.raises(switches.NotAllowed, match="off then already"):
        agree(second, now)
    agree(second, now, yes=False)
    assert switches.off("tiktok", "BE", now + 8 * DAY) == first


# ------------------------------------------------------------------ links


@pytest.mark.usefixtures("_connection")
def test_a_link_leads_to_her_page_from_the_cache_alone(creator, now):
    link = dying(creator)[0]
    assert call(link.code)[1]["Location"].endswith(link.product.get_absolute_url())
    row = switch_off(now)

    first = call(link.code)
    with CaptureQueriesContext(connection) as asked:
        second = call(link.code)

    page = linkcache.absolute(f"/@noor/?from={link.code}")
    assert [one[1]["Location"].partition("&touch=")[0] for one in (first, second)] == [page] * 2
    assert len(asked) == 0
    youtube = creator.links.get(platform="youtube")
    assert call(youtube.code)[1]["Location"].endswith(youtube.product.get_absolute_url())
    end(row, timezone.now(), moment=now + timedelta(milliseconds=1))
    assert call(link.code)[1]["Location"].endswith(link.product.get_absolute_url())


def test_a_cached_link_lapses_when_its_platform_goes_off(creator, now):
    link = dying(creator)[0]
    agree(propose(now, start=now + timedelta(minutes=10)), now)

    links.resolve(link.code, now)

    assert 590 <= linkcache.client().ttl(linkcache.key(link.code)) <= 600
    later = links.resolve(link.code, now + timedelta(minutes=11))
    assert "/@noor/?from=" in later.record


def test_every_link_of_a_two_channel_creator_leads_to_a_credited_purchase(creator, now):
    """Long after the grace time: through the page that a dead link shows."""
    switch_off(now, start=now - GRACE - 2 * DAY)

    for link in dying(creator):
        shopper = Client(**CHROME)
        page = shopper.get(f"/go/{link.code}", follow=True)
        assert (page.status_code, page.context["arrived"]) == (200, link)
        assert "TikTok is switched off where Noor lives." in page.content.decode()
        onward = page.context["stand_in"]
        assert (onward.product, onward.platform) in {
            (link.product, "page"), (link.product, "youtube")
        }  # fmt: skip
        shown = shopper.get(f"/go/{onward.code}", follow=True)
        assert shown.context["referral"].creator_handle == "noor"
        earned = buys(shopper, link)
        assert (earned.creator, earned.state, earned.link) == (creator, "pending", onward)


def test_every_link_of_her_kit_leads_to_a_credited_purchase(creator, now):
    switch_off(now)
    kit.prepare(creator, "tiktok", now)

    found = kit.creator_files(kit.of_creator(creator, "tiktok", now))

    rows = list(csv.reader(io.StringIO(found["links.csv"].decode("utf-8-sig"))))[1:]
    codes = [row[4].rpartition("/go/")[2] for row in rows]
    assert len(codes) == 2
    for code in codes:
        link, shopper = Link.objects.get(code=code), Client(**CHROME)
        shopper.get(f"/go/{code}", follow=True)
        earned = buys(shopper, link)
        assert (earned.creator, earned.link) == (creator, link)


@pytest.mark.parametrize(("days", "rule"), [(6, "newest_click"), (8, "platform_off")])
def test_clicks_earn_for_the_grace_time_and_the_receipt_says_so(creator, shopper, now, days, rule):
    link = dying(creator)[0]
    switch_off(now - days * DAY)
    shopper.get(f"/go/{link.code}")

    earned = buys(shopper, link)

    row = Attribution.objects.get()
    assert (row.rule, bool(earned)) == (rule, rule == "newest_click")
    touch = row.touches[0]
    assert touch["excluded_by"] == (rule if rule == "platform_off" else None)
    assert bool(touch["platform_off_at"]) == (rule == "platform_off")


def test_an_outage_that_is_noted_late_takes_nothing_back(creator, shopper, now):
    row = switch_off(now, start=now - 20 * DAY)
    shopper.get(f"/go/{dying(creator)[0].code}")

    assert buys(shopper, dying(creator)[0])
    assert row.earns_until == row.agreed_at + GRACE == now + GRACE
    assert switchletters._words(row)["grace"] == day(now + GRACE)


def test_whoever_could_be_given_no_link_is_looked_at_again_the_next_day(creator, now):
    Creator.objects.filter(pk=creator.pk).update(pilot_since=None, status="waiting")
    switch_off(now)
    tried = SwitchChange.objects.filter(kind="page_links")
    assert [row.act for row in tried] == ["nothing"]
    Creator.objects.filter(pk=creator.pk).update(
        status=creator.status, pilot_since=creator.pilot_since
    )
    switchwork.run(now + DAY / 2)
    assert tried.all().count() == 1

    switchwork.run(now + DAY + timedelta(seconds=1))
    assert [row.act for row in tried.order_by("pk")] == ["nothing", "made"]
    assert creator.links.filter(platform="page").count() == 2
    switchwork.run(now + 3 * DAY)
    assert tried.all().count() == 2


def test_a_click_made_while_it_was_off_does_not_earn_when_it_is_back(creator, shopper, now):
    row = switch_off(now - 9 * DAY)
    shopper.get(f"/go/{dying(creator)[0].code}")
    end(row, now, moment=now + timedelta(seconds=30))

    assert buys(shopper, dying(creator)[0]) is None
    assert switches.stops_clicks([row], dying(creator)[0], now + timedelta(seconds=31)) is None


def test_new_links_stop_with_words(client, creator, now):
    switch_off(now, until=now + 10 * DAY, country="NL")
    product = dying(creator)[0].product
    client.force_login(creator.user)

    with pytest.raises(links.PlatformOff):
        links.take(creator, product=product, platform="tiktok", at=now)
    taken = {"product": product.pk, "platform": "tiktok"}
    answer = client.post(reverse("affiliates:link_take"), taken, follow=True).content.decode()
    assert "TikTok is switched off since" in answer
    many = {"products": product.get_absolute_url(), "platform": "tiktok"}
    assert "no new links for it until" in client.post("/creator/links/many/", many).content.decode()
    assert "clicks earn until" in client.get("/creator/links/").content.decode()
    assert (
        "clicks earn until"
        in client.get(f"/creator/links/{dying(creator)[0].pk}/").content.decode()
    )

    other = make_creator(followers=6_000, user=make_user(), at=now, country="BE")
    links.accept_terms(other.user, now)
    assert links.take(other, product=product, platform="tiktok", at=now).is_active


# ------------------------------------------------------------------ told


def test_everybody_concerned_is_told_once_in_her_language_with_the_kit(creator, now):
    creator.site_language = "nl"
    creator.save()
    row = agree(propose(now, start=now + DAY), now)
    switchwork.run(now)
    assert [switchletters.send_waiting(now), switchletters.send_waiting(now)] == [2, 0]
    switchwork.run(now + 2 * DAY)
    end(row, now + 3 * DAY)
    assert switchletters.send_waiting(now + 3 * DAY) == 2

    hers, back = (one for one in mail.outbox if one.to == [creator.user.email])
    brands, _back = (one for one in mail.outbox if one.to != [creator.user.email])
    assert "TikTok is uitgeschakeld vanaf" in hers.subject
    assert "TikTok is terug" in back.subject
    names = [
        set(zipfile.ZipFile(io.BytesIO(one.attachments[0][1])).namelist()) for one in (hers, brands)
    ]
    assert {"links.csv", "posts.txt"} < names[0]
    assert names[1] == {"message.txt", "creators.csv"}
    assert SwitchLetter.objects.filter(mailed=True).count() == 4


def test_each_member_of_a_brand_is_told_in_the_language_in_which_she_reads_the_site(creator, now):
    brand = Membership.objects.get().brand
    dutch, english, silent = (make_user() for _n in range(3))
    for user, language in ((dutch, "nl"), (english, "en"), (silent, "")):
        Membership.objects.create(user=user, brand=brand)
        if language:
            reader = Client(headers={"accept-language": language})
            reader.force_login(user)
            reader.get(reverse("affiliates:brand_risk", args=[brand.slug]))
    switch_off(now)
    switchletters.send_waiting(now)

    told = {one.to[0]: one.subject for one in mail.outbox}
    assert told[dutch.email].startswith("TikTok is uitgeschakeld vanaf")
    assert told[english.email].startswith("TikTok is switched off from")
    assert told[silent.email] == told[dutch.email]  # as is usual in the brand's country


def test_who_was_not_told_yet_hears_nothing_of_a_switch_that_was_an_error(creator, now):
    row = switch_off(now)
    end(row, now + timedelta(minutes=1), "withdraw")

    assert switchletters.send_waiting(now + timedelta(minutes=2)) == 0
    assert mail.outbox == []


# ------------------------------------------------------------------ the desk


def say(client, row, what, **facts):
    url = reverse(f"admin:affiliates_platformswitch_{what}", args=[row.pk])
    return client.post(url, facts)


def test_the_desk_proposes_shows_and_answers(creator, now):
    first, second = make_desk(), make_desk()
    when = timezone.localtime(now)
    facts = {
        "platform": "tiktok", "country": "", "off_from_0": f"{when:%Y-%m-%d}",
        "off_from_1": f"{when:%H:%M:%S}", "off_until_0": "", "off_until_1": "", "reason": "Dark.",
    }  # fmt: skip
    first.post(reverse("admin:affiliates_platformswitch_add"), facts)
    row = PlatformSwitch.objects.get()
    switchwork.run(now)
    page = reverse("admin:affiliates_platformswitch_change", args=[row.pk])
    seen = second.get(page).content.decode()
    assert "Income at risk a week, EUR" in seen or "Links that only her page" in seen
    assert "Waits for an answer" in seen
    word = SwitchWord.objects.get().pk

    say(first, row, "answer", word=word, answer="agreed", reason="me too")
    row.refresh_from_db()
    assert row.state == "proposed"
    say(second, row, "answer", word=word, answer="agreed", reason="Seen.")
    row.refresh_from_db()
    assert row.state == "agreed"
    again = first.post(reverse("admin:affiliates_platformswitch_add"), facts)
    kept = again.content.decode()  # what was typed is still there
    assert again.status_code == 200 and "It is off then already" in kept and "Dark." in kept
    switchwork.run(timezone.now())
    assert "promised rate of a link" in second.get(page).content.decode()
    say(second, row, "say", kind="withdraw", reason="The wrong one.")
    word = SwitchWord.objects.get(answer="").pk
    say(first, row, "answer", word=word, answer="agreed", reason="Indeed.")
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert LogEntry.objects.filter(object_id=str(row.pk)).count() == 4


def test_the_desk_asks_for_a_fresh_second_factor_and_the_right(now):
    row, member = propose(now), make_user(is_staff=True)
    member.groups.create(name="nobody")
    plain, stale = Client(), Client()
    sign_in(plain, member)
    sign_in(stale, make_user(is_staff=True, is_superuser=True))
    session = stale.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()
    facts = {"word": SwitchWord.objects.get().pk, "answer": "agreed", "reason": "x"}

    assert say(plain, row, "answer", **facts).status_code == 403
    assert say(stale, row, "answer", **facts)["Location"].startswith("/accounts/2fa/")
    add = stale.get(reverse("admin:affiliates_platformswitch_add"))
    assert add["Location"].startswith("/accounts/2fa/")
    row.refresh_from_db()
    assert row.state == "proposed"


def test_clicks_on_it_are_counted_all_the_same(creator, now):
    assert Click.objects.count() == 0  # the redirect writes nothing to PostgreSQL
    switch_off(now)
    with pytest.raises(links.PlatformOff):
        links.take_many(creator, [dying(creator)[0].product], "tiktok", now)
