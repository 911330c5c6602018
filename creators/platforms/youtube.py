"""YouTube: Google sign-in with youtube.readonly and channels.list for the creator's own channel.

channels.list costs 1 of 10,000 quota units a day. Subscriber counts are rounded down to three
digits by YouTube, and a creator may hide hers: then we say so and offer the manual check. Not
available: likes; an e-mail is not asked for.
"""

import re
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs

from django.conf import settings

from creators.platforms import base, handshake

HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com"}
VIDEO = re.compile(r"[\w-]{11}")


class YouTube(base.Platform):
    id = "youtube"
    name = "YouTube"
    scopes = ("https://www.googleapis.com/auth/youtube.readonly",)
    authorize_url = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url = "https://oauth2.googleapis.com/token"  # noqa: S105
    revoke_url: ClassVar[str] = "https://oauth2.googleapis.com/revoke"
    profile_url: ClassVar[str] = "https://www.googleapis.com/youtube/v3/channels"
    videos_url: ClassVar[str] = "https://www.googleapis.com/youtube/v3/videos"
    embed_url: ClassVar[str] = "https://www.youtube.com/oembed"
    calls_a_day = 9_000  # of 10,000 units: the rest is for sign-ins

    def read(self, token: str, external_id: str = "") -> base.Profile:
        query = {"part": "snippet,statistics", "mine": "true"}
        return self.profile(self.ask("GET", self.profile_url, token=token, query=query))

    def post_of(self, parts: SplitResult) -> base.Post | None:
        words = parts.path.strip("/").split("/")
        video = ""
        if parts.hostname == "youtu.be":
            video = words[0]
        elif parts.hostname in HOSTS and words[0] == "watch":
            video = parse_qs(parts.query).get("v", [""])[0]
        elif parts.hostname in HOSTS and words[0] in ("shorts", "live") and len(words) > 1:
            video = words[1]
        if not VIDEO.fullmatch(video):
            return None
        return base.Post(self.id, video, f"https://www.youtube.com/watch?v={video}")

    def see_post(self, post: base.Post, external_id: str, handle: str, token: str) -> base.Seen:
        """By videos.list with our key or her token (1 unit); without either by oEmbed."""
        key = settings.GOOGLE_API_KEY
        if not (key or token):
            return self.embed(self.embed_url, post, handle)
        query = {"part": "snippet", "id": post.id} | ({"key": key} if key else {})
        answer = self.ask("GET", self.videos_url, token="" if key else token, query=query)
        items = answer.get("items")
        if not items:
            raise base.NoPost(f"youtube: {post.url}")
        snippet = items[0].get("snippet") if isinstance(items[0], dict) else None
        if not isinstance(snippet, dict) or not snippet.get("channelId"):
            raise base.BadAnswer("youtube: no snippet in the answer")
        published = base.moment(snippet.get("publishedAt"))
        author = base.text(snippet.get("channelTitle"), 80)
        if not external_id:
            seen = self.embed(self.embed_url, post, handle)
            return base.Seen(seen.is_hers, seen.how, seen.author or author, published)
        return base.Seen(snippet["channelId"] == external_id, "api", author, published)

    @property
    def tells_bios(self) -> bool:
        """With a key, channels.list tells any channel's description."""
        return bool(settings.GOOGLE_API_KEY)

    def look_up(self, handle: str) -> base.Profile | None:
        query = {
            "part": "snippet,statistics",
            "forHandle": f"@{handle}",
            "key": settings.GOOGLE_API_KEY,
        }
        answer = self.ask("GET", self.profile_url, query=query)
        return self.profile(answer) if answer.get("items") else None

    def profile(self, answer: dict[str, Any]) -> base.Profile:
        items = answer.get("items")
        if not items:
            raise base.NotEligible("youtube: the account has no channel", "no_channel")
        item = items[0] if isinstance(items, list) else None
        if not isinstance(item, dict) or not item.get("id"):
            raise base.BadAnswer("youtube: no channel in the answer")
        snippet, numbers = item.get("snippet") or {}, item.get("statistics") or {}
        hidden = numbers.get("hiddenSubscriberCount") is True
        handle = base.text(snippet.get("customUrl") or snippet.get("title"), 80).lstrip("@")
        channel = base.text(item["id"], 120)
        return base.Profile(
            external_id=channel,
            handle=handle,
            url=f"https://www.youtube.com/channel/{channel}",
            followers=None if hidden else base.count(numbers.get("subscriberCount")),
            views=base.count(numbers.get("viewCount")),
            posts=base.count(numbers.get("videoCount")),
            bio=base.text(snippet.get("description"), 500),
        )

    def refuse(self, status: int, answer: dict[str, Any], retry_after_s: int) -> None:
        """Google says "quota exceeded" with status 403 and a reason."""
        error = answer.get("error")
        reasons = set()
        if isinstance(error, dict) and isinstance(error.get("errors"), list):
            reasons = {one.get("reason") for one in error["errors"] if isinstance(one, dict)}
        if reasons & {"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"}:
            raise base.RateLimited("youtube: quota", retry_after_s=retry_after_s or 3600)
        if reasons & {"youtubeSignupRequired", "channelNotFound"}:
            raise base.NotEligible("youtube: the account has no channel", "no_channel")
        super().refuse(status, answer, retry_after_s)

    def withdraw(self, token: base.Token) -> None:
        self.ask("POST", self.revoke_url, form={"token": token.refresh or token.access})


class YouTubeAdapter(handshake.PlatformAdapter):
    provider_id = "youtube"
    platform = YouTube()


class YouTubeProvider(handshake.PlatformProvider):
    id = "youtube"
    name = "YouTube"
    platform = YouTubeAdapter.platform
    oauth2_adapter_class = YouTubeAdapter

    def get_auth_params(self) -> dict[str, str]:
        """Google gives a refresh token only when asked, and only with consent."""
        return {**super().get_auth_params(), "access_type": "offline", "prompt": "consent"}
