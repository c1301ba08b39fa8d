"""The demo's processes: started in order, watched, and ended in reverse."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

START_S = 60.0
"""How long a process may take to be ready; far more than it needs, on any machine."""


class DemoError(Exception):
    """Why the demo cannot go on; one line."""


class Processes:
    """Children of the demo. Their output goes to one log file each."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *words: str) -> None:
        """Start a Python program: `words` follow the interpreter."""
        self._words[name] = words
        with open(self._logs / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def revive(self) -> list[str]:
        """Start again whatever has ended, as a supervisor would; the names of what had."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        for name in ended:
            self.start(name, *self._words[name])
        return ended

    def wait_until(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait for something, as long as every process lives. DemoError when it does not come."""
        deadline = time.monotonic() + START_S
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(f"{what}: not there after {START_S:g} s; see {self._logs}")
            time.sleep(0.01)

    def check(self) -> None:
        """DemoError when a process has ended, with the last thing it said."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DemoError(f"{name} ended with status {process.returncode}: {self._last_line(name)}")

    def pids(self) -> dict[str, int]:
        """The processes by name."""
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """End every process, the last started first; what does not end is killed."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def _last_line(self, name: str) -> str:
        lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
