"""A stand-in for TikTok, Instagram, YouTube and Facebook: real OAuth over HTTP, invented people.

    MARKET_MODE=demo python -m creators.platforms.fake --port 8001

Needs nothing but the standard library. An account is whatever was typed on its sign-in page; its
counts travel inside the signed code and token, so the server may be restarted at any time. `POST
/_control` publishes a post (`post`, `handle`), or changes an account while it is connected: its
followers, or how it answers from now on
(`fail` = 429, 500, garbage, expired, revoked, personal, hidden, none; "token 429", "token 500" and
"token garbage" at its token address).
"""

import argparse
import base64
import hashlib
import json
import os
import re
import secrets
import sys
import threading
import time
from dataclasses import asdict, replace
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from creators.platforms.fake_answers import Account, failure, profile, seal, unseal
from creators.platforms.fake_posts import (
    Published,
    author_in,
    embedded,
    last_word,
    listed,
    videos,
)

NAMES = {
    "tiktok": "TikTok",
    "instagram": "Instagram",
    "youtube": "YouTube",
    "facebook": "Facebook",
}
SECRET = "demo-secret"  # noqa: S105  (everyone may know it)
CODE_SECONDS = 300
PRESETS = (("noor.bakes", 1_240), ("sam.fixes", 900), ("pia.plants", 5_400), ("bo.bikes", 23_800))
ROUTES = {  # path below /<platform> -> what it does
    ("tiktok", "/v2/auth/authorize/"): "authorize",
    ("tiktok", "/v2/oauth/token/"): "token",
    ("tiktok", "/v2/oauth/revoke/"): "revoke",
    ("tiktok", "/v2/user/info/"): "profile",
    ("youtube", "/o/oauth2/v2/auth"): "authorize",
    ("youtube", "/token"): "token",
    ("youtube", "/revoke"): "revoke",
    ("youtube", "/youtube/v3/channels"): "profile",
    ("instagram", "/oauth/authorize"): "authorize",
    ("instagram", "/oauth/access_token"): "token",
    ("instagram", "/access_token"): "exchange",
    ("instagram", "/refresh_access_token"): "exchange",
    ("instagram", "/me"): "profile",
    ("facebook", "/dialog/oauth"): "authorize",
    ("facebook", "/oauth/access_token"): "token",
    ("facebook", "/me/accounts"): "profile",
    ("tiktok", "/oembed"): "embed",
    ("youtube", "/oembed"): "embed",
    ("youtube", "/youtube/v3/videos"): "video",
    ("instagram", "/me/media"): "posts",
}
PAGE_POSTS = re.compile(r"/\d+/posts")


