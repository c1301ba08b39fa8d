"""What all inputs promise: those on the Pi's pins (simulated pins here) and the simulated ones."""

from typing import Protocol

import pytest
from gpiozero.pins.mock import MockFactory

from hardware.inputs import GpioInputs, SimulatedInputs, Told, ToldAmps, Wiring

CONTACT, ESTOP, MOTOR = 22, 23, 24


class Inputs(Protocol):
    """The life of inputs."""

    def start(self, on_contact: Told, on_estop: Told, on_amps: ToldAmps) -> None: ...
    def close(self) -> None: ...


class Bench(Protocol):
    """Inputs, and the other end of their wires."""

    inputs: Inputs

    def contact(self, closed: bool) -> None: ...
    def estop(self, pressed: bool) -> None: ...
    def amps(self, amps: float) -> None: ...


class PinBench:
    """Inputs on simulated pins; a wire to ground is low."""

    def __init__(self) -> None:
        self.pins = MockFactory()
        self.inputs = GpioInputs(Wiring(CONTACT, ESTOP, MOTOR, motor_amps=1.5), pin_factory=self.pins)

    def contact(self, closed: bool) -> None:
        self._open_wire(CONTACT, closed)

    def estop(self, pressed: bool) -> None:
        self._open_wire(ESTOP, pressed)

    def amps(self, amps: float) -> None:
        self._open_wire(MOTOR, amps > 0)

    def _open_wire(self, pin: int, is_open: bool) -> None:
        wire = self.pins.pin(pin)
        wire.drive_high() if is_open else wire.drive_low()


class SimulatedBench:
    """Simulated inputs, which are their own other end."""

    def __init__(self) -> None:
        self.inputs = SimulatedInputs()
        self.contact, self.estop, self.amps = self.inputs.contact, self.inputs.estop, self.inputs.amps


class Log:
    """What the inputs told."""

    def __init__(self, inputs: Inputs) -> None:
        self.contact: list[bool] = []
        self.estop: list[bool] = []
        self.amps: list[float] = []
        inputs.start(self.contact.append, self.estop.append, self.amps.append)


@pytest.fixture(params=[PinBench, SimulatedBench])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each kind of inputs in turn."""
    made: Bench = request.param()
    return made


def at_rest(bench: Bench) -> Log:
    """Started inputs of a machine that is off, with nothing told yet."""
    log = Log(bench.inputs)
    bench.contact(False)
    bench.estop(False)
    bench.amps(0.0)
    for told in (log.contact, log.estop, log.amps):
        assert told
        told.clear()
    return log


def test_they_tell_how_things_stand_when_they_start(bench: Bench) -> None:
    """Starting tells each input once."""
    log = Log(bench.inputs)
    assert (len(log.contact), len(log.estop), len(log.amps)) == (1, 1, 1)


def test_the_contact_is_told(bench: Bench) -> None:
    """The feedback contact's closing and opening are told in their order."""
    log = at_rest(bench)
    bench.contact(True)
    bench.contact(False)
    assert log.contact == [True, False] and not log.estop and not log.amps


def test_the_emergency_stop_is_told(bench: Bench) -> None:
    """Pressing and releasing the emergency stop are told in their order."""
    log = at_rest(bench)
    bench.estop(True)
    bench.estop(False)
    assert log.estop == [True, False] and not log.contact and not log.amps


def test_the_current_is_told(bench: Bench) -> None:
    """The motor's current is told when it starts and when it stops."""
    log = at_rest(bench)
    bench.amps(1.5)
    bench.amps(0.0)
    assert log.amps == [1.5, 0.0] and not log.contact and not log.estop


def test_what_does_not_change_is_not_told(bench: Bench) -> None:
    """Setting an input to what it is tells nothing."""
    log = at_rest(bench)
    bench.contact(False)
    bench.estop(False)
    bench.amps(0.0)
    assert not log.contact and not log.estop and not log.amps


def test_closing_twice_is_harmless(bench: Bench) -> None:
    """Inputs can be closed twice."""
    Log(bench.inputs)
    bench.inputs.close()
    bench.inputs.close()
