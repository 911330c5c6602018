"""What Instagram and Facebook share: one company's error codes and long-lived tokens."""

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
