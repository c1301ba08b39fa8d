"""What every output promises: a real keeper's client, a board's bridge, and the simulated output."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from firmware_bridge.output import BoardOutput
from firmware_bridge.registers import HOLD_MS as BOARD_HOLD_MS
from firmware_bridge.registers import Reason
from firmware_bridge.session import Reading
from firmware_bridge.simulated import SimulatedBoard
from hardware.clock import mono_ms
from hardware.relay.client import KeeperOutput
from hardware.relay.report import Report
from hardware.relay.simulated import SimulatedOutput
from tests.hardware.keepers import keeper
from tests.hardware.waiting import eventually

HOLD_MS = 1500


class Output(Protocol):
    """The commands under test."""

    def switch_on(self) -> None: ...
    def renew(self) -> None: ...
    def switch_off(self) -> None: ...
    def close(self) -> None: ...


class Bench(Protocol):
    """An output and a way to look at it."""

    @property
    def output(self) -> Output: ...

    def becomes(self, live: bool) -> None:
        """Wait until the output is live, or dead."""

    def stays_dead(self) -> None:
        """Wait until all commands given so far were heard, and see that the output is dead."""

    def hold_passes(self) -> None:
        """Wait until a hold runs out."""

    def renews_past_a_hold(self) -> None:
        """Renew until more than a hold has passed since the output went live, and see that it is live."""


class KeeperBench:
    """A keeper in its own process."""

    def __init__(self, path: Path) -> None:
        self.reports: list[Report] = []
        self.output = KeeperOutput(path)
        self.output.start(lambda lost: None, self.reports.append)
        eventually(lambda: bool(self.reports))

    def becomes(self, live: bool) -> None:
        eventually(lambda: self.reports[-1].observed is live)

    def stays_dead(self) -> None:
        asked = mono_ms()
        eventually(lambda: self.reports[-1].at_ms > asked)
        assert not self.reports[-1].observed

    def hold_passes(self) -> None:
        eventually(lambda: self.reports[-1].why == "expired")

    def renews_past_a_hold(self) -> None:
        def old_enough() -> bool:
            self.output.renew()
            return self.reports[-1].at_ms > self.reports[-1].since_ms + HOLD_MS

        eventually(old_enough)
        assert self.reports[-1].observed and self.reports[-1].why == "on"


class SimulatedBench:
    """A simulated output on a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 0
        self.output = SimulatedOutput(lambda: self.now, HOLD_MS)
        self.output.start(lambda lost: None, lambda closed: None)

    def becomes(self, live: bool) -> None:
        assert self.output.live is live

    def stays_dead(self) -> None:
        assert not self.output.live

    def hold_passes(self) -> None:
        self.now += HOLD_MS

    def renews_past_a_hold(self) -> None:
        for _ in range(20):
            self.now += 100
            self.output.renew()
        assert self.output.live


class BoardBench:
    """A board's bridge, with a simulated board at its end."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.board = SimulatedBoard(mono_ms)
        self.output = BoardOutput(lambda: self.board)
        self.output.start(
            lambda lost: None,
            self.readings.append,
            on_contact=lambda closed: None,
            on_estop=lambda pressed: None,
            on_amps=lambda amps: None,
        )
        self._looks(1)

    def becomes(self, live: bool) -> None:
        eventually(lambda: self.board.live is live)

    def stays_dead(self) -> None:
        self._looks(3)
        assert not self.board.live

    def hold_passes(self) -> None:
        eventually(lambda: self.readings[-1].reason is Reason.SILENCE)

    def renews_past_a_hold(self) -> None:
        ends = mono_ms() + 2 * BOARD_HOLD_MS

        def old_enough() -> bool:
            self.output.renew()
            return mono_ms() > ends

        eventually(old_enough)
        assert self.board.live

    def _looks(self, more: int) -> None:
        enough = len(self.readings) + more
        eventually(lambda: len(self.readings) >= enough)


@pytest.fixture(params=["keeper", "board", "simulated"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Each output in turn."""
    if request.param == "simulated":
        yield SimulatedBench()
        return
    if request.param == "board":
        board = BoardBench()
        yield board
        board.output.close()
        return
    with keeper(tmp_path / "keeper", HOLD_MS):
        real = KeeperBench(tmp_path / "keeper")
        yield real
        real.output.close()


def test_an_output_is_dead_at_first(bench: Bench) -> None:
    """Nothing is live before it is switched on."""
    bench.stays_dead()


def test_switching_on_makes_it_live(bench: Bench) -> None:
    """An output that is switched on goes live."""
    bench.output.switch_on()
    bench.becomes(live=True)


def test_switching_off_makes_it_dead(bench: Bench) -> None:
    """An output that is switched off goes dead at once, whatever is left of its hold."""
    bench.output.switch_on()
    bench.becomes(live=True)
    bench.output.switch_off()
    bench.becomes(live=False)


def test_silence_makes_it_dead(bench: Bench) -> None:
    """An output that nobody renews goes dead when its hold runs out."""
    bench.output.switch_on()
    bench.becomes(live=True)
    bench.hold_passes()
    bench.becomes(live=False)


def test_renewing_keeps_it_live(bench: Bench) -> None:
    """An output that is renewed stays live for longer than a hold."""
    bench.output.switch_on()
    bench.becomes(live=True)
    bench.renews_past_a_hold()


def test_renewing_makes_nothing_live(bench: Bench) -> None:
    """A renewal of an output that was never switched on changes nothing."""
    bench.output.renew()
    bench.stays_dead()


def test_a_hold_that_ran_out_is_not_renewed(bench: Bench) -> None:
    """Only switching on makes an output live again whose hold ran out."""
    bench.output.switch_on()
    bench.becomes(live=True)
    bench.hold_passes()
    bench.output.renew()
    bench.stays_dead()
    bench.output.switch_on()
    bench.becomes(live=True)


def test_closing_twice_is_harmless(bench: Bench) -> None:
    """An output can be closed twice."""
    bench.output.close()
    bench.output.close()
