"""Every page of a demo market, with objects of those who sign in: for tests and benches."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from affiliates.models import (
    BrandInvoice,
    Collaboration,
    CreatorCode,
    Link,
    Message,
    SampleRequest,
    SelfBill,
    SettlementLine,
)
from config import checks
from creators.models import Case, Creator
from shop.models import Brand, BrandOrder, FeedRun, Product

SHOPPER, CREATOR, BRAND = None, "creator@thousand.example", "brand@thousand.example"
ADMIN = "admin-one@thousand.example"
WHO = {"public": SHOPPER, "signed-in": CREATOR, "creator:own": CREATOR, "brand:own": BRAND}
SIX = {"shop:storefront_list", "shop:product"}  # statements; the others may take twelve
OBJECT = {  # page -> word of its address -> fact
    "affiliates:earnings_line": {"pk": "earned"},
    "affiliates:balance_line": {"pk": "owed"},
    "affiliates:case": {"pk": "case"},
    "affiliates:report": {"pk": "creator_id"},
    "affiliates:sample": {"pk": "sample"},
    "affiliates:report_message": {"pk": "got"},
    "affiliates:brand_report_message": {"pk": "reply", "creator_id": "writer"},
    "affiliates:brand_sample": {"pk": "given"},
    "affiliates:creator_endpoint": {"pk": "creator_hook"},
    "affiliates:brand_endpoint": {"pk": "brand_hook"},
    "affiliates:creator_export": {"pk": "creator_export"},
    "affiliates:brand_export": {"pk": "brand_export"},
    "affiliates:passport": {"pk": "passport"},
    "affiliates:report_state": {"token": "report_token"},
    "shop:brand_order": {"part_id": "broken_part"},
    "shop:order": {"token": "order_token"},
    "shop:withdraw": {"token": "order_token", "part_id": "order_part"},
    "shop:return_sent": {"token": "order_token"},
    "shop:trouble": {"token": "order_token", "part_id": "order_part"},
    "shop:team_join": {"token": "team_token"},
    "shop:terms_changes": {"version": "changed_version"},
    "shop:elsewhere": {"token": "bag_token"},
}
WORD = re.compile(r"<(?:\w+:)?(\w+)>")
FILES = re.compile(r"\.(csv|pdf|json|py|svg|png|xlsx|zip)$|<str:kind>|^/go/|/qr\.")


class Page(NamedTuple):
    name: str
    who: str | None  # signs in with this address; None: a passer-by
    path: str


def pages(staged: dict[str, object] | None = None) -> Iterator[Page]:
    """Yield every page that can be read: of ours by each name, of the admin each list.

    `staged`: what `stage.fill` made.
    """
    known = facts() | (staged or {})
    for route in checks.routes():
        if "GET" not in route.methods or FILES.search(route.pattern):
            continue
        if route.name.startswith("admin:") and route.name.endswith(("_changelist", ":index")):
            yield Page(route.name, ADMIN, route.pattern)
        elif route.name.partition(":")[0] in {"affiliates", "creators", "shop"}:
            own = known | {
                word: known.get(fact) for word, fact in OBJECT.get(route.name, {}).items()
            }
            words = WORD.findall(route.pattern)
            if "^" not in route.pattern and all(own.get(word) for word in words):
                path = WORD.sub(lambda found, own=own: str(own[found[1]]), route.pattern)
                yield Page(route.name, WHO[route.who], path)


def facts() -> dict[str, object]:
    """Return an object of the right owner for each word of an address."""
    creator = Creator.objects.get(user__email=CREATOR)
    brand = Brand.objects.get(memberships__user__email=BRAND)
    link = Link.objects.filter(creator=creator, product__brand=brand).first()
    link = link or Link.objects.filter(creator=creator).exclude(product=None).first()
    product = Product.objects.on_sale().filter(brand=brand).first()

    def newest(rows: object, field: str = "pk") -> object:
        return rows.order_by("-pk").values_list(field, flat=True).first()

    return {
        "brand_slug": brand.slug,
        "product_slug": product and product.slug,
        "product_id": product and product.pk,
        "pk": link and link.pk,
        "handle": creator.handle,
        "creator_id": newest(Creator.objects.enrolled().exclude(pk=creator.pk)),
        "collaboration_id": newest(Collaboration.objects.filter(brand=brand)),
        "part_id": newest(BrandOrder.objects.filter(brand=brand)),
        "broken_part": newest(BrandOrder.objects.filter(brand=brand)),
        "run_id": newest(FeedRun.objects.filter(feed__brand=brand)),
        "number": newest(SelfBill.objects.filter(creator=creator), "number")
        or newest(BrandInvoice.objects.filter(brand=brand)),
        "word": newest(CreatorCode.objects.filter(creator=creator)),
        "earned": newest(SettlementLine.objects.filter(creator=creator)),
        "got": newest(Message.objects.filter(creator=creator, brand=brand, from_brand=True)),
        "reply": newest(Message.objects.filter(brand=brand, from_brand=False)),
        "writer": newest(Message.objects.filter(brand=brand, from_brand=False), "creator_id"),
        "sample": newest(SampleRequest.objects.filter(creator=creator)),
        "given": newest(SampleRequest.objects.filter(collaboration__brand=brand)),
        "case": newest(Case.objects.filter(creator=creator)),
        "kind": "creator",
        "version": 1,
        "changed_version": 1,
        "owed": newest(SettlementLine.objects.filter(brand=brand)),
    }


def clients() -> dict[str | None, Client]:
    made: dict[str | None, Client] = {SHOPPER: Client(headers={"host": "localhost"})}
    for mail in (CREATOR, BRAND, ADMIN):
        made[mail] = Client(headers={"host": "localhost"})
        made[mail].force_login(User.objects.get(email=mail))
    return made


def statements(browser: Client, path: str, seen: bool = False) -> list[str] | None:
    """Return the statements of a page with a cold cache; None: there is nothing to show.

    `seen`: this process has shown the page before, and knows what is learned once.
    """
    if not seen:
        browser.get(path)
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(path)
    if answer.status_code not in {200, 302, 404}:
        raise AssertionError(f"{path} answers {answer.status_code}")
    return [one["sql"] for one in asked] if answer.status_code == 200 else None
