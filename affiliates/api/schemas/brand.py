"""What a brand reads and writes."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from affiliates.api.schemas.shared import At, AtIn, Money, Next
from shop.models.brands import SellsAt


class OptionOut(Schema):
    name: str
    value: str


class VariantOut(Schema):
    id: int
    sku: str
    options: list[OptionOut]
    price: Money = Field(description="With VAT.")
    is_active: bool
    available: int | None = Field(description="How many can be bought; null: any number.")


class ProductOut(Schema):
    id: int
    slug: str
    title: str
    status: Literal["draft", "active", "archived"]
    missing: list[str] = Field(description="What keeps it a draft.")
    sells_at: Literal[tuple(SellsAt.values)]  # type: ignore[valid-type]
    external_id: str | None = Field(description="Its id in the feed or shop that it came from.")
    url: str
    updated_at: At
    variants: list[VariantOut]


class ProductPage(Schema):
    data: list[ProductOut]
    next: Next


class StockOut(Schema):
    sku: str
    product: int
    on_hand: int | None = Field(description="With what is reserved; null: unlimited.")
    reserved: int


class StockPage(Schema):
    data: list[StockOut]
    next: Next


Sku = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]+$")]


class StockIn(Schema):
    model_config = ConfigDict(extra="forbid")

    sku: Sku
    on_hand: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None = Field(
        description="What lies on the shelf now, with what is reserved; null: unlimited."
    )


class StockCounts(Schema):
    """What a count of the shelf found; variants that are not named stay as they are."""

    model_config = ConfigDict(extra="forbid")

    data: list[StockIn] = Field(min_length=1, max_length=100)


class StockSet(Schema):
    data: list[StockOut] = Field(description="The variants as they are now.")
    left_out: list[str] = Field(
        description="SKUs that you do not have, or whose stock your own shop tells."
    )


class CollaborationOut(Schema):
    id: int
    kind: Literal["open", "approval", "targeted"]
    name: str
    rate_bp: int = Field(description="Basis points of the net price: 1200 is 12 %.")
    hold_days: int
    window_days: int
    min_followers: int
    flat_fee: Money
    budget: Money | None = Field(description="For all its commissions; null: no limit.")
    budget_spent_at: At | None
    starts_at: At
    ends_at: At | None


class CollaborationPage(Schema):
    data: list[CollaborationOut]
    next: Next


class FitOut(Schema):
    name: str
    text: str
    points: int
    of: int


class CreatorOut(Schema):
    """A creator as the search page shows her, and no more."""

    id: int
    handle: str
    display_name: str
    url: str
    country: str
    languages: list[str]
    niches: list[str]
    followers: dict[str, int] = Field(description="By platform.")
    engagement_bp: int | None = Field(description="Reactions per follower, basis points.")
    views_bp: int | None = Field(description="Views per follower, basis points.")
    score: int | None = Field(description="Authenticity, 0–100; null: not enough data.")
    fit: int = Field(description="The sum of the points of `why`.")
    why: list[FitOut]
    kept_place: Literal["small", "new", ""] = Field(
        description="Whether the places kept for small and new creators are for her."
    )
    orders_for_you: int
    orders_90d: int | None = Field(description="With anybody; null where she sold for you.")
    invitation: str = Field(description="State of her newest invitation by you, or empty.")


class CreatorPage(Schema):
    data: list[CreatorOut]
    next: Next
    count: int = Field(description="How many fit in all.")


class LineOut(Schema):
    id: int
    sku: str
    title: str
    options: list[OptionOut]
    quantity: int
    unit_price: Money
    discount: Money
    gross: Money
    tax: Money
    net: Money
    given_back: Money = Field(description="Of `gross`.")


class PersonOut(Schema):
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    email: str
    phone: str


class OrderOut(Schema):
    """The brand's part of an order that is paid."""

    id: int
    number: str
    own_shop: bool
    paid_at: At
    shipped_at: At | None
    delivered_at: At | None
    invoice_number: str | None
    shipping: Money
    total: Money = Field(description="Goods and shipping, with VAT.")
    ship_to: PersonOut
    lines: list[LineOut]


class OrderPage(Schema):
    data: list[OrderOut]
    next: Next


Word = Annotated[str, Field(max_length=64)]
Decimal2 = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,11}(\.[0-9]{1,4})?$", description="In major units, VAT included."),
]


class SoldLine(Schema):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=64)]
    sku: Annotated[str, Field(max_length=120)] = ""
    product_id: Annotated[str, Field(max_length=120)] = ""
    title: Annotated[str, Field(max_length=200)] = ""
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    total: Decimal2
    tax: Decimal2 = "0"


class BackIn(Schema):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=64)]
    total: Decimal2
    lines: dict[str, Decimal2] = Field(default={}, max_length=500)


class SoldOrder(Schema):
    """An order of the brand's own shop, as it is now."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=64)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    status: Literal["open", "paid", "cancelled"]
    total: Decimal2
    paid: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Of a cancelled order: that it had been paid."
    )
    test: Annotated[bool, Field(strict=True)] = False
    placed_at: AtIn | None = None
    updated_at: AtIn | None = None
    shipped_at: AtIn | None = None
    delivered_at: AtIn | None = None
    lines: list[SoldLine] = Field(default=[], max_length=500)
    refunds: list[BackIn] = Field(default=[], max_length=500)
    codes: list[Annotated[str, Field(max_length=60)]] = Field(
        default=[], max_length=20, description="Discount codes that were used."
    )
    landing: Annotated[str, Field(max_length=1000)] = Field(
        default="", description="The first address of the visit."
    )
    cart: Annotated[str, Field(max_length=300)] = Field(
        default="", description="What came in the parameter `thousand`."
    )
    email: Annotated[str, Field(max_length=254)] = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""


class ConversionIn(Schema):
    model_config = ConfigDict(extra="forbid")

    order: SoldOrder


class ConversionOut(Schema):
    outcome: Literal["applied", "ignored", "failed", "kept"]
    note: str = Field(description="What became of it, in words.")
    order: str | None = Field(description="Number of the order here, if there is one.")
