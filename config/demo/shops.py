"""Brands of a demo market with their catalogues and their offers to creators."""

import json
import math
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils.text import slugify

from affiliates import tax
from affiliates.models import Collaboration, Participation
from affiliates.participations import ANSWER_DAYS
from affiliates.samplerules import until
from config.demo import words
from config.demo.world import CURRENCY, Shop, Ware, World
from shop.models import (
    Acceptance,
    Brand,
    Category,
    DeliveryOption,
    Membership,
    Product,
    TaxRate,
    Terms,
    Variant,
)

OWNER = "brand@thousand.example"
COUNTRIES = {"NL": 62, "BE": 12, "DE": 10, "FR": 6, "DK": 4, "ES": 3, "IT": 3}


def make(world: World) -> None:
    """Make brands and products; the first brand is the one that one signs in to."""
    _Maker(world).run()


class _Maker:
    def __init__(self, world: World) -> None:
        self.world, self.rng, self.copier = world, world.rng, world.copier
        table = self.copier.table
        self.brand = table(
            Brand,
            "id slug name description status currency sells_at legal_name address postal_code"
            " city country email phone register_number vat_number vat_known self_certified_at"
            " mandate_accepted_at tax_class category_id shipping_price free_shipping_from"
            " ships_to return_days connect_account is_demo created_at"
            " delivery_days_from delivery_days_to",
        )
        self.way = table(DeliveryOption, "id brand_id name price free_from days_from days_to")
        self.product = table(
            Product,
            "id brand_id category_id slug title description status missing currency sells_at"
            " own_shop_url tax_class withdrawal feed_digest details price_from in_stock"
            " created_at updated_at",
        )
        self.variant = table(
            Variant,
            "id product_id brand_id sku options price compare_at stock reserved position is_active"
            " content",
        )
        self.offer = table(
            Collaboration,
            "id brand_id kind name message rate_bp hold_days window_days min_followers"
            " other_programme show_amount starts_at created_at",
        )
        self.user = table(
            User,
            "id password is_superuser username first_name last_name email is_staff is_active"
            " date_joined",
        )
        self.member = table(Membership, "id user_id brand_id role created_at")
        self.acceptance = table(Acceptance, "id terms_id user_id brand_id accepted_at")
        self.categories = dict(Category.objects.values_list("slug", "id"))
        self.terms = Terms.objects.filter(kind="brand").order_by("-version").values_list("id")[0][0]
        self.home_bp = tax.home_vat_bp(world.first_day)
        self.rates: dict[tuple[str, str], int] = {}

    def run(self) -> None:
        size = self.world.size
        weights = [1 / (rank + 1) ** 0.5 for rank in range(size.brands)]
        left, weight_left = size.products, sum(weights)
        for n, weight in enumerate(weights):
            count = max(1, round(left * weight / weight_left))
            left, weight_left = max(0, left - count), weight_left - weight
            self._brand(n, count)
            self.world.step("brands", 1)
        rng = self.rng
        for ware in self.world.wares:
            ware.weight = math.exp(rng.gauss(0, 1.1)) * (
                1.2 if ware.shop is self.world.shops[0] else 1
            )
        self.copier.flush()

    def _name(self, n: int, shelf: str) -> tuple[str, str]:
        """Invented names: `Dauw & Draad`; the heads and tails of all shelves do not run out."""
        heads = words.BRAND_HEADS
        head, tail = heads[n % len(heads)], words.BRAND_TAILS[shelf][n // len(heads) % 3]
        more = n // (len(heads) * 3)
        name = f"{head} & {tail}" + (f" {more + 1}" if more else "")
        return name, f"{slugify(name)}-demo" if n else slugify(name)

    def _brand(self, n: int, products: int) -> None:
        rng, world = self.rng, self.world
        shelf = list(words.SHELVES)[(n * 5 + n // 12) % 12]
        name, slug = self._name(n, shelf)
        country = "NL" if n == 0 else world.pick(COUNTRIES)
        pk = self.copier.id(self.brand)
        since = world.start - timedelta(days=60 - rng.randrange(20))
        trader = {
            "name": name,
            "legal_name": f"{name} (demo)",
            "address": f"Voorbeeldweg {rng.randint(1, 180)}",
            "postal_code": f"{rng.randint(1000, 9999)} ZZ" if country == "NL" else "00000",
            "city": rng.choice(words.CITIES),
            "country": country,
            "email": f"hello@{slug}.thousand.example",
            "phone": "+31 00 000 00 00",
            "register_number": f"DEMO{pk:06d}",
            "vat_number": f"{country}DEMO{pk:05d}",
            "vat_known": f"{country}DEMO{pk:05d}",
        }
        shipping, free = rng.choice([(395, 4500), (495, 5000), (350, 3500), (595, 7500)])
        shop = Shop(
            pk, slug, name, shelf, since, json.dumps(trader), shipping, free,
            tax.brand_vat_bp(
                country, trader["vat_number"], trader["vat_known"], self.home_bp
            ),
        )  # fmt: skip
        world.shops.append(shop)
        tax_class = "reduced" if shelf in words.FOOD else "standard"
        self.copier.add(
            self.brand, pk, slug, name, "A demo brand: it exists in this market only.", "active",
            CURRENCY, "here", trader["legal_name"], trader["address"], trader["postal_code"],
            trader["city"], country, trader["email"], trader["phone"], trader["register_number"],
            trader["vat_number"], trader["vat_known"], since, since, tax_class, self.categories[shelf], shipping, free,
            "[]", 14, "", True, since, 1, 2 + pk % 2,
        )  # fmt: skip
        if n % 2 == 0:
            way = self.copier.id(self.way)
            self.copier.add(self.way, way, pk, "Pick-up point", shipping - 150, None, 2, 4)
        self._owner(shop, n)
        self._offers(shop, n)
        self._products(shop, country, tax_class, products)

    def _owner(self, shop: Shop, n: int) -> None:
        """The first brand's owner is a sign-in of its own; the others have theirs here."""
        if n == 0:
            return
        copier, mail = self.copier, f"owner@{shop.slug}.thousand.example"
        user = copier.id(self.user)
        copier.add(
            self.user,
            user,
            "!",
            False,
            f"owner.{shop.slug}"[:150],
            "",
            "",
            mail,
            False,
            True,
            shop.since,
        )
        copier.add(self.member, copier.id(self.member), user, shop.id, "owner", shop.since)
        copier.add(
            self.acceptance, copier.id(self.acceptance), self.terms, user, shop.id, shop.since
        )

    def _offers(self, shop: Shop, n: int) -> None:
        """An open offer of 8 to 20 % for all, and for one brand in four a better one for some."""
        rng, copier = self.rng, self.copier
        shop.open_id, shop.open_bp = (
            copier.id(self.offer),
            1200 if n == 0 else rng.randrange(800, 2001, 50),
        )
        copier.add(
            self.offer, shop.open_id, shop.id, "open", f"{shop.name} for everyone",
            "Show it as you use it. Say what you like and what you do not.", shop.open_bp, 15, 30,
            0, "thousand_first", n % 5 == 0, shop.since, shop.since,
        )  # fmt: skip
        if n % 4 == 0:
            shop.targeted_id = copier.id(self.offer)
            shop.targeted_bp = min(2500, shop.open_bp + 400)
            copier.add(
                self.offer, shop.targeted_id, shop.id, "targeted", f"Friends of {shop.name}",
                "A higher rate for creators who know our things.", shop.targeted_bp, 15, 30,
                1000, "thousand_first", False, shop.since, shop.since,
            )  # fmt: skip

    def _products(self, shop: Shop, country: str, tax_class: str, count: int) -> None:
        rng, copier = self.rng, self.copier
        things, makes, (low, high), options = words.SHELVES[shop.shelf]
        pairs = [(make, thing) for make in makes for thing in things]
        rng.shuffle(pairs)
        tax_bp = self._rate(country, tax_class)
        food = shop.shelf in words.FOOD
        details = (
            {"ingredients": words.INGREDIENTS[shop.shelf], "allergens": words.ALLERGENS[shop.shelf]}
            if food else {"manufacturer": f"{shop.name} (demo)", "warnings": words.WARNINGS}
        )  # fmt: skip
        for k in range(count):
            make, thing = pairs[k % len(pairs)]
            edition = k // len(pairs)
            title = f"{make} {thing}" + (f" no. {edition + 1}" if edition else "")
            pk, slug = copier.id(self.product), slugify(title)
            price = int(low * (high / low) ** rng.random()) // 50 * 50 + 45
            chosen = options[: rng.randint(1, len(options))]
            withdrawal = "perishable" if shop.shelf == "bread" else "yes"
            if shop.shelf == "care" and rng.random() < 0.5:
                withdrawal = "sealed"
            created = self.world.moment(shop.since, self.world.now - timedelta(days=10), 1.6)
            ware = Ware(pk, slug, title, shop, withdrawal, tax_bp, 1.0, [])
            stocks = [0 if rng.random() < 0.04 else rng.randint(5, 240) for _ in chosen]
            copier.add(
                self.product, pk, shop.id, self.categories[shop.shelf], slug, title,
                f"<p>{make} {thing} by {shop.name}. Made in small batches.</p>",
                "active", "[]", CURRENCY, "here", "", tax_class, withdrawal, "",
                json.dumps(details), price, any(stocks), created, created,
            )  # fmt: skip
            for position, (option, stock) in enumerate(zip(chosen, stocks, strict=True)):
                variant = copier.id(self.variant)
                cost = price + position * (price // 4 // 50 * 50)
                label = [["", option]] if len(chosen) > 1 else []
                copier.add(
                    self.variant, variant, pk, shop.id, f"{shop.id}-{pk}-{position + 1}",
                    json.dumps(label), cost, None, stock, 0, position, True,
                    f"{250 * (position + 1)} g" if food else "",
                )  # fmt: skip
                ware.variants.append((variant, cost, json.dumps(label)))
            shop.wares.append(ware)
            self.world.wares.append(ware)

    def _rate(self, country: str, tax_class: str) -> int:
        key = (country, tax_class)
        if key not in self.rates:
            self.rates[key] = TaxRate.on(country, tax_class, self.world.first_day) or 0
        return self.rates[key]


def invite(world: World) -> None:
    """Ask fitting creators for the targeted offers; most say yes."""
    rng, copier = world.rng, world.copier
    table = copier.table(
        Participation, "id creator_id collaboration_id state message asked_at answer_by answered_at"
    )
    for shop in (shop for shop in world.shops if shop.targeted_id):
        fitting = [m for m in world.makers if set(m.niches) & set(words.NICHES_OF[shop.shelf])]
        invited = rng.sample(fitting, min(len(fitting), rng.randint(6, 18)))
        if world.star not in invited and shop in (world.shops[0], *world.shops[4:9:4]):
            invited.append(world.star)
        for maker in invited:
            if maker is None:
                continue
            asked = world.moment(max(maker.since, world.start), world.now - timedelta(hours=5), 1.4)
            state = rng.choices(["accepted", "invited", "declined"], [72, 16, 12])[0]
            if maker is world.star:
                state = "accepted" if shop is world.shops[0] else "invited"
                asked = world.now - timedelta(days=90 if state == "accepted" else 2)
            answer_by = until(asked, ANSWER_DAYS)
            if state == "invited" and answer_by <= world.now:
                state = "lapsed"
            answered = min(asked + timedelta(hours=rng.randint(2, 90)), world.now)
            if state == "accepted":
                shop.chosen.add(maker.id)
            copier.add(
                table, copier.id(table), maker.id, shop.targeted_id, state,
                "We like how you show things.", asked, answer_by,
                answered if state in ("accepted", "declined") else None,
            )  # fmt: skip
    copier.flush()
