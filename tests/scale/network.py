"""Hosts on one machine: each a network namespace with one cable to one switch.

A cable can be cut and joined again, and a host can lose its power. What runs on a host reaches
the others by their addresses and over its cable only; files are shared, as a shared disk is.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "thousand"
RANGE = "198.18"  # RFC 2544: for measuring networks, used by nobody's own


class NotHere(Exception):
    """This machine gives no namespaces; the message is the reason."""


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHere(f"`ip {' '.join(words)}`: {done.stderr.strip() or done.returncode}")
    return done.stdout


def why_not() -> str:
    """Say why there can be no hosts here; "" if there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "it needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN)"
    if not shutil.which("ip"):
        return "iproute2 is missing (`ip`): apt-get install iproute2"
    try:
        with Network(["probe"]):
            return ""
    except NotHere as refusal:
        return str(refusal)


class Host:
    """One machine of the network."""

    def __init__(self, name: str, space: str, cable: str, address: str) -> None:
        self.name, self.space, self.cable, self.address = name, space, cable, address

    def start(self, command: list[str], env: dict[str, str], log: Path) -> subprocess.Popen:
        """Start a program there; its process is the one that is returned."""
        with open(log, "ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.space, *command],
                env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip

    def run(self, command: list[str], env: dict[str, str]) -> str:
        return subprocess.run(
            ["ip", "netns", "exec", self.space, *command],
            env=env, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    def cut(self) -> None:
        """Pull the cable: nothing arrives any more, and nobody is told."""
        ip("link", "set", self.cable, "down")

    def join(self) -> None:
        ip("link", "set", self.cable, "up")

    def lose_power(self) -> None:
        """End everything at once, without a word to the others."""
        self.cut()
        self.kill()

    def kill(self) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def pids(self) -> list[int]:
        return [int(one) for one in ip("netns", "pids", self.space).split()]


class Network:
    """A switch with these hosts at it; this machine itself has its first address."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.mark = names, f"{PREFIX}-{os.getpid()}-"
        self.switch = f"th{os.getpid()}"
        self.hosts: dict[str, Host] = {}
        self.subnet = ""

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def __enter__(self) -> Network:
        _sweep()
        try:
            taken = ip("-4", "addr")
            free = [n for n in range(256) if f"{RANGE}.{n}." not in taken]
            self.subnet = f"{RANGE}.{random.choice(free)}"
            ip("link", "add", self.switch, "type", "bridge")
            ip("addr", "add", f"{self.subnet}.1/24", "dev", self.switch)
            ip("link", "set", self.switch, "up")
            for n, name in enumerate(self.names):
                self._add(n, name)
        except NotHere:
            self.__exit__()
            raise
        return self

    def _add(self, n: int, name: str) -> None:
        host = Host(name, self.mark + name, f"{self.switch}.{n}", f"{self.subnet}.{n + 11}")
        ip("netns", "add", host.space)
        self.hosts[name] = host
        ip("link", "add", host.cable, "type", "veth", "peer", "eth0", "netns", host.space)
        ip("link", "set", host.cable, "master", self.switch, "up")
        ip("-n", host.space, "link", "set", "lo", "up")
        ip("-n", host.space, "link", "set", "eth0", "up")
        ip("-n", host.space, "addr", "add", f"{host.address}/24", "dev", "eth0")

    def __exit__(self, *_problem: object) -> None:
        _remove(self.mark, self.switch)


def _spaces() -> list[str]:
    """Return the namespaces of this program, of whichever run."""
    lines = ip("netns", "list").splitlines()
    return [line.split()[0] for line in lines if line.startswith(f"{PREFIX}-")]


def _sweep() -> None:
    """Remove what runs left behind that were killed."""
    for mark in {"-".join(name.split("-")[:2]) + "-" for name in _spaces()}:
        pid = mark.split("-")[1]
        if not Path(f"/proc/{pid}").exists():
            _remove(mark, f"th{pid}")


def _remove(mark: str, switch: str) -> None:
    for name in [one for one in _spaces() if one.startswith(mark)]:
        Host(name, name, "", "").kill()
        ip("netns", "del", name)
    if Path(f"/sys/class/net/{switch}").exists():
        ip("link", "del", switch)
