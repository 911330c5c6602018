"""What both sides read: a token, and statements."""

from __future__ import annotations

from typing import Literal

from ninja import Field, Schema

from affiliates.api.schemas.shared import At, Money, Next


class TokenOut(Schema):
    """What a token is."""

    name: str
    side: Literal["brand", "creator"]
    owner: str = Field(description="Slug of the brand or handle of the creator.")
    scopes: list[str]
    expires_at: At | None


class MonthOut(Schema):
    month: str = Field(description="YYYY-MM.")
    currency: str


class MonthList(Schema):
    data: list[MonthOut]


class SumOut(Schema):
    kind: str
    count: int
    amount: Money


class StatementOut(Schema):
    month: str
    opening: Money
    closing: Money
    sums: list[SumOut]


class EntryOut(Schema):
    id: int
    posted_at: At
    kind: str
    amount: Money = Field(description="Signed.")
    balance: Money = Field(description="After it.")
    source_kind: str
    source_id: int


class EntryPage(Schema):
    data: list[EntryOut]
    next: Next
