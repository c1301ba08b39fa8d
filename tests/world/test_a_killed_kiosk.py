"""The kiosk is a client: killed in mid-run, it changes no output. Real processes, a real window in memory."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from controller.journal_reader import JournalReader
from lisiere.bench.screen import Area, Screen
from lisiere.bench.trial import free_port
from lisiere.demo.processes import Processes
from lisiere.demo.stage import Stage
from lisiere.demo.workshop import MACHINES, MEMBERS, Ports

TILES: Area = (0, 80, 1280, 580)
"""The board without the hour in its header."""
OVERLOCKER, SEWING_MACHINE = (machine.id for machine in MACHINES)
ANA, BILAL = MEMBERS[:2]

pytestmark = pytest.mark.long


class House:
    """The demo's workshop, its kiosk on a screen that the test can see."""

    def __init__(self, parts: ExitStack) -> None:
        self.screen = Screen(parts)
        os.environ["DISPLAY"] = self.screen.display
        self.stage = Stage(Ports(_free_base()))
        parts.callback(self.stage.close, keep=False)
        self.stage.open()
        self.until(lambda: self.shows_something())

    @property
    def processes(self) -> Processes:
        return self.stage.processes

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait for something as long as it takes, while everything lives."""
        while not seen():
            self.processes.check()
            time.sleep(0.05)

    def shows_something(self) -> bool:
        return all(any(row) for row in self.screen.rows(TILES))

    def board(self) -> list[bytes]:
        """What the board shows once it stands still for longer than a unit takes to say something new."""
        seen, since = self.screen.rows(TILES), time.monotonic()
        while time.monotonic() - since < 3:
            self.processes.check()
            if (now := self.screen.rows(TILES)) != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)
        return seen

    def kill_kiosk(self) -> None:
        pid = self.processes.pids()["kiosk"]
        os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    def journal(self, machine: str) -> list[Any]:
        reader = JournalReader.open(self.stage.folder / machine / "journal.db")
        try:
            return list(reader.all_rows())
        finally:
            reader.close()

    def kiosk_bookings(self) -> list[Any]:
        rows = self.stage.twin.get(f"/api/bookings?machine={SEWING_MACHINE}")
        return [row for row in rows if row["source"] == "kiosk"]


def _free_base() -> int:
    """Where the next hundred ports are most likely free too."""
    return free_port() // 100 * 100 + 100 if free_port() < 65_000 else 40_000


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    with ExitStack() as parts:
        yield House(parts)


def test_a_kiosk_killed_in_mid_run_changes_no_output(house: House) -> None:
    """Ana's run goes on, its journal does not hear of it, and the kiosk shows it again when it is back.

    It is killed while it listens to the units, and with a booking just sent, which is there once or not at all.
    """
    idle = house.board()
    bench = house.stage.benches[OVERLOCKER]
    bench.tap(ANA.badge)
    house.until(lambda: bench.standing.live)
    house.until(lambda: house.screen.rows(TILES) != idle)
    running, on, written = house.board(), bench.standing, house.journal(OVERLOCKER)

    house.kill_kiosk()
    assert house.processes.revive() == ["kiosk"]
    house.until(lambda: house.screen.rows(TILES) == running)
    assert bench.standing == on

    _send_a_booking(house)
    house.kill_kiosk()
    house.processes.revive()
    os.kill(house.processes.pids()[SEWING_MACHINE], signal.SIGCONT)
    house.board()
    assert bench.standing == on
    assert len(house.kiosk_bookings()) <= 1
    assert house.journal(OVERLOCKER) == written

    bench.tap(ANA.badge)
    house.until(lambda: not bench.standing.live)


def _send_a_booking(house: House) -> None:
    """Bilal books; the unit, which stands still, has the question in its hands and has not answered it."""
    kiosk, unit = house.stage.kiosk, house.processes.pids()[SEWING_MACHINE]
    assert kiosk is not None
    kiosk.tap(BILAL.badge)
    house.until(lambda: kiosk.touch(machine=SEWING_MACHINE))
    offered = False
    while not offered:  # a unit that stands still for long is shown as silent, and offers nothing
        before = _unread(house)
        os.kill(unit, signal.SIGSTOP)
        offered = kiosk.touch(offer=0)
        if not offered:
            os.kill(unit, signal.SIGCONT)
            time.sleep(0.5)
    house.until(lambda: _unread(house) > before)


def _unread(house: House) -> int:
    """How many bytes wait at the unit's LAN port for it to read them."""
    port = house.stage.ports.panel(1)
    found = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].rpartition(":")[2], 16) == port:
            found += int(words[4].rpartition(":")[2], 16)
    return found
