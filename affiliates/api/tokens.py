"""Who asks: the token in `Authorization: Bearer`, and nothing else."""

from __future__ import annotations

import time

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja.security import HttpBearer

from affiliates import apitokens
from affiliates.api.doors import WITH_BODY
from affiliates.api.problems import Problem
from affiliates.models import ApiToken
from config.lib import ratelimit
from config.lib.http import client_network

PER_MINUTE = 120  # of one token
WRONG_PER_MINUTE = 60  # of one address, without a token that opens
MINUTE_S = 60
ASK = {"WWW-Authenticate": 'Bearer realm="thousand"'}
WRONG = {"WWW-Authenticate": 'Bearer realm="thousand", error="invalid_token"'}


class Token(HttpBearer):
    """Lets in whose token has `scope` ("" for any) and belongs to `whose`: brand or creator."""

    openapi_description = "A key made on the page API keys, shown once."

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope
        self.whose = apitokens.SCOPES[scope][1] if scope else apitokens.BOTH

    def __call__(self, request: HttpRequest) -> ApiToken:
        translation.activate("en")  # the API says the same to everybody
        kind, _space, word = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not word.strip():
            self._count_wrong(request)
            raise Problem("no-token", "Send Authorization: Bearer and the token.", ASK)
        return self.authenticate(request, word.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        try:
            found = apitokens.find(token, timezone.now())
        except apitokens.NoToken as error:
            self._count_wrong(request)
            said = "The token is unknown, has expired or was ended."
            raise Problem("no-token", said, WRONG) from error
        except apitokens.Stopped as error:
            raise Problem("stopped") from error
        limit("api", str(found.pk), PER_MINUTE)
        if self.whose == apitokens.BRAND and found.brand is None:
            raise Problem("wrong-side", "It takes a token of a brand.")
        if self.whose == apitokens.CREATOR and found.creator is None:
            raise Problem("wrong-side", "It takes a token of a creator.")
        if self.scope and self.scope not in found.scopes:
            raise Problem("scope-missing", f"It takes the scope {self.scope}.")
        if request.method in WITH_BODY and request.content_type != "application/json":
            raise Problem("not-json")
        if unknown := set(request.GET) - request.resolver_match.func.asks[request.method]:
            said = [{"where": f"query.{name}", "what": "Unknown"} for name in sorted(unknown)]
            raise Problem("invalid", errors=said)
        return found

    def _count_wrong(self, request: HttpRequest) -> None:
        limit("api_wrong", client_network(request.META), WRONG_PER_MINUTE)


def limit(name: str, key: str, times: int) -> None:
    """Count one use within this minute. Raises Problem above `times`; without Redis nobody waits."""
    if not ratelimit.allow(name, key, times=times, seconds=MINUTE_S, without_redis=True):
        wait_s = MINUTE_S - int(time.time()) % MINUTE_S
        said = f"{times} requests a minute at most."
        raise Problem("too-many", said, {"Retry-After": str(wait_s)})
