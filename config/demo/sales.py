"""Orders of a demo market, day by day, with all that follows from each: who is credited,
what it earns, what comes back. Sales follow few links (Zipf), the week, and the hour."""

import hashlib
import json
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from affiliates import clock, fees, ledger
from affiliates.commissions import NOBODY_REPORTS_DAYS
from affiliates.models import Attribution, Commission, RiskFlag
from config.demo import returns, ties, words
from config.demo.books import STAGED, Accounts, Books, entry
from config.demo.world import CURRENCY, Shop, Tie, Ware, World, local_day, midnight
from config.lib.money import half_up, tax_within
from shop import orders, pricing
from shop.models import BrandOrder, Order, OrderLine, Payment

CHUNK = 4_000
FRESH = 3  # the last orders come through the creator that one signs in as, today
WEEK = [0.86, 0.88, 0.92, 0.97, 1.05, 1.24, 1.28]  # Monday to Sunday
HOURS = [2, 1, 1, 1, 1, 2, 5, 9, 12, 14, 15, 16, 17, 15, 14, 15, 17, 20, 25, 34, 38, 32, 18, 8]
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
ORDER, PART, LINE = (m._meta.db_table for m in (Order, BrandOrder, OrderLine))
PAYMENT, CREDIT, FLAG = (m._meta.db_table for m in (Payment, Attribution, RiskFlag))
COMMISSION = Commission._meta.db_table


@dataclass(slots=True, eq=False)
class Sold:
    """One order line in the making."""

    id: int
    part: "Part"
    ware: Ware
    variant: int
    options: str
    price: int
    quantity: int
    gross: int
    tax: int
    tie: Tie | None
    fee: int = 0
    fee_bp: int = 0
    back: int = 0  # net that came back, by refund or chargeback
    back_gross: int = 0
    charged_back: bool = False  # by chargeback, and not won

    @property
    def net(self) -> int:
        return self.gross - self.tax


@dataclass(slots=True, eq=False)
class Part:
    id: int
    shop: Shop
    shipping: int = 0
    shipping_tax: int = 0
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    shipping_back: int = 0
    shipping_charged_back: int = 0


@dataclass(slots=True, eq=False)
class Sale:
    id: int
    placed_at: datetime
    paid_at: datetime
    parts: list[Part]
    lines: list[Sold]


def make(world: World) -> Accounts:
    """Sell; return the ledger's accounts."""
    books = Books(world)
    accounts = books.open_accounts()
    Till(world, accounts).run()
    return accounts


