"""A new version behind nginx: web parts restart one after the other, and no visitor notices."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from django.conf import settings as market

from config.management.commands.up import parts
from shop.models import CartLine
from tests import certificates, harness
from tests.buyers import hidden
from tests.shop.factories import make_variant

pytestmark = [
    pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("nginx"), reason="There is no nginx on this machine."),
]  # fmt: skip
CONFIG = harness.ROOT / "deploy" / "nginx" / "thousand.conf"
SHOPPERS, ROUNDS, PATIENCE_S = 8, 3, 60
REST_S = 0.1  # between two requests of a shopper: nginx gives each address 20 a second
MAIN = """
{user}
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    include {home}/site.conf;
}}
"""


class Nginx:
    """nginx with our configuration; only names of files and ports are those of the test."""

    def __init__(self, home, ports) -> None:
        self.home, self.port = home, harness.free_port()
        certificate = certificates.make(home / "site.pem")
        text = CONFIG.read_text()
        for pattern, other in (
            (r"127\.0\.0\.1:8000", f"127.0.0.1:{ports[0]}"),
            (r"127\.0\.0\.1:8001", f"127.0.0.1:{ports[1]}"),
            (r"listen \[::\]:\d+[^;]*;", ""),
            (r"listen 80;", f"listen 127.0.0.1:{harness.free_port()};"),
            (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"/etc/ssl/thousand/\w+\.pem", str(certificate)),
            (r"/var/cache/nginx/thousand", str(home / "cache")),
        ):
            text, found = re.subn(pattern, other, text)
            assert found, pattern
        (home / "site.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(MAIN.format(home=home, user=user))
        command = ["nginx", "-e", str(home / "error.log"), "-p", str(home)]
        command += ["-c", str(home / "nginx.conf"), "-g", "daemon off;"]
        self.process = subprocess.Popen(command, start_new_session=True)
        until(lambda: answers(self.port))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()


class Web:
    """One web part, as `thousand-web@.service` restarts it."""

    def __init__(self, site: str) -> None:
        self.port = harness.free_port()
        words = next(one.command for one in parts("127.0.0.1", 2) if one.name == "web")
        self.command = words[words.index("granian") :]
        self.command[self.command.index("--port") + 1] = str(self.port)
        self.env = {
            "THOUSAND_PART": "web", "DATA_DIR": str(market.DATA_DIR), "SITE_URL": site,
            "TRUSTED_PROXY_COUNT": "1",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        self.served = harness.Served(self.port, self.command, self.env)

    def restart(self) -> None:
        """SIGTERM, wait, start, and go on when it is ready for traffic."""
        self.served.process.send_signal(signal.SIGTERM)
        assert self.served.process.wait(PATIENCE_S) == 0
        self.start()


class Shopper:
    """Comes from an address of her own, looks at a thing and puts it into her bag, again and again."""

    def __init__(self, port: int, number: int, path: str, variant: int) -> None:
        self.port, self.address, self.path = port, f"127.0.0.{number + 10}", path
        self.variant, self.seen = variant, Counter()
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def shop(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.cookies = {}
            page = self.ask("GET", self.path)
            if page:
                fields = hidden(page, "csrfmiddlewaretoken") | {"variant": str(self.variant)}
                self.ask("POST", "/cart/add/", fields)
                self.ask("GET", "/cart/")

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        time.sleep(REST_S)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE_S, context=self.tls,
            source_address=(self.address, 0),
        )  # fmt: skip
        headers = {"Host": "localhost"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(fields) if fields else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.seen[method, type(error).__name__] += 1
            return ""
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {one.key: one.value for one in SimpleCookie(line).values()}
        self.seen[method, answer.status] += 1
        return text if answer.status == 200 else ""


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_no_request_fails_while_web_parts_restart_one_after_the_other(tmp_path, capsys):
    variant = make_variant(stock=1_000_000)
    site = "https://localhost"
    webs = [Web(site), Web(site)]
    nginx = Nginx(tmp_path, [web.port for web in webs])
    path, stop = variant.product.get_absolute_url(), threading.Event()
    shoppers = [Shopper(nginx.port, number, path, variant.pk) for number in range(SHOPPERS)]
    threads = [threading.Thread(target=one.shop, args=(stop,)) for one in shoppers]
    try:
        for thread in threads:
            thread.start()
        for _n in range(ROUNDS):
            for web in webs:
                time.sleep(3)
                web.restart()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        nginx.stop()
        for web in webs:
            web.served.stop()
    seen = sum((one.seen for one in shoppers), Counter())
    with capsys.disabled():
        sys.stdout.write(f"\n{ROUNDS * 2} restarts, {dict(seen)}\n")

    assert set(seen) == {("GET", 200), ("POST", 302)}, (
        seen, (tmp_path / "error.log").read_text()[-2000:],
    )  # fmt: skip
    assert seen["POST", 302] > 20 * ROUNDS
    assert CartLine.objects.count() == seen["POST", 302]  # none twice
