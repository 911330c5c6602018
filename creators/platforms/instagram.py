"""Instagram: "Instagram API with Instagram Login" (the Basic Display API that allauth still speaks
ended in December 2024).

Professional accounts only (creator or business): a personal account has no counts, and we tell how
to switch. A sign-in gives a token for an hour, traded at once for one of 60 days that is refreshed
while it is read weekly. Limit: 200 calls per hour and user.
"""

import re
from typing import Any, ClassVar
from urllib.parse import SplitResult

from creators.platforms import base, handshake, meta

FIELDS = "user_id,username,name,account_type,biography,followers_count,media_count"


HOSTS = {"instagram.com", "www.instagram.com"}
POST = re.compile(r"(?:/[\w.]{1,30})?/(p|reel|tv)/([\w-]{5,40})/?")


class Instagram(meta.MetaPlatform):
    id = "instagram"
    name = "Instagram"
    scopes = ("instagram_business_basic",)
    authorize_url = "https://www.instagram.com/oauth/authorize"
    token_url = "https://api.instagram.com/oauth/access_token"  # noqa: S105
    exchange_url: ClassVar[str] = "https://graph.instagram.com/access_token"
    refresh_url: ClassVar[str] = "https://graph.instagram.com/refresh_access_token"
    profile_url: ClassVar[str] = f"https://graph.instagram.com/{meta.GRAPH_VERSION}/me"

    media_url: ClassVar[str] = f"https://graph.instagram.com/{meta.GRAPH_VERSION}/me/media"

    def post_of(self, parts: SplitResult) -> base.Post | None:
        found = POST.fullmatch(parts.path) if parts.hostname in HOSTS else None
        if found is None:
            return None
        kind, code = found.groups()
        return base.Post(self.id, code, f"https://www.instagram.com/{kind}/{code}/")

    def see_post(self, post: base.Post, external_id: str, handle: str, token: str) -> base.Seen:
        """Look for it among her newest posts: oEmbed names no author any more. What is not among
        them may be older, or a story: then Instagram does not say.
        """
        if not token:
            raise base.TokenOver("instagram: no token is held")
        query = {"fields": "permalink,timestamp", "limit": "100"}
        answer = self.ask("GET", self.media_url, token=token, query=query)
        return meta.among(answer, post, "permalink", "timestamp")

    def read(self, token: str, external_id: str = "") -> base.Profile:
        return self.profile(
            self.ask("GET", self.profile_url, token=token, query={"fields": FIELDS})
        )

    def profile(self, answer: dict[str, Any]) -> base.Profile:
        external_id = answer.get("user_id") or answer.get("id")
        if not external_id:
            raise base.BadAnswer("instagram: no user in the answer")
        if answer.get("account_type") == "PERSONAL":
            raise base.NotEligible("instagram: personal account", "personal_account")
        handle = base.text(answer.get("username"), 80)
        return base.Profile(
            external_id=base.text(str(external_id), 120),
            handle=handle,
            url=f"https://www.instagram.com/{handle}/" if handle else "",
            followers=base.count(answer.get("followers_count")),
            posts=base.count(answer.get("media_count")),
            bio=base.text(answer.get("biography"), 500),
        )

    def lengthen(self, token: base.Token) -> base.Token:
        query = {
            "grant_type": "ig_exchange_token",
            "client_secret": self.credentials["secret"],
            "access_token": token.access,
        }
        return self.token_from(self.ask("GET", self.exchange_url, query=query))

    def refresh(self, token: base.Token) -> base.Token:
        query = {"grant_type": "ig_refresh_token", "access_token": token.access}
        return self.token_from(self.ask("GET", self.refresh_url, query=query))


class InstagramAdapter(handshake.PlatformAdapter):
    provider_id = "instagram"
    platform = Instagram()
    scope_delimiter = ","


class InstagramProvider(handshake.PlatformProvider):
    id = "instagram"
    name = "Instagram"
    platform = InstagramAdapter.platform
    oauth2_adapter_class = InstagramAdapter
