"""Many shoppers who buy the same thing at one moment, over HTTP as their browsers would."""

import re
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from urllib.parse import urlencode

WHERE = {
    "name": "A Shopper", "address": "Canal 12", "postal_code": "3511 AB", "city": "Utrecht",
    "country": "NL",
}  # fmt: skip


class Buyer:
    """One shopper with her own cookies and address; the site must trust one proxy to see it."""

    def __init__(self, site: str, number: int) -> None:
        self.site, self.number, self.jar = site, number, CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), _Stay()
        )
        self.opener.addheaders = [
            ("X-Forwarded-For", f"10.1.{number // 250}.{number % 250 + 1}"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0 Safari/537.36"),
        ]

    def ask(self, path: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
        """Return where an answer leads ("" for nowhere) and its text."""
        body = urlencode(fields).encode() if fields is not None else None
        try:
            with self.opener.open(self.site + path, body, timeout=120) as answer:
                return "", answer.read().decode()
        except urllib.error.HTTPError as answer:
            if answer.code >= 500:
                raise
            return answer.headers.get("Location", ""), answer.read().decode()

    def puts_in_bag(self, path: str, variant: int) -> dict[str, str]:
        """Put one piece into her bag; return the fields of the order that she is about to send."""
        _where, page = self.ask(path)
        self.ask("/cart/add/", {"variant": str(variant), **hidden(page, "csrfmiddlewaretoken")})
        _where, page = self.ask("/checkout/")
        mail = {"email": f"buyer{self.number}@people.example"}
        return WHERE | mail | ways(page) | hidden(page, "csrfmiddlewaretoken", "total", "key")

    def pays(self, where: str) -> bool:
        """Pay on the page of the payment provider's stand-in; return whether the order stands."""
        _where, page = self.ask(where)
        token = hidden(page, "csrfmiddlewaretoken")
        return self.ask(where, token | {"pay": "1"})[0].startswith("/orders/")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None


def hidden(page: str, *names: str) -> dict[str, str]:
    """Return hidden fields of a page by their names."""
    return {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in names}


def ways(page: str) -> dict[str, str]:
    """Return the last way of delivery that each seller offers on the page of an order."""
    return dict(re.findall(r'name="(delivery_\d+)" value="([^"]*)"', page))


def rush(site: str, path: str, variant: int, buyers: int) -> int:
    """Let buyers, all with the thing in their bags, order it at one moment; return who paid."""
    start = threading.Barrier(buyers)

    def buy(number: int) -> bool:
        buyer = Buyer(site, number)
        fields = buyer.puts_in_bag(path, variant)
        start.wait(120)
        where, _text = buyer.ask("/checkout/", fields)
        return where.startswith("/pay/") and buyer.pays(where)

    with ThreadPoolExecutor(buyers) as pool:
        return sum(pool.map(buy, range(buyers)))
