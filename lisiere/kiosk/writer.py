"""A kiosk that is a desk: it lends its reader to the process that writes a card, and takes it back after."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from kiosk.office import Card, Obstacle, Progress, Writing

log = logging.getLogger(__name__)


class Lender(Protocol):
    """Whoever reads badges otherwise."""

    def pause(self) -> None:
        """Let go of the reader."""

    def resume(self, but: str = "") -> None:
        """Read again; the card with the number `but` still lies there, and is no badge that was shown."""


class CardWriter:
    """A `kiosk.ports.Writer`. One thread does it all, so that two cards are never written at once."""

    def __init__(self, reader: str, keys: Path, lender: Lender) -> None:
        """`reader`: its path; `keys`: the file of the desk's master key, on a stick that may be away."""
        self._command = (sys.executable, "-m", "lisiere.badge.process", reader, str(keys))
        self._keys = keys
        self._lender = lender
        self._wanted: SimpleQueue[Callable[[Writing], None]] = SimpleQueue()
        self._child: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._work, name="card desk", daemon=True).start()

    def start(self, told: Callable[[Writing], None]) -> None:
        """See `kiosk.ports.Writer`."""
        self._stopped.clear()
        self._wanted.put(told)

    def stop(self) -> None:
        """See `kiosk.ports.Writer`."""
        self._stopped.set()
        child = self._child
        if child is not None:
            child.kill()

    def _work(self) -> None:
        while True:
            self._write(self._wanted.get())

    def _write(self, told: Callable[[Writing], None]) -> None:
        if not self._keys.is_file():
            told(Obstacle.NO_KEYS)
            return
        self._lender.pause()
        last: Writing | None = None
        try:
            told(Progress.WAITING)
            with subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True) as child:
                self._child = child
                if self._stopped.is_set():
                    child.kill()
                last = self._follow(child, told)
        finally:
            self._child = None
            self._lender.resume(last.number if isinstance(last, Card) else "")
        if not self._stopped.is_set():
            told(last if last is not None else Obstacle.NO_READER)

    def _follow(self, child: subprocess.Popen[str], told: Callable[[Writing], None]) -> Writing | None:
        """Pass on what the process says; its last word, which is told once the reader reads again."""
        assert child.stdout is not None
        for line in child.stdout:
            with suppress(ValueError):
                match json.loads(line):
                    case {"moment": str(moment)}:
                        told(Progress(moment))
                    case {"card": dict(card)}:
                        return Card(**card)
                    case {"obstacle": str(obstacle)}:
                        return Obstacle(obstacle)
        return None

