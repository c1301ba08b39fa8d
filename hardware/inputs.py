"""What the machine tells the unit: its feedback contact, its emergency stop, its motor's current.

Callbacks run in gpiozero's, lgpio's or a poller's thread and must only put something on a queue.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from gpiozero import DigitalInputDevice

log = logging.getLogger(__name__)

BOUNCE_S = 0.005
POLL_S = 0.2
SMALLEST_CHANGE_A = 0.05

Told = Callable[[bool], None]
ToldAmps = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Wiring:
    """Pins by their GPIO numbers; None where there is no such wire.

    All are pulled up, and wired so that a broken wire reads as the worse case: `contact` goes to ground
    through a normally-closed mirror contact (open is live), `estop` through the stop's own contact (open is
    pressed), `motor` through a current relay that opens when the motor runs (drawing `motor_amps`).
    """

    contact: int | None = None
    estop: int | None = None
    motor: int | None = None
    motor_amps: float = 1.0


class GpioInputs:
    """The inputs on the Pi's own pins."""

    def __init__(self, wiring: Wiring, *, pin_factory: Any = None) -> None:
        self._wiring = wiring
        self._pin_factory = pin_factory
        self._devices: list[DigitalInputDevice] = []

    def start(self, on_contact: Told, on_estop: Told, on_amps: ToldAmps) -> None:
        """Tell how things stand, then every change. Raises gpiozero's errors for a pin that cannot be had."""
        amps = self._wiring.motor_amps
        self._watch(self._wiring.contact, on_contact)
        self._watch(self._wiring.estop, on_estop)
        self._watch(self._wiring.motor, lambda running: on_amps(amps if running else 0.0))

    def close(self) -> None:
        """Give the pins back; safe to call twice."""
        for device in self._devices:
            device.close()

    def _watch(self, pin: int | None, tell: Told) -> None:
        """`tell` gets True while the wire is open."""
        if pin is None:
            return
        device = DigitalInputDevice(pin, pull_up=True, bounce_time=BOUNCE_S, pin_factory=self._pin_factory)
        self._devices.append(device)
        device.when_activated = lambda: tell(False)
        device.when_deactivated = lambda: tell(True)
        tell(not device.is_active)


class PolledCurrent:
    """A motor's current from anything that can be asked, such as a converter: `read` returns amperes.

    `read` may raise OSError: then nothing is told until it answers again.
    """

    def __init__(self, read: Callable[[], float], every_s: float = POLL_S) -> None:
        self._read = read
        self._every_s = every_s
        self._closing = Event()
        self._thread: Thread | None = None
        self._told = float("nan")
        self._failing = False

    def start(self, on_amps: ToldAmps) -> None:
        """Tell the current, then every change of at least SMALLEST_CHANGE_A."""
        self._thread = Thread(target=self._run, args=(on_amps,), name="motor current", daemon=True)
        self._thread.start()

    def poll(self, on_amps: ToldAmps) -> None:
        """Ask once, and tell what changed."""
        try:
            amps = self._read()
        except OSError as error:
            self._note(str(error))
            return
        self._note("")
        if not abs(amps - self._told) < SMALLEST_CHANGE_A:  # also when nothing was told yet
            self._told = amps
            on_amps(amps)

    def close(self) -> None:
        """Ask no more; safe to call twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, on_amps: ToldAmps) -> None:
        while not self._closing.is_set():
            self.poll(on_amps)
            self._closing.wait(self._every_s)

    def _note(self, failure: str) -> None:
        """Log the first failure and the recovery, not every failure between."""
        if bool(failure) != self._failing:
            self._failing = bool(failure)
            log.warning("motor current: %s", failure) if failure else log.info("motor current is back")


class SimulatedInputs:
    """Inputs that the driver sets. They tell how things stand at the start, then every change."""

    def __init__(self) -> None:
        self._contact = False
        self._estop = False
        self._amps = 0.0

    def start(self, on_contact: Told, on_estop: Told, on_amps: ToldAmps) -> None:
        """Begin; the callbacks come from the thread that sets the inputs."""
        self._on_contact, self._on_estop, self._on_amps = on_contact, on_estop, on_amps
        on_contact(self._contact)
        on_estop(self._estop)
        on_amps(self._amps)

    def contact(self, closed: bool) -> None:
        """The output is really live, or dead."""
        if closed != self._contact:
            self._contact = closed
            self._on_contact(closed)

    def estop(self, pressed: bool) -> None:
        """Press or release the emergency stop."""
        if pressed != self._estop:
            self._estop = pressed
            self._on_estop(pressed)

    def amps(self, amps: float) -> None:
        """The motor draws this many amperes from now on."""
        if amps != self._amps:
            self._amps = amps
            self._on_amps(amps)

    def close(self) -> None:
        """End; safe to call twice."""
