"""Facebook: the followers of a page that the creator runs; a personal profile has no counts.

Needs pages_show_list and pages_read_engagement (both reviewed). Of several pages the one with most
followers is the channel. Tokens last 60 days and cannot be refreshed: then we ask her to sign in
again.
"""

from typing import Any, ClassVar

from creators.platforms import base, meta

FIELDS = "id,name,username,link,followers_count,fan_count,about"


class Facebook(meta.MetaPlatform):
    id = "facebook"
    name = "Facebook"
    scopes = ("pages_show_list", "pages_read_engagement")
    authorize_url = f"https://www.facebook.com/{meta.GRAPH_VERSION}/dialog/oauth"
    token_url = f"https://graph.facebook.com/{meta.GRAPH_VERSION}/oauth/access_token"
    pages_url: ClassVar[str] = f"https://graph.facebook.com/{meta.GRAPH_VERSION}/me/accounts"

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


class FacebookAdapter(base.PlatformAdapter):
    provider_id = "facebook"
    platform = Facebook()
    scope_delimiter = ","


class FacebookProvider(base.PlatformProvider):
    id = "facebook"
    name = "Facebook"
    platform = FacebookAdapter.platform
    oauth2_adapter_class = FacebookAdapter
