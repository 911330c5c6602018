"""Two sides with something in every table, and how their tables are asked for."""

import csv
import io
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from affiliates import (
    apitokens,
    brandinvoices,
    brandweeks,
    endpoints,
    links,
    participations,
    samples,
    settlement,
    shortlists,
)
from affiliates.models import CaseLine, LinkDay, Payout, PayoutBatch
from creators import cases
from creators.models import Creator
from shop import discounts, documents, integrations
from shop.feeds import importer
from shop.models import (
    Brand,
    DiscountCode,
    Feed,
    FeedProblem,
    Image,
    OrderPush,
    Stockroom,
    WebhookEvent,
)
from tests.affiliates.factories import make_collaboration, make_commission, make_payable
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant

NOW = timezone.now()
DAY = timedelta(days=1)
EVIL = "=HYPERLINK(1)"
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Side:
    """One creator, one brand and a sale between them, under names of their own."""

    def __init__(self, name: str):
        self.name = name
        self.creator = make_creator(
            followers=6_000, user=make_user(), handle=f"her.{name}", at=NOW - 50 * DAY
        )
        self.creator.display_name = f"{EVIL} {name}"
        self.creator.save()
        self.owner = make_user(email=f"{name}@brands.example")
        self.brand = make_brand(owner=self.owner, name=f"@Mill {name}", slug=f"mill-{name}")
        self.variant = make_variant(brand=self.brand, title=f"+Mug {name}")
        self.offer = make_collaboration(self.brand, name=f"-Open {name}", gives_samples=True)
        at = NOW - 40 * DAY
        facts = {"variant": self.variant, "at": at, "delivered": at + DAY}
        self.sale = make_commission(self.creator, self.brand, **facts)
        line = self.sale.order_line
        line.title = f"+Mug {self.name}"
        line.save()
        order = line.brand_order.order
        order.city = f"{EVIL}{self.name}"[:80]
        order.number = f"TH-{self.name}"
        order.save()

    def fill(self):
        """Give every table a row."""
        links.accept_terms(self.creator.user, NOW)
        self.link = links.take(
            self.creator, product=self.variant.product, platform="tiktok", at=NOW
        )
        self.settle()
        self.talk()
        self.open_doors()
        return self

    def settle(self):
        settlement.settle(NOW)
        self.sale.refresh_from_db()
        self.line = self.sale.settlement_line
        LinkDay.objects.update_or_create(
            link=self.link, day=timezone.localdate(),
            defaults={"clicks": 3, "uniques": 2, "orders": 1, "income": 342},
        )  # fmt: skip
        documents.invoice(self.sale.order_line.brand_order, NOW)
        brandweeks.refresh(NOW)
        brandinvoices.issue(NOW + 32 * DAY)
        method = make_payable(self.creator)
        Payout.objects.create(
            batch=PayoutBatch.objects.create(
                pay_on=date(2026, 11, 6), rail="sepa", currency="EUR", built_at=NOW,
                message_id=f"M-{self.name}",
            ),
            creator=self.creator, method=method, amount=1_042, currency="EUR", rail="sepa",
            state="failed", reason=f"={self.name}", created_at=NOW,
        )  # fmt: skip

    def talk(self):
        wish = samples.Wish(
            self.variant, "video", {"name": "A"}, channel=self.creator.channels.get()
        )
        samples.ask(self.creator, wish, NOW)
        self.targeted = self.brand.collaborations.create(
            kind="targeted", name=f"@For you {self.name}", rate_bp=1_500, starts_at=NOW - DAY
        )
        participations.invite(self.targeted, [self.creator], NOW)
        self.list = shortlists.first(self.brand)
        shortlists.add(self.list, [self.creator.pk], self.owner)
        shortlists.note(self.brand, self.creator.pk, f"={self.name}")
        self.case = cases.contest(self.creator, f"commission:{self.sale.pk}", "Why?", NOW)
        CaseLine.objects.create(case=self.case, commission=self.sale)
        discounts.make(DiscountCode(
            brand=self.brand, code=f"TEN{self.name.upper()}", rate_bp=1_000, starts_at=NOW - DAY
        ), [])  # fmt: skip
        self.run = importer.start(self.brand, name=f"=feed {self.name}", started_by=self.owner)
        self.run.state = "done"
        self.run.save()
        FeedProblem.objects.create(run=self.run, line=2, field="price", value=f"-{self.name}", reason="no price")  # fmt: skip
        shop = integrations.connect(self.brand, "api", f"{self.name}.example", days=4, at=NOW)
        WebhookEvent.objects.create(
            gateway="api", external_id=self.name, kind="order", body={}, body_sha256="",
            integration=shop, about=f"={self.name}", outcome="ignored",
        )  # fmt: skip
        self.stand_still(shop)

    def stand_still(self, shop):
        """What a brand's own shop and catalogue did not take or give."""
        room = Stockroom.objects.create(
            integration=shop, address=f"https://{self.name}.example", connected_at=NOW
        )
        OrderPush.objects.create(
            brand_order=self.sale.order_line.brand_order, stockroom=room, state="dead",
            next_try_at=NOW, created_at=NOW, attempts=9,
        )  # fmt: skip
        Feed.objects.create(
            brand=self.brand, name=f"=catalogue {self.name}", every_hours=24, next_at=NOW + DAY,
            url=f"https://{self.name}.example/feed.xml",
        )  # fmt: skip
        product = self.variant.product
        product.feed = self.run.feed
        product.save(update_fields=["feed"])
        Image.objects.create(
            product=product, position=0, source_url=f"https://{self.name}.example/=a.jpg",
            problem="silent", attempts=9,
        )  # fmt: skip

    def owner_of(self, kind):
        return self.creator if kind is Creator else self.brand

    def user_of(self, kind):
        return self.creator.user if kind is Creator else self.owner

    def open_doors(self):
        """A key and a webhook with a message, of her and of the brand."""
        self.hooks = {}
        for kind, by in ((Creator, self.creator.user), (Brand, self.owner)):
            whose = {"creator" if kind is Creator else "brand": self.owner_of(kind)}
            apitokens.make(f"=key {self.name}", ["statements:read"], NOW, days=30, by=by, **whose)
            self.hooks[kind] = endpoints.add(
                f"https://{self.name}.example/in", ["commission.born"], NOW, by=by, **whose
            )
            endpoints.ping(self.hooks[kind], NOW)

    def asked(self, name, kind=None) -> dict[str, str]:
        """What a page of one thing says of it in its address."""
        return {
            "compared": {"c": str(self.creator.pk)},
            "plan": {
                "goal": "sales",
                "budget": "900",
                "percent": "15",
                "most": "10",
                "cap_percent": "60",
            },
            "webhook-messages": {"endpoint": str(self.hooks[kind].pk)} if kind else {},
            "line": {"line": str(self.line.pk)},
            "import-problems": {"run": str(self.run.pk)},
            "import-pictures": {"run": str(self.run.pk)},
            "case-lines": {"case": str(self.case.pk)},
            "order-lines": {"first": str(timezone.localdate() - 90 * DAY)},
            "sale-documents": {"first": str(timezone.localdate() - 90 * DAY)},
            "statement": {"month": f"{NOW:%Y-%m}"},
        }.get(name, {})


