"""What the environment says; what is wrong with it is named in one line, before anything starts."""

from collections.abc import Collection
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from config.lib import seeds

YES, NO = {"1", "true", "yes", "on", "y", "ok"}, {"0", "false", "no", "off", "n"}


class Files(FileAwareMapping):
    """The environment, where NAME_FILE names a file that holds NAME: a secret of the platform's."""

    def __getitem__(self, name: str) -> str:
        try:
            return super().__getitem__(name).rstrip("\n")
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error


class Environment(environ.FileAwareEnv):
    """Variables by kind; an empty one counts as not set. Each method raises ImproperlyConfigured."""

    ENVIRON = Files()

    def word(self, name: str, default: str = "") -> str:
        return self.str(name, "") or default

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        value = self.word(name, default)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
        return value

    def whole(self, name: str, default: int) -> int:
        value = self.word(name, str(default))
        if not (value.isascii() and value.isdigit()):
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.word(name, "yes" if default else "no").lower()
        if value not in YES | NO:
            raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
        return value in YES

    def key(self, name: str) -> str:
        return next(iter(self.keys(name)), "")

    def keys(self, name: str) -> list[str]:
        """Return keys of 32 bytes, separated by commas."""
        values = self.list(name, default=[])
        if not all(map(seeds.is_one, values)):
            raise ImproperlyConfigured(
                f"{name} must be 32 bytes in base64url: manage.py passport_key makes them."
            )
        return values

    def time_zone(self, name: str, default: str) -> str:
        value = self.word(name, default)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ImproperlyConfigured(
                f"{name} must be a time zone such as {default}, not {value!r}."
            ) from error
        return value

    def mail(self, name: str) -> dict[str, object]:
        """Return Django's EMAIL_* settings; none where the variable is empty."""
        if not (value := self.word(name)):
            return {}
        try:
            return self.email_url_config(value)
        except (ImproperlyConfigured, ValueError) as error:
            raise ImproperlyConfigured(
                f"{name} must be as smtp+tls://user:password@mail.example:587: {error}"
            ) from error


NEEDED_IN_LIVE = {
    "SECRET_KEY": "50 random characters or more; they sign sessions and links",
    "ALLOWED_HOSTS": "the host names that this site answers to, separated by commas",
    "SITE_URL": "the site's own address, such as https://market.example",
    "EMAIL_URL": "how mail is sent, such as smtp+tls://user:password@mail.example:587",
}


def check_live(env: Environment) -> None:
    """Refuse to start a live market without what it needs, or with what is for demos."""
    if missing := [
        f"{name} ({what})" for name, what in NEEDED_IN_LIVE.items() if not env.word(name)
    ]:
        raise ImproperlyConfigured("MARKET_MODE is live, so set " + "; ".join(missing) + ".")
    if len(env.str("SECRET_KEY")) < 50:
        raise ImproperlyConfigured("SECRET_KEY is too short for live: use 50 characters or more.")
    if "*" in env.list("ALLOWED_HOSTS"):
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts: * is refused in live.")
    site = urlsplit(env.str("SITE_URL"))
    if site.scheme != "https" or not site.hostname:
        raise ImproperlyConfigured("SITE_URL must start with https:// and name a host in live.")
    if env.flag("DEBUG"):
        raise ImproperlyConfigured("DEBUG is refused while MARKET_MODE is live: unset it.")
    if env.word("PAYMENT_GATEWAY") == "fake":
        raise ImproperlyConfigured("PAYMENT_GATEWAY=fake is refused while MARKET_MODE is live.")
    if env.word("FAKE_PLATFORM_URL"):
        raise ImproperlyConfigured("FAKE_PLATFORM_URL is refused while MARKET_MODE is live.")
