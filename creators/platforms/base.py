"""What every platform can do: sign a creator in, read her counts, renew and withdraw its token.

A platform is one class with its addresses and payload forms. In demo mode
`settings.FAKE_PLATFORM_URL` replaces the host of every address, so the stand-in is spoken to by
the same code. Signing in is `handshake`; what comes back is read by `read`, and never typed in by
anyone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings
from django.utils import timezone

from config.lib import outbound

ANSWER_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform says of an account at one moment; None is "it does not say"."""

    external_id: str
    handle: str
    url: str
    followers: int | None
    likes: int | None = None
    views: int | None = None
    posts: int | None = None
    bio: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One post by its address: `id` within its platform, `url` without what tracks."""

    platform: str
    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a platform says of a post: whether it is the asked account's (None: it does not say),
    how we know, and when it was published.
    """

    is_hers: bool | None
    how: str = "api"
    author: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """The right to read one account. `expires_at` None: the platform did not say."""

    access: str
    refresh: str = ""
    expires_at: datetime | None = None


class PlatformError(Exception):
    """A platform did not give what we asked for; `code` names the words that a creator reads."""

    code = "unavailable"

    def __init__(
        self, message: str, code: str = "", retry_after_s: int = 0, status: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.retry_after_s = retry_after_s
        self.status = status


class Unavailable(PlatformError):
    """No answer, or a 5xx: try again later."""


class RateLimited(PlatformError):
    """We asked too often: ask nobody's counts there until `retry_after_s` have passed."""

    code = "rate_limited"


class BadAnswer(PlatformError):
    """An answer that is not what the platform documents."""

    code = "bad_answer"


class TokenOver(PlatformError):
    """The token expired or access was withdrawn: refresh once, then ask the creator."""

    code = "token_over"


class NoPost(PlatformError):
    """The platform shows nobody a post at this address."""

    code = "no_post"


class NotEligible(PlatformError):
    """The account has no counts to read: a personal Instagram account, no Facebook page."""

    code = "not_eligible"


class Platform:
    """One social platform; subclasses give addresses, scopes and the forms of its answers."""

    id: ClassVar[str]
    name: ClassVar[str]
    scopes: ClassVar[tuple[str, ...]]
    authorize_url: ClassVar[str]
    token_url: ClassVar[str]
    client_id_name: ClassVar[str] = "client_id"
    calls_a_day: ClassVar[int | None] = None  # of ours at this platform; None: no such limit

    def address(self, real: str) -> str:
        """Return the platform's own address, or the same path of its stand-in."""
        stand_in = settings.FAKE_PLATFORM_URL
        if not stand_in:
            return real
        return f"{stand_in.rstrip('/')}/{self.id}{urlsplit(real).path}"

    @property
    def credentials(self) -> dict[str, str]:
        return settings.SOCIALACCOUNT_PROVIDERS[self.id]["APP"]

    @property
    def is_configured(self) -> bool:
        return bool(self.credentials["client_id"])

    @property
    def tells_bios(self) -> bool:
        """Whether its API tells anyone's bio by handle, without her sign-in: see `look_up`."""
        return False

    def look_up(self, handle: str) -> Profile | None:
        """Return what the API tells of any account, None if there is none. Raises PlatformError."""
        raise NotImplementedError

    def read(self, token: str, external_id: str = "") -> Profile:
        """Return the account's counts now; of several accounts under one token, that of
        `external_id`.

        Raises PlatformError.
        """
        raise NotImplementedError

    def post_of(self, parts: SplitResult) -> Post | None:
        """Return the post that an address of this platform names; None: it names none."""
        raise NotImplementedError

    def see_post(self, post: Post, external_id: str, handle: str, token: str) -> Seen:
        """Ask whose a post is: that of the account with this id, or this handle where we know no
        id; `token` is hers, or empty. Raises PlatformError.
        """
        raise NotImplementedError

    def embed(self, real: str, post: Post, handle: str) -> Seen:
        """Ask the platform's public oEmbed address who published a post."""
        try:
            answer = self.ask("GET", real, query={"url": post.url, "format": "json"})
        except BadAnswer as error:
            if error.status in (400, 401, 403, 404):
                raise NoPost(f"{self.id}: {post.url}") from error
            raise
        author = handle_in(text(answer.get("author_url")))
        if not author:
            return Seen(None, "oembed")
        return Seen(author == handle.lower().lstrip("@"), "oembed", author)

    def refresh(self, token: Token) -> Token:
        """Return a newer token. Raises TokenOver when the creator must sign in again."""
        if not token.refresh:
            raise TokenOver(f"{self.id}: no refresh token")
        form = {
            self.client_id_name: self.credentials["client_id"],
            "client_secret": self.credentials["secret"],
            "grant_type": "refresh_token",
            "refresh_token": token.refresh,
        }
        answer = self.ask("POST", self.token_url, form=form)
        return self.token_from(answer, token.refresh)

    def lengthen(self, token: Token) -> Token:
        """Trade the token of a sign-in for one that lasts; most platforms give that at once."""
        return token

    def withdraw(self, token: Token) -> None:
        """Tell the platform that we no longer want access; it may not offer that."""

    def token_from(self, answer: dict[str, Any], refresh: str = "") -> Token:
        if not answer.get("access_token"):
            raise TokenOver(f"{self.id}: no access_token in the answer")
        seconds = answer.get("expires_in")
        return Token(
            access=str(answer["access_token"]),
            refresh=str(answer.get("refresh_token") or refresh),
            expires_at=timezone.now() + timedelta(seconds=int(seconds)) if seconds else None,
        )

    def ask(
        self,
        method: str,
        real: str,
        *,
        token: str = "",
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that the platform answers with. Raises PlatformError."""
        url = self.address(real) + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        try:
            answer = outbound.request(
                method,
                url,
                headers=headers,
                body=body,
                max_bytes=ANSWER_BYTES,
                allow_private=bool(settings.FAKE_PLATFORM_URL),
            )
        except outbound.OutboundError as error:
            raise Unavailable(f"{self.id}: {error}") from error
        value = self._json(answer.status, answer.body)
        self.refuse(answer.status, value, _seconds(answer.headers.get("Retry-After", "")))
        return value

    def _json(self, status: int, body: bytes) -> dict[str, Any]:
        try:
            value = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            if status >= 500:
                raise Unavailable(f"{self.id}: status {status}") from error
            raise BadAnswer(f"{self.id}: no JSON, status {status}") from error
        if not isinstance(value, dict):
            raise BadAnswer(f"{self.id}: {type(value).__name__} in place of an object")
        return value

    def refuse(self, status: int, answer: dict[str, Any], retry_after_s: int) -> None:
        """Raise what an unsuccessful answer means; the platforms add their own codes."""
        if status == 429:
            raise RateLimited(f"{self.id}: status 429", retry_after_s=retry_after_s or 900)
        if status == 401 or answer.get("error") == "invalid_grant":
            raise TokenOver(f"{self.id}: status {status}")
        if status >= 500:
            raise Unavailable(f"{self.id}: status {status}")
        if status >= 400:
            raise BadAnswer(f"{self.id}: status {status}", status=status)


def _seconds(header: str) -> int:
    return min(int(header), 86_400) if header.isascii() and header.isdigit() else 0


def count(value: Any) -> int | None:
    """Read a count: a number or a string of digits, as YouTube writes it; None when it is not
    there.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadAnswer(f"a count is {value!r}")
    try:
        number = int(value)
    except ValueError as error:
        raise BadAnswer(f"a count is {value!r}") from error
    if not 0 <= number <= 10**12:
        raise BadAnswer(f"a count is {value!r}")
    return number


def text(value: Any, limit: int = 300) -> str:
    """Read a name or an address; anything but text is a bad answer."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadAnswer(f"a text is {type(value).__name__}")
    return value.replace("\x00", "")[:limit]


def handle_in(url: str) -> str:
    """Return the handle in an account's address (`…/@noor.bakes`), small, or nothing."""
    first = urlsplit(url).path.strip("/").partition("/")[0]
    return first[1:].lower() if first.startswith("@") else ""


def moment(value: Any) -> datetime | None:
    """Read a time as platforms write it (ISO 8601); None where there is none."""
    try:
        found = datetime.fromisoformat(text(value, 40).replace("+0000", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None
