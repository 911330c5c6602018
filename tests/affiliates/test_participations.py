"""Invitations and applications: seven days, notices, the quota of strangers, and blocks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail.backends import locmem
from django.utils import timezone

from affiliates import (
    collaborations,
    messages,
    offerletters,
    outreach,
    participationletters,
    participations,
)
from affiliates.models import Collaboration, Link, RateChange
from affiliates.samplerules import until
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_user
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def make_offer(kind="targeted", **facts):
    brand = make_brand()
    Membership.objects.create(user=make_user(), brand=brand)
    facts = {"name": "Bread week", "rate_bp": 1500, "starts_at": NOW - DAY} | facts
    return Collaboration.objects.create(brand=brand, kind=kind, **facts)


def make_person(**facts):
    return make_creator(
        followers=6_000, user=make_user(), at=NOW, site_language="en", **facts
    )  # fmt: skip


def test_an_invitation_that_nobody_answers_is_closed_with_a_notice_to_both(mailoutbox):
    offer, creator = make_offer(), make_person()
    participations.invite(offer, [creator], NOW, "Hello")
    participationletters.send_waiting()
    end = until(NOW, 7)

    assert participations.lapse(end - timedelta(seconds=1)) == 0
    assert participations.lapse(end) == 1
    assert participations.lapse(end) == 0
    with pytest.raises(participations.NotInvited):
        participations.accept(creator, offer.participations.get().pk, end)
    participationletters.send_waiting()
    participationletters.send_waiting()

    owner = offer.brand.memberships.get().user.email
    assert [mail.to[0] for mail in mailoutbox] == [creator.user.email, creator.user.email, owner]
    assert "invites you" in mailoutbox[0].subject and "closed" in mailoutbox[1].subject


class Refuses(locmem.EmailBackend):
    """A mail server that takes nothing for one address."""

    address = ""

    def send_messages(self, letters):
        if any(self.address in letter.to for letter in letters):
            raise OSError("550 no such mailbox")
        return super().send_messages(letters)


def test_a_letter_that_the_brand_cannot_get_is_not_sent_to_her_again(mailoutbox, settings):
    offer, creator = make_offer(), make_person()
    participations.invite(offer, [creator], NOW)
    participations.lapse(until(NOW, 7))
    Refuses.address = offer.brand.memberships.get().user.email
    settings.EMAIL_BACKEND = f"{__name__}.Refuses"

    told = [participationletters.send_waiting() for _hour in range(3)]
    Refuses.address = ""
    told.append(participationletters.send_waiting())

    assert told == [1, 0, 0, 1]
    assert [mail.to for mail in mailoutbox].count([creator.user.email]) == 1


def test_what_lapsed_may_be_asked_again_after_two_weeks_and_a_no_stays_a_no():
    offer, silent, refuses = make_offer(), make_person(), make_person()
    participations.invite(offer, [silent, refuses], NOW)
    participations.decline(refuses, offer.participations.get(creator=refuses).pk, NOW)
    lapsed_at = until(NOW, 7)
    participations.lapse(lapsed_at)
    soon, later = lapsed_at + 13 * DAY, lapsed_at + 14 * DAY

    assert participations.invite(offer, [silent, refuses], soon) == 0
    assert participations.invite(offer, [silent, refuses], later, "Once more?") == 1
    assert participations.invite(offer, [silent, refuses], later) == 0

    row = offer.participations.get(creator=silent)
    assert (row.state, row.message, row.answer_by) == ("invited", "Once more?", until(later, 7))
    assert outreach.standing(offer.brand, later).used == 1
    assert participations.accept(silent, row.pk, later).state == "accepted"


def test_who_was_ignored_applies_again_and_the_brand_may_invite_her_at_once():
    offer, creator = make_offer("approval"), make_person()
    participations.apply(creator, offer.pk, NOW, "I bake.")
    lapsed_at = until(NOW, 7)
    participations.lapse(lapsed_at)

    with pytest.raises(participations.NotOpen):
        participations.apply(creator, offer.pk, lapsed_at + 13 * DAY)
    row = participations.apply(creator, offer.pk, lapsed_at + 14 * DAY, "Still.")
    assert (row.state, row.message, row.tells, row.tells_brand) == (
        "applied",
        "Still.",
        False,
        True,
    )

    participations.lapse(row.answer_by)
    assert participations.invite(offer, [creator], row.answer_by) == 1
    row.refresh_from_db()
    assert (row.state, row.asked_by_creator, row.tells_brand) == ("invited", False, False)


def test_a_creator_applies_and_the_brand_answers_in_seven_days(client):
    now = timezone.now()
    offer = make_offer("approval", starts_at=now - DAY)
    creator, other = make_person(), make_person()
    client.force_login(creator.user)
    assert "Bread week" in client.get("/creator/invitations/").content.decode()
    client.post(f"/creator/invitations/apply/{offer.pk}/", {"text": "I bake daily."})
    client.post(f"/creator/invitations/apply/{offer.pk}/", {"text": "Again"})
    row = offer.participations.get()
    assert (row.state, row.message, row.answer_by) == ("applied", "I bake daily.", until(now, 7))
    late = participations.apply(other, offer.pk, now)

    client.force_login(offer.brand.memberships.get().user)
    page = f"/brand/{offer.brand.slug}/collaborations/{offer.pk}/"
    assert "I bake daily." in client.get(page).content.decode()
    client.post(f"{page}applications/{row.pk}/", {"answer": "yes"})
    participations.lapse(until(now, 7))

    row.refresh_from_db()
    late.refresh_from_db()
    assert (row.state, late.state) == ("accepted", "lapsed")
    assert offer in collaborations.open_to(creator, now)


def test_applications_are_for_who_is_in_and_for_offers_by_approval():
    targeted, approval = make_offer(), make_offer("approval", min_followers=10_000)
    for offer in (targeted, approval):
        with pytest.raises(participations.NotOpen):
            participations.apply(make_person(), offer.pk, NOW)


def test_answers_of_many_are_one_letter_to_the_brand(mailoutbox):
    offer = make_offer()
    people = [make_person() for _n in range(3)]
    participations.invite(offer, people, NOW)
    participationletters.send_waiting()
    mailoutbox.clear()
    for creator in people:
        participations.decline(creator, offer.participations.get(creator=creator).pk, NOW)

    participationletters.send_waiting()

    (letter,) = mailoutbox
    assert all(creator.display_name in letter.body for creator in people)


def test_who_blocked_a_brand_gets_no_invitation():
    offer, creator = make_offer(), make_person()
    messages.block(offer.brand, creator, by_brand=False, at=NOW)

    assert participations.invite(offer, [creator], NOW) == 0
    assert not offer.participations.exists()


def test_invitations_use_the_quota_of_strangers_and_say_when_it_is_used_up(client):
    offer = make_offer()
    for _n in range(2):
        people = [make_creator(at=NOW) for _k in range(50)]
        participations.invite(offer, people, timezone.now())
    assert outreach.standing(offer.brand, timezone.now()).left == 0
    one = make_person()
    with pytest.raises(outreach.QuotaReached):
        participations.invite(offer, [one], timezone.now())
    client.force_login(offer.brand.memberships.get().user)

    page = f"/brand/{offer.brand.slug}/creators/invite/?c={one.pk}"
    assert "0</span> of 100 left" in client.get(page).content.decode()
    refused = client.post(page, {"c": one.pk, "collaboration": offer.pk, "message": ""})

    assert refused.status_code == 422
    assert "0 more creators this week" in refused.content.decode()
    assert offer.participations.count() == 100


def test_a_cut_is_announced_to_who_has_a_link_and_to_nobody_twice(mailoutbox):
    offer = make_offer("open")
    holder, _other = make_person(), make_person()
    Link.objects.create(
        code="abcdefghjk", creator=holder, collaboration=offer, platform="tiktok",
        destination="/", taken_bp=1500, rate_locked_until=NOW + 30 * DAY, created_at=NOW,
    )  # fmt: skip
    collaborations.change_rate(offer, 1000, NOW)

    assert offerletters.rate_changes(NOW) == 1
    assert offerletters.rate_changes(NOW) == 0
    RateChange.objects.update(told_at=None)  # as if the call had been killed before it said so
    assert offerletters.rate_changes(NOW) == 0

    (letter,) = mailoutbox
    assert letter.to == [holder.user.email]
    assert "10 % in place of 15 %" in letter.body and "27 November 2026" in letter.body


def test_a_team_keeps_notes_and_takes_its_list_along(client):
    brand, creator, other = make_offer().brand, make_person(), make_brand()
    owner = brand.memberships.get().user
    client.force_login(owner)
    client.post(f"/brand/{brand.slug}/shortlists/toggle/{creator.pk}/")
    client.post(f"/brand/{brand.slug}/shortlists/{creator.pk}/note/", {"note": "=Bakes\n daily"})
    member = Membership.objects.create(user=make_user(), brand=brand, role="member")
    client.force_login(member.user)

    page = client.get(f"/brand/{brand.slug}/shortlists/").content.decode()
    sheet = b"".join(client.get(f"/brand/{brand.slug}/shortlists/list.csv")).decode()

    assert "=Bakes daily" in page and owner.email in page
    assert "'=Bakes daily" in sheet and creator.handle in sheet and "6000" in sheet
    Membership.objects.create(user=member.user, brand=other)
    path = f"/brand/{other.slug}/shortlists/{creator.pk}/note/"
    assert client.post(path, {"note": "Mine"}).status_code == 404
