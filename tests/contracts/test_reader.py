"""What every badge reader promises: the NFC process on a PN532, and the simulated one."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from hardware.badge_reader.reading import Reading
from hardware.badge_reader.simulated import SimulatedReader
from hardware.badge_reader.simulated.cards import Ntag215
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.badge_reader.supervisor import ReaderProcess, command_for
from tests.hardware.waiting import eventually

SEVEN, FOUR = "04A1B2C3D4E5F6", "DEADBEEF"


class Reader(Protocol):
    """The life of a reader."""

    def start(self, on_reading: Callable[[Reading], None], on_lost: Callable[[bool], None]) -> None: ...
    def close(self) -> None: ...


class Bench(Protocol):
    """A reader that was started, what it told, and somebody with badges."""

    reader: Reader
    badges: list[str]
    lost: list[bool]

    def tap(self, uid: str) -> None:
        """Show a badge until it is read, and take it away."""

    def lose(self) -> None:
        """Make the reader fail."""

    def restore(self) -> None:
        """Let the reader recover."""


class ProcessBench:
    """A reader's process on a PN532."""

    def __init__(self) -> None:
        self.badges: list[str] = []
        self.lost: list[bool] = []
        self.chip = Pn532()
        self.reader = ReaderProcess(command_for(self.chip.path))
        self.reader.start(lambda reading: self.badges.append(reading.uid), self.lost.append)

    def tap(self, uid: str) -> None:
        read = len(self.badges)
        self.chip.cards = [Ntag215(bytes.fromhex(uid))]
        eventually(lambda: len(self.badges) > read)
        self.chip.cards = []

    def lose(self) -> None:
        eventually(lambda: self.reader.pid is not None)
        assert self.reader.pid is not None
        os.kill(self.reader.pid, signal.SIGKILL)

    def restore(self) -> None:
        """It recovers by itself."""

    def close(self) -> None:
        self.reader.close()
        self.chip.unplug()


class SimulatedBench:
    """A simulated reader."""

    def __init__(self) -> None:
        self.badges: list[str] = []
        self.lost: list[bool] = []
        self.reader = SimulatedReader()
        self.reader.start(lambda reading: self.badges.append(reading.uid), self.lost.append)
        self.tap, self.lose, self.restore = self.reader.tap, self.reader.lose, self.reader.restore

    def close(self) -> None:
        self.reader.close()


@pytest.fixture(params=[ProcessBench, SimulatedBench])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each reader in turn."""
    made = request.param()
    yield made
    made.close()


def test_a_badge_is_told_by_its_number(bench: Bench) -> None:
    """A tap tells the badge's number once, in upper-case hexadecimal, be it of four bytes or seven."""
    bench.tap(SEVEN)
    bench.tap(FOUR)
    assert bench.badges == [SEVEN, FOUR] and bench.lost == []


def test_a_loss_and_a_recovery_are_told(bench: Bench) -> None:
    """A reader that fails is told as lost, and told again when it is back; then it reads badges."""
    bench.lose()
    eventually(lambda: bench.lost[:1] == [True])
    bench.restore()
    eventually(lambda: bench.lost == [True, False])
    bench.tap(SEVEN)
    assert bench.badges == [SEVEN]


def test_closing_twice_is_harmless_and_tells_nothing(bench: Bench) -> None:
    """A reader can be closed twice, and its end is no loss."""
    bench.reader.close()
    bench.reader.close()
    assert bench.lost == []
