"""The shop's pages beside those of django-oscar, with as many products, asked for in turn.

django-oscar is installed by pip into an environment of its own that goes with the bench's data, on
the Django that we have, and set up as its sandbox is (`oscar_site`: the sandbox itself is in no
package), on the same PostgreSQL. Where it cannot be installed, the bench says so loudly and judges
nothing. `BENCH_PRODUCTS` says another number of products.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import django
import psycopg

from tests.benchmarks import lib, shop

PACKAGES = [
    f"Django=={django.__version__}", "django-oscar[sorl-thumbnail]==4.2.1", "Whoosh==2.7.4",
    "psycopg[binary]", "setuptools<81",
]  # fmt: skip
SITE = Path(__file__).with_name("oscar_site.py")
HOME = Path(os.environ["DATA_DIR"], "oscar")
NAME = "oscar"  # of its database
PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", shop.SMALL))
PATIENCE_S = 900
ROUNDS = 3
PAGES = ("list", "product")


class NotHere(Exception):
    """It cannot be compared on this machine; the message says why."""


def install() -> str:
    """Make the environment; return its interpreter. Raises NotHere."""
    lib.say("installing django-oscar into an environment of its own …")
    python = str(HOME / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", str(HOME / "venv")], pip):
        try:
            subprocess.run(command, check=True, timeout=PATIENCE_S, capture_output=True, text=True)
        except subprocess.SubprocessError as error:
            raise NotHere(
                f"it could not be installed: {getattr(error, 'stderr', '') or error}"
            ) from error
    return python


def fill(python: str) -> list[str]:
    """Set it up on an empty database and fill it; return the command that asks for its pages."""
    where = shop.settings.ENGINES.database(owner=True)
    with psycopg.connect(
        host=where["HOST"], user=where["USER"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(f"drop database if exists {NAME} with (force)")
        server.execute(f"create database {NAME}")
    lib.say(f"filling its sandbox with {PRODUCTS:,} products …")
    words = [str(HOME), where["HOST"], where["USER"], NAME, str(PRODUCTS)]
    command = [python, "-I", "-W", "ignore", str(SITE), *words]
    subprocess.run([*command, "fill"], check=True, timeout=PATIENCE_S)
    return command


class Peer:
    """One site of django-oscar, which answers with what its pages cost."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.statements: dict[str, int] = {}

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.kill()
        self.process.wait()

    def cpu(self, page: str) -> float:
        """Return the microseconds of CPU of one page."""
        limit = threading.Timer(PATIENCE_S, self.process.kill)
        limit.start()
        self.process.stdin.write(page + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        limit.cancel()
        if not said:
            raise RuntimeError(f"django-oscar went away while it was asked for a {page}")
        facts = json.loads(said)
        self.statements[page] = facts["statements"]
        return facts["cpu_us"]


def main() -> int:
    try:
        python = install()
    except NotHere as why:
        lib.say("!" * 72)
        lib.say(f"NOT COMPARED with django-oscar, and no bar is judged: {str(why)[-1500:]}")
        lib.say("!" * 72)
        return lib.report("oscar", 0, {"not_compared": str(why)[-300:]}, {}, {})
    command = fill(python)
    shop.fill(1, PRODUCTS)
    with contextlib.ExitStack() as stack:
        peers = {kind: stack.enter_context(Peer([*command, kind])) for kind in ("sandbox", "tuned")}
        contenders = {}
        for page in PAGES:
            contenders[f"{page} ours"] = lambda p=page: shop.cpu(p, False, 7, PRODUCTS)
            for kind, peer in peers.items():
                contenders[f"{page} {kind}"] = lambda p=page, o=peer: o.cpu(p)
        spent = lib.interleave(contenders, ROUNDS, pick=min)
    ratios = {
        f"{page}_cpu_of_{kind}": spent[f"{page} ours"] / spent[f"{page} {kind}"]
        for page in PAGES
        for kind in peers
    }
    return lib.report(
        "oscar", ROUNDS,
        {"products": PRODUCTS, "cpu_us": {name: round(value) for name, value in spent.items()},
         "its_statements": peers["sandbox"].statements},
        ratios,
        {"list_cpu_of_sandbox": {"max": 1 / 30}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
