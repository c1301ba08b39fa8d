"""A red and a green light and a buzzer: what each pattern looks and sounds like, and what shows it.

`PATTERNS` is the table, and docs/indicator.md is the same table for the people who stand before the machine.
A red-green light shows yellow when both are lit, so that two single lights, a two-colour one, or an RGB one
whose blue leg is left free will all do. The buzzer is one that sounds as soon as it has power.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from gpiozero import OutputDevice

from hardware.clock import mono_ms
from hardware.pins import output_pin

TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class Colour:
    """Which lights make a colour."""

    name: str
    red: bool
    green: bool


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Milliseconds on and off, `times` over, or for ever."""

    name: str
    on_ms: int
    off_ms: int
    times: int | None = None

    def on(self, elapsed_ms: int) -> bool:
        """True in the on part, that many milliseconds after the beginning."""
        turn, within = divmod(elapsed_ms, self.on_ms + self.off_ms)
        return within < self.on_ms and (self.times is None or turn < self.times)


GREEN, YELLOW, RED = Colour("green", False, True), Colour("yellow", True, True), Colour("red", True, False)

STEADY = Rhythm("steady", 1000, 0)
SLOW = Rhythm("slow", 1000, 1000)
QUICK = Rhythm("quick", 200, 200)  # a light that flashes more than 3 times a second can start a seizure
WINK = Rhythm("wink", 100, 1900)

SILENT = Rhythm("silent", 100, 0, times=0)
LONG = Rhythm("one long", 700, 200, times=1)
TWO = Rhythm("two short", 100, 150, times=2)
THREE = Rhythm("three short", 100, 150, times=3)


@dataclass(frozen=True, slots=True)
class Look:
    """How a pattern shows. With `lasts_ms` it is brief: after that long the last lasting one shows."""

    colour: Colour
    light: Rhythm
    sound: Rhythm
    lasts_ms: int | None = None


PATTERNS = {
    "ready": Look(GREEN, STEADY, SILENT),
    "busy": Look(YELLOW, STEADY, SILENT),
    "running": Look(GREEN, SLOW, SILENT),
    "ending": Look(YELLOW, SLOW, TWO),
    "idle": Look(YELLOW, QUICK, TWO),
    "granted": Look(GREEN, QUICK, LONG, lasts_ms=1500),
    "refused": Look(RED, QUICK, THREE, lasts_ms=1500),
    "fault": Look(RED, SLOW, LONG),
    "locked": Look(RED, STEADY, SILENT),
    "estop": Look(RED, WINK, LONG),
    "offline": Look(YELLOW, WINK, SILENT),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the lights and the buzzer do at one moment."""

    red: bool = False
    green: bool = False
    buzzer: bool = False


@dataclass(frozen=True, slots=True)
class Showing:
    """The last lasting pattern and the last brief one, each with the monotonic millisecond it was shown at.

    A brief one is played out, whatever lasting one is shown meanwhile: else `granted` would never be seen.
    """

    lasting: str = ""
    since_ms: int = 0
    brief: str = ""
    brief_ms: int = 0

    def then(self, pattern: str, now: int) -> "Showing":
        """The same after `pattern` is shown; KeyError for one that is not in the table."""
        if PATTERNS[pattern].lasts_ms is not None:
            return Showing(self.lasting, self.since_ms, pattern, now)
        if pattern == self.lasting:
            return self
        return Showing(pattern, max(now, self._brief_until), self.brief, self.brief_ms)

    def shown(self, now: int) -> str:
        """The pattern that shows now; empty before the first."""
        return self.brief if now < self._brief_until else self.lasting

    def frame(self, now: int) -> Frame:
        """What the lights and the buzzer do now."""
        if not (pattern := self.shown(now)):
            return Frame()
        look = PATTERNS[pattern]
        elapsed = max(0, now - (self.brief_ms if pattern == self.brief else self.since_ms))
        lit = look.light.on(elapsed)
        return Frame(lit and look.colour.red, lit and look.colour.green, look.sound.on(elapsed))

    @property
    def _brief_until(self) -> int:
        return self.brief_ms + (PATTERNS[self.brief].lasts_ms or 0) if self.brief else 0


class GpioIndicator:
    """The lights and the buzzer on the Pi's own pins, played by a thread of their own."""

    def __init__(self, red: int, green: int, buzzer: int, *, pin_factory: Any = None) -> None:
        """All dark and silent. Raises ValueError for a pin that is high while the Pi boots."""
        pins = (red, green, buzzer)
        self._devices = [OutputDevice(output_pin(pin), pin_factory=pin_factory) for pin in pins]
        self._showing = Showing()
        self._changed = Event()
        self._closing = False
        self._thread = Thread(target=self._play, name="indicator", daemon=True)
        self._thread.start()

    def show(self, pattern: str) -> None:
        """Show a pattern until another is shown; KeyError for an unknown one. Never waits."""
        self._showing = self._showing.then(pattern, mono_ms())
        self._changed.set()

    def close(self) -> None:
        """All dark and silent again, and give the pins back; safe to call twice."""
        self._closing = True
        self._changed.set()
        self._thread.join()
        for device in self._devices:
            device.close()

    def _play(self) -> None:
        while not self._closing:
            self._write(self._showing.frame(mono_ms()))
            self._changed.wait(TICK_S)
            self._changed.clear()
        self._write(Frame())

    def _write(self, frame: Frame) -> None:
        for device, on in zip(self._devices, (frame.red, frame.green, frame.buzzer), strict=True):
            device.value = on


class SimulatedIndicator:
    """An indicator that keeps what it was told, on the milliseconds of `now`."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._showing = Showing()
        self.history: list[str] = []

    def show(self, pattern: str) -> None:
        """Show a pattern until another is shown; KeyError for an unknown one."""
        self._showing = self._showing.then(pattern, self._now())
        self.history.append(pattern)

    @property
    def shown(self) -> str:
        """The pattern that shows now; empty before the first."""
        return self._showing.shown(self._now())

    @property
    def frame(self) -> Frame:
        """What the lights and the buzzer do now."""
        return self._showing.frame(self._now())

    def close(self) -> None:
        """End; safe to call twice."""
