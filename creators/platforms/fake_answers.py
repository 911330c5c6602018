"""What the stand-in platforms answer: invented accounts, in each platform's own payload form."""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any

KEY = b"the fake signs with a key that everyone may know"


@dataclass(frozen=True, slots=True)
class Account:
    """One invented person's account; `fail` says how it answers when it is asked for its counts."""

    platform: str
    handle: str
    followers: int
    fail: str = ""
    bio: str = ""

    @property
    def external_id(self) -> str:
        """The same handle is the same account, whoever signs in with it."""
        digest = hashlib.sha256(f"{self.platform}:{self.handle}".encode()).hexdigest()
        return (
            str(int(digest[:14], 16)) if self.platform in ("instagram", "facebook") else digest[:24]
        )

    @property
    def posts(self) -> int:
        return 12 + self.followers % 90


def seal(value: dict[str, Any]) -> str:
    """Return `value` as one signed word."""
    body = base64.urlsafe_b64encode(json.dumps(value, sort_keys=True).encode()).decode().rstrip("=")
    return f"{body}.{hmac.new(KEY, body.encode(), 'sha256').hexdigest()[:32]}"


def unseal(word: str) -> dict[str, Any] | None:
    """Return what `seal` was given, or None for a word that it did not make."""
    body, _, signature = word.partition(".")
    if not hmac.compare_digest(signature, hmac.new(KEY, body.encode(), "sha256").hexdigest()[:32]):
        return None
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def profile(account: Account) -> dict[str, Any]:
    """The answer of the platform's own profile address, in its own form."""
    count, posts = account.followers, account.posts
    if account.platform == "tiktok":
        user = {
            "open_id": account.external_id,
            "username": account.handle,
            "display_name": account.handle,
            "bio_description": account.bio,
            "profile_deep_link": f"https://www.tiktok.com/@{account.handle}",
            "is_verified": False,
            "follower_count": count,
            "following_count": 45,
            "likes_count": posts * (count * 6 // 100),  # six in a hundred like a post
            "video_count": posts,
        }
        return {"data": {"user": user}, "error": {"code": "ok", "message": "", "log_id": "0"}}
    if account.platform == "youtube":
        hidden = account.fail == "hidden"
        statistics = {
            "viewCount": str(count * 40),
            "hiddenSubscriberCount": hidden,
            "videoCount": str(posts),
        }
        if not hidden:
            statistics["subscriberCount"] = str(count)
        item = {
            "kind": "youtube#channel",
            "id": f"UC{account.external_id[:22]}",
            "snippet": {
                "title": account.handle,
                "description": account.bio,
                "customUrl": f"@{account.handle}",
                "publishedAt": "2019-08-23T00:34:43.000Z",
            },
            "statistics": statistics,
        }
        items = [] if account.fail == "none" else [item]
        return {"kind": "youtube#channelListResponse", "items": items}
    if account.platform == "instagram":
        return {
            "id": account.external_id,
            "user_id": account.external_id,
            "username": account.handle,
            "name": account.handle,
            "account_type": "PERSONAL" if account.fail == "personal" else "MEDIA_CREATOR",
            "followers_count": count,
            "media_count": posts,
        }
    page = {
        "id": account.external_id,
        "name": account.handle,
        "username": account.handle,
        "link": f"https://www.facebook.com/{account.handle}",
        "followers_count": count,
        "fan_count": max(0, count - 11),
        "access_token": seal({"account": asdict(account), "kind": "access"}),
    }
    return {"data": [] if account.fail == "none" else [page]}


def failure(platform: str, kind: str) -> tuple[int, dict[str, Any]]:
    """A platform's own way to say: too often (429), we are down (500), this token is over (401)."""
    if platform == "tiktok":
        status = {"429": 429, "500": 500}.get(kind, 401)
        code = {429: "rate_limit_exceeded", 500: "internal_error"}.get(
            status, "access_token_invalid"
        )
        return status, {"error": {"code": code, "message": code, "log_id": "0"}}
    if platform == "youtube":
        status = {"429": 403, "500": 500}.get(kind, 401)
        reason = {403: "quotaExceeded", 500: "backendError"}.get(status, "authError")
        error = {"code": status, "message": reason, "errors": [{"reason": reason}]}
        return status, {"error": error}
    status = {"429": 400, "500": 500}.get(kind, 400)
    code = {"429": 4, "500": 2}.get(kind, 190)
    return status, {"error": {"message": kind, "type": "OAuthException", "code": code}}
