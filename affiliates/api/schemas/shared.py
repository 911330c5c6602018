"""What answers to brands and to creators have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from ninja import Field, Schema
from pydantic import ConfigDict, PlainSerializer


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


At = Annotated[datetime, PlainSerializer(_utc, return_type=str)]
AtIn = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
        description="ISO 8601 with its zone.",
    ),
]
Next = Annotated[
    str | None, Field(description="Cursor of the next page, for `after`; null on the last one.")
]


class Money(Schema):
    amount: int = Field(description="In minor units: cents of a euro.")
    currency: str = Field(description="ISO 4217.")

    @classmethod
    def of(cls, amount: int, currency: str) -> Money:
        return cls(amount=amount, currency=currency)


class Wrong(Schema):
    """One thing that is not valid."""

    where: str
    what: str


class ProblemOut(Schema):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Its end names the kind of problem; a page explains it.")
    title: str
    status: int
    detail: str | None = None
    errors: list[Wrong] | None = None
