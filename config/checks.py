"""At start: every address has an access rule. Third-party views get theirs from one map here.

Before a deployment: what a live market still lacks.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.urls import URLPattern, URLResolver, get_resolver

from config.lib import outbound

# Views of packages: those of a module say `login_required` themselves, a namespace has one rule.
THIRD_PARTY_MODULES = ("allauth.", "django.views.generic.base")  # the latter: its RedirectView
THIRD_PARTY_NAMESPACES = {"admin": "staff"}
OURS = ("affiliates", "config", "creators", "shop")
ANY_METHOD = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


class Route(NamedTuple):
    name: str
    pattern: str
    methods: list[str]
    who: str | None
    view: str
    owner_only: list[str]  # of `methods`, for brands: those that need the role of an owner


def routes() -> Iterator[Route]:
    """Yield every address of the site."""
    yield from _walk(get_resolver().url_patterns, "/", "")


def _walk(patterns: list, prefix: str, namespace: str) -> Iterator[Route]:
    for entry in patterns:
        here = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = ":".join(filter(None, [namespace, entry.namespace]))
            yield from _walk(entry.url_patterns, here, inner)
        elif isinstance(entry, URLPattern):
            view = entry.callback
            name = ":".join(filter(None, [namespace, entry.name]))
            where = f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}"
            rule = who(view, namespace)
            takes = methods(view)
            owners = sorted(set(takes) & getattr(view, "owner_methods", frozenset()))
            yield Route(name, here, takes, rule, where, owners)


def who(view: Callable, namespace: str = "") -> str | None:
    """Return the access rule of `view`, or None if it declares none."""
    if declared := getattr(view, "access_rule", None):
        return declared
    by_login = "signed-in" if getattr(view, "login_required", True) else "public"
    if namespace in THIRD_PARTY_NAMESPACES:
        return "public" if by_login == "public" else THIRD_PARTY_NAMESPACES[namespace]
    module = getattr(getattr(view, "view_class", view), "__module__", "")
    return by_login if module.startswith(THIRD_PARTY_MODULES) else None


def methods(view: Callable) -> list[str]:
    """Return the HTTP methods that `view` takes, as it says itself, its decorators or its class."""
    if declared := getattr(view, "takes", None):
        return declared
    layer: Callable | None = view
    while layer is not None:
        code = getattr(layer, "__code__", None)
        if code is not None and "request_method_list" in code.co_freevars:
            cell = layer.__closure__[code.co_freevars.index("request_method_list")]
            return sorted(cell.cell_contents)
        layer = getattr(layer, "__wrapped__", None)
    view_class = getattr(view, "view_class", None)
    if view_class:
        names = {m.upper() for m in view_class.http_method_names if hasattr(view_class, m)}
        return sorted(names | ({"HEAD"} if "GET" in names else set()))
    return ANY_METHOD


@register("urls")
def every_view_declares_who_may_see_it(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    return [
        Error(
            f"{route.pattern} ({route.view}) declares no access rule.",
            hint="Decorate it, outermost, with a rule of config.lib.access or <app>.access.",
            id="config.E001",
        )
        for route in routes()
        if route.who is None
    ]


@register("market", deploy=True)
def a_live_market_can_move_money(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Name what a start does not need, and a market that sells and pays does."""
    needed = {
        "STRIPE_SECRET_KEY": (settings.STRIPE_SECRET_KEY, "shoppers cannot pay"),
        "STRIPE_WEBHOOK_SECRET": (settings.STRIPE_WEBHOOK_SECRET, "no payment is ever confirmed"),
        "STRIPE_CONNECT_WEBHOOK_SECRET": (
            settings.STRIPE_CONNECT_WEBHOOK_SECRET, "no payout to a brand is ever confirmed",
        ),
        "COMPANY_NAME": (settings.COMPANY["name"], "invoices name nobody"),
        "COMPANY_ADDRESS": (settings.COMPANY["address"], "invoices have no address"),
        "COMPANY_VAT_NUMBER": (settings.COMPANY["vat_number"], "invoices have no VAT number"),
        "PAYOUT_NAME": (settings.PAYOUT_ACCOUNT["name"], "creators cannot be paid by SEPA"),
        "PASSPORT_KEY": (settings.PASSPORT_KEY, "creators get no passports"),
        "PAYOUT_IBAN": (settings.PAYOUT_ACCOUNT["IBAN"], "creators cannot be paid by SEPA"),
    }  # fmt: skip
    return [
        Caution(f"{name} is not set: {then}.", id="config.W001")
        for name, (value, then) in needed.items()
        if settings.LIVE and not value
    ]


@register("market", deploy=True)
def people_can_trust_the_certificate(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Ask the site itself, where it answers already: no certificate of its own making."""
    if not settings.LIVE:
        return []
    try:
        outbound.request(
            "GET", f"{settings.SITE_URL}/healthz", total_s=3, allow_private=settings.DEMO
        )
    except outbound.OutboundError as error:
        if "SSLError" in str(error):
            said = f"The certificate of {settings.SITE_URL} is not one that browsers trust."
            return [Caution(said, id="config.W002")]
    return []
