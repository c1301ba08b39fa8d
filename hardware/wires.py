"""Wires without a machine at their other end: gpiozero's mock pins under the real adapters.

What a contactor, an emergency stop and a motor would do to the pins is done by whoever drives `Wires`.
"""

from threading import Lock
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from hardware.inputs import Wiring


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

    def __init__(self, wiring: Wiring) -> None:
        """Everything at rest: dead, released, standing still."""
        self.factory: Any = MockFactory(pin_class=WiredPin)
        self._wiring = wiring
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
        self._set(self._wiring.estop, self._pressed)
        self._set(self._wiring.contact, self._live)
        self._set(self._wiring.motor, self._live and self._motor)

    def _set(self, pin: int | None, open: bool) -> None:
        if pin is not None:
            self.factory.pin(pin).lay(open)
