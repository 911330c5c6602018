"""Programs with a key to the API."""

import json

from django.test import Client
from django.utils import timezone

from affiliates import apitokens

BRAND = apitokens.scopes_for("brand")
CREATOR = apitokens.scopes_for("creator")


class Program:
    """A program with a key and no cookies."""

    def __init__(self, owner, scopes=None, user=None, **facts):
        side = owner._meta.model_name
        user = user or (owner.user if side == "creator" else owner.memberships.get().user)
        facts = {"days": None} | facts
        scopes = apitokens.scopes_for(side) if scopes is None else scopes
        self.row, self.word = apitokens.make(
            "a program", scopes, timezone.now(), by=user, **{side: owner}, **facts
        )
        self.client = Client(raise_request_exception=False)

    def ask(self, method, path, body=None, word=None, **headers):
        headers = {"Authorization": f"Bearer {word or self.word}"} | headers
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | str) else json.dumps(body) if body else ""
        return self.client.generic(
            method, f"/api/v1{path}", data, content_type=headers.pop("Content-Type", "application/json"),
            headers=headers,
        )  # fmt: skip

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **headers)


def problem(answer, code, status):
    told = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, told["status"], told["type"].rpartition("#")[2]) == (
        status, status, code
    )  # fmt: skip
    assert "Set-Cookie" not in answer and "Access-Control-Allow-Origin" not in answer
    return told
