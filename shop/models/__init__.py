"""The tables of the shop: brands, what they sell, and the sale."""

from shop.models.brands import Brand, Membership
from shop.models.catalogue import Category, Image, Product, TaxRate, Variant
from shop.models.feeds import Feed, FeedProblem, FeedRun
from shop.models.orders import BrandOrder, Cart, CartLine, Order, OrderLine, Return, ReturnLine
from shop.models.payments import (
    Dispute,
    DisputeLine,
    Payment,
    PaymentSession,
    Refund,
    RefundLine,
    WebhookEvent,
)
from shop.models.terms import Acceptance, Terms

__all__ = [
    "Acceptance",
    "Brand",
    "BrandOrder",
    "Cart",
    "CartLine",
    "Category",
    "Dispute",
    "DisputeLine",
    "Feed",
    "FeedProblem",
    "FeedRun",
    "Image",
    "Membership",
    "Order",
    "OrderLine",
    "Payment",
    "PaymentSession",
    "Product",
    "Refund",
    "RefundLine",
    "Return",
    "ReturnLine",
    "TaxRate",
    "Terms",
    "Variant",
    "WebhookEvent",
]
