"""The socket between a unit without hardware and the simulated bench that stands in for its machine.

They talk in JSON lines: `{"motor": true}` and `{"estop": false}` come in; `{"live": true, "since_ms": ...}` and
`{"pattern": "ready"}` go out.
"""

import json
import socket
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from controller.config import Pins
from hardware.relay.report import Report
from hardware.wires import Wires

PINS = Pins(contact=22, estop=23, motor=24, motor_amps=1.2, red=12, green=13, buzzer=16)
"""Where everything hangs on a simulated unit, unless its configuration says otherwise."""


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
