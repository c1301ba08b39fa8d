"""A unit's wires without a machine at their other end: mock pins, driven by a simulated bench over a socket.

The pins are gpiozero's own mocks under the real adapters; this file is what a contactor, an emergency stop and a
motor would be. The bench (`lisiere demo`) and the unit talk in JSON lines: `{"motor": true}`, `{"estop": false}`
come in; `{"live": true, "since_ms": ...}` and `{"pattern": "ready"}` go out.
"""

import json
import logging
import socket
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from controller.config import Pins
from hardware.relay.report import Report

log = logging.getLogger(__name__)

PINS = Pins(contact=22, estop=23, motor=24, motor_amps=1.2, red=12, green=13, buzzer=16)
"""Where everything hangs on a simulated unit, unless its configuration says otherwise."""


class WiredPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin with a wire on it: the pull resistor does not move what a closed contact holds down."""

    wired = False

    def lay(self, open: bool) -> None:
        """The wire's contact is open (the pull-up wins) or closed (to ground)."""
        self.wired = True
        if open:
            self.drive_high()
        else:
            self.drive_low()

    def _set_pull(self, value: str) -> None:
        if self.wired:
            self._pull = value
        else:
            super()._set_pull(value)


class Wires:
    """The three inputs of a machine that is not there. Thread-safe."""

    def __init__(self, pins: Pins) -> None:
        """Everything at rest: dead, released, standing still."""
        self.factory: Any = MockFactory(pin_class=WiredPin)
        self._pins = pins
        self._lock = Lock()
        self._live = self._motor = self._pressed = False
        self._lay()

    def live(self, live: bool) -> None:
        """The relay's contactor closed, or opened."""
        with self._lock:
            self._live = live
            self._lay()

    def motor(self, on: bool) -> None:
        """The motor's switch is on: it runs whenever there is power."""
        with self._lock:
            self._motor = on
            self._lay()

    def estop(self, pressed: bool) -> None:
        """The emergency stop is pressed or released."""
        with self._lock:
            self._pressed = pressed
            self._lay()

    def _lay(self) -> None:
        """The mirror contact is open while live; the stop's opens when pressed; the motor's relay when it runs."""
        self.factory.pin(self._pins.estop).lay(open=self._pressed)
        self.factory.pin(self._pins.contact).lay(open=self._live)
        self.factory.pin(self._pins.motor).lay(open=self._live and self._motor)


class BenchLine:
    """The unit's end of the bench's socket. A bench that is not there, or leaves, changes nothing."""

    def __init__(self, path: Path, wires: Wires) -> None:
        self._wires = wires
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lock = Lock()
        self._socket.connect(str(path))
        Thread(target=self._listen, name="bench", daemon=True).start()

    def report(self, report: Report) -> None:
        """The keeper's relay changed: so does the contact, and the bench is told."""
        self._wires.live(report.observed)
        self.say(live=report.observed, since_ms=report.since_ms)

    def say(self, **words: Any) -> None:
        """Tell the bench."""
        with self._lock, suppress(OSError):
            self._socket.sendall(json.dumps(words).encode() + b"\n")

    def _listen(self) -> None:
        with self._socket.makefile("r") as lines, suppress(OSError):
            for line in lines:
                self._obey(json.loads(line))

    def _obey(self, words: dict[str, Any]) -> None:
        if "motor" in words:
            self._wires.motor(bool(words["motor"]))
        if "estop" in words:
            self._wires.estop(bool(words["estop"]))
