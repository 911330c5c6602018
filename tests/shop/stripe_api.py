"""A stand-in for Stripe over real HTTP: API, hosted page, and the signed messages it would send.

It keeps sessions and intents as Stripe does: an Idempotency-Key gives the same answer and takes no
other words, a session lives 30 minutes at least, a slow method leaves it complete and unpaid, a
failed bank check (3-D Secure) leaves it open. Messages lie in `messages` until a test delivers them.
"""

import itertools
import json
import re
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from config.lib import stripe

KEY, SECRET = "sk_test_stand_in", "whsec_stand_in"
SLOW = {"sepa_debit", "ideal"}
SESSION = re.compile(r"/v1/checkout/sessions/(cs_\w+)(/expire)?")
PAGE = re.compile(r"/c/pay/(cs_\w+)")


class Refused(Exception):
    """A call that Stripe would answer with an error: status and code."""


class StripeApi:
    """One account at Stripe; open it with `with`."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict] = {}
        self.intents: dict[str, dict] = {}
        self.answers: dict[str, tuple[dict, dict]] = {}  # by Idempotency-Key
        self.messages: list[tuple[dict[str, str], bytes]] = []
        self.down = False
        self._numbers = itertools.count(1)
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                api._serve(self, {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                api._serve(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_problem):
        self._server.shutdown()
        self._server.server_close()

    # ---------------------------------------------------------------- HTTP

    def _serve(self, request, fields: dict[str, str]) -> None:
        path, _mark, query = request.path.partition("?")
        try:
            if page := PAGE.fullmatch(path):
                self._page(request, self.sessions[page[1]], fields)
                return
            self._check_key(request.headers)
            status, answer = 200, self._answer(request, path, query, fields)
        except Refused as error:
            status, code = error.args
            answer = {"error": {"type": "invalid_request_error", "code": code}}
        body = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(body)

    def _check_key(self, headers) -> None:
        if self.down:
            raise Refused(503, "api_error")
        kind, _space, text = headers.get("Authorization", "").partition(" ")
        if kind != "Basic" or b64decode(text).decode() != f"{KEY}:":
            raise Refused(401, "invalid_api_key")

    def _answer(self, request, path, query, fields) -> dict:
        if request.command == "GET":
            return self._get(path, "expand" in query)
        key = request.headers["Idempotency-Key"]
        if key in self.answers:
            known, answer = self.answers[key]
            if known != fields:
                raise Refused(400, "idempotency_error")
            return answer
        answer = self._post(path, fields)
        self.answers[key] = (fields, dict(answer))
        return answer

    def _get(self, path: str, expand: bool) -> dict:
        if (found := SESSION.fullmatch(path)) and found[1] in self.sessions:
            session = self.sessions[found[1]]
            intent = self.intents.get(session["payment_intent"] or "")
            return session | ({"payment_intent": intent} if expand and intent else {})
        raise Refused(404, "resource_missing")

    def _post(self, path: str, fields: dict[str, str]) -> dict:
        if path == "/v1/checkout/sessions":
            return self._open(fields)
        if (found := SESSION.fullmatch(path)) and found[2]:
            session = self.sessions[found[1]]
            if session["status"] != "open":
                raise Refused(400, "session_not_open")
            self._expire(session)
            return session
        if path == "/v1/refunds":
            return {"id": f"re_{next(self._numbers)}", "object": "refund", "status": "succeeded"}
        raise Refused(404, "resource_missing")

    def _open(self, fields: dict[str, str]) -> dict:
        price = "line_items[0][price_data]"
        amount, lives_s = (
            int(fields[f"{price}[unit_amount]"]),
            int(fields["expires_at"]) - time.time(),
        )
        if fields["mode"] != "payment" or amount < 50:
            raise Refused(400, "amount_too_small")
        if not 30 * 60 <= lives_s <= 24 * 3600:
            raise Refused(400, "expires_at_invalid")
        number = f"cs_test_{next(self._numbers)}"
        self.sessions[number] = {
            "id": number, "object": "checkout.session", "status": "open",
            "payment_status": "unpaid", "payment_intent": None, "amount_total": amount,
            "currency": fields[f"{price}[currency]"], "url": f"{self.url}/c/pay/{number}",
            "client_reference_id": fields["client_reference_id"],
            "metadata": {"order": fields["metadata[order]"]},
            "success_url": fields["success_url"], "cancel_url": fields["cancel_url"],
        }  # fmt: skip
        return self.sessions[number]

    # ---------------------------------------------------------------- the hosted page

    def _page(self, request, session: dict, fields: dict[str, str]) -> None:
        where = ""
        if request.command == "POST" and session["status"] == "open":
            where = self.pay(session["id"], fields["method"])
        request.send_response(303 if where else 200)
        if where:
            request.send_header("Location", where)
        request.end_headers()
        request.wfile.write(f"{session['status']} {session['amount_total']}".encode())

    def pay(self, number: str, method: str) -> str:
        """Pay on the hosted page; return where the shopper goes, "" for nowhere.

        card, sepa_debit, ideal; card_refused: her bank's check (3-D Secure) said no.
        """
        session = self.sessions[number]
        assert session["status"] == "open", f"{number} is {session['status']}"
        if session["payment_intent"] is None:  # made with the first attempt to pay
            session["payment_intent"] = f"pi_{next(self._numbers)}"
        intent = self.intents.setdefault(
            session["payment_intent"], {"id": session["payment_intent"], "object": "payment_intent"}
        )
        if method == "card_refused":
            intent["status"] = "requires_payment_method"
            return ""
        session["status"] = "complete"
        if method in SLOW:
            intent["status"] = "processing"
        else:
            intent["status"], session["payment_status"] = "succeeded", "paid"
        self._tell("checkout.session.completed", session)
        return session["success_url"]

    def bank(self, number: str, *, pays: bool) -> None:
        """The bank answers after days to a slow method."""
        session = self.sessions[number]
        intent = self.intents[session["payment_intent"]]
        if pays:
            intent["status"], session["payment_status"] = "succeeded", "paid"
            self._tell("checkout.session.async_payment_succeeded", session)
        else:
            intent["status"] = "requires_payment_method"
            self._tell("checkout.session.async_payment_failed", session)

    def _expire(self, session: dict) -> None:
        session["status"] = "expired"
        self._tell("checkout.session.expired", session)

    def expire(self, number: str) -> None:
        self._expire(self.sessions[number])

    def _tell(self, kind: str, session: dict) -> None:
        facts = {"id": f"evt_{next(self._numbers)}", "object": "event", "type": kind,
                 "created": int(time.time()), "data": {"object": dict(session)}}  # fmt: skip
        body = json.dumps(facts).encode()
        header = {"Stripe-Signature": stripe.sign(body, SECRET, int(time.time()))}
        self.messages.append((header, body))
