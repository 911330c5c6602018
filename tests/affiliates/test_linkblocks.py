"""A link that we switched off: told why, not taken again, contested, and freed."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from affiliates import holds, linkblocks, linkletters, links
from affiliates.models import LinkBlock
from config.models import AuditEntry
from creators import cases
from creators.models import Case
from tests.affiliates.factories import make_collaboration
from tests.affiliates.test_links import enrolled, offered
from tests.creators.factories import make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
WHY = "It stands in a paid advertisement."


@pytest.fixture
def link():
    return links.take(enrolled(), offered(), platform="tiktok", at=NOW)


@pytest.fixture
def support():
    user = get_user_model().objects.create_superuser("desk", "desk@people.example")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    return user


def taken_again(link, **changed):
    facts = {"product": link.product, "platform": link.platform, "at": NOW} | changed
    return links.take(link.creator, **facts)


def test_a_link_that_we_switched_off_is_not_taken_again_in_any_way(link, support):
    linkblocks.block(link, WHY, support, NOW)
    link.refresh_from_db()
    better = make_collaboration(
        link.collaboration.brand, rate_bp=4_000
    )  # another offer of the same thing

    with pytest.raises(links.LinkBlocked):
        taken_again(link)
    assert links.take_many(link.creator, [link.product], "tiktok", NOW) == {
        link.product_id: "blocked"
    }
    assert taken_again(link, platform="youtube").collaboration == better
    assert not link.is_active
    assert link.creator.links.filter(platform="tiktok").count() == 1


def test_what_she_switched_off_herself_she_takes_again(link):
    links.deactivate(link, timezone.now())
    assert taken_again(link).is_active


def test_it_is_lifted_once_and_works_as_before(link, support):
    first = linkblocks.block(link, WHY, support, NOW)

    assert linkblocks.block(link, "again", support, NOW) is None
    assert [linkblocks.lift(link, "a mistake", support, NOW) for _ in range(2)] == [True, False]
    link.refresh_from_db()
    first.refresh_from_db()
    assert (link.is_active, first.lifted_by, first.lift_reason) == (True, support, "a mistake")
    assert taken_again(link) == link
    acts = AuditEntry.objects.filter(object=f"affiliates_link:{link.pk}").order_by("id")
    assert list(acts.values_list("act", "user_id")) == [
        ("link blocked", support.pk),
        ("link freed", support.pk),
    ]


def test_she_is_told_once_why_and_whom_to_ask(link, support):
    linkblocks.block(link, WHY, support, NOW)
    assert [linkletters.send_waiting(NOW) for _ in range(2)] == [1, 0]
    linkblocks.lift(link, "a mistake", support, NOW)
    assert [linkletters.send_waiting(NOW) for _ in range(2)] == [1, 0]
    off, on = mail.outbox
    assert (off.to, WHY in off.body) == ([link.creator.user.email], True)
    assert reverse("affiliates:link", args=[link.pk]) in off.body
    assert link.product.title in on.subject

    linkblocks.block(link, WHY, support, NOW)
    linkblocks.lift(link, "", support, NOW)  # before she heard of it
    assert linkletters.send_waiting(NOW) == 0


def test_her_pages_say_why_and_take_her_word(client, link, support):
    block = linkblocks.block(link, WHY, support, NOW)
    client.force_login(link.creator.user)
    page = reverse("affiliates:link", args=[link.pk])
    assert WHY in client.get(reverse("affiliates:links")).content.decode()
    assert WHY in client.get(page).content.decode()

    stranger = enrolled()
    contest = reverse("affiliates:link_contest", args=[link.pk])
    client.force_login(stranger.user)
    assert client.post(contest, {"text": "mine"}).status_code == 404
    client.force_login(link.creator.user)
    client.post(contest, {"text": "I paid for no advertisement."})
    client.post(contest, {"text": "Once more."})
    case = Case.objects.get(kind="contest")
    assert (case.creator, case.subject) == (link.creator, linkblocks.subject_of(block))
    assert case.reason == "I paid for no advertisement."


def test_another_admin_than_who_switched_it_off_decides_and_it_works_again(link, support):
    block = linkblocks.block(link, WHY, support, NOW)
    case = linkblocks.contest(block, "No.", NOW)
    later = NOW + timedelta(days=1)

    with pytest.raises(cases.SameJudge):
        holds.decide(case, True, by=support, reason="my own", at=later)
    other = make_user(is_staff=True)
    holds.decide(case, True, by=other, reason="She is right.", at=later)

    link.refresh_from_db()
    block.refresh_from_db()
    assert (link.is_active, block.lifted_by, block.lift_reason) == (True, other, "She is right.")


def test_a_contest_of_another_thing_lifts_nothing(link, support):
    block = linkblocks.block(link, WHY, support, NOW)
    stranger = enrolled()  # names her block in a case of her own
    case = cases.contest(stranger, linkblocks.subject_of(block), "Mine.", NOW)

    holds.decide(case, True, by=make_user(is_staff=True), reason="yes", at=NOW)

    assert LinkBlock.objects.standing().get() == block


def test_the_desk_needs_a_reason_and_leaves_its_own_alone(client, link, support):
    address = reverse("admin:affiliates_link_changelist")
    client.force_login(support)

    def act(action, reason, row=link):
        data = {"action": action, "_selected_action": [row.pk], "reason": reason}
        client.post(address, data)
        row.refresh_from_db()
        return row.is_active

    own = links.take(enrolled(user=support), link.product, platform="tiktok", at=NOW)
    assert [act("switch_off", ""), act("switch_off", WHY), act("lift", "")] == [True, False, False]
    assert [act("lift", "a mistake"), act("switch_off", WHY, own)] == [True, True]
    block = LinkBlock.objects.get()
    assert (block.reason, block.blocked_by, block.lift_reason) == (WHY, support, "a mistake")
    shown = client.get(reverse("admin:affiliates_link_change", args=[link.pk])).content.decode()
    assert WHY in shown
