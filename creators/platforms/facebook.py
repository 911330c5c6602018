"""Facebook: the followers of a page that the creator runs; a personal profile has no counts.

Needs pages_show_list and pages_read_engagement (both reviewed). Of several pages the one with most
followers is the channel. Tokens last 60 days and cannot be refreshed: then we ask her to sign in
again.
"""

import re
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs

from creators.platforms import base, handshake, meta

FIELDS = "id,name,username,link,followers_count,fan_count,about"


HOSTS = {"facebook.com", "www.facebook.com", "m.facebook.com"}
NUMBER = re.compile(r"pfbid\w{10,80}|\d{5,25}")


class Facebook(meta.MetaPlatform):
    id = "facebook"
    name = "Facebook"
    scopes = ("pages_show_list", "pages_read_engagement")
    authorize_url = f"https://www.facebook.com/{meta.GRAPH_VERSION}/dialog/oauth"
    token_url = f"https://graph.facebook.com/{meta.GRAPH_VERSION}/oauth/access_token"
    pages_url: ClassVar[str] = f"https://graph.facebook.com/{meta.GRAPH_VERSION}/me/accounts"

    graph_url: ClassVar[str] = f"https://graph.facebook.com/{meta.GRAPH_VERSION}"

    def post_of(self, parts: SplitResult) -> base.Post | None:
        if parts.hostname not in HOSTS:
            return None
        query = parse_qs(parts.query)
        words = [word for word in parts.path.split("/") if word]
        last = words[-1] if len(words) > 1 else ""
        number = next((query[key][0] for key in ("story_fbid", "v", "fbid") if key in query), last)
        if not NUMBER.fullmatch(number):
            return None
        kept = f"?v={number}" if "v" in query else ""
        if "story_fbid" in query:
            kept = f"?story_fbid={number}&id={query.get('id', [''])[0]}"
        return base.Post(self.id, number, f"https://www.facebook.com{parts.path}{kept}")

    def see_post(self, post: base.Post, external_id: str, handle: str, token: str) -> base.Seen:
        """Look for it among the newest posts of her page, with the page's own token."""
        if not token:
            raise base.TokenOver("facebook: no token is held")
        pages = self.ask("GET", self.pages_url, token=token, query={"fields": "id,access_token"})
        rows = pages.get("data")
        if not isinstance(rows, list):
            raise base.BadAnswer("facebook: no list of pages in the answer")
        own = next((row for row in rows if str(row.get("id")) == external_id), None)
        if own is None or not own.get("access_token"):
            raise base.NotEligible("facebook: no page", "no_page")
        query = {"fields": "permalink_url,created_time", "limit": "100"}
        url = f"{self.graph_url}/{external_id}/posts"
        answer = self.ask("GET", url, token=str(own["access_token"]), query=query)
        return meta.among(answer, post, "permalink_url", "created_time")

    def read(self, token: str, external_id: str = "") -> base.Profile:
        answer = self.ask("GET", self.pages_url, token=token, query={"fields": FIELDS})
        return self.profile(answer, external_id)

    def profile(self, answer: dict[str, Any], external_id: str = "") -> base.Profile:
        pages = answer.get("data")
        if not isinstance(pages, list):
            raise base.BadAnswer("facebook: no list of pages in the answer")
        if not pages:
            raise base.NotEligible("facebook: no page", "no_page")
        if not all(isinstance(page, dict) and page.get("id") for page in pages):
            raise base.BadAnswer("facebook: a page without id")
        known = [page for page in pages if str(page["id"]) == external_id]
        page = max(known or pages, key=lambda one: _followers(one) or 0)
        return base.Profile(
            external_id=base.text(str(page["id"]), 120),
            handle=base.text(page.get("username") or page.get("name"), 80),
            url=base.text(page.get("link")),
            followers=_followers(page),
            bio=base.text(page.get("about"), 500),
        )

    def refresh(self, token: base.Token) -> base.Token:
        raise base.TokenOver("facebook: tokens cannot be refreshed")


def _followers(page: dict[str, Any]) -> int | None:
    """`fan_count` (likes) stands in where a page type has no followers_count."""
    followers = base.count(page.get("followers_count"))
    return base.count(page.get("fan_count")) if followers is None else followers


class FacebookAdapter(handshake.PlatformAdapter):
    provider_id = "facebook"
    platform = Facebook()
    scope_delimiter = ","


class FacebookProvider(handshake.PlatformProvider):
    id = "facebook"
    name = "Facebook"
    platform = FacebookAdapter.platform
    oauth2_adapter_class = FacebookAdapter
