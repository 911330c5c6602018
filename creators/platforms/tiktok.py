"""TikTok: Login Kit and the Display API's user info, with the scope that carries counts.

Needs scopes user.info.basic, user.info.profile and user.info.stats (each reviewed by TikTok). A
token lasts a day, its refresh token a year. Limit: 600 requests a minute, then 429. Not available:
e-mail, account age, posts of the last 28 days.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import SplitResult

from creators.platforms import base, handshake

FIELDS = (
    "open_id,username,display_name,bio_description,profile_deep_link,"
    "follower_count,likes_count,video_count"
)


HOSTS = {"tiktok.com", "www.tiktok.com", "m.tiktok.com"}
POST = re.compile(r"/@([\w.]{2,30})/(video|photo)/(\d{8,20})/?")


class TikTok(base.Platform):
    id = "tiktok"
    name = "TikTok"
    scopes = ("user.info.basic", "user.info.profile", "user.info.stats")
    authorize_url = "https://www.tiktok.com/v2/auth/authorize/"
    token_url = "https://open.tiktokapis.com/v2/oauth/token/"  # noqa: S105
    revoke_url: ClassVar[str] = "https://open.tiktokapis.com/v2/oauth/revoke/"
    profile_url: ClassVar[str] = "https://open.tiktokapis.com/v2/user/info/"
    embed_url: ClassVar[str] = "https://www.tiktok.com/oembed"
    client_id_name = "client_key"

    def post_of(self, parts: SplitResult) -> base.Post | None:
        found = POST.fullmatch(parts.path) if parts.hostname in HOSTS else None
        if found is None:
            return None
        handle, kind, number = found.groups()
        return base.Post(
            self.id, number, f"https://www.tiktok.com/@{handle.lower()}/{kind}/{number}"
        )

    def see_post(self, post: base.Post, external_id: str, handle: str, token: str) -> base.Seen:
        """By oEmbed: the list of her videos would need one more scope to be reviewed. The upper
        half of a video's number is the second of its publication.
        """
        seen = self.embed(self.embed_url, post, handle)
        second = int(post.id) >> 32
        return replace(seen, published_at=datetime.fromtimestamp(second, UTC) if second else None)

    def read(self, token: str, external_id: str = "") -> base.Profile:
        answer = self.ask("GET", self.profile_url, token=token, query={"fields": FIELDS})
        return self.profile(answer)

    def profile(self, answer: dict[str, Any]) -> base.Profile:
        user = (answer.get("data") or {}).get("user")
        if not isinstance(user, dict) or not user.get("open_id"):
            raise base.BadAnswer("tiktok: no user in the answer")
        handle = base.text(user.get("username") or user.get("display_name"), 80)
        return base.Profile(
            external_id=base.text(user["open_id"], 120),
            handle=handle,
            url=base.text(user.get("profile_deep_link")),
            followers=base.count(user.get("follower_count")),
            likes=base.count(user.get("likes_count")),
            posts=base.count(user.get("video_count")),
            bio=base.text(user.get("bio_description"), 500),
        )

    def refuse(self, status: int, answer: dict[str, Any], retry_after_s: int) -> None:
        """TikTok also says what went wrong in `error.code`, sometimes with status 200."""
        error = answer.get("error")
        code = error.get("code") if isinstance(error, dict) else error
        if code == "rate_limit_exceeded":
            raise base.RateLimited("tiktok: rate limit", retry_after_s=retry_after_s or 60)
        if code in ("access_token_invalid", "scope_not_authorized", "invalid_grant"):
            raise base.TokenOver(f"tiktok: {code}")
        super().refuse(status, answer, retry_after_s)
        if code not in (None, "", "ok"):
            raise base.BadAnswer(f"tiktok: {code}")

    def withdraw(self, token: base.Token) -> None:
        form = {
            "client_key": self.credentials["client_id"],
            "client_secret": self.credentials["secret"],
            "token": token.access,
        }
        self.ask("POST", self.revoke_url, form=form)


class TikTokClient(handshake.PlatformClient):
    client_id_parameter = "client_key"


class TikTokAdapter(handshake.PlatformAdapter):
    provider_id = "tiktok"
    platform = TikTok()
    client_class = TikTokClient
    scope_delimiter = ","


class TikTokProvider(handshake.PlatformProvider):
    id = "tiktok"
    name = "TikTok"
    platform = TikTokAdapter.platform
    oauth2_adapter_class = TikTokAdapter
    pkce_enabled_default = False  # on the web TikTok takes no code_challenge
