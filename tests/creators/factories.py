"""Creators and what belongs to them, each with only what a test does not care about filled in."""

import itertools
from datetime import UTC, date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model

from creators import directory, enrolment, policy
from creators.models import Channel, ChannelToken, Creator, EnrolmentPolicy, Niche, Reading

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_user(*, email: str = "", is_staff: bool = False, password: str = ""):
    """A user with a confirmed address."""
    number = next(_numbers)
    email = email or f"person{number}@example.com"
    user = get_user_model()(username=f"person{number}", email=email, is_staff=is_staff)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def make_creator(
    *,
    followers: int | None = None,
    platform: str = "tiktok",
    handle: str = "",
    at: datetime = NOW,
    niches: tuple[str, ...] = (),
    decided: bool = True,
    **fields,
) -> Creator:
    """A creator of age; with `followers` she has one verified channel, and a decision."""
    number = next(_numbers)
    handle = handle or f"creator{number}"
    fields = {
        "user": None,
        "display_name": handle.title(),
        "country": "NL",
        "languages": ["nl", "en"],
        "birth_on": date(1998, 5, 4),
        **fields,
    }
    creator = Creator.objects.create(handle=handle, **fields)
    creator.niches.set(Niche.objects.filter(slug__in=niches))
    if followers is not None:
        make_channel(creator=creator, platform=platform, followers=followers, at=at)
        if decided:
            make_decision(creator=creator, at=at)
    directory.record([creator.pk])
    return creator


def make_channel(
    *,
    creator: Creator,
    platform: str = "tiktok",
    followers: int | None = 1_500,
    likes: int | None = None,
    posts: int | None = None,
    at: datetime = NOW,
    days: int = 0,
    token: str = "",
    **fields,
) -> Channel:
    """A verified channel, read at `at` and, with `days`, every week of that time before."""
    number = next(_numbers)
    fields = {
        "external_id": f"ext-{number}",
        "handle": f"{platform}.{number}",
        "verified_at": at,
        "checked_at": at,
        "token_state": Channel.Token.OK,
        **fields,
    }
    channel = Channel.objects.create(creator=creator, platform=platform, **fields)
    for back in range(0, days + 1, 7):
        moment = at - timedelta(days=back)
        Reading.objects.create(
            channel=channel,
            day=enrolment.market_day(moment),
            read_at=moment,
            followers=followers,
            likes=likes,
            posts=posts,
        )
    if token:
        ChannelToken.objects.create(channel=channel, access=token)
    return channel


def make_decision(*, creator: Creator, at: datetime = NOW):
    """What the policy in force makes of her."""
    return enrolment.apply_decision(creator, at)


def make_policy(*, published: bool = True, **fields) -> EnrolmentPolicy:
    fields = {"effective_from": NOW - timedelta(days=1), "min_followers": 1_000, **fields}
    fields["published_at"] = fields["effective_from"] if published else None
    return EnrolmentPolicy.objects.create(**fields)


def rule(**fields) -> policy.Policy:
    """A policy as the pure engine reads it."""
    fields = {
        "id": 1,
        "platform": "",
        "country": "",
        "effective_from": datetime(2024, 1, 1, tzinfo=UTC),
        "min_followers": 1_000,
        "full_followers": 5_000,
        **fields,
    }
    return policy.Policy(**fields)