SEEN = {  # where a table is seen, and what of it stands there as it stands in the file
    (Creator, "commissions"): ("affiliates:earnings", ["What", "Brand", "Left"]),
    (Creator, "coming"): ("affiliates:earnings", ["Sales", "Amount"]),
    (Creator, "case-lines"): ("affiliates:case", ["Sale", "Brand", "State", "Amount"]),
    (Creator, "second-channels"): ("affiliates:creator_risk", ["Platform", "Followers"]),
    (Creator, "links"): ("affiliates:links", ["Product", "Brand", "Clicks", "Earned"]),
    (Creator, "clicks"): ("affiliates:links", ["Product", "Brand", "Clicks"]),
    (Creator, "statement"): ("affiliates:earnings_statement", ["What", "Because of", "Amount"]),
    (Creator, "line"): ("affiliates:earnings_line", ["What", "Price without VAT", "Amount"]),
    (Creator, "settled"): ("affiliates:earnings_statement", ["Brand", "Amount"]),
    (Creator, "payouts"): ("affiliates:payouts", ["Account", "Amount", "Why not"]),
    (Creator, "samples"): ("affiliates:samples", ["Product", "Brand"]),
    (Creator, "invitations"): ("affiliates:invitations", ["Brand", "Collaboration"]),
    (Creator, "cases"): ("affiliates:cases", ["Number", "Kind", "State"]),
    (Creator, "earned"): ("affiliates:creator_dashboard", ["Clicks", "Orders", "Earned"]),
    (Creator, "platforms"): ("affiliates:creator_risk", ["Clicks", "Orders", "Commission"]),
    (Brand, "collaborations"): ("affiliates:collaborations", ["Collaboration"]),
    (Brand, "participants"): ("affiliates:collaboration", ["Creator"]),
    (Brand, "links"): ("affiliates:brand_links", ["Creator", "Posted on", "Clicks", "Commission"]),
    (Brand, "claims"): ("affiliates:claims", ["Order", "Product", "Creator", "Why", "Commission"]),
    (Brand, "shortlist"): ("affiliates:shortlists", ["Creator", "Note of your team", "Added by"]),
    (Brand, "samples"): ("affiliates:brand_samples", ["Creator", "Product"]),
    (Brand, "entries"): (
        "affiliates:balance",
        ["What", "Because of", "Amount", "Balance after it"],
    ),
    (Brand, "statement"): ("affiliates:balance_statement", ["What", "Because of", "Amount"]),
    (Brand, "line"): ("affiliates:balance_line", ["What", "Order", "Amount"]),
    (Brand, "settled"): ("affiliates:balance_statement", ["Creator", "Amount"]),
    (Brand, "commissions"): ("affiliates:balance_line", ["What", "Order", "Amount"]),
    (Brand, "invoices"): ("affiliates:balance", ["Number", "Total"]),
    (Brand, "weeks"): ("affiliates:brand_dashboard", ["Sales", "TikTok", "Pages and codes"]),
    (Brand, "sales-by-platform"): (
        "affiliates:brand_dashboard",
        ["Platform", "Orders", "Sales", "You pay"],
    ),
    (Brand, "best-products"): ("affiliates:brand_dashboard", ["Product", "Creators", "Sold"]),
    (Brand, "second-channels"): ("affiliates:brand_risk", ["Platform", "Creators", "Followers"]),
    (Brand, "shop-pushes"): ("shop:integrations", ["Order", "State"]),
    (Brand, "catalogues"): ("shop:feeds", ["Catalogue", "Address", "Read"]),
    (Brand, "import-pictures"): ("shop:feed_run", ["Product", "Address", "Reason"]),
    (Brand, "platforms"): ("affiliates:brand_risk", ["Clicks", "Orders", "Sales"]),
    (Brand, "orders"): ("shop:brand_orders", ["Order", "Where it is", "City", "Amount"]),
    (Brand, "order-lines"): ("shop:brand_orders", ["Order"]),
    (Brand, "sale-documents"): ("shop:brand_orders", ["Order"]),
    (Brand, "products"): ("shop:products", ["Product", "Price", "Status"]),
    (Brand, "discounts"): ("shop:discounts", ["Code", "Takes off", "Taken off, paid orders"]),
    (Brand, "team"): ("shop:team", ["E-mail", "Role"]),
    (Brand, "imports"): ("shop:feeds", ["File", "Result"]),
    (Brand, "import-problems"): ("shop:feed_run", ["Line", "Field", "Value", "Reason"]),
    (Brand, "shop-messages"): ("shop:integrations", ["Message", "Order", "What became of it"]),
    (Brand, "creators"): ("affiliates:discover", ["Creator", "Followers", "Fit"]),
    (Brand, "compared"): ("affiliates:compare", ["Creator", "Followers", "Your invitation"]),
    (Brand, "plan"): ("affiliates:plan", ["Creator", "Reckoned from"]),
    (Brand, "api-keys"): ("affiliates:brand_tokens", ["Key", "Begins with", "May", "Made by"]),
    (Brand, "webhooks"): ("affiliates:brand_endpoints", ["Address", "Kept by", "State"]),
    (Brand, "webhook-messages"): (
        "affiliates:brand_endpoint",
        ["Message", "Number", "What became of it"],
    ),
    (Creator, "readings"): ("creators:channels", ["Followers", "Posts"]),
    (Creator, "api-keys"): ("affiliates:creator_tokens", ["Key", "Begins with", "May"]),
    (Creator, "webhooks"): ("affiliates:creator_endpoints", ["Address", "State"]),
    (Creator, "webhook-messages"): (
        "affiliates:creator_endpoint",
        ["Message", "Number", "What became of it"],
    ),
}


def address(kind, side, name, ending) -> str:
    where = "creator_table" if kind is Creator else "brand_table"
    start = [] if kind is Creator else [side.brand.slug]
    return reverse(f"affiliates:{where}", args=[*start, name, ending])


def page_of(kind, side, name) -> str:
    view, _columns = SEEN[kind, name]
    args = [] if kind is Creator else [side.brand.slug]
    args += {"line": [side.line.pk], "participants": [side.targeted.pk]}.get(name, [])
    args += [side.run.pk] if name in {"import-problems", "import-pictures"} else []
    args += [side.case.pk] if name == "case-lines" else []
    args += [side.hooks[kind].pk] if name == "webhook-messages" else []
    args += [side.line.pk] if (kind, name) == (Brand, "commissions") else []
    return reverse(view, args=args)


def read(client, kind, side, name, ending="csv", asked=None):
    query = side.asked(name, kind) if asked is None else asked
    answer = client.get(address(kind, side, name, ending), query)
    assert answer.status_code == 200, (kind, name, answer.status_code)
    content = b"".join(answer.streaming_content)
    if ending == "xlsx":
        return list(load_workbook(io.BytesIO(content)).active.iter_rows())
    return list(csv.reader(io.StringIO(content.decode(), newline="")))
