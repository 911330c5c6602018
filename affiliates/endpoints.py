"""Endpoints: where brands and creators hear what happens, and how they know that it was us.

    add(url, kinds, at, by=…, brand=…) -> Endpoint        # its secret is shown once
    take_over(endpoint, at, by=…) -> secret               # of an owner who left
    rotate(endpoint, at) -> secret                        # the old one signs too for a day
    sign(secret, uid, at_s, body) -> "v1,…"               # Standard Webhooks

Messages are signed as Standard Webhooks says (https://www.standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body` under the bytes of the secret, in base64. docs/webhooks.md shows how to check it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from affiliates import events
from affiliates.models import Delivery, Endpoint

MOST = 5  # endpoints of one brand or creator
OLD_LIVES = timedelta(hours=24)
PREFIX = "whsec_"
State = Endpoint.State


class BadAddress(ValueError):
    """An address that we send nothing to; the code says why: scheme, host, port, login."""


class TooMany(Exception):
    """A brand or creator has as many endpoints as it may have."""


def checked(url: str) -> str:
    """Return an address that may be an endpoint. Raises BadAddress.

    Whether its host is public is asked each time that something is sent, for names change.
    """
    ours = settings.PRIVATE_WEBHOOKS_TO
    if ours and url.startswith(f"{ours}/"):
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress("host") from error
    if parts.scheme != "https":
        raise BadAddress("scheme")
    if "@" in parts.netloc:
        raise BadAddress("login")
    if port not in (None, 443):
        raise BadAddress("port")
    own = urlsplit(settings.SITE_URL).hostname
    if not parts.hostname or "." not in parts.hostname or parts.hostname == own or parts.fragment:
        raise BadAddress("host")
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise BadAddress("host")
    return url


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


@transaction.atomic
def add(
    url: str, kinds: Iterable[str], at: datetime, *, by: AbstractBaseUser, **whose: object
) -> Endpoint:
    """Add an endpoint of a `brand` or a `creator`; its secret is on it. Raises TooMany."""
    (owner,) = whose.values()
    type(owner).objects.select_for_update(of=("self",)).get(pk=owner.pk)
    if Endpoint.objects.filter(**whose).count() >= MOST:
        raise TooMany(f"{owner} has {MOST} endpoints")
    return Endpoint.objects.create(
        url=url, kinds=sorted(kinds), secret=new_secret(), created_at=at, kept_by=by, **whose
    )


@transaction.atomic
def take_over(endpoint: Endpoint, at: datetime, *, by: AbstractBaseUser) -> str:
    """Let an endpoint hear again, as `by`'s; return its new secret. The old one is known to who
    left, and signs no more.
    """
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    row.kept_by, row.secret, row.old_secret, row.old_until = by, new_secret(), "", None
    row.save(update_fields=["kept_by", "secret", "old_secret", "old_until"])
    return row.secret


@transaction.atomic
def rotate(endpoint: Endpoint, at: datetime) -> str:
    """Give a new secret and return it; for a day messages carry both signatures."""
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    row.old_secret, row.old_until, row.secret = row.secret, at + OLD_LIVES, new_secret()
    row.save(update_fields=["old_secret", "old_until", "secret"])
    return row.secret


def secrets_of(endpoint: Endpoint, at: datetime) -> list[str]:
    """Return what signs its messages at `at`: the secret, and the one that is going out."""
    old = endpoint.old_secret if endpoint.old_until and at < endpoint.old_until else ""
    return [secret for secret in (endpoint.secret, old) if secret]


def sign(secret: str, uid: str, at_s: int, body: bytes) -> str:
    """Return one signature of a message: `v1,` and base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.new(key, f"{uid}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


@transaction.atomic
def switch(endpoint: Endpoint, on: bool, at: datetime) -> None:
    """Switch an endpoint off, or on again with a clean slate. What waits while it is off dies."""
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    row.state = State.ON if on else State.OFF
    row.failing_since, row.paused_at, row.tells = None, None, False
    row.save(update_fields=["state", "failing_since", "paused_at", "tells"])
    if not on:
        bury(row, at, "off")


def pause(endpoint_id: int, at: datetime) -> bool:
    """Stop sending to an endpoint that took nothing for days; its owner is mailed. True: we did."""
    row = Endpoint.objects.filter(pk=endpoint_id, state=State.ON)
    done = row.update(state=State.PAUSED, paused_at=at, tells=True)
    if done:
        bury(Endpoint(pk=endpoint_id), at, "paused")
    return bool(done)


def bury(endpoint: Endpoint, at: datetime, note: str) -> int:
    """Make dead letters of all that waits for an endpoint; return how many."""
    waiting = endpoint.deliveries.waiting()
    return waiting.update(state=Delivery.State.DEAD, next_at=None, done_at=at, note=note)


def ping(endpoint: Endpoint, at: datetime) -> Delivery:
    """Write a message that only says that messages arrive."""
    uid = uuid4()
    return Delivery.objects.create(
        uid=uid, endpoint=endpoint, kind=events.TEST, name=f"{events.TEST}:{uid.hex}",
        subject=f"test:{uid.hex}"[:40], data={"test": True}, created_at=at, next_at=at,
    )  # fmt: skip


def replay(endpoint: Endpoint, at: datetime, delivery_id: int | None = None) -> int:
    """Let dead letters wait again, one or all of an endpoint, from the first try on.

    They keep their id, so that a receiver knows what it has seen. Returns how many.
    """
    dead = endpoint.deliveries.dead()
    if delivery_id is not None:
        dead = dead.filter(pk=delivery_id)
    return dead.update(
        state=Delivery.State.WAITING, tries=0, next_at=at, done_at=None, note="", status=None
    )
