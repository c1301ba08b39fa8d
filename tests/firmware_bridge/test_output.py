"""A board as an output: what it tells, on a simulated board in real time."""

import time
from collections.abc import Iterator

import pytest

from firmware_bridge.output import BoardOutput
from firmware_bridge.registers import State
from firmware_bridge.session import Reading
from firmware_bridge.simulated import SimulatedBoard
from tests.hardware.waiting import eventually


class Bench:
    """An output on a simulated board, and all that it told."""

    def __init__(self) -> None:
        self.board = SimulatedBoard(lambda: time.monotonic_ns() // 1_000_000)
        self.told: list[tuple[str, object]] = []
        self.reading: Reading | None = None
        self.output = BoardOutput(lambda: self.board)
        self.output.start(
            lambda lost: self.told.append(("lost", lost)),
            self.hear,
            on_contact=lambda closed: self.told.append(("contact", closed)),
            on_estop=lambda pressed: self.told.append(("estop", pressed)),
            on_amps=lambda amps: self.told.append(("amps", amps)),
        )
        eventually(lambda: self.reading is not None)

    def hear(self, reading: Reading) -> None:
        """Keep the last report."""
        self.reading = reading

    def tells(self, what: str, value: object) -> None:
        """Wait until it was told."""
        eventually(lambda: (what, value) in self.told)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench that is closed at the end."""
    made = Bench()
    yield made
    made.output.close()


def test_how_things_stand_is_told_at_first(bench: Bench) -> None:
    """Contact, emergency stop and current are told once before anything changes."""
    assert bench.told == [("contact", False), ("estop", False), ("amps", 0.0)]


def test_switching_on_and_off(bench: Bench) -> None:
    """A relay that is switched on closes, and opens when it is switched off."""
    bench.output.switch_on()
    bench.tells("contact", True)
    bench.output.switch_off()
    eventually(lambda: bench.told[-1] == ("contact", False))
    assert ("lost", True) not in bench.told


def test_one_hold_for_each_that_is_handed_in(bench: Bench) -> None:
    """However long the bridge lives and looks, it writes no more holds than it was handed."""
    bench.output.switch_on()
    bench.tells("contact", True)
    eventually(lambda: bench.told[-1] == ("lost", True))
    assert bench.board.holds == 1


def test_a_relay_that_opened_by_itself_is_told_and_stays_open(bench: Bench) -> None:
    """A hold that ran out is a loss until the unit lets go, and no renewal closes the relay again."""
    bench.output.switch_on()
    bench.tells("lost", True)
    bench.output.renew()
    bench.output.switch_off()
    bench.tells("lost", False)
    assert not bench.board.live and bench.board.holds == 1


def test_a_pulled_cable_is_told_and_its_return_too(bench: Bench) -> None:
    """A board that answers no more is lost once, and back once; then it can be held again."""
    bench.board.unplug(True)
    bench.tells("lost", True)
    bench.output.switch_on()
    bench.board.unplug(False)
    bench.tells("lost", False)
    bench.output.switch_on()
    bench.tells("contact", True)
    assert [value for what, value in bench.told if what == "lost"][:2] == [True, False]


def test_an_emergency_stop_is_told(bench: Bench) -> None:
    """A pressed stop is told as such, not as a loss, and switching on is refused under it."""
    bench.output.switch_on()
    bench.tells("contact", True)
    bench.board.estop(True)
    bench.tells("estop", True)
    bench.output.switch_off()
    bench.output.switch_on()
    eventually(lambda: bench.reading is not None and bench.reading.state is State.ESTOP)
    assert not bench.board.live
    assert ("lost", True) not in bench.told


def test_a_weld_is_cleared_when_asked(bench: Bench) -> None:
    """A weld keeps the board from closing until it is over and was cleared."""
    bench.output.switch_on()
    bench.tells("contact", True)
    bench.board.weld(True)
    bench.output.switch_off()
    eventually(lambda: bench.reading is not None and bench.reading.state is State.WELDED)
    bench.board.weld(False)
    bench.output.clear_weld()
    eventually(lambda: bench.reading is not None and bench.reading.state is State.OPEN)


def test_small_changes_of_the_current_are_not_told(bench: Bench) -> None:
    """A current is told when it has changed by a twentieth of an ampere."""
    bench.board.draw(0.04)
    eventually(lambda: bench.reading is not None and bench.reading.amps == 0.04)
    bench.board.draw(2.0)
    bench.tells("amps", 2.0)
    assert ("amps", 0.04) not in bench.told
