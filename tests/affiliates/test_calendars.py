"""Calendars at secret addresses: right days, names that stay, and addresses that can be taken away."""

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import calendars, samples
from affiliates.models import CalendarFeed, Link, PayoutBatch, SampleRequest
from shop.models import Membership
from tests.affiliates.factories import PAID, make_brand, make_creator, make_user
from tests.affiliates.test_exposure import link_on
from tests.affiliates.test_samples import NOW, make_sample

pytestmark = pytest.mark.django_db


def events(feed, at=NOW) -> dict:
    """Return uid → (start, summary) of what a calendar says."""
    found = icalendar.Calendar.from_ical(calendars.written(feed, at))
    return {str(one["uid"]): (one.start, str(one["summary"])) for one in found.walk("VEVENT")}


def feed_of(**whose) -> CalendarFeed:
    return calendars.find(calendars.make(NOW, **whose), NOW)


def test_a_sample_ends_on_its_last_day_and_keeps_its_name():
    row = make_sample("delivered")
    feed, brand = feed_of(creator=row.creator), row.collaboration.brand
    ((uid, (day, words)),) = events(feed).items()
    assert (day, words) == (
        date(2026, 11, 16),
        f"Sample of {row.variant.product.title}: your last day",
    )

    samples.extend(row.creator, row.pk, NOW)
    assert {uid: date(2026, 11, 23)} == {key: start for key, (start, _w) in events(feed).items()}
    SampleRequest.objects.update(act_by=datetime(2026, 11, 20, 13, 30, tzinfo=UTC))
    assert events(feed)[uid][0] == datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    theirs = feed_of(membership=Membership.objects.get(brand=brand))
    assert events(theirs)[uid][1].endswith(f"last day of {row.creator.display_name}")


def test_promised_rates_end_at_a_moment_for_her_and_on_a_day_for_the_brand():
    creator, brand = make_creator(), make_brand()
    member = Membership.objects.create(user=make_user(), brand=brand)
    ends = datetime(2026, 11, 9, 23, 30, tzinfo=UTC)  # the 10th in Amsterdam
    for platform in ("tiktok", "youtube"):
        link_on(platform, creator, brand)
    Link.objects.update(rate_locked_until=ends)

    hers, theirs = events(feed_of(creator=creator)), events(feed_of(membership=member))

    assert {start for start, _words in hers.values()} == {ends}
    assert set(hers) == {f"rate-{pk}@localhost" for pk in Link.objects.values_list("pk", flat=True)}
    ((day, words),) = theirs.values()
    assert (day, words) == (date(2026, 11, 10), "Open: the promised rates of 2 links end")


def test_payouts_are_whole_days():
    creator = make_creator()
    batch = PayoutBatch.objects.create(
        rail="sepa", currency="EUR", pay_on=date(2026, 11, 6), built_at=PAID, message_id="x"
    )
    row = batch.payouts.create(
        creator=creator, amount=1234, currency="EUR", rail="sepa", created_at=PAID
    )

    found = events(feed_of(creator=creator))

    assert found == {f"payout-{row.pk}@localhost": (date(2026, 11, 6), "Payout of €12.34: pending")}


def test_an_address_is_shown_once_kept_as_a_hash_and_taken_away(client):
    creator = make_sample().creator
    client.force_login(creator.user)
    page = reverse("affiliates:creator_calendar")
    first = client.post(page, {"do": "make"}).context["url"]
    token = first.rpartition("/")[2].removesuffix(".ics")
    assert token not in client.get(page).content.decode()
    assert not CalendarFeed.objects.filter(token_hash=token).exists()

    client.logout()
    answer = client.get(first)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer["Cache-Control"] == "private, no-store"
    client.force_login(creator.user)
    second = client.post(page, {"do": "make"}).context["url"]
    assert [client.get(url).status_code for url in (first, second)] == [404, 200]
    assert "It was last read on" in client.get(page).content.decode()
    client.post(page, {"do": "revoke"})
    assert client.get(second).status_code == 404


def test_who_leaves_a_team_loses_the_brands_dates(client):
    brand = make_brand()
    member = Membership.objects.create(user=make_user(), brand=brand, role="member")
    client.force_login(member.user)
    url = client.post(reverse("affiliates:brand_calendar", args=[brand.slug])).context["url"]
    assert client.get(url).status_code == 200

    member.delete()

    assert client.get(url).status_code == 404


def test_a_calendar_is_closed_while_its_person_or_owner_is_stopped():
    creator, member = (
        make_creator(),
        Membership.objects.create(user=make_user(), brand=make_brand()),
    )
    for whose, rows in (
        ({"creator": creator}, [(creator.user, "is_active", False), (creator, "erased_at", NOW)]),
        ({"membership": member}, [(member.user, "is_active", False), (member.brand, "status", "suspended")]),
    ):  # fmt: skip
        token = calendars.make(NOW, **whose)
        for row, name, value in rows:
            before = getattr(row, name)
            type(row).objects.filter(pk=row.pk).update(**{name: value})
            assert calendars.find(token, NOW) is None
            type(row).objects.filter(pk=row.pk).update(**{name: before})
            assert calendars.find(token, NOW) is not None


def test_a_calendar_is_in_the_language_in_which_it_was_made(client):
    creator = make_sample("delivered").creator
    client.force_login(creator.user)
    page = reverse("affiliates:creator_calendar")

    url = client.post(page, headers={"accept-language": "nl"}).context["url"]

    assert b"jouw laatste dag" in client.get(url, headers={"accept-language": "en"}).content
    assert timezone.now() - CalendarFeed.objects.get().made_at < timedelta(minutes=1)
