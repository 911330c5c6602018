"""Addresses of engines, as the environment writes them and as the libraries want them."""

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def database(name: str, url: str) -> dict[str, object]:
    """Return Django's DATABASES entry for `url`, the value of the variable `name`.

    Both `postgresql://user:password@host/database` and `postgresql:///database?host=/a/folder`.
    """
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} is no PostgreSQL address: {error}") from error
    if not parts.get("dbname"):
        raise ImproperlyConfigured(f"{name} names no database: postgresql://user@host/database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": parts,
    }


def redis(name: str, url: str) -> str:
    """Return `url`, the value of the variable `name`, if it is empty or leads to a Redis."""
    if not url:
        return url
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[0]
    if parts.scheme != "unix":
        number = parts.path.strip("/") or "0"
    is_redis = parts.scheme in {"redis", "rediss", "unix"} and (parts.hostname or parts.path)
    if not (is_redis and number.isascii() and number.isdigit()):
        raise ImproperlyConfigured(
            f"{name} is no Redis address: redis://host:6379/0 or unix:///a/redis.sock?db=0"
        )
    return url


def next_database(redis_url: str) -> str:
    """Return the address of the database after that of `redis_url` on the same server."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        number = int(parse_qs(parts.query).get("db", ["0"])[0])
        return f"unix://{parts.path}?{urlencode({'db': number + 1})}"
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}"))


def broker(redis_url: str) -> str:
    """Return `redis_url` as Celery writes it."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"
