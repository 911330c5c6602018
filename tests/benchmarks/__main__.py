"""Runs the benches one after another; exit 1 if one fails or misses a bar."""

import os
import subprocess
import sys

from tests.benchmarks import lib

BENCHES = (
    "settle", "books", "redirect", "ingest", "clicks", "attribution", "pages", "policy", "directory",
    "plan", "import", "shop", "drill", "switch",
)  # fmt: skip
ON_DEMAND = ("start", "oscar")  # they install packages


def main() -> int:
    only = os.environ.get("ONLY", "").split()
    full = bool(os.environ.get("FULL"))
    unknown = set(only) - {*BENCHES, *ON_DEMAND}
    if unknown:
        sys.stderr.write(f"No bench {', '.join(sorted(unknown))}: try {', '.join(BENCHES)}.\n")
        return 2
    missed = 0
    for name in only or (*BENCHES, *(ON_DEMAND if full else ())):
        with lib.Lab(migrated=name != "start") as lab:
            command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
            missed += subprocess.run(command, env=lab.env, cwd=lib.ROOT).returncode != 0
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
