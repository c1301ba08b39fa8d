"""How long others wait while five hundred callers dawdle, at the twin's door and at a unit's LAN port.

A dawdler is in the middle of a handshake, a head or a body, and says a byte now and then; one that is hung up on
calls again. Meanwhile somebody asks as one should, on a new connection each time. The floor is the same with nobody
else there.
"""

import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from lisiere.bench.timing import Counts, Progress, beside, timed_ns
from lisiere.bench.trial import PATIENCE_S, UnitOnTrial

HEAD = b"POST /api/enrol HTTP/1.1\r\nHost: twin\r\nContent-Type: application/json\r\n"
BEGUN = (b"", b"GET /healthz HTTP/1.1\r\nX-Slow: ", HEAD + b"Content-Length: 1000\r\n\r\n{")
EVERY_S = 1.0
"""How often each dawdler says something."""


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Milliseconds of a request, with five hundred dawdlers and with none."""
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        unit = UnitOnTrial(Path(name), parts)
        parts.callback(unit.started().stop)
        trust = ssl.create_default_context(cafile=str(unit.twin.data / "tls" / "ca.pem"))
        doors = {"twin": Door(unit.twin.port, b"/healthz", trust), "unit": Door(unit.panel, b"/state", None)}
        return {what: _besieged(door, counts, progress) for what, door in doors.items()}


class Door:
    """A port, and the two ways to come to it."""

    def __init__(self, port: int, path: bytes, trust: ssl.SSLContext | None) -> None:
        """`trust`: the authority that it stands under; None for plain HTTP."""
        self._port = port
        self._good = b"GET " + path + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
        self._trust = trust

    def ask(self) -> None:
        """Ask as one should, and wait for the answer."""
        with self._called(shake_hands=True) as line:
            line.sendall(self._good)
            answer = b""
            while part := line.recv(65536):
                answer += part
        if not answer.startswith(b"HTTP/1.1 "):
            raise OSError(f"port {self._port} gave no answer")

    def dawdle(self, n: int) -> socket.socket:
        """Call, and stop in the middle of something."""
        line = self._called(shake_hands=n % len(BEGUN) > 0)
        line.sendall(BEGUN[n % len(BEGUN)])
        return line

    def _called(self, shake_hands: bool) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S)
        if self._trust is None or not shake_hands:
            return line
        return self._trust.wrap_socket(line, server_hostname="127.0.0.1")


class Dawdlers:
    """So many callers at a door, on a thread of their own."""

    def __init__(self, door: Door, number: int) -> None:
        self._door = door
        self._lines: list[socket.socket | None] = [None] * number
        self._ended = Event()
        self.there = Event()
        self._thread = Thread(target=self._dawdle, name="dawdlers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send everybody home."""
        self._ended.set()
        self._thread.join()
        for line in self._lines:
            if line is not None:
                line.close()

    def _dawdle(self) -> None:
        while not self._ended.is_set():
            for n, line in enumerate(self._lines):
                self._lines[n] = self._said(n, line)
                if self._ended.is_set():
                    return
            self.there.set()
            self._ended.wait(EVERY_S)

    def _said(self, n: int, line: socket.socket | None) -> socket.socket | None:
        """Say one byte more; who was hung up on calls again."""
        with suppress(OSError):
            if line is None:
                return self._door.dawdle(n)
            line.sendall(b"x")
            return line
        if line is not None:
            line.close()
        return None


def _besieged(door: Door, counts: Counts, progress: Progress) -> dict[str, float]:
    alone = _times(door.ask, counts.asks)
    dawdlers = Dawdlers(door, counts.dawdlers)
    try:
        if not dawdlers.there.wait(PATIENCE_S):
            raise OSError(f"{counts.dawdlers} callers could not be gathered")
        found = _times(door.ask, counts.asks)
    finally:
        dawdlers.close()
    progress(1, 1)
    return {"dawdlers": counts.dawdlers, **beside(found, alone), "slowest_ms": round(max(found) / 1e6, 1)}


def _times(act: Callable[[], None], number: int) -> list[int]:
    found = []
    for _ in range(number):
        found.append(timed_ns(act))
        time.sleep(0.01)
    return found
