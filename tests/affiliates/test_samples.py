"""Samples: every step, both silences by a frozen clock, letters and pages."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from affiliates import night, sampleclocks, sampleletters, samplerecords, samples
from affiliates.models import Collaboration, SampleEvent, SampleRequest
from affiliates.samplerules import Record, longer, until
from affiliates.samplesteps import OutOfOrder
from creators.models import SampleRecord
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_user, make_variant
from tests.creators.conftest import _stand_in as _stand_in
from tests.creators.conftest import stand_in  # noqa: F401
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)  # a Monday; clocks end at local midnight
DAY = timedelta(days=1)
ADDRESS = {"name": "N. Bakker", "address": "Road 2", "postal_code": "1000 AA", "city": "Utrecht",
           "country": "NL"}  # fmt: skip
TIKTOK = int(datetime(2026, 11, 15, 12, tzinfo=UTC).timestamp()) << 32
POST = f"https://www.tiktok.com/@noor.bakes/video/{TIKTOK}"


def make_market(**offer):
    """A brand that gives samples, with its owner, and an enrolled creator with one channel."""
    brand = make_brand()
    Membership.objects.create(user=make_user(), brand=brand)
    facts = {"name": "Open", "rate_bp": 1200, "gives_samples": True} | offer
    Collaboration.objects.create(brand=brand, starts_at=NOW - 30 * DAY, **facts)
    creator = make_creator(followers=6_000, user=make_user(), at=NOW)
    creator.channels.update(handle="noor.bakes")
    return creator, brand, make_variant(brand)


def wish(variant, creator, **facts):
    return samples.Wish(variant, "video", ADDRESS, channel=creator.channels.get(), **facts)


def make_sample(state="asked", market=None, at=NOW):
    """A sample that came to `state`, every step at `at`."""
    creator, brand, variant = market or make_market()
    row = samples.ask(creator, wish(variant, creator), at)
    if state != "asked":
        samples.answer(brand, row.pk, True, at)
    if state in {"shipped", "delivered", "posted"}:
        samples.ship(brand, row.pk, at, "3SABC")
    if state in {"delivered", "posted"}:
        samples.arrived(creator, row.pk, at)
    row.refresh_from_db()
    return row


def kinds(row):
    return list(row.events.values_list("kind", flat=True))


# ------------------------------------------------------------------ a whole walk


def test_a_sample_from_asking_to_done(stand_in):  # noqa: F811
    creator, brand, variant = make_market()
    variant.stock = 5
    variant.save()
    row = samples.ask(creator, wish(variant, creator, message="For my sourdough."), NOW)
    assert (row.state, row.value, row.act_by) == ("asked", 3450, until(NOW, 7))

    samples.answer(brand, row.pk, True, NOW + DAY, "With pleasure")
    samples.ship(brand, row.pk, NOW + 2 * DAY, "3SABC")
    row = samples.arrived(creator, row.pk, NOW + 4 * DAY)
    assert row.act_by == until(NOW + 4 * DAY, 14)
    done = samples.post(creator, row.pk, POST, NOW + 14 * DAY)

    variant.refresh_from_db()
    assert (done.state, done.checked_by, done.excuse, done.address) == ("closed", "oembed", "", {})
    assert variant.stock == 4
    assert kinds(row) == ["asked", "accepted", "shipped", "delivered", "checked"]
    record = SampleRecord.objects.get(creator=creator)
    assert (record.kept, record.broken, record.lower_bp) == (1, 0, 2065)
    assert samplerecords.of_brands([brand.pk], NOW + 15 * DAY) == {brand.pk: Record(1, 0, 0)}


@pytest.mark.parametrize(
    ("state", "days", "becomes", "fault"),
    [("asked", 7, "lapsed", "brand"), ("accepted", 7, "lapsed", "brand"),
     ("shipped", 14, "delivered", ""), ("delivered", 14, "lapsed", "creator")],
)  # fmt: skip
def test_silence_goes_against_whoever_is_silent(state, days, becomes, fault):
    row = make_sample(state)
    last = until(NOW, days) - timedelta(seconds=1)

    assert sampleclocks.resolve(last) == 0
    assert sampleclocks.resolve(last + timedelta(seconds=1)) == 1
    row.refresh_from_db()
    assert (row.state, row.lapsed_side) == (becomes, fault)
    assert (row.closed_at is None) == (becomes == "delivered")


def test_both_silences_by_the_clock_night_after_night():
    """She never says a word after it was sent, and the brand of another one never looks."""
    hers = make_sample("shipped")
    brands = make_sample("delivered")
    SampleRequest.objects.filter(pk=brands.pk).update(
        state="posted", post_url=POST, posted_at=NOW, act_by=until(NOW, 7)
    )
    seen = {hers.pk: [], brands.pk: []}
    for days in range(1, 33):
        night.run(NOW + days * DAY)
        for row in SampleRequest.objects.filter(pk__in=seen):
            if row.state not in seen[row.pk][-1:]:
                seen[row.pk].append(row.state)

    assert seen == {hers.pk: ["shipped", "delivered", "lapsed"], brands.pk: ["posted", "closed"]}
    hers.refresh_from_db()
    brands.refresh_from_db()
    assert (hers.lapsed_side, brands.checked_by) == ("creator", "silence")
    assert kinds(hers)[3:] == [
        "remind_3", "remind_1", "arrived_silent", "remind_3", "remind_1", "lapsed_creator",
    ]  # fmt: skip
    records = {r.creator_id: (r.kept, r.broken) for r in SampleRecord.objects.all()}
    assert records == {hers.creator_id: (0, 1), brands.creator_id: (1, 0)}


def test_seven_days_more_once():
    row = make_sample("delivered")

    longer_by = samples.extend(row.creator, row.pk, NOW).act_by - row.act_by

    assert longer_by == 7 * DAY
    with pytest.raises(OutOfOrder):
        samples.extend(row.creator, row.pk, NOW)


def test_an_extension_counts_days_across_the_change_of_the_clock():
    autumn = until(datetime(2026, 10, 20, 9, tzinfo=UTC), 1)  # a week that holds the long night

    assert longer(autumn) - autumn == 7 * DAY + timedelta(hours=1)


# ------------------------------------------------------------------ posts that are doubted


def test_what_a_platform_cannot_tell_the_brand_tells(stand_in):  # noqa: F811
    row = make_sample("delivered")
    brand = row.collaboration.brand
    row.creator.channels.update(platform="instagram", token_state="none")
    url = "https://www.instagram.com/reel/C1a_b-2/"

    posted = samples.post(row.creator, row.pk, url, NOW)
    assert (posted.state, posted.act_by) == ("posted", until(NOW, 7))
    with pytest.raises(ValueError, match="reason"):
        samples.confirm(brand, row.pk, False, NOW)
    again = samples.confirm(brand, row.pk, False, NOW, "I see no mug.")
    assert (again.state, again.act_by, again.post_url) == ("delivered", until(NOW, 7), "")
    samples.post(row.creator, row.pk, url, NOW)
    done = samples.confirm(brand, row.pk, True, NOW)

    assert (done.state, done.checked_by) == ("closed", "brand")


def test_a_second_no_ends_it_outside_both_records(stand_in):  # noqa: F811
    row = make_sample("delivered")
    brand = row.collaboration.brand
    row.creator.channels.update(platform="instagram", token_state="none")
    for code in ("C1a_b-2", "C1a_b-3"):
        samples.post(row.creator, row.pk, f"https://www.instagram.com/p/{code}/", NOW)
        samples.confirm(brand, row.pk, False, NOW, "No mug.")

    row.refresh_from_db()
    assert (row.state, row.excuse) == ("closed", "disputed")
    assert samplerecords.of_creator(row.creator, NOW) == Record(0, 0, 1)


def test_somebody_elses_post_and_an_old_one_are_refused(stand_in):  # noqa: F811
    row = make_sample("delivered")
    old = int((NOW - DAY).timestamp()) << 32

    with pytest.raises(samples.NotHers, match="sam.fixes"):
        samples.post(row.creator, row.pk, POST.replace("noor.bakes", "sam.fixes"), NOW)
    with pytest.raises(samples.TooOld):
        samples.post(row.creator, row.pk, POST.replace(str(TIKTOK), str(old)), NOW)

    row.refresh_from_db()
    assert (row.state, row.post_url) == ("delivered", "")


def test_one_post_for_two_brands_is_looked_at_by_the_second(stand_in):  # noqa: F811
    creator, brand, variant = make_market()
    first = make_sample("delivered", (creator, brand, variant))
    other = make_brand()
    Collaboration.objects.create(
        brand=other, name="Open", rate_bp=1200, gives_samples=True, starts_at=NOW - DAY
    )
    second = make_sample("delivered", (creator, other, make_variant(other)))

    assert samples.post(creator, first.pk, POST, NOW).state == "closed"
    assert samples.post(creator, second.pk, POST, NOW).state == "posted"
    assert sampleclocks.check_again(NOW) == 0


def test_a_platform_that_was_away_is_asked_again(stand_in, settings):  # noqa: F811
    row = make_sample("delivered")
    here, settings.FAKE_PLATFORM_URL = settings.FAKE_PLATFORM_URL, "http://127.0.0.1:9"
    assert samples.post(row.creator, row.pk, POST, NOW).state == "posted"
    assert sampleclocks.check_again(NOW) == 0

    settings.FAKE_PLATFORM_URL = here

    assert sampleclocks.check_again(NOW) == 1
    row.refresh_from_db()
    assert (row.state, row.checked_by) == ("closed", "oembed")


# ------------------------------------------------------------------ who may ask


def test_a_newcomer_asks_for_two_and_the_same_thing_not_twice():
    creator, brand, variant = make_market()
    samples.ask(creator, wish(variant, creator), NOW)
    with pytest.raises(samples.AskedBefore):
        samples.ask(creator, wish(variant, creator), NOW)
    samples.ask(creator, wish(make_variant(brand), creator), NOW)

    with pytest.raises(samples.TooMany) as full:
        samples.ask(creator, wish(make_variant(brand), creator), NOW)
    assert full.value.limit == 2


def test_no_samples_where_the_brand_gives_none_or_she_is_not_in():
    creator, _brand, variant = make_market(gives_samples=False)
    with pytest.raises(samples.NotOffered):
        samples.ask(creator, wish(variant, creator), NOW)

    _c, _b, other = make_market()
    waiting = make_creator(followers=400, user=make_user(), at=NOW)
    with pytest.raises(samples.NotOffered):
        samples.ask(waiting, samples.Wish(other, "video", ADDRESS), NOW)


def test_the_other_side_and_strangers_cannot_take_a_step():
    row = make_sample("asked")
    stranger = make_creator(followers=6_000, user=make_user(), at=NOW)

    for step in (
        lambda: samples.answer(make_brand(), row.pk, True, NOW),
        lambda: samples.withdraw(stranger, row.pk, NOW),
        lambda: samples.ship(row.collaboration.brand, row.pk, NOW),
        lambda: samples.arrived(row.creator, row.pk, NOW),
        lambda: samples.post(row.creator, row.pk, POST, NOW),
    ):
        with pytest.raises(OutOfOrder):
            step()


# ------------------------------------------------------------------ letters


def test_each_step_is_mailed_to_the_other_side_once(mailoutbox):
    row = make_sample("shipped")
    owner = row.collaboration.brand.memberships.get().user.email

    assert sampleletters.send_waiting() == 3
    assert sampleletters.send_waiting() == 0

    told = [(mail.to[0], mail.subject) for mail in mailoutbox]
    title = row.variant.product.title
    assert [who for who, _ in told] == [owner, row.creator.user.email, row.creator.user.email]
    assert title in told[0][1]
    assert "Road 2" not in mailoutbox[0].body


def test_reminders_go_to_whose_turn_it_is_and_not_about_a_clock_that_was_moved(mailoutbox):
    row = make_sample("delivered")
    SampleEvent.objects.update(tells=False)

    assert sampleclocks.remind(row.act_by - 3 * DAY) == 1
    assert sampleclocks.remind(row.act_by - 2 * DAY) == 0
    assert sampleclocks.remind(row.act_by - DAY) == 1
    samples.extend(row.creator, row.pk, row.act_by - DAY)
    sampleletters.send_waiting()

    assert [mail.to[0] for mail in mailoutbox] == [
        row.collaboration.brand.memberships.get().user.email  # of the extension alone
    ]


# ------------------------------------------------------------------ pages


def test_both_sides_walk_through_their_pages(client, stand_in):  # noqa: F811
    creator, brand, variant = make_market()
    owner = brand.memberships.get().user
    with time_machine.travel(NOW, tick=False):
        client.force_login(creator.user)
        assert "Ask for a sample" in client.get("/creator/market/").content.decode()
        page = f"/creator/samples/new/{variant.product_id}/"
        assert "answers within 7 days" in client.get(page).content.decode()
        typed = {"variant": variant.pk, "content": "video", "channel": creator.channels.get().pk}
        assert client.post(page, typed).status_code == 422
        client.post(page, typed | ADDRESS)
        row = creator.samples.get()
        hers, theirs = f"/creator/samples/{row.pk}/", f"/brand/{brand.slug}/samples/{row.pk}/"

        client.force_login(owner)
        assert "Road 2" not in client.get(theirs).content.decode()
        assert client.post(theirs, {"step": "decline"}).status_code == 422
        client.post(theirs, {"step": "accept", "text": "Gladly"})
        assert "Road 2" in client.get(theirs).content.decode()
        client.post(theirs, {"step": "ship", "tracking": "3SABC"})

        client.force_login(creator.user)
        assert "Has your sample arrived?" in client.get("/creator/").content.decode()
        client.post(hers, {"step": "arrived"})
        refused = client.post(hers, {"step": "post", "url": "https://example.com/x"})
        assert refused.status_code == 422
        assert "no address of a post" in refused.content.decode()
        client.post(hers, {"step": "post", "url": POST})
        listed = client.get("/creator/samples/").content.decode()

    row.refresh_from_db()
    assert row.state == "closed"
    assert "1 of 1" in listed
    client.force_login(owner)
    assert "Done" in client.get(f"/brand/{brand.slug}/samples/?over=1").content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_a_brands_list_asks_as_much_for_three_as_for_one(
    client, django_assert_max_num_queries, rows
):
    creator, brand, variant = make_market()
    make_sample(market=(creator, brand, variant))
    for _more in range(rows - 1):
        other = make_creator(followers=6_000, user=make_user(), at=NOW)
        make_sample(market=(other, brand, make_variant(brand)))
    client.force_login(brand.memberships.get().user)

    with django_assert_max_num_queries(9):
        assert client.get(f"/brand/{brand.slug}/samples/").status_code == 200
