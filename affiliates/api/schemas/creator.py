"""What a creator reads and takes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from affiliates.api.schemas.shared import At, Money, Next


class LinkOut(Schema):
    id: int
    url: str = Field(description="What is posted.")
    code: str
    brand: str
    product: str | None = Field(description="Slug; null: the brand's whole shop.")
    platform: Literal["tiktok", "instagram", "youtube", "facebook", "page"]
    is_active: bool
    rate_bp: int = Field(description="What was promised when it was taken, basis points.")
    rate_locked_until: At | None
    clicks: int
    orders: int
    earned: Money
    created_at: At


class LinkPage(Schema):
    data: list[LinkOut]
    next: Next


class LinkIn(Schema):
    """A link to take: of a product, or of a brand's whole shop. Asked twice it is the same link."""

    model_config = ConfigDict(extra="forbid")

    brand: Annotated[str, Field(max_length=60, pattern=r"^[-a-zA-Z0-9_]+$")] = Field(
        description="As in the address of its page: /shop/BRAND/PRODUCT/."
    )
    product: Annotated[str, Field(max_length=120, pattern=r"^[-a-zA-Z0-9_]+$")] | None = None
    platform: Literal["tiktok", "instagram", "youtube", "facebook"]


class ClicksOut(Schema):
    """One link on one day of the market."""

    link: int
    day: date
    clicks: int
    people: int
    orders: int
    earned: Money


class ClicksPage(Schema):
    data: list[ClicksOut]
    next: Next


class CommissionOut(Schema):
    """What an order line earns, or a correction of it. Days, no hours: they are a shopper's."""

    id: int
    kind: Literal["sale", "reversal", "adjustment"]
    state: Literal["pending", "held", "settled", "void"]
    brand: str
    link: str | None = Field(description="Its code.")
    amount: Money
    base: Money | None = Field(description="Net price that it is computed on.")
    rate_bp: int | None
    reverses: int | None
    reason: str
    earned_on: date
    clears_on: date | None = Field(description="Null while a return or dispute is open.")
    settled_on: date | None


class CommissionPage(Schema):
    data: list[CommissionOut]
    next: Next
