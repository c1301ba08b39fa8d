"""The thread that owns the machine: it holds the power only as long as it turns, and ends with the power off."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from access.facts import PowerSwitched
from controller.events import BadgePresented, EstopChanged, TimePassed
from controller.hands import Hands
from controller.loop import Loop
from hardware.clock import mono_ms
from hardware.relay.simulated import SimulatedOutput
from tests.access.workshop import booking
from tests.controller.mind import Mind

LIMIT_S = 20
"""How long a test waits for something that must come: a bound for a broken loop, never waited for."""


class Turning:
    """A loop on a thread of its own, over a mind whose output counts real milliseconds."""

    def __init__(self, folder: Path) -> None:
        self.mind = Mind(folder, booking("b1", 0, 60))
        self.output = SimulatedOutput(mono_ms)
        self.mind.control._hands = _with_output(self.mind, self.output)
        self.loop = Loop()
        self.turned = Event()
        self.hang, self.hung, self.over = Event(), Event(), Event()
        self.error: BaseException | None = None
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.loop.run(self.mind.control, self._after_turn)
        except AssertionError as error:
            self.error = error

    def _after_turn(self) -> None:
        self.mind.write()
        self.turned.set()
        if self.hang.is_set():
            self.hung.set()
            self.over.wait()

    def on(self) -> None:
        """A badge is shown, and the machine is live."""
        self.loop.post(BadgePresented("tag-ana"))
        self.until(lambda: self.output.live)

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        end = time.monotonic() + LIMIT_S
        while not seen():
            assert time.monotonic() < end, "it did not come"
            self.turned.wait(0.01)
            self.turned.clear()

    def close(self) -> None:
        """End the loop, if it still turns."""
        self.over.set()
        self.loop.stop()
        self.thread.join(LIMIT_S)
        self.mind.journal.close()


def _with_output(mind: Mind, output: SimulatedOutput) -> Hands:
    return replace(mind.control._hands, output=output)


@pytest.fixture
def turning(tmp_path: Path) -> Iterator[Turning]:
    """A loop that turns."""
    made = Turning(tmp_path)
    yield made
    made.close()


def test_the_loop_holds_the_power_while_it_turns(turning: Turning) -> None:
    """A live machine is renewed turn after turn, without any event."""
    turning.output = SimulatedOutput(mono_ms, hold_ms=3_600_000)
    turning.mind.control._hands = _with_output(turning.mind, turning.output)
    turning.on()
    for _ in range(3):
        until = turning.output._hold.until
        turning.until(lambda before=until: turning.output._hold.until > before)


def test_a_hung_loop_lets_go(turning: Turning) -> None:
    """A loop that does not come to the end of its turn renews nothing, and the output goes dead by itself."""
    turning.on()
    turning.hang.set()
    assert turning.hung.wait(LIMIT_S)
    turning.until(lambda: not turning.output.live)
    assert turning.mind.control.live, "the state still wants power: it is the hold that ran out"


def test_a_stop_ends_with_the_power_off(turning: Turning) -> None:
    """A loop that is told to end leaves a dead machine behind."""
    turning.on()
    turning.loop.stop()
    turning.thread.join(LIMIT_S)
    assert not turning.thread.is_alive() and not turning.output.held


def test_an_error_nobody_foresaw_ends_with_the_power_off(turning: Turning) -> None:
    """Whatever a turn raises, the output is off when the loop has ended."""
    turning.on()

    turning.loop.post(_Unforeseen())  # type: ignore[arg-type]
    turning.thread.join(LIMIT_S)
    assert isinstance(turning.error, AssertionError) and not turning.output.held


class _Unforeseen:
    """An event that no table knows."""


def test_events_are_taken_in_their_order(turning: Turning) -> None:
    """What was posted first is handled first: a tap before an emergency stop starts, one after it does not."""
    turning.loop.post(EstopChanged(True))
    turning.loop.post(BadgePresented("tag-ana"))
    turning.loop.post(EstopChanged(False))
    turning.loop.post(TimePassed())
    turning.until(lambda: turning.mind.kinds()[1:] == ["fault", "decision", "fault_cleared"])
    assert not any(isinstance(fact, PowerSwitched) for fact in turning.mind.facts)
