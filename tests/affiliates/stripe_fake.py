"""A stand-in for the part of Stripe that moves money to brands, over real HTTP.

It keeps what Stripe promises: the first answer of a key is replayed, errors too; other
parameters under a key are refused; a key in use answers 409. `faults` are played one a call.
"""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from config.lib import stripe

SECRET = "whsec_connect"


class FakeStripe:
    """The books of the stand-in, and what it shall do wrong."""

    def __init__(self, balance: int = 10**9) -> None:
        self.balance = balance
        self.transfers: list[dict] = []
        self.answers: dict[str, tuple[dict, int, dict]] = {}  # key -> parameters, status, body
        self.calls: list[tuple[str, str]] = []  # method, key
        self.faults: list[str] = []
        self.lock = threading.Lock()

    def transfer(self, fields: dict) -> tuple[int, dict]:
        amount = int(fields["amount"])
        if fields["destination"] == "acct_closed":
            return 400, _error("invalid_request_error", "account_invalid", "No such account")
        if amount > self.balance:
            return 400, _error("invalid_request_error", "balance_insufficient", "Too little")
        self.balance -= amount
        made = {
            "id": f"tr_{len(self.transfers) + 1}", "object": "transfer", "amount": amount,
            "currency": fields["currency"], "destination": fields["destination"],
            "transfer_group": fields["transfer_group"], "amount_reversed": 0, "reversed": False,
            "metadata": {"payout": fields["metadata[payout]"]}, "created": 1_790_000_000,
        }  # fmt: skip
        self.transfers.append(made)
        return 200, made

    def reverse(self, transfer: dict, amount: int | None = None) -> dict:
        transfer["amount_reversed"] = amount or transfer["amount"]
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        self.balance += transfer["amount_reversed"]
        return transfer


def _error(kind: str, code: str, message: str) -> dict:
    return {"error": {"type": kind, "code": code, "message": message}}


def _handler(fake: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            key, fields = self.headers["Idempotency-Key"], dict(parse_qsl(raw))
            fake.calls.append(("POST", key))
            assert self.path == "/v1/transfers"
            assert self.headers["Authorization"].startswith("Basic ")
            fault = fake.faults.pop(0) if fake.faults else ""
            if fault == "429":
                return self.answer(429, _error("rate_limit_error", "rate_limit", "Slow down"),
                                   {"Retry-After": "7"})  # fmt: skip
            if fault == "401":
                return self.answer(401, _error("authentication_error", "", "Bad key"))
            if fault == "409":
                return self.answer(
                    409, _error("idempotency_error", "idempotency_key_in_use", "In use")
                )
            if fault == "closed before":
                return self.close_connection_now()
            with fake.lock:
                status, body, replayed = self.once(key, fields, fault)
            if fault == "closed after":
                return self.close_connection_now()
            return self.answer(status, body, {"Idempotent-Replayed": "true"} if replayed else {})

        def once(self, key, fields, fault):
            if key in fake.answers:
                before, status, body = fake.answers[key]
                if before != fields:
                    told = _error("idempotency_error", "", "Keys are for the same parameters")
                    return 400, told, False
                return status, body, True
            if fault == "500 before":
                status, body = 500, _error("api_error", "", "Oops")
            else:
                status, body = fake.transfer(fields)
                if fault == "500 after":
                    status, body = 500, _error("api_error", "", "Oops")
            fake.answers[key] = (fields, status, body)
            return status, body, False

        def do_GET(self):
            asked = dict(parse_qsl(urlsplit(self.path).query))
            fake.calls.append(("GET", asked["transfer_group"]))
            if fake.faults and fake.faults[0].startswith("ask "):
                return self.answer(int(fake.faults.pop(0).split()[1]), _error("api_error", "", ""))
            found = [
                one for one in fake.transfers if one["transfer_group"] == asked["transfer_group"]
            ]
            return self.answer(200, {"object": "list", "data": found, "has_more": False})

        def answer(self, status, body, headers=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def close_connection_now(self):
            self.close_connection = True
            self.connection.close()

        def log_message(self, *_arguments):
            pass

    return Handler


@contextmanager
def running(settings):
    """Run the stand-in and point the settings to it."""
    fake = FakeStripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.STRIPE_API_URL = f"http://127.0.0.1:{server.server_port}"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_CONNECT_WEBHOOK_SECRET = "sk_test", SECRET
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def message(kind: str, transfer: dict, event_id: str) -> tuple[bytes, str]:
    """Return the body of an event and its signature."""
    body = {
        "id": event_id, "object": "event", "type": kind, "created": 1_790_000_000,
        "data": {"object": transfer},
    }  # fmt: skip
    raw = json.dumps(body).encode()
    return raw, stripe.sign(raw, SECRET, int(time.time()))
