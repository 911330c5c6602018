"""What a demo market lacks for each page to have something to show, made as people would make it."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.urls import reverse

from affiliates import endpoints, events, exports, passports, switches
from creators import reports
from creators.models import Creator
from shop import integrations, orders, parcels, returns, team, terms, troubles
from shop.models import (
    Brand,
    BrandOrder,
    Feed,
    FeedProblem,
    FeedRun,
    Order,
    PaymentSession,
    Product,
    Terms,
    Variant,
)
from shop.views.bag import ELSEWHERE

WHERE = {
    "email": "shopper@people.example", "name": "A Shopper", "address": "Canal 12",
    "postal_code": "3511 AB", "city": "Utrecht", "country": "NL",
}  # fmt: skip
HOOK = "https://hooks.example/thousand"


def fill(creator: Creator, brand: Brand, shopper: Client, now: datetime) -> dict[str, object]:
    """Fill the gaps of a demo market; `shopper` ends with things in her bag. Return what is new."""
    return (
        _of_creator(creator, now)
        | _of_brand(brand, creator, now)
        | _of_shopper(brand, shopper, now)
        | _of_everybody(brand, now)
        | _of_desk(now)
    )


def _of_creator(creator: Creator, now: datetime) -> dict[str, object]:
    hook = endpoints.add(HOOK, [events.SETTLED], now, by=creator.user, creator=creator)
    endpoints.ping(hook, now)
    table = exports.table_of(creator, "commissions")
    channels = [one.pk for one in passports.offer(creator, now).channels]
    return {
        "creator_hook": hook.pk,
        "creator_export": exports.begin(creator.user, creator, table, {}, "csv", now).pk,
        "passport": passports.issue(creator, [], channels, now).pk,
    }


def _of_brand(brand: Brand, creator: Creator, now: datetime) -> dict[str, object]:
    owner = brand.memberships.select_related("user").earliest("pk").user
    hook = endpoints.add(HOOK, [events.BORN], now, by=owner, brand=brand)
    endpoints.ping(hook, now)
    table = exports.table_of(brand, "orders")
    feed = Feed.objects.create(
        brand=brand, name="Our catalogue", url="https://feeds.example/ours.csv", every_hours=24
    )
    run = FeedRun.objects.create(
        feed=feed, state=FeedRun.State.DONE, added=3, changed=1, started_at=now, finished_at=now,
        examples={"added": ["A mug"], "changed": [["A bowl", 1200, 1350, "EUR"]]},
    )  # fmt: skip
    FeedProblem.objects.create(run=run, line=7, field="price", reason="There is no price.")
    integrations.connect(brand, "api", "mill.example", days=4, at=now)
    asked = team.invite(brand, creator.user.email, "member", by=owner, at=now)
    return {
        "brand_hook": hook.pk,
        "brand_export": exports.begin(owner, brand, table, {}, "csv", now).pk,
        "feed_id": feed.pk,
        "run_id": run.pk,
        "team_token": team.token_of(asked),
    }


def _of_shopper(brand: Brand, shopper: Client, now: datetime) -> dict[str, object]:
    """Of one order a piece goes back, of another one is broken, a third is not paid for."""
    sent_back, broken = _pays(brand, shopper, now), _pays(brand, shopper, now)
    made = returns.ask(sent_back, {sent_back.lines.get().pk: 1}, "Too small", now)
    troubles.ask(broken, "damaged", {broken.lines.get().pk: 1}, "It has a crack.", now)
    open_ = _orders(brand, shopper)
    _fill_bag(brand, shopper)
    facts = {"bag": shopper.session["bag"], "path": "/cart/", "touch": ""}
    return {
        "order_token": orders.token(sent_back.order),
        "order_part": sent_back.pk,
        "return_id": made.pk,
        "broken_part": broken.pk,
        "reference": _reference(open_),
        "bag_token": signing.dumps(facts, salt=ELSEWHERE, compress=True),
    }


def _pays(brand: Brand, shopper: Client, now: datetime) -> BrandOrder:
    """Order three pieces, pay them and get them; return the brand's part."""
    order = _orders(brand, shopper)
    shopper.post(reverse("shop:fake_pay", args=[_reference(order)]), {"pay": "1"})
    part = order.parts.get()
    parcels.ship(part, now, parcels.Tracking("PostNL", "3SDEMO1"))
    parcels.deliver(part, now)
    return order.parts.select_related("order").get()


def _fill_bag(brand: Brand, shopper: Client) -> None:
    rows = Variant.objects.filter(brand=brand, product__status="active", is_active=True)
    variant = rows.filter(product__withdrawal="yes", stock__gte=10).earliest("pk")
    shopper.post("/cart/add/", {"variant": variant.pk, "quantity": 3})


def _orders(brand: Brand, shopper: Client) -> Order:
    _fill_bag(brand, shopper)
    form = shopper.get("/checkout/").context["form"]
    ways = {
        name: field.choices[0][0]
        for name, field in form.fields.items()
        if name.startswith("delivery_")
    }
    fields = {name: form.initial[name] for name in ("total", "key")}
    answer = shopper.post("/checkout/", WHERE | ways | fields)
    if answer.status_code != 302:
        raise AssertionError(f"no order: {answer.context['form'].errors.as_json()}")
    return Order.objects.latest("pk")


def _reference(order: Order) -> str:
    return PaymentSession.objects.get(order=order).reference


def _of_everybody(brand: Brand, now: datetime) -> dict[str, object]:
    product = Product.objects.on_sale().filter(brand=brand).earliest("pk")
    word = reports.Word(
        ground=reports.Report.Ground.values[0], text="This is not what it says.", url="",
        email="reader@people.example",
    )  # fmt: skip
    changed = Terms.objects.create(
        kind=Terms.Kind.CREATOR, version=2, text="# One\n\nNew words.", text_nl="# Een\n\nNieuw.",
        note="One thing is said more clearly.", note_nl="Een ding staat er duidelijker.",
        effective_from=now + timedelta(days=40),
    )  # fmt: skip
    terms.publish(changed, by=User.objects.filter(is_superuser=True).earliest("pk"), at=now)
    return {
        "changed_version": 2,
        "report_token": reports.token(reports.file(f"product:{product.pk}", word, now)),
    }


def _of_desk(now: datetime) -> dict[str, object]:
    """Propose to switch a platform off: what the desk's own page is about."""
    one = User.objects.filter(is_superuser=True).earliest("pk")
    return {
        "switch": switches.propose(
            "tiktok", "", now + timedelta(days=9), None, "A court decided so.", one, now
        ).pk
    }
