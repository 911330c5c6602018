"""Who comes to the market on a day, and what they do; played by locust against a running site.

Most visitors come by a creator's link, look, and go; one in eight buys. Creators and brands look at
their pages. LOAD_LINKS: code, page, variant of each product, as JSON; LOAD_SIGN_INS: role, e-mail,
password.
"""

import itertools
import json
import os
import random
import re

from locust import HttpUser, between, task

LINKS = json.loads(os.environ.get("LOAD_LINKS", "[]"))
SIGN_INS = json.loads(os.environ.get("LOAD_SIGN_INS", "[]"))
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
WHERE = {"name": "A Shopper", "address": "Canal 12", "postal_code": "3511 AB", "city": "Utrecht",
         "country": "NL"}  # fmt: skip
numbers = itertools.count(1)


def hidden(page: str, *names: str) -> dict[str, str]:
    return {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in names}


class Visitor(HttpUser):
    abstract = True
    wait_time = between(1, 5)

    def on_start(self) -> None:
        self.number = next(numbers)
        self.client.headers |= {
            "User-Agent": CHROME,
            "X-Forwarded-For": f"10.{self.number // 60_000 % 250}.{self.number // 250 % 250}"
            f".{self.number % 250 + 1}",
        }

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
        self.client.cookies.clear()
        code, path, variant = random.choice(LINKS)
        self.client.get(f"/go/{code}", name="/go/", allow_redirects=False)
        page = self.see(path, "product")
        token = hidden(page, "csrfmiddlewaretoken")
        self.client.post("/cart/add/", token | {"variant": str(variant)}, name="cart: add")
        page = self.see("/checkout/", "checkout")
        number = next(numbers)
        fields = hidden(page, "csrfmiddlewaretoken", "total", "key") | WHERE
        fields["email"] = f"buyer{number}@people.example"
        answer = self.client.post("/checkout/", fields, name="checkout: order")
        token = hidden(answer.text, "csrfmiddlewaretoken")
        where = answer.url.removeprefix(self.host)
        self.client.post(where, token | {"pay": "1"}, name="pay, and the order")


class SignedIn(Visitor):
    abstract = True
    role = ""

    def on_start(self) -> None:
        super().on_start()
        mail, password = next((mail, word) for role, mail, word in SIGN_INS if role == self.role)
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

    def on_start(self) -> None:
        super().on_start()
        self.home = os.environ["LOAD_BRAND"]

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
