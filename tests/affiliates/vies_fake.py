"""VIES's REST service as its documentation describes it, on loopback."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Register(BaseHTTPRequestHandler):
    """Knows what the test says: number → True, False, or the code of an error."""

    known: dict[str, object] = {}
    asked: list[dict] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        said = self.known.get(body["countryCode"] + body["vatNumber"], False)
        if said == "GARBLED":
            return self.answer(200, b"<html>busy</html>")
        if said == 500:
            return self.answer(500, b"{}")
        if isinstance(said, str):
            told = {"actionSucceed": False, "errorWrappers": [{"error": said}]}
            return self.answer(200, json.dumps(told).encode())
        number = f"WAPIAAAA{len(self.asked):08}" if body.get("requesterNumber") else ""
        told = {
            "countryCode": body["countryCode"], "vatNumber": body["vatNumber"],
            "requestDate": "2026-11-20T05:00:00Z", "valid": said, "requestIdentifier": number,
            "name": "---", "address": "---",
        }  # fmt: skip
        return self.answer(200, json.dumps(told).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@contextmanager
def register(settings, **known):
    """Let our site ask a register that knows `known`."""
    Register.known, Register.asked = known, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Register)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.VIES_API_URL = f"http://127.0.0.1:{server.server_port}"
    settings.COMPANY = settings.COMPANY | {"vat_number": "NL999999990B01"}
    try:
        yield Register
    finally:
        server.shutdown()
        server.server_close()
