"""The inputs' own traits: broken wires, missing wires, and a current that is asked for."""

import logging
from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from hardware.inputs import GpioInputs, PolledCurrent, Wiring
from tests.hardware.waiting import eventually


def test_a_broken_wire_reads_as_the_worse_case() -> None:
    """With nothing at the other end, the output counts as live, the stop as pressed, the motor as running."""
    told: list[object] = []
    inputs = GpioInputs(Wiring(22, 23, 24, motor_amps=2.0), pin_factory=MockFactory())
    inputs.start(told.append, told.append, told.append)
    assert told == [True, True, 2.0]


def test_a_wire_that_is_not_there_tells_nothing() -> None:
    """A machine without a feedback contact and a current sensor tells its emergency stop only."""
    contact: list[bool] = []
    estop: list[bool] = []
    amps: list[float] = []
    inputs = GpioInputs(Wiring(estop=23), pin_factory=MockFactory())
    inputs.start(contact.append, estop.append, amps.append)
    assert not contact and estop and not amps


def test_a_current_is_told_at_first_and_when_it_changes() -> None:
    """Asking tells the first current, and then only one that differs by more than the noise."""
    told: list[float] = []
    answers = iter([0.0, 0.01, 1.2, 1.22, 0.0])
    current = PolledCurrent(lambda: next(answers))
    for _ in range(5):
        current.poll(told.append)
    assert told == [0.0, 1.2, 0.0]


def test_a_sensor_that_fails_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A sensor that fails twice and comes back leaves one warning and one line, and tells again."""
    caplog.set_level(logging.INFO)
    answers: Iterator[float | OSError] = iter([OSError("no such device"), OSError("no such device"), 0.4])
    told: list[float] = []

    def read() -> float:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    current = PolledCurrent(read)
    for _ in range(3):
        current.poll(told.append)
    assert told == [0.4]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_started_current_is_asked_until_it_is_closed() -> None:
    """A started current tells from its own thread, and can be closed twice."""
    told: list[float] = []
    current = PolledCurrent(lambda: float(len(told)), every_s=0.001)
    current.start(told.append)
    eventually(lambda: len(told) > 3)
    current.close()
    current.close()
