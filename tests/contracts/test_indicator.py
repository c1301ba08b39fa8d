"""What every indicator promises: the one on the Pi's pins (simulated pins here) and the simulated one."""

from collections.abc import Iterator
from typing import Protocol

import pytest
from gpiozero.pins.mock import MockFactory

from controller.ports import Indicator, Pattern
from hardware.indicator import Frame, GpioIndicator, SimulatedIndicator
from tests.hardware.waiting import eventually


class Bench(Protocol):
    """An indicator, and somebody who looks at it."""

    indicator: Indicator

    def sees(self, red: bool, green: bool) -> None:
        """See these lights, now or soon."""


class PinBench:
    """An indicator on simulated pins."""

    def __init__(self) -> None:
        self.pins = MockFactory()
        self.indicator = GpioIndicator(20, 21, 26, pin_factory=self.pins)

    def sees(self, red: bool, green: bool) -> None:
        eventually(lambda: (bool(self.pins.pin(20).state), bool(self.pins.pin(21).state)) == (red, green))


class SimulatedBench:
    """A simulated indicator, a few milliseconds after each beginning."""

    def __init__(self) -> None:
        self.now = 0
        self.indicator = SimulatedIndicator(lambda: self.now)

    def sees(self, red: bool, green: bool) -> None:
        for _ in range(100):
            self.now += 50
            if self.indicator.frame in (Frame(red, green), Frame(red, green, buzzer=True)):
                return
        raise AssertionError(f"never red {red} and green {green}")


@pytest.fixture(params=[PinBench, SimulatedBench])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each indicator in turn."""
    made = request.param()
    yield made
    made.indicator.close()
    made.indicator.close()


def test_it_is_dark_at_first(bench: Bench) -> None:
    """Nothing is lit before anything is shown."""
    bench.sees(red=False, green=False)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_every_pattern_lights_up(bench: Bench, pattern: Pattern) -> None:
    """Each pattern that the controller knows lights its colour, and no other."""
    bench.indicator.show(pattern)
    red = pattern in (Pattern.REFUSED, Pattern.FAULT, Pattern.LOCKED, Pattern.ESTOP)
    green = pattern in (Pattern.READY, Pattern.RUNNING, Pattern.GRANTED)
    bench.sees(red=not green, green=not red)


def test_a_brief_pattern_gives_way_to_the_lasting_one(bench: Bench) -> None:
    """After a refusal the light goes back to what it was."""
    bench.indicator.show(Pattern.READY)
    bench.sees(red=False, green=True)
    bench.indicator.show(Pattern.REFUSED)
    bench.sees(red=True, green=False)
    bench.sees(red=False, green=True)


def test_an_unknown_pattern_is_an_error(bench: Bench) -> None:
    """What is not in the table cannot be shown."""
    with pytest.raises(KeyError):
        bench.indicator.show("dancing")  # type: ignore[arg-type]