class Till:
    def __init__(self, world: World, accounts: Accounts) -> None:
        self.world, self.rng, self.accounts = world, world.rng, accounts
        self.add, self.id = world.copier.add, world.copier.id
        self.links = list(accumulate(ties.weights(world))) if world.ties else []
        before = world.now - timedelta(hours=4)
        self.mine = [t for t in world.ties if t.maker is world.star and t.since < before]
        self.wares = list(accumulate(ware.weight for ware in world.wares))
        self.policy = fees.policy_at(0, world.start) or fees.policy_at(0, world.now)
        self.clearing = accounts.ids[ledger.CLEARING]
        self.revenue, self.vat = accounts.ids[ledger.REVENUE], accounts.ids[ledger.VAT]
        self.yesterday = clock.last_night_over(world.now)
        self.per_shop = {
            shop.id: list(accumulate(ware.weight for ware in shop.wares)) for shop in world.shops
        }

    def run(self) -> None:
        for n, placed in enumerate(self._moments(), 1):
            self._order(n, placed)
            if n % CHUNK == 0:
                self.world.copier.flush()
            if n % 500 == 0:
                self.world.step("orders", 500)
        self.world.copier.flush()

    def _moments(self) -> Iterator[datetime]:
        """Yield when each order is placed: a growing market, weekends up, evenings up."""
        world, rng = self.world, self.rng
        days = [
            world.first_day + timedelta(days=k)
            for k in range((world.today - world.first_day).days + 1)
        ]
        gone = max(0.0, (world.now - midnight(world.today)).total_seconds() / 86_400)
        fresh = min(FRESH, world.size.orders) if world.star else 0
        shares = [
            (0.25 + 0.75 * k / len(days)) * WEEK[day.weekday()] * rng.uniform(0.88, 1.12)
            * (gone if day == world.today else 1)
            for k, day in enumerate(days)
        ]  # fmt: skip
        whole, due, made = sum(shares), 0.0, 0
        for day, share in zip(days, shares, strict=True):
            due += share / whole * (world.size.orders - fresh)
            count = round(due) - made
            made += count
            yield from self._moments_of(day, count)
        lately = max(midnight(world.today), world.now - timedelta(hours=3))
        step = (world.now - lately) / (fresh + 1)
        yield from ((lately + step * k).replace(microsecond=0) for k in range(1, fresh + 1))

    def _moments_of(self, day: date, count: int) -> list[datetime]:
        rng, start = self.rng, midnight(day)
        last = (self.world.now - start).total_seconds() - 600
        found = []
        for hour in rng.choices(range(24), HOURS, k=count):
            second = hour * 3600 + rng.randrange(3600)
            if second > last:  # only today: what has not come yet is moved into what has
                second = int(max(0.0, last) * rng.random())
            found.append(start + timedelta(seconds=second))
        return sorted(found)

    # ------------------------------------------------------------------ one order

    def _order(self, n: int, placed: datetime) -> None:
        rng = self.rng
        fresh = n > self.world.size.orders - FRESH and self.mine
        paid = min(placed + timedelta(seconds=rng.randint(20, 240)), self.world.now)
        if rng.random() < 0.02 and not fresh:
            paid = None  # never paid: cancelled, as the market does by itself
        pk = self.id(ORDER)
        tie = rng.choice(self.mine) if fresh else self._tie(placed)
        shop = tie.shop if tie else self._ware(None).shop
        sale = Sale(pk, placed, paid, [], [])
        self._part(sale, shop, tie, rng.choices([1, 2, 3], [76, 19, 5])[0])
        if rng.random() < 0.04 and (other := self._ware(None).shop) is not shop:
            self._part(sale, other, None, 1)
        for part in sale.parts:
            self._deliver(sale, part)
        if paid:
            self._money(sale)
            returns.maybe(self, sale)
        self._write(sale, n)

    def _tie(self, placed: datetime) -> Tie | None:
        """Return the link that brought the shopper; six in seven come by one."""
        rng, found = self.rng, self.links
        if not found or rng.random() > 0.88:
            return None
        for _try in range(6):
            tie = self.world.ties[bisect(found, rng.random() * found[-1])]
            if tie.since < placed:
                return tie
        return None

    def _ware(self, shop: Shop | None) -> Ware:
        found, wares = (
            (self.wares, self.world.wares) if shop is None else (self.per_shop[shop.id], shop.wares)
        )
        return wares[bisect(found, self.rng.random() * found[-1])]

    def _part(self, sale: Sale, shop: Shop, tie: Tie | None, count: int) -> None:
        rng = self.rng
        part = Part(self.id(PART), shop)
        sale.parts.append(part)
        seen: set[int] = set()
        priced = []
        for k in range(count):
            ware = tie.ware if tie and tie.ware and k == 0 else self._ware(shop)
            variant, price, options = rng.choice(ware.variants)
            if variant in seen:
                continue
            seen.add(variant)
            quantity = rng.choices([1, 2, 3], [86, 11, 3])[0]
            gross = quantity * price
            tax = tax_within(gross, ware.tax_bp)
            sale.lines.append(
                Sold(self.id(LINE), part, ware, variant, options, price, quantity, gross, tax, tie)
            )
            priced.append(pricing.Priced(quantity, price, 0, ware.tax_bp))
        goods = sum(one.gross for one in priced)
        part.shipping = pricing.shipping(shop.shipping, shop.free_from, goods)
        part.shipping_tax = pricing.shipping_tax(part.shipping, priced)

    def _deliver(self, sale: Sale, part: Part) -> None:
        rng, now = self.rng, self.world.now
        if sale.paid_at is None:
            return
        shipped = sale.paid_at + timedelta(hours=rng.uniform(4, 50))
        delivered = shipped + timedelta(hours=rng.uniform(14, 90))
        part.shipped_at = shipped.replace(microsecond=0) if shipped < now else None
        if delivered < now and rng.random() < 0.985:
            part.delivered_at = delivered.replace(microsecond=0)

    def _money(self, sale: Sale) -> None:
        """Book the capture, the commission of each credited line, and our fee."""
        world, paid = self.world, sale.paid_at
        payment = self.id(PAYMENT)
        total = 0
        for part in sale.parts:
            gross = part.shipping + sum(line.gross for line in sale.lines if line.part is part)
            total += gross
            entry(world, "capture", self.clearing, self.accounts.brand(part.shop.id), gross,
                  "payment", payment, paid)  # fmt: skip
        self.add(PAYMENT, payment, sale.id, "fake", "capture", total, CURRENCY,
                 f"ch_demo_{payment}", None, None, None, False, paid)  # fmt: skip
        for line in sale.lines:
            shop, own = line.part.shop, self.accounts.brand(line.part.shop.id)
            charged = self.policy and (line.tie or self.policy.base == "all")
            line.fee_bp = self.policy.rate_bp if charged else 0
            line.fee = (
                fees.fee_of(line.net, line.fee_bp, self.policy.minimum_in("EUR")) if charged else 0
            )
            entry(world, "fee", own, self.revenue, line.fee, "order_line", line.id, paid)
            entry(world, "fee_vat", own, self.vat, half_up(line.fee, shop.vat_bp),
                  "order_line", line.id, paid)  # fmt: skip

    # ------------------------------------------------------------------ what it earns

    def due_at(self, sale: Sale, part: Part) -> datetime:
        if part.delivered_at is None:
            return midnight(local_day(sale.paid_at) + timedelta(days=NOBODY_REPORTS_DAYS))
        return midnight(local_day(part.delivered_at) + timedelta(days=15))

    def commission(
        self, sale: Sale, line: Sold, kind: str, amount: int, due_at: datetime, at: datetime, *,
        refund_line: int | None = None, dispute_line: int | None = None,
        reverses: int | None = None, flag: int | None = None,
    ) -> int:  # fmt: skip
        """Stage one commission with the night that settles it, if that night is over."""
        pk = self.id(COMMISSION)
        night = local_day(due_at)
        settled = flag is None and night <= self.yesterday
        state = "settled" if settled else "held" if flag else "pending"
        tie = line.tie
        self.add(
            STAGED, pk, kind, state, tie.maker.id, line.part.shop.id,
            tie.collaboration_id, tie.id, line.id, refund_line, dispute_line, reverses,
            line.net if kind == "sale" else None, tie.rate_bp, amount, CURRENCY, due_at, flag, at,
            night if settled else None,
        )  # fmt: skip
        return pk

    def flag(self, sale: Sale, line: Sold) -> int | None:
        """A few recent sales wait for a person: buyer and creator share a mail address."""
        fresh = self.world.now - sale.paid_at < timedelta(days=8)
        if not fresh or self.rng.random() > 0.006:
            return None
        evidence = {"creator": line.tie.maker.id, "order": sale.id}
        subject = f"order:{sale.id}"
        canonical = json.dumps([subject, evidence], sort_keys=True, separators=(",", ":"))
        pk = self.id(FLAG)
        self.add(
            FLAG, pk, "same_mail", line.tie.maker.id, subject, json.dumps(evidence),
            hashlib.sha256(canonical.encode()).hexdigest(), "open", "", sale.paid_at,
        )  # fmt: skip
        return pk

    # ------------------------------------------------------------------ rows

    def _write(self, sale: Sale, n: int) -> None:
        rng, number = self.rng, self._number(sale.id)
        paid = sale.paid_at
        key = f"demo-{self.world.seed}-{sale.id}"
        shopper = rng.randrange(1, max(2, int(self.world.size.orders * 0.7)))
        city = words.CITIES[shopper % len(words.CITIES)]
        self.add(
            ORDER, sale.id, number, key, orders.hash_token(orders.token_of(key)),
            "paid" if paid else "cancelled", CURRENCY, None, f"shopper{shopper}@example.org",
            f"{words.FIRST_NAMES[shopper % 97]} {words.LAST_NAMES[shopper % 50]}",
            f"Voorbeeldlaan {shopper % 300 + 1}", "0000 ZZ", city, "NL", "",
            "nl" if shopper % 3 else "en", "{}", "", False, sale.placed_at, paid,
            None if paid else sale.placed_at + timedelta(minutes=36), None,
        )  # fmt: skip
        for part in sale.parts:
            self.add(
                PART, part.id, sale.id, part.shop.id, part.shop.seller, part.shipping,
                part.shipping_tax, part.shipping_back, part.shipping_charged_back, 14, paid,
                part.shipped_at, "", part.delivered_at,
            )  # fmt: skip
        for line in sale.lines:
            refunded = (0, 0) if line.charged_back else (line.back, line.back_gross)
            charged = (line.back, line.back_gross) if line.charged_back else (0, 0)
            self.add(
                LINE, line.id, line.part.id, line.variant, line.ware.title, line.options,
                line.ware.withdrawal, line.quantity, line.price, 0, line.ware.tax_bp, line.gross,
                line.tax, line.fee_bp if paid else None, "", *refunded, *charged,
            )  # fmt: skip
            if paid:
                self._credit(sale, line)

    def _credit(self, sale: Sale, line: Sold) -> None:
        """Write who is credited, with the touch that won and sometimes one that lost."""
        pk, tie, rng = self.id(CREDIT), line.tie, self.rng
        if tie is None:
            self.add(CREDIT, pk, line.id, None, None, None, None, None, None, "no_touch", "[]",
                     sale.paid_at)  # fmt: skip
            return
        span = min(
            timedelta(days=rng.expovariate(1.2)), timedelta(days=29), sale.placed_at - tie.since
        )
        clicked = sale.placed_at - max(span, timedelta(seconds=40))
        touches = [_touch(tie, sale, line, clicked, None)]
        if rng.random() < 0.2:
            lost = self.world.ties[bisect(self.links, rng.random() * self.links[-1])]
            earlier = clicked - timedelta(hours=rng.randint(1, 40))
            if lost.shop is tie.shop and lost is not tie and lost.since < earlier:
                touches.append(_touch(lost, sale, line, earlier, "not_newest"))
        self.add(
            CREDIT, pk, line.id, tie.id, tie.maker.id, tie.collaboration_id, clicked,
            clicked + timedelta(days=30), tie.rate_bp, "newest_click", json.dumps(touches),
            sale.paid_at,
        )  # fmt: skip

    def _number(self, pk: int) -> str:
        """Spread the ids over all eight-letter numbers, so that they look like any other."""
        value, text = pk * 377_149_515_625_241 % 30**8, ""
        for _n in range(8):
            value, digit = divmod(value, 30)
            text += LETTERS[digit]
        return f"TH-{text}"


def _touch(tie: Tie, sale: Sale, line: Sold, clicked: datetime, excluded_by: str | None) -> dict:
    """Return a touch as attribution stores it."""
    return {
        "link": tie.id, "link_id": tie.id, "code": tie.code, "code_id": None, "click": "",
        "creator": tie.maker.id, "creator_id": tie.maker.id, "brand_id": tie.shop.id,
        "clicked_at": clicked.isoformat(), "collaboration_id": tie.collaboration_id,
        "rate_bp": tie.rate_bp, "promised_bp": tie.rate_bp, "window_days": 30,
        "link_active": True, "offer_starts_at": tie.shop.since.isoformat(), "offer_ends_at": None,
        "enrolled": True, "suspended_at": None, "platform_off_at": None,
        "programme": "thousand_first", "excluded_by": excluded_by, "product": line.ware.id,
        "placed_at": sale.placed_at.isoformat(), "paid_at": sale.paid_at.isoformat(),
        "own_purchase": False,
    }  # fmt: skip
