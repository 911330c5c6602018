"""Keeps the parts of the site alive: starts each, restarts it when it dies, ends all of them.

Every part is a process group of its own. When its leader dies, the rest of the group is killed
before the restart, so that no orphan keeps a port; when the supervisor dies, the kernel ends
the leaders (Linux). A part that dies again and again ends everything, with a message.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE_S = 15
SETTLED_AFTER_S = 30  # a part that lived this long starts again at once
DEATHS_TO_GIVE_UP = 6  # in a row, none of them settled
PATIENCE_S = 28  # from the wish to end to the kill
LOOK_EVERY_S = 0.25


class GaveUp(Exception):
    """A part does not stay alive; the message names it."""


@dataclass
class Part:
    """One long-running process of the site."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    next_at: float = 0.0
    deaths: int = field(default=0)


class Supervisor:
    """Runs `parts`; `tend` is called on every look and keeps the engines alive."""

    def __init__(
        self,
        parts: list[Part],
        env: dict[str, str],
        pid_dir: Path,
        tend: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.parts, self.env, self.pid_dir = parts, env, pid_dir
        self.tend, self.say = tend, say
        self.ending = 0  # how often someone asked
        self.running = False
        self.waiting = True  # for the first part

    def clear(self) -> None:
        """End the groups that a killed supervisor left behind."""
        for part in self.parts:
            self._kill_leftovers(part)

    def run(self, when_first_started: Callable[[], None]) -> None:
        """Start everything and stay until a signal ends it. Raises GaveUp.

        The first part has the machine to itself until `when_first_started` returns.
        """
        self.pid_dir.mkdir(parents=True, exist_ok=True)
        self.running = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)
        try:
            self._start(self.parts[0])
            when_first_started()
            self.waiting = False
            while not self.ending:
                self.look()
                time.sleep(LOOK_EVERY_S)
        finally:
            self._stop_all()

    def _end(self, number: int, frame: object) -> None:
        self.ending += 1

    def look(self) -> None:
        """One look at everything: restart what is dead and due."""
        self.tend()
        for part in self.parts[:1] if self.waiting else self.parts:
            if part.process is not None and part.process.poll() is not None:
                self._bury(part)
            if part.process is None and time.monotonic() >= part.next_at:
                self._start(part)

    def _start(self, part: Part) -> None:
        part.process = subprocess.Popen(
            part.command,
            env=self.env | {"THOUSAND_PART": part.name},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        part.started_at = time.monotonic()
        draft = self.pid_dir / f"{part.name}.new"
        draft.write_text(f"{part.process.pid}\n")
        draft.rename(self.pid_dir / f"{part.name}.pid")

    def _bury(self, part: Part) -> None:
        """Take note of a death, kill what is left of its group, and set when it starts again."""
        code = part.process.returncode
        _kill_group(part.process.pid, signal.SIGKILL)
        lived_s = time.monotonic() - part.started_at
        part.process = None
        part.deaths = 1 if lived_s > SETTLED_AFTER_S else part.deaths + 1
        if part.deaths >= DEATHS_TO_GIVE_UP:
            raise GaveUp(f"{part.name} ended {part.deaths} times in a row (last: {code}).")
        pause_s = 0 if part.deaths == 1 else min(2 ** (part.deaths - 2), LONGEST_PAUSE_S)
        part.next_at = time.monotonic() + pause_s
        self.say(f"{part.name} ended ({code}); it starts again.")

    def _kill_leftovers(self, part: Part) -> None:
        ours = {f"DATA_DIR={self.env['DATA_DIR']}", f"THOUSAND_PART={part.name}"}
        with contextlib.suppress(OSError, ValueError):
            group = int((self.pid_dir / f"{part.name}.pid").read_text())
            for pid in _members(group):  # the number may belong to others by now
                environ = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
                if ours <= set(environ.split("\0")):
                    os.kill(pid, signal.SIGKILL)

    def _stop_all(self) -> None:
        """Ask every part to end, wait, then kill; asked twice, kill at once."""
        alive = [part.process for part in self.parts if part.process is not None]
        for process in alive:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        end = time.monotonic() + PATIENCE_S
        while any(process.poll() is None for process in alive):
            if time.monotonic() > end or self.ending > 1:
                break
            time.sleep(0.05)
        for process in alive:
            _kill_group(process.pid, signal.SIGKILL)
            process.wait()
        for part in self.parts:
            (self.pid_dir / f"{part.name}.pid").unlink(missing_ok=True)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _members(group: int) -> list[int]:
    """Return the processes of a group (Linux)."""
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ProcessLookupError):
            if os.getpgid(int(entry.name)) == group:
                members.append(int(entry.name))
    return members
