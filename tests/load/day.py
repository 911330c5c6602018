"""Who comes to the market on a day, and what they do; played by locust against a running site.

Most visitors come by a creator's link, look, and go; one in eight buys, and the payment provider
tells of it. Creators and brands look at their pages, a brand's own shop tells of its orders,
and a program of the brand reads its tables. LOAD_DAY: what `prepare.py` printed.
"""

import base64
import hashlib
import hmac
import itertools
import json
import os
import random
import re
import secrets
from datetime import UTC, datetime

from locust import HttpUser, between, task

DAY = json.loads(os.environ["LOAD_DAY"])
LINKS = DAY["links"]
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
WHERE = {"name": "A Shopper", "address": "Canal 12", "postal_code": "3511 AB", "city": "Utrecht",
         "country": "NL"}  # fmt: skip
numbers = itertools.count(1)


def now() -> str:
    return datetime.now(UTC).isoformat()


def reasons(page: str) -> str:
    """Return what a form that was refused says is wrong."""
    said = re.search(r'class="errsum".*?<ul>(.*?)</ul>', page, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", said[1]).split()) if said else "no reason given"


def chosen(page: str, name: str) -> dict[str, str]:
    """Return the values of the fields called like this, of several for one the ticked one."""
    found = re.findall(rf'<input[^>]*name="({name})" value="([^"]*)"([^>]*)>', page)
    return {field: value for field, value, rest in found if "checked" in rest}


def hidden(page: str, *names: str) -> dict[str, str]:
    return {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in names}


class Visitor(HttpUser):
    abstract = True
    wait_time = between(1, 5)

    def on_start(self) -> None:
        self.client.headers["User-Agent"] = CHROME
        self.arrives()

    def arrives(self) -> int:
        """Come as somebody else, from an address of her own; return her number."""
        number = next(numbers)
        address = f"10.{number // 62_500 % 250}.{number // 250 % 250}.{number % 250 + 1}"
        self.client.headers["X-Forwarded-For"] = address
        self.client.cookies.clear()
        return number

    def see(self, path: str, name: str) -> str:
        return self.client.get(path, name=name).text


class Shopper(Visitor):
    weight = 20

    @task(6)
    def come_by_a_link(self) -> None:
        code, path, _variant = random.choice(LINKS)
        self.client.get(f"/go/{code}", name="/go/", allow_redirects=False)
        self.see(path, "product")

    @task(3)
    def look_around(self) -> None:
        self.see("/shop/", "storefront")
        self.see(f"/shop/?q={random.choice(['tin', 'bag', 'soap', 'tea'])}", "storefront, search")
        self.see(random.choice(LINKS)[1].rsplit("/", 2)[0] + "/", "brand page")

    @task(1)
    def buy(self) -> None:
        number = self.arrives()  # the site counts orders by address
        code, path, variant = random.choice(LINKS)
        self.client.get(f"/go/{code}", name="/go/", allow_redirects=False)
        page = self.see(path, "product")
        token = hidden(page, "csrfmiddlewaretoken")
        self.client.post("/cart/add/", token | {"variant": str(variant)}, name="cart: add")
        page = self.see("/checkout/", "checkout")
        fields = hidden(page, "csrfmiddlewaretoken", "total", "key") | WHERE
        fields |= chosen(page, r"delivery_\d+")  # the total on the button is with these
        fields["email"] = f"buyer{number}@people.example"
        with self.client.post(
            "/checkout/", fields, name="checkout: order", catch_response=True
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {reasons(answer.text)}")
                return
        token = hidden(answer.text, "csrfmiddlewaretoken")
        where = answer.url.removeprefix(self.host)
        page = self.client.post(where, token | {"pay": "1"}, name="pay, and the order").text
        if order := re.search(r"TH-[A-Z0-9]{8}", page):
            self.tell_late(order[0], where.strip("/").rpartition("/")[2])

    def tell_late(self, order: str, reference: str) -> None:
        """The provider's first message, that a bank works on it, comes after the second one."""
        told = {"id": f"fe_late_{reference}", "type": "pending", "order": order, "at": now(),
                "session": reference}  # fmt: skip
        body = json.dumps(told).encode()
        signed = hmac.new(bytes.fromhex(DAY["provider"]), body, hashlib.sha256).hexdigest()
        headers = {"X-Fake-Signature": signed, "Content-Type": "application/json"}
        self.client.post("/hooks/fake/", body, headers=headers, name="hook: provider")


class SignedIn(Visitor):
    abstract = True
    role = ""

    def on_start(self) -> None:
        super().on_start()
        mail, password, self.home = DAY["sign_ins"][self.role]
        page = self.see("/accounts/login/", "sign in")
        fields = hidden(page, "csrfmiddlewaretoken") | {"login": mail, "password": password}
        answer = self.client.post("/accounts/login/", fields, name="sign in")
        if not any("session" in name for name in self.client.cookies.get_dict()):
            raise RuntimeError(f"{mail} could not sign in: {answer.status_code}")


class Creator(SignedIn):
    weight = 3
    role = "creator"

    @task(4)
    def see_what_came_in(self) -> None:
        self.see("/creator/", "creator's page")
        self.see("/creator/earnings/", "earnings")

    @task(2)
    def look_for_products(self) -> None:
        self.see("/creator/market/", "market")
        self.see("/creator/links/", "links")

    @task(1)
    def see_the_payout(self) -> None:
        self.see("/creator/payouts/", "payouts")


class Brand(SignedIn):
    weight = 2
    role = "brand"

    @task(3)
    def see_the_day(self) -> None:
        self.see(self.home, "brand's page")
        self.see(f"{self.home}orders/", "orders")

    @task(2)
    def find_creators(self) -> None:
        self.see(f"{self.home}creators/?platform=tiktok", "find creators")
        self.see(
            f"{self.home}creators/?q={random.choice(['bread', 'garden', 'books'])}",
            "find creators, text",
        )

    @task(1)
    def see_the_balance(self) -> None:
        self.see(f"{self.home}balance/", "balance")


class OwnShop(Visitor):
    """The brand's own shop: it tells of each order as it is paid, and again once it has arrived."""

    fixed_count = 1

    @task
    def tell_of_an_order(self) -> None:
        about = secrets.token_hex(8)
        line = {"id": "1", "sku": DAY["shop"]["sku"], "title": "Thing", "quantity": 1,
                "total": "34.50", "tax": "5.99"}  # fmt: skip
        order = {"id": about, "currency": "EUR", "total": "34.50", "status": "paid",
                 "placed_at": now(), "updated_at": now(), "lines": [line], "refunds": []}  # fmt: skip
        self.tell(f"{about}-paid", order)
        order |= {"updated_at": now(), "shipped_at": now(), "delivered_at": now()}
        self.tell(f"{about}-there", order)

    def tell(self, key: str, order: dict) -> None:
        body = json.dumps({"order": order}).encode()
        digest = hmac.new(DAY["shop"]["secret"].encode(), body, hashlib.sha256).digest()
        headers = {
            "X-Thousand-Signature": base64.b64encode(digest).decode(),
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        self.client.post(DAY["shop"]["path"], body, headers=headers, name="hook: own shop")


class Program(Visitor):
    """A program of the brand, with a key for the API."""

    fixed_count = 1

    @task
    def read(self) -> None:
        headers = {"Authorization": f"Bearer {DAY['token']}"}
        for table in ("orders", "products", "collaborations"):
            self.client.get(f"/api/v1/{table}", headers=headers, name=f"API: {table}")
