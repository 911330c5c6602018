"""The tables of the shop: brands, what they sell, and the sale."""

from shop.models.brands import Brand, Membership, TeamInvitation
from shop.models.catalogue import Category, Image, Product, TaxRate, Variant
from shop.models.delivery import DeliveryOption
from shop.models.discounts import DiscountCode, DiscountUse
from shop.models.documents import SaleDocument
from shop.models.failures import RefundFailure
from shop.models.feeds import Feed, FeedProblem, FeedRun
from shop.models.integrations import Integration
from shop.models.letters import OrderLetter
from shop.models.orders import BrandOrder, Cart, CartLine, Order, OrderLine
from shop.models.parcels import Parcel, ParcelLine, ParcelUndone
from shop.models.payments import (
    Dispute,
    DisputeLine,
    Movement,
    Payment,
    PaymentSession,
    Refund,
    RefundLine,
    TopUp,
    WebhookEvent,
)
from shop.models.prices import PriceChange
from shop.models.recalls import Recall
from shop.models.returns import Return, ReturnLine
from shop.models.stockrooms import OrderPush, Stocked, Stockroom
from shop.models.terms import Acceptance, Terms, TermsNotice
from shop.models.troubles import Trouble, TroubleLine

__all__ = [
    "Acceptance",
    "Brand",
    "BrandOrder",
    "Cart",
    "CartLine",
    "Category",
    "DeliveryOption",
    "DiscountCode",
    "DiscountUse",
    "Dispute",
    "DisputeLine",
    "Feed",
    "FeedProblem",
    "FeedRun",
    "Image",
    "Integration",
    "Membership",
    "Movement",
    "Order",
    "OrderLetter",
    "OrderLine",
    "OrderPush",
    "Parcel",
    "ParcelLine",
    "ParcelUndone",
    "Payment",
    "PaymentSession",
    "PriceChange",
    "Product",
    "Recall",
    "Refund",
    "RefundFailure",
    "RefundLine",
    "Return",
    "ReturnLine",
    "SaleDocument",
    "Stocked",
    "Stockroom",
    "TaxRate",
    "TeamInvitation",
    "Terms",
    "TermsNotice",
    "TopUp",
    "Trouble",
    "TroubleLine",
    "Variant",
    "WebhookEvent",
]
