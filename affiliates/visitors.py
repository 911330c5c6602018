"""Who is at the door: a person, an embedded fetch, or a machine; told by headers alone.

No address is kept: a visitor is a hash keyed with a random key that is thrown away
after two days, so the same person cannot be recognised on another day.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import crawleruseragents

from config.lib.http import client_address

IN_APP = [  # in-app browsers are people; the platform seen is kept beside the link's
    ("tiktok", re.compile(r"bytedancewebview|musical_ly|trill_|\btiktok", re.I)),
    ("instagram", re.compile(r"\binstagram\b", re.I)),
    ("facebook", re.compile(r"\bfb(?:an|av|_iab)\b", re.I)),
]
REFERRERS = {
    "tiktok.com": "tiktok",
    "instagram.com": "instagram",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "facebook.com": "facebook",
    "fb.me": "facebook",
}
PREVIEWS = re.compile(  # link previews that the list of crawlers leaves out
    r"facebookexternalhit|whatsapp/|telegrambot|discordbot|slackbot|skypeuripreview|snapchat ads"
    r"|google-pagerenderer|headlesschrome|python-|curl/|wget/|go-http-client|okhttp/|axios/",
    re.I,
)
MACHINE = re.compile(r"https?://|\+?\b[\w.+-]+@[\w-]+\.\w+|(?:bot|crawler|spider)\b", re.I)
TABLET = re.compile(r"ipad|tablet|android(?!.*mobile)", re.I)
PHONE = re.compile(r"mobi|iphone|ipod|android", re.I)
HOST = re.compile(r"[a-z0-9.-]{1,100}")
# What advertising networks put into the address of who clicks on a paid advertisement, from
# their own manuals. Meta's fbclid and igsh are on every link of theirs, paid or not: no sign.
AD_CLICK = {
    "gclid": "google", "gbraid": "google", "wbraid": "google", "gad_source": "google",
    "dclid": "google", "msclkid": "microsoft", "ttclid": "tiktok", "twclid": "x",
    "li_fat_id": "linkedin", "sccid": "snapchat", "yclid": "yandex", "rdt_cid": "reddit",
}  # fmt: skip
AD_MEDIUM = re.compile(r"cpc|cpm|cpv|ppc|display|banner|retargeting|paid[a-z_-]*|[a-z]+[_-]?paid")
AD_SIGN = re.compile(r"(?:^|&)(\w{3,16})=([^&]+)")


@dataclass(frozen=True, slots=True)
class Agent:
    """What a User-Agent header says."""

    is_bot: bool
    device: str  # phone, tablet, desktop
    platform: str  # of an in-app browser, else empty


@lru_cache(maxsize=4_096)
def agent(header: str) -> Agent:
    """Read a User-Agent header; the answer is kept, most visitors share a few hundred."""
    platform = next((name for name, sign in IN_APP if sign.search(header)), "")
    is_bot = (
        not header
        or bool(PREVIEWS.search(header))
        or bool(crawleruseragents.is_crawler(header))
        or (not platform and bool(MACHINE.search(header)))
    )
    mobile = "phone" if PHONE.search(header) else "desktop"
    return Agent(is_bot, "tablet" if TABLET.search(header) else mobile, platform)


def is_speculative(environ: dict[str, str]) -> bool:
    """Say whether a browser fetches this ahead of any click (prefetch, preview, preload)."""
    for name in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"):
        if environ.get(name):
            return True
    return False


def paid_by(query: str) -> str:
    """Return the network whose paid advertisement an address was opened from, or nothing."""
    if not query:
        return ""
    medium = ""
    for name, value in AD_SIGN.findall(query[:2_000].lower()):
        if name in AD_CLICK:
            return AD_CLICK[name]
        if name == "utm_medium" and AD_MEDIUM.fullmatch(value):
            medium = "ads"
    return medium


def is_embedded(environ: dict[str, str]) -> bool:
    """Say whether this is fetched as an image, frame or script rather than opened."""
    return environ.get("HTTP_SEC_FETCH_DEST", "document") != "document"


def referrer_host(header: str) -> str:
    """Return the host of a Referer header, or nothing if it is none."""
    try:
        host = (urlsplit(header).hostname or "").lower()
    except ValueError:
        return ""
    return host if HOST.fullmatch(host) else ""


def platform_of(host: str) -> str:
    """Return the platform whose site a referrer is."""
    return next(
        (name for site, name in REFERRERS.items() if host == site or host.endswith("." + site)), ""
    )


@lru_cache(maxsize=4_096)
def came(user_agent: str, referrer: str) -> str:
    """Return whence and how, as the stream keeps it: host, device, platform."""
    known, host = agent(user_agent), referrer_host(referrer)
    return f"{host}|{known.device}|{known.platform or platform_of(host)}"


class Key:
    """A day's random key, which turns an address and a browser into one visitor."""

    def __init__(self, secret: bytes) -> None:
        self._keyed = hashlib.blake2b(key=secret, digest_size=16)

    def visitor(self, environ: dict[str, str]) -> str:
        """Return the 22 characters (16 bytes) that stand for one visitor on one day."""
        who = f"{client_address(environ)}\n{environ.get('HTTP_USER_AGENT', '')}"
        state = self._keyed.copy()
        state.update(who.encode(errors="replace"))
        return urlsafe_b64encode(state.digest())[:22].decode()
