"""Errors to Sentry, where SENTRY_DSN says so; nothing private goes with them."""

from __future__ import annotations

from typing import Any

from config import logs

PRIVATE = ("cookies", "data", "env", "headers", "query_string")


def start(dsn: str, release: str) -> None:
    """Send errors of web, workers and commands. Loaded here: without a DSN nobody waits for it."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn, release=release, send_default_pii=False, include_local_variables=False,
        max_request_body_size="never", traces_sample_rate=0, before_send=clean,
    )  # fmt: skip


def clean(event: dict[str, Any], _hint: object = None) -> dict[str, Any]:
    """Return an event without who it was and what was sent, with the request's id."""
    request = event.get("request", {})
    for name in PRIVATE:
        request.pop(name, None)
    request.pop("url", None)  # tokens stand in some addresses; the transaction names the pattern
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    event.setdefault("tags", {})["request_id"] = logs.current.get()
    for one in event.get("exception", {}).get("values", []):
        one["value"] = logs.scrub(str(one.get("value", "")))
    if "message" in event.get("logentry", {}):
        event["logentry"] = {
            "message": logs.scrub(
                event["logentry"].get("formatted") or event["logentry"]["message"]
            )
        }
    return event
