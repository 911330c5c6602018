"""What the stand-in platforms answer about posts, in each platform's own payload form."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from creators.platforms.fake_answers import Account

PUBLISHED = "2026-01-01T12:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Published:
    """One invented post: its id, whose it is, and when it was published (ISO 8601)."""

    platform: str
    id: str
    handle: str
    at: str = ""


def last_word(url: str) -> str:
    """Return the id in a post's address."""
    parts = urlsplit(url)
    video = parse_qs(parts.query).get("v", [""])[0]
    return video or parts.path.rstrip("/").rpartition("/")[2]


def author_in(url: str) -> str:
    first = urlsplit(url).path.strip("/").partition("/")[0]
    return first[1:].lower() if first.startswith("@") else ""


def embedded(platform: str, post: Published) -> dict[str, Any]:
    """An oEmbed answer: the author by the address of the account."""
    host = {"tiktok": "www.tiktok.com", "youtube": "www.youtube.com"}[platform]
    return {
        "version": "1.0",
        "type": "video",
        "title": f"A post of {post.handle}",
        "author_name": post.handle,
        "author_url": f"https://{host}/@{post.handle}",
        "provider_name": platform.title(),
    }


def videos(post: Published | None) -> list[dict[str, Any]]:
    """The items of YouTube's videos.list: the video, or nothing."""
    if post is None:
        return []
    channel = Account("youtube", post.handle, 0)
    snippet = {
        "channelId": f"UC{channel.external_id[:22]}",
        "channelTitle": post.handle,
        "publishedAt": post.at or PUBLISHED,
        "title": "A video",
    }
    return [{"kind": "youtube#video", "id": post.id, "snippet": snippet}]


def listed(platform: str, post: Published) -> dict[str, Any]:
    """One row of an account's own list of posts at Instagram or Facebook."""
    at = (post.at or PUBLISHED).replace("+00:00", "+0000")
    if platform == "instagram":
        url = f"https://www.instagram.com/reel/{post.id}/"
        return {"id": post.id, "permalink": url, "timestamp": at}
    url = f"https://www.facebook.com/{post.handle}/posts/{post.id}"
    return {"id": post.id, "permalink_url": url, "created_time": at}
