"""What Instagram and Facebook share: one company's error codes and long-lived tokens."""

import re
from typing import Any

from creators.platforms import base

GRAPH_VERSION = "v23.0"
RATE_CODES = {4, 17, 32, 613, 80001, 80002}
TOKEN_CODES = {102, 190, 463, 467}


class MetaPlatform(base.Platform):
    """Reads the Graph API's error object: {"error": {"code": 190, …}}, mostly with status 400."""

    def refuse(self, status: int, answer: dict[str, Any], retry_after_s: int) -> None:
        error = answer.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if code in RATE_CODES:
            raise base.RateLimited(f"{self.id}: code {code}", retry_after_s=retry_after_s or 3600)
        if code in TOKEN_CODES:
            raise base.TokenOver(f"{self.id}: code {code}")
        if code in (10, 100, 200):
            raise base.NotEligible(f"{self.id}: permission missing, code {code}", "permission")
        if code in (1, 2):
            raise base.Unavailable(f"{self.id}: code {code}")
        super().refuse(status, answer, retry_after_s)


def among(answer: dict[str, Any], post: base.Post, link: str, time: str) -> base.Seen:
    """Look for a post in a list of an account's newest ones, by the id in their addresses."""
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise base.BadAnswer(f"{post.platform}: no list of posts in the answer")
    for row in rows:
        if isinstance(row, dict) and post.id in re.split(r"[/?&=]", base.text(row.get(link), 500)):
            return base.Seen(True, "api", "", base.moment(row.get(time)))
    return base.Seen(None)