class State:
    """What was changed or used since the start: accounts under control, spent codes, revoked
    tokens.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.accounts: dict[tuple[str, str], dict[str, Any]] = {}
        self.posts: dict[tuple[str, str], Published] = {}
        self.spent: set[str] = set()
        self.revoked: set[str] = set()

    def spend(self, code: str) -> bool:
        with self.lock:
            if code in self.spent:
                return False
            self.spent.add(code)
            return True

    def post_at(self, platform: str, url: str) -> Published | None:
        """Return the post that an address names, or None."""
        handle, word = author_in(url), last_word(url)
        known = self.posts.get((platform, word))
        if known is None and platform == "tiktok" and handle and not word.endswith("404"):
            return Published(platform, word, handle)
        return known

    def current(self, account: Account) -> Account:
        return replace(account, **self.accounts.get((account.platform, account.handle), {}))


PAGE = Template((Path(__file__).parent / "fake.html").read_text())


class Handler(BaseHTTPRequestHandler):
    """One request; `self.state` is shared by all."""

    server_version = "StandIn/1"
    state: State

    def log_message(self, *args: Any) -> None:
        """Stay silent: the supervisor's log is for the site."""

    def do_GET(self) -> None:
        self.handle_one({})

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), 100_000)
        self.handle_one(dict(parse_qsl(self.rfile.read(length).decode("utf-8", "replace"))))

    def handle_one(self, posted: dict[str, str]) -> None:
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        if url.path == "/healthz":
            return self.answer(200, {"ok": True})
        if url.path == "/_control":
            return self.control(posted)
        platform, _, rest = url.path.lstrip("/").partition("/")
        path = re.sub(r"^/v\d+\.\d+/", "/", f"/{rest}")
        action = ROUTES.get((platform, path))
        if platform == "facebook" and PAGE_POSTS.fullmatch(path):
            action = "posts"
        if action is None:
            return self.answer(404, {"error": {"message": "no such address here", "code": 404}})
        return getattr(self, f"on_{action}")(platform, asked, posted)

    def on_authorize(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        problem = self.bad_request(platform, asked)
        if problem:
            return self.page(
                400, f"<!doctype html><title>Refused</title><h1>{escape(problem)}</h1>"
            )
        back = asked["redirect_uri"]
        if posted.get("deny"):
            return self.redirect(back, error="access_denied", state=asked["state"])
        if posted:
            if "|" in posted.get("preset", ""):
                posted["handle"], posted["followers"] = posted["preset"].split("|", 1)
            handle = posted.get("handle", "").strip().lower().lstrip("@")[:30] or "someone"
            digits = "".join(c for c in posted.get("followers", "") if c.isascii() and c.isdigit())
            account = Account(platform, handle, int(digits[:9] or 0), posted.get("fail", ""))
            code = seal(
                {
                    "account": asdict(account),
                    "redirect_uri": back,
                    "challenge": asked.get("code_challenge", ""),
                    "expires": time.time() + CODE_SECONDS,
                    "nonce": secrets.token_hex(8),
                }
            )
            return self.redirect(back, code=code, state=asked["state"])
        hidden = '<input type="hidden" name="pick" value="1">'
        presets = "".join(
            f'<button name="preset" value="{handle}|{count}">'
            f"@{handle}, {count:,} followers</button>"
            for handle, count in PRESETS
        )
        return self.page(
            200,
            PAGE.substitute(
                name=NAMES[platform], hidden=hidden, presets=presets, handle="my.handle"
            ),
        )

    def bad_request(self, platform: str, asked: dict[str, str]) -> str:
        """Say what is wrong with an authorize request; "" if nothing."""
        client = "client_key" if platform == "tiktok" else "client_id"
        if asked.get(client) != f"demo-{platform}":
            return f"Unknown {client}"
        if asked.get("response_type") != "code" or not asked.get("state"):
            return "response_type or state is missing"
        target = urlsplit(asked.get("redirect_uri", ""))
        if target.hostname not in ("localhost", "127.0.0.1", "::1", "testserver"):
            return "redirect_uri is not registered"
        return ""

    def on_token(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        form = {**asked, **posted}
        client = form.get("client_key" if platform == "tiktok" else "client_id")
        if client != f"demo-{platform}" or form.get("client_secret") != SECRET:
            return self.oauth_error("invalid_client")
        if form.get("grant_type") == "refresh_token":
            held = unseal(form.get("refresh_token", ""))
            if held is None or self.now(held).fail == "revoked":
                return self.oauth_error("invalid_grant")
            if self.failed_token(platform, self.now(held).fail):
                return None
            return self.answer(200, self.token_of(platform, {**held, "fresh": True}))
        code = unseal(form.get("code", ""))
        if code is None or "nonce" not in code or code["expires"] < time.time():
            return self.oauth_error("invalid_grant")
        if code["redirect_uri"] != form.get("redirect_uri") or not self.proven(code, form):
            return self.oauth_error("invalid_grant")
        if not self.state.spend(code["nonce"]):
            return self.oauth_error("invalid_grant")
        if self.failed_token(platform, self.now(code).fail):
            return None
        return self.answer(200, self.token_of(platform, {"account": code["account"]}))

    def failed_token(self, platform: str, fail: str) -> bool:
        """Answer as a token address that is busy, down or broken; False: it is well."""
        kind = fail.removeprefix("token ")
        if kind == fail:
            return False
        if kind == "garbage":
            self.send(200, "text/html", b"<html>Something went wrong{]", {})
        else:
            self.answer(*failure(platform, kind), {"Retry-After": "120"})
        return True

    def proven(self, code: dict[str, Any], form: dict[str, str]) -> bool:
        """PKCE: who brings the code is who asked for it."""
        if not code["challenge"]:
            return True
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code["challenge"]

    def token_of(self, platform: str, held: dict[str, Any]) -> dict[str, Any]:
        access = seal({**held, "kind": "access"})
        seconds = 5_183_944 if platform == "facebook" else 86_400
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": seconds}
        if platform in ("tiktok", "youtube"):
            answer |= {"refresh_token": seal({**held, "kind": "refresh"}), "scope": "counts"}
        if platform == "tiktok":
            answer["open_id"] = Account(**held["account"]).external_id
        if platform == "instagram":
            user_id = Account(**held["account"]).external_id
            return {"data": [{"access_token": access, "user_id": user_id, "permissions": "basic"}]}
        return answer

    def on_exchange(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        held = unseal(asked.get("access_token", ""))
        if held is None or self.now(held).fail == "revoked":
            return self.answer(*failure(platform, "revoked"))
        word = seal({**held, "fresh": True, "kind": "access"})
        return self.answer(
            200, {"access_token": word, "token_type": "bearer", "expires_in": 5_183_944}
        )

    def on_revoke(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        self.state.revoked.add(posted.get("token") or asked.get("token", ""))
        return self.answer(200, {})

    def on_profile(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        if "forHandle" in asked:
            return self.look_up(platform, asked)
        word = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        word = word or asked.get("access_token", "")
        held = unseal(word)
        if held is None or held.get("kind") != "access" or word in self.state.revoked:
            return self.answer(*failure(platform, "revoked"))
        account = self.now(held)
        if account.fail in ("429", "500", "revoked") or (
            account.fail == "expired" and not held.get("fresh")
        ):
            headers = {"Retry-After": "120"} if account.fail == "429" else {}
            return self.answer(*failure(platform, account.fail), headers)
        if account.fail == "garbage":
            return self.send(200, "text/html", b"<html>Something went wrong{]", {})
        return self.answer(200, profile(account))

    def look_up(self, platform: str, asked: dict[str, str]) -> None:
        """What YouTube tells anyone with a key: the accounts that /_control has spoken of."""
        if not asked.get("key"):
            return self.answer(*failure(platform, "revoked"))
        handle = asked["forHandle"].lower().lstrip("@")
        if (platform, handle) not in self.state.accounts:
            return self.answer(200, {"kind": "youtube#channelListResponse"})
        account = self.state.current(Account(platform, handle, 0))
        if account.fail in ("429", "500"):
            return self.answer(*failure(platform, account.fail))
        return self.answer(200, profile(account))

    def on_embed(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        """Who published a post: as /_control said; TikTok's addresses name their author."""
        known = self.state.post_at(platform, asked.get("url", ""))
        if known is None:
            return self.answer(400, {"code": 400, "message": "Something went wrong"})
        return self.answer(200, embedded(platform, known))

    def on_video(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        if not asked.get("key") and self.signed_in(asked) is None:
            return self.answer(*failure(platform, "revoked"))
        known = self.state.posts.get((platform, asked.get("id", "")))
        return self.answer(200, {"kind": "youtube#videoListResponse", "items": videos(known)})

    def on_posts(self, platform: str, asked: dict[str, str], posted: dict[str, str]) -> None:
        account = self.signed_in(asked)
        if account is None or account.fail in ("429", "500", "revoked"):
            return self.answer(*failure(platform, account.fail if account else "revoked"))
        mine = [one for one in self.state.posts.values() if one.handle == account.handle]
        rows = [listed(platform, one) for one in mine if one.platform == platform]
        return self.answer(200, {"data": rows})

    def signed_in(self, asked: dict[str, str]) -> Account | None:
        """Return the account whose token came along."""
        word = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        held = unseal(word or asked.get("access_token", ""))
        if held is None or held.get("kind") != "access" or word in self.state.revoked:
            return None
        return self.now(held)

    def control(self, posted: dict[str, str]) -> None:
        if "post" in posted:
            made = Published(
                posted["platform"], posted["post"], posted["handle"], posted.get("published", "")
            )
            self.state.posts[made.platform, made.id] = made
            return self.answer(200, asdict(made))
        changes: dict[str, Any] = {key: posted[key] for key in ("fail", "bio") if key in posted}
        if "followers" in posted:
            changes["followers"] = int(posted["followers"])
        who = (posted.get("platform", ""), posted.get("handle", ""))
        with self.state.lock:
            self.state.accounts[who] = {**self.state.accounts.get(who, {}), **changes}
        return self.answer(200, changes)

    def now(self, held: dict[str, Any]) -> Account:
        return self.state.current(Account(**held["account"]))

    def oauth_error(self, code: str) -> None:
        self.answer(400, {"error": code, "error_description": code})

    def redirect(self, target: str, **query: str) -> None:
        mark = "&" if "?" in target else "?"
        self.send(302, "text/plain", b"", {"Location": f"{target}{mark}{urlencode(query)}"})

    def page(self, status: int, html: str) -> None:
        self.send(status, "text/html; charset=utf-8", html.encode(), {})

    def answer(
        self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self.send(status, "application/json", json.dumps(value).encode(), headers or {})

    def send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(port: int = 0) -> ThreadingHTTPServer:
    """Return a server bound to loopback (port 0: any free one), with a state of its own."""
    handler = type("BoundHandler", (Handler,), {"state": State()})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m creators.platforms.fake")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    if os.environ.get("MARKET_MODE", "live") == "live":
        print(  # noqa: T201
            "The stand-in platforms run in demo mode only: set MARKET_MODE=demo.", file=sys.stderr
        )
        return 2
    try:
        server(port).serve_forever()
    except OSError as error:
        sys.stderr.write(f"Port {port} is not free: {error.strerror}.\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
