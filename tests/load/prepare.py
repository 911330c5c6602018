"""Opens what a day needs in a filled market, and prints it as JSON: links, a shop, a key.

Run in the market's own environment, as `tests.load` does.
"""

import hashlib
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import apitokens  # noqa: E402
from affiliates.models import Link  # noqa: E402
from shop import integrations  # noqa: E402
from shop.models import Brand, Variant  # noqa: E402

OWNER = "brand@thousand.example"


def main() -> None:
    now = timezone.now()
    Variant.objects.update(stock=1_000_000, reserved=0)
    brand = Brand.objects.get(memberships__user__email=OWNER)
    owner = brand.memberships.get(user__email=OWNER).user
    shop = integrations.connect(brand, "api", "mill.example", days=4, at=now)
    integrations.turn_green(shop, now)
    _row, token = apitokens.make(
        "A day", apitokens.scopes_for("brand"), now, days=1, by=owner, brand=brand
    )
    sku = Variant.objects.filter(brand=brand, product__status="active").earliest("pk").sku
    found = {
        "links": _links(),
        "shop": {"path": f"/hooks/api/{shop.pk}/", "secret": shop.secret, "sku": sku},
        "token": token,
        "provider": hashlib.sha256(b"fake gateway:" + settings.SECRET_KEY.encode()).hexdigest(),
        "sign_ins": _sign_ins(),
    }
    sys.stdout.write(json.dumps(found))


def _links() -> list[tuple[str, str, int]]:
    """Return a link, its page and a variant for each product."""
    rows = Link.objects.filter(is_active=True, product__status="active")
    rows = rows.select_related("product__brand").order_by("product", "pk").distinct("product")
    first = dict(
        Variant.objects.filter(is_active=True).order_by("product", "-pk").distinct("product")
        .values_list("product", "pk")
    )  # fmt: skip
    return [
        (row.code, row.product.get_absolute_url(), first[row.product_id])
        for row in rows
        if row.product_id in first
    ]


def _sign_ins() -> dict[str, list[str]]:
    """Return role -> e-mail, password, own page."""
    lines = (settings.DATA_DIR / "sign-ins.txt").read_text().splitlines()
    rows = [line.split()[:4] for line in lines if line.split()[:1]]
    return {row[0]: row[1:] for row in rows if row[0] in {"creator", "brand"}}


if __name__ == "__main__":
    main()
