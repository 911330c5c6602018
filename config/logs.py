"""What is written to the log: as lines or JSON, with the request's id, without what is private.

One id follows a request through its log lines, the tasks that it sends and the answer
(`X-Request-ID`), so that a person can quote it and we find everything that belongs to it.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from pythonjsonlogger.json import JsonFormatter
from stdnum import luhn

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")
# Each begins with a run of bounded length: text that a stranger sends cannot make one slow.
MAIL = re.compile(r"[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
LOGIN = re.compile(r"(://[^\s:/@]{0,64}):[^\s/@]{1,256}@")  # in the address of a server
COOKIE = re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s?[:=]\s?)[^\n]*")  # several, to the line's end
BEARER = re.compile(r"(?i)\b(bearer|basic)\s[\w.~+/=-]{8,4096}")
# What stands behind one of these words, in addresses, headers, JSON and Python's own form of it.
SECRET = re.compile(
    r"""(?ix)
    (?<![a-z0-9]) ( (?: [a-z0-9]{1,20} [_-]+ ){0,3}  # api_key, X-Access-Token, __Host-session
    (?: (?:old|new)? pass(?:word|wd|phrase)? \d? | pwd | (?:csrf)?(?:middleware)?token | secret
      | key | code | authorization | session(?:id)? | csrf | signature | credentials? | otp )
    (?: \\{0,3} ["'] )? \s? (?: = | %3D | : ) \s? )
    (?: \\{0,3} "[^"\\]{1,4096} | '[^']{1,4096}' | [^\s&"',;)}\]]{1,4096} ) "?
    """
)
# Tokens that show what they are: ours, Stripe's, shops', platforms', what is sealed.
KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:thd_|[rs]k_(?:live|test)_|whsec_|shp(?:at|ss|ca|pa)_|ya29\.|eyJ|gAAAA)"
    r"[\w.=-]{8,4096}"
)
TOKEN = re.compile(r"(?<=/)(?=[^/\s]*[A-Z:])(?=[^/\s]*\d)[\w:.=-]{16,}")  # a part of an address
ROW = re.compile(r"(DETAIL|CONTEXT):[^\n]*")  # PostgreSQL shows the row that broke a rule
NUMBER = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
IBAN = re.compile(r"(?i)\b[A-Z]{2}\d{2} ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{0,4}\b")

current: ContextVar[str] = ContextVar("request_id", default="")
logger = logging.getLogger(__name__)


def scrub(text: str) -> str:
    """Return `text` without mail addresses, tokens and secrets, bank and card numbers."""
    text = ROW.sub(r"\1: [kept back]", text)
    text = COOKIE.sub(r"\1[kept back]", LOGIN.sub(r"\1:[kept back]@", text))
    text = BEARER.sub(r"\1 [kept back]", MAIL.sub("[mail]", text))
    text = KNOWN.sub("[token]", SECRET.sub(r"\1[kept back]", TOKEN.sub("[token]", text)))
    text = IBAN.sub(lambda found: "[account]" if len(found[0]) >= 15 else found[0], text)
    return NUMBER.sub(lambda found: "[number]" if _is_card(found[0]) else found[0], text)


def _is_card(number: str) -> bool:
    return luhn.is_valid(re.sub(r"[ -]", "", number))


class WithRequest(logging.Filter):
    """Writes the id of the request or of the request behind a task on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current.get()
        return True


class Line(logging.Formatter):
    """For people: one line; what a stranger typed cannot begin another one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class Json(JsonFormatter):
    """For machines: one object a line, times in UTC."""

    converter = time.gmtime

    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        facts = super().process_log_record(log_data)
        plain = (bool, int, float, type(None))
        # Ours. Of ids one in twenty could be the number of a bank account.
        kept = {"request_id", "at", "level", "logger", "route"}
        return {
            k: v if k in kept or isinstance(v, plain) else scrub(str(v)) for k, v in facts.items()
        }


def config(level: str, style: str, requests: bool, tasks: bool = False) -> dict[str, object]:
    """Return Django's LOGGING: `style` is line or json; one record per request, one per task."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": WithRequest}},
        "formatters": {
            "line": {"()": Line, "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {
                "()": Json,
                "fmt": "{asctime}{levelname}{name}{message}{request_id}",
                "style": "{",
                "datefmt": "%Y-%m-%dT%H:%M:%SZ",
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler", "formatter": style, "filters": ["request"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "celery": {"level": "WARNING"},
            "celery.app.trace": {"level": "INFO" if tasks else "WARNING"},
            "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "kombu": {"level": "ERROR"},
            __name__: {"level": "INFO" if requests else "WARNING"},
        },
    }  # fmt: skip


def new_id(given: str = "") -> str:
    """Return the id that a proxy of ours gave, if it has the form of one, or a new one."""
    trusted = settings.ALLAUTH_TRUSTED_PROXY_COUNT and GIVEN.fullmatch(given)
    return given if trusted else uuid.uuid4().hex


def request_ids(get_response: Callable) -> Callable:
    """Give each request its id, and write down how it was answered.

    The pattern of the address is written and never the address: tokens stand in some.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        request.request_id = new_id(request.headers.get(HEADER, ""))
        mark = current.set(request.request_id)
        try:
            response = get_response(request)
            response.headers[HEADER] = request.request_id
            if not getattr(response, "_has_been_logged", False) or response.status_code >= 500:
                _write_down(request, response, time.perf_counter() - begun)
            return response
        finally:
            current.reset(mark)

    return middleware


def _write_down(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match, user = request.resolver_match, getattr(request, "_cached_user", None)
    logger.info(
        "%s %s %s", request.method, match.route if match else "-", response.status_code,
        extra={
            "method": request.method, "route": match.route if match else None,
            "status": response.status_code, "ms": round(seconds * 1000, 1),
            "user": getattr(user, "pk", None),
        },
    )  # fmt: skip
