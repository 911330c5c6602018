"""Where each role can go: the same five in the top bar and in the tab bar."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# URL name, words, icon, and the paths below the role's root that belong to it.
CREATOR = (
    ("affiliates:creator_dashboard", _("Home"), "home", ()),
    ("affiliates:market", _("Products"), "bag", ("samples/", "invitations/", "messages/")),
    ("affiliates:links", _("Links"), "link", ()),
    ("affiliates:earnings", _("Earnings"), "wallet", ("payouts/", "calendar/")),
    (
        "affiliates:storefront_settings",
        _("My page"),
        "user",
        ("settings/", "channels/", "api/", "webhooks/", "passport/"),
    ),
)
BRAND = (
    ("affiliates:brand_dashboard", _("Overview"), "chart", ("risk/", "plan/")),
    ("affiliates:discover", _("Creators"), "users",
     ("creators/", "shortlists/", "collaborations/", "samples/", "messages/")),
    ("shop:products", _("Products"), "box", ("products/", "feeds/")),
    ("shop:brand_orders", _("Orders"), "truck", ("orders/",)),
    ("shop:brand_settings", _("My brand"), "store",
     ("settings/", "balance/", "team/", "integrations/", "calendar/", "api/", "webhooks/")),
)  # fmt: skip
PUBLIC = (
    ("creators:home", _("For creators"), "user", ()),
    ("affiliates:brands_home", _("For brands"), "store", ()),
    ("shop:storefront_list", _("Shop"), "bag", ()),
    ("affiliates:rules", _("How money moves"), "wallet", ()),
)
ACCOUNT = (
    ("account_email", _("E-mail address")),
    ("account_change_password", _("Password")),
    ("mfa_index", _("Second factor")),
    ("usersessions_list", _("Sessions")),
)


def account_items(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the links between the pages of a person's account."""
    path = getattr(context.get("request"), "path", "")
    links = [{"url": reverse(name), "label": words} for name, words in ACCOUNT]
    return [link | {"current": path.startswith(link["url"])} for link in links]


def nav_items(context: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Return the links of `role`, the one of this page marked as current.

    A page may name its own with the context variable `nav_active` (the URL name
    without its namespace); else the path decides.
    """
    request = context.get("request")
    path = getattr(request, "path", "")
    kwargs = {}
    if role == "brand":
        brand = getattr(request, "brand", None) or context.get("brand")
        kwargs = {"brand_slug": brand.slug} if brand else {}
    items = []
    for name, words, icon, below in {"creator": CREATOR, "brand": BRAND}.get(role, PUBLIC):
        url = reverse(name, kwargs=kwargs)
        items.append(
            {"key": name.split(":")[1], "url": url, "label": words, "icon": icon, "below": below}
        )
    root = items[0]["url"]
    active = context.get("nav_active") or _owner(path, root, items)
    for item in items:
        item["current"] = item["key"] == active
    return items


def _owner(path: str, root: str, items: list[dict[str, Any]]) -> str:
    """Return the key of the item that `path` belongs to, or an empty string."""
    for item in items[1:] + items[:1]:
        own = path == root if item is items[0] else path.startswith(item["url"])
        if own or any(path.startswith(root + part) for part in item["below"]):
            return item["key"]
    return ""
