"""`make run` from an empty clone to the first page, and the second start.

Uses the package cache of this machine, and installs every package again: run on demand.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.benchmarks import lib


def start(clone: Path, env: dict[str, str], limit_s: float) -> float:
    """Return the seconds until the first page answers; ends the site again."""
    log = (clone / "run.log").open("w")
    begun = time.monotonic()
    process = subprocess.Popen(
        ["make", "run"], cwd=clone, env=env, stdout=log, stderr=log, start_new_session=True
    )
    try:
        while time.monotonic() < begun + limit_s:
            if process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{env['PORT']}/shop/", timeout=5) as page,
            ):
                if page.status == 200:
                    return time.monotonic() - begun
            time.sleep(0.1)
        raise RuntimeError(f"no page: {(clone / 'run.log').read_text()[-800:]}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(40)


def main() -> int:
    clone = Path(os.environ["DATA_DIR"]) / "clone"
    subprocess.run(["git", "clone", "-q", str(lib.ROOT), str(clone)], check=True)
    env = dict(os.environ)
    for name in ("DATA_DIR", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV", "ONLY", "FULL"):
        env.pop(name, None)
    first = start(clone, env, 400)
    second = start(clone, env, 60)
    return lib.report(
        "start", 1,
        {"first_s": round(first, 1), "second_s": round(second, 1)},
        {"first_s": first, "second_s": second},
        {"first_s": {"max": 120}, "second_s": {"max": 5}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
