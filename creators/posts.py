"""Whose a post is: asked of the platform by its address, never read off a page.

look(creator, url, at) -> Finding: hers, somebody else's, or the platform does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from creators import channels
from creators.models import Channel, Creator
from creators.platforms import registry
from creators.platforms.base import NoPost, PlatformError, Post, RateLimited, Seen, TokenOver

HERS, NOT_HERS, UNKNOWN = "hers", "not_hers", "unknown"


class NotAPost(Exception):
    """The address names no post of a platform that we know."""


class NoChannel(Exception):
    """She has no verified channel on the platform of the post; `platform` is its name."""

    def __init__(self, platform: str) -> None:
        super().__init__(f"no verified channel on {platform}")
        self.platform = platform


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a post; `problem` is the code of why it is not more."""

    url: str
    verdict: str
    channel: Channel | None = None
    how: str = ""
    author: str = ""
    published_at: datetime | None = None
    problem: str = ""


def parse(url: str) -> Post:
    """Return the post that an address names. Raises NotAPost."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError as error:
        raise NotAPost(url) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise NotAPost(url)
    for platform in registry.PLATFORMS.values():
        if post := platform.post_of(parts):
            return post
    raise NotAPost(url)


def look(creator: Creator, url: str, at: datetime) -> Finding:
    """Ask the platform whose a post is, channel by channel.

    Raises NotAPost, NoChannel, and NoPost where the platform shows nobody such a post.
    """
    post = parse(url)
    mine = list(creator.channels.verified().filter(platform=post.platform))
    if not mine:
        raise NoChannel(registry.get(post.platform).name)
    found = Finding(post.url, NOT_HERS)
    for channel in mine:
        one = _ask(channel, post, at)
        if one.verdict == HERS:
            return one
        if found.verdict == NOT_HERS:
            found = one
    return found


def _ask(channel: Channel, post: Post, at: datetime) -> Finding:
    if post.platform in channels.resting(at):
        return Finding(post.url, UNKNOWN, channel, problem=RateLimited.code)
    try:
        seen = _see(channel, post, at)
    except NoPost:
        raise
    except RateLimited as error:
        channels.rest(post.platform, error, at)
        return Finding(post.url, UNKNOWN, channel, problem=error.code)
    except PlatformError as error:
        return Finding(post.url, UNKNOWN, channel, problem=error.code)
    verdict = {True: HERS, False: NOT_HERS, None: UNKNOWN}[seen.is_hers]
    return Finding(post.url, verdict, channel, seen.how, seen.author, seen.published_at)


def _see(channel: Channel, post: Post, at: datetime) -> Seen:
    """Ask with her token where one is held, else without."""
    platform = registry.get(channel.platform)
    known = "" if channel.external_id.startswith(channels.MANUAL) else channel.external_id

    def see(token: str) -> Seen:
        return platform.see_post(post, known, channel.handle, token)

    if channel.token_state != Channel.Token.OK:
        return see("")
    try:
        return channels.with_token(channel, at, see)
    except TokenOver:
        return see("")
