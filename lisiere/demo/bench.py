"""The simulated bench: what stands where the machines would. The units know it only by their wires and badges."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from hardware.badge_reader.simulated import SoftwareTag

TAP_S = 0.6
"""How long a badge lies on the reader."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bench sees of a machine. `since_ms`: the keeper's monotonic reading at the last change."""

    live: bool = False
    since_ms: int = 0
    pattern: str = ""
    motor: bool = False
    estop: bool = False


class MachineBench:
    """One machine that is not there: a badge field, a motor's switch, an emergency stop, and its unit's socket."""

    def __init__(self, machine: str, path: Path, reader_port: int) -> None:
        self.machine = machine
        self.tag = SoftwareTag(reader_port)
        self.standing = Standing()
        self._touched: bool | None = None
        self._changed = Condition()
        self._line: socket.socket | None = None
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(path))
        self._door.listen(1)
        Thread(target=self._welcome, name=f"bench {machine}", daemon=True).start()

    @property
    def connected(self) -> bool:
        """Whether a unit is at the other end."""
        return self._line is not None

    def tap(self, number: str) -> int:
        """Show a badge for a moment; the monotonic millisecond at which it was laid down."""
        at = time.monotonic_ns() // 1_000_000
        self.tag.present(number, TAP_S)
        return at

    def motor(self, on: bool) -> None:
        """Switch the motor; it runs whenever there is power."""
        self._say(motor=on)

    def estop(self, pressed: bool) -> None:
        """Press or release the emergency stop."""
        self._say(estop=pressed)

    def touch(self, **what: Any) -> bool:
        """Touch the kiosk's screen (`machine=...` or `offer=...`); whether there was something to touch."""
        with self._changed:
            self._touched = None
        self._send(what)
        with self._changed:
            self._changed.wait_for(lambda: self._touched is not None, 5.0)
            return bool(self._touched)

    def wait_for(self, seen: Callable[[Standing], bool], seconds: float) -> bool:
        """Wait until the bench sees something; False when it did not come."""
        with self._changed:
            return self._changed.wait_for(lambda: seen(self.standing), seconds)

    def close(self) -> None:
        """Take everything away."""
        self.tag.close()
        self._door.close()
        if self._line is not None:
            self._line.close()

    def _say(self, **words: Any) -> None:
        self._see(words)
        self._send(words)

    def _send(self, words: dict[str, Any]) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.sendall(json.dumps(words).encode() + b"\n")

    def _see(self, words: dict[str, Any]) -> None:
        with self._changed:
            known = {name: value for name, value in words.items() if name in Standing.__slots__}
            self.standing = replace(self.standing, **known)
            self._touched = words.get("touched", self._touched)
            self._changed.notify_all()

    def _welcome(self) -> None:
        """Listen to one unit after the other: it may be started again."""
        with suppress(OSError):
            while True:
                self._line, _ = self._door.accept()
                self._say(motor=self.standing.motor, estop=self.standing.estop)
                with self._line.makefile("r") as lines, suppress(OSError):
                    for line in lines:
                        self._see(json.loads(line))
                self._see({"live": False, "pattern": ""})  # the keeper lets go of a unit that is gone
