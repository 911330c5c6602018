"""The buttons that take a table along: one component for every page."""

from typing import Any

from django.urls import reverse

KINDS = (("CSV", "csv"), ("XLSX", "xlsx"))


def exports(context: dict[str, Any], table: str, **asked: object) -> dict[str, Any]:
    """Return the addresses of the files of a table, filtered as this page is.

    `{% exports "orders" %}`; what the page's address does not say is given: `list=shown.pk`.
    """
    request = context["request"]
    brand = getattr(request, "brand", None)
    query = request.GET.copy()
    for name in ("page", "after", "before"):
        query.pop(name, None)
    for name, value in asked.items():
        query[name] = str(value)
    tail = f"?{query.urlencode()}" if query else ""
    where = "affiliates:brand_table" if brand else "affiliates:creator_table"
    links = [
        (shown, reverse(where, args=[*([brand.slug] if brand else []), table, kind]) + tail)
        for shown, kind in KINDS
    ]
    return {"links": links}
