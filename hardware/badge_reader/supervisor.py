"""Keeps the reader's process running, and ends it when it stops answering."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import NoReturn

from hardware.badge_reader.keys import KeyFor, no_keys
from hardware.badge_reader.lines import Line, LinePipe, Said, key_line
from hardware.badge_reader.reading import ReaderGoneError, Reading

log = logging.getLogger(__name__)

START_S = 10.0
"""A Pi Zero needs seconds to start an interpreter and to open a reader."""
SILENT_S = 3.0
TAP_S = 1.5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 2.0
"""A reader that is plugged in again reads within three seconds."""
STEADY_S = 30.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Until when a process has to say something; in seconds on any one monotonic clock."""

    silent_at: float
    tap_at: float | None = None

    @property
    def deadline(self) -> float:
        """The moment at which it is overdue."""
        return self.silent_at if self.tap_at is None else min(self.silent_at, self.tap_at)

    def heard(self, said: Said, now: float) -> "Watch":
        """The same after a line: any line is a sign of life, but only a reading ends a tap."""
        match said:
            case Said.SENSED:
                return Watch(now + SILENT_S, now + TAP_S)
            case Said.READ:
                return Watch(now + SILENT_S)
            case Said.FOUND | Said.ALIVE | Said.ASKED | Said.GONE:
                return replace(self, silent_at=now + SILENT_S)

    def overdue(self) -> str:
        """What it failed to do in time."""
        in_tap = self.tap_at is not None and self.tap_at <= self.silent_at
        return f"a badge was not read within {TAP_S:g} s" if in_tap else "it has stopped sensing"


def wait_before_restart(last: float, lived: float) -> float:
    """Seconds to wait before the next start: twice the last wait; afresh after a process that lived long."""
    return FIRST_WAIT_S if lived >= STEADY_S else min(2 * last, LONGEST_WAIT_S)


def command_for(path: str) -> Sequence[str]:
    """The command that runs a reader's process."""
    return (sys.executable, "-m", "hardware.badge_reader.process", path)


class ReaderProcess:
    """A badge reader in a process of its own, which is started again whenever it ends or is overdue."""

    def __init__(self, command: Sequence[str], key_for: KeyFor = no_keys) -> None:
        """`command` is `command_for(path)`, or another program that says the same lines. `key_for` is asked, on
        this reader's own thread, for the key of each card that could prove itself."""
        self._command = command
        self._key_for = key_for
        self.trouble = ""
        """What was wrong when the reader was lost last."""
        self._child: subprocess.Popen[bytes] | None = None
        self._closing = Event()
        self._thread: Thread | None = None
        self._lost = False

    def start(
        self,
        on_reading: Callable[[Reading], None],
        on_lost: Callable[[bool], None],
        on_found: Callable[[str], None] = lambda name: None,
    ) -> None:
        """Start reading. The callbacks come from this reader's own thread, `on_lost` at changes only."""
        self._on_reading, self._on_lost, self._on_found = on_reading, on_lost, on_found
        self._thread = Thread(target=self._supervise, name="badge reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the process; safe to call twice."""
        self._closing.set()
        if self._child is not None:
            self._child.kill()
        if self._thread is not None:
            self._thread.join()

    @property
    def pid(self) -> int | None:
        """The process that reads now, for those who look after the unit."""
        return None if self._child is None else self._child.pid

    def _supervise(self) -> None:
        wait = FIRST_WAIT_S / 2
        while not self._closing.is_set():
            began = time.monotonic()
            self._tell_lost(True, self._run_once())
            wait = wait_before_restart(wait, time.monotonic() - began)
            self._closing.wait(wait)

    def _run_once(self) -> str:
        """Run one process to its end, and say why it ended."""
        try:
            with self._spawn() as child:
                self._child = child
                try:
                    self._follow(child)
                finally:
                    child.kill()
        except (OSError, EOFError, ValueError) as error:
            return str(error)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the process, with this project on its path wherever it is started from."""
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), root)))
        environment = os.environ | {"PYTHONPATH": paths}
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def _follow(self, child: subprocess.Popen[bytes]) -> NoReturn:
        """Pass on what the process says; ReaderGoneError, EOFError or ValueError tells why it has to end."""
        assert child.stdout is not None
        lines, watch = LinePipe(child.stdout.fileno()), Watch(time.monotonic() + START_S)
        while not self._closing.is_set():
            for line in lines.within(watch.deadline - time.monotonic()):
                watch = watch.heard(line.said, time.monotonic())
                self._pass_on(line, child)
            if time.monotonic() >= watch.deadline:
                raise ReaderGoneError(watch.overdue())
        raise ReaderGoneError("closed")

    def _pass_on(self, line: Line, child: subprocess.Popen[bytes]) -> None:
        match line.said:
            case Said.FOUND:
                self._on_found(line.text)
            case Said.ASKED:
                self._answer(line.text, child)
            case Said.ALIVE:
                self._tell_lost(False, "")
            case Said.READ:
                self._on_reading(Reading.from_json(line.text))
            case Said.GONE:
                raise ReaderGoneError(line.text)
            case Said.SENSED:
                pass

    def _answer(self, uid: str, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        child.stdin.write(key_line(uid, self._key_for(uid)))
        child.stdin.flush()

    def _tell_lost(self, lost: bool, why: str) -> None:
        """Log and tell the first failure and the recovery, not every failure between."""
        if lost == self._lost or self._closing.is_set():
            return
        self._lost = lost
        self.trouble = why if lost else ""
        log.warning("badge reader lost: %s", why) if lost else log.info("badge reader is back")
        self._on_lost(lost)
