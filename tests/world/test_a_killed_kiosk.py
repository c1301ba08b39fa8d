"""The kiosk is a client: killed in mid-run, it changes no output. Real processes, a real window in memory."""

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from controller.journal_reader import JournalReader
from controller.link import WalkUp, decode_ask
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


LOCAL = "127.0.0.1"
LONG_S = 120.0
"""Far more than what must happen needs, on any machine."""


class Relay:
    """Lies between the kiosk and a unit's LAN port. What is asked for stays here until the test lets it go."""

    def __init__(self, port: int) -> None:
        self._unit = LOCAL, port
        self._door = socket.create_server((LOCAL, 0))
        self._held: SimpleQueue[bytes] = SimpleQueue()
        self.address = f"{LOCAL}:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def held(self) -> bytes | None:
        """What the kiosk asks for, as it was sent, while it waits for the answer; None if nothing comes."""
        with suppress(Empty):
            return self._held.get(timeout=1)
        return None

    def forget(self) -> None:
        """Drop what a kiosk that is gone may have asked twice."""
        while not self._held.empty():
            self._held.get()

    def deliver(self, request: bytes) -> None:
        """Hand it to the unit and hang up at once, as a kiosk does that dies."""
        with socket.create_connection(self._unit) as unit:
            unit.sendall(request)

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(line,), daemon=True).start()

    def _carry(self, kiosk: socket.socket) -> None:
        """Both ways until one hangs up, which the other then sees."""
        with suppress(OSError), kiosk, socket.create_connection(self._unit) as unit:
            while True:
                for source in select.select([kiosk, unit], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if data.startswith(b"POST"):
                        self._held.put(data)
                    else:
                        (unit if source is kiosk else kiosk).sendall(data)


class Workshop(Stage):
    """The demo's, with a relay before one unit."""

    def _start_kiosk(self) -> None:
        self.relay = Relay(self.ports.panel(1))
        self.twin.patch(f"/api/units/{SEWING_MACHINE}", {"address": self.relay.address})
        super()._start_kiosk()

    def close(self, keep: bool) -> None:
        super().close(keep)
        self.relay.close()


class House:
    """The demo's workshop, its kiosk on a screen that the test can see."""

    def __init__(self, parts: ExitStack) -> None:
        self.screen = Screen(parts)
        os.environ["DISPLAY"] = self.screen.display
        self.stage = Workshop(Ports(_free_base()))
        parts.callback(self.stage.close, keep=False)
        self.stage.open()
        self.until(lambda: self.shows_something())

    @property
    def processes(self) -> Processes:
        return self.stage.processes

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait for something that must come, while everything lives."""
        latest = time.monotonic() + LONG_S
        while not seen():
            self.processes.check()
            assert time.monotonic() < latest, "it never came"
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
        return [row["id"] for row in rows if row["source"] == "kiosk"]


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

    It is killed while it listens to the units; with a booking sent that never arrives, which is not there then;
    and with one that arrives as the kiosk is gone, which is there once, under the id that was sent.
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
    house.until(lambda: house.screen.rows(TILES) == running)
    assert house.board() == running

    request = _send_a_booking(house)
    house.kill_kiosk()
    house.stage.relay.deliver(request)
    house.processes.revive()
    house.until(lambda: house.kiosk_bookings() != [])
    house.board()
    assert house.kiosk_bookings() == [_walk_up(request).id]
    assert house.stage.benches[SEWING_MACHINE].standing.live
    assert bench.standing == on
    assert house.journal(OVERLOCKER) == written

    bench.tap(ANA.badge)
    house.until(lambda: not bench.standing.live)


def _send_a_booking(house: House) -> bytes:
    """Bilal books, and the kiosk waits for the answer: what it sent.

    Until it does he badges and touches again: a reader that has just started misses a badge, and a hand that is
    quicker than the frame in which a key finds its place misses the key.
    """
    kiosk = house.stage.kiosk
    assert kiosk is not None
    house.stage.relay.forget()
    house.until(lambda: kiosk.touch(machine=SEWING_MACHINE))
    sent: list[bytes] = []

    def asked() -> bool:
        kiosk.touch(offer=0)
        kiosk.tap(BILAL.badge)
        sent.extend(filter(None, [house.stage.relay.held()]))
        return bool(sent)

    house.until(asked)
    (request,) = sent
    assert _walk_up(request).member == BILAL.id
    return request


def _walk_up(request: bytes) -> WalkUp:
    """What was asked for; a request that is cut short is none."""
    head, _, body = request.partition(b"\r\n\r\n")
    ask = decode_ask(head.split()[1].decode(), body)
    assert isinstance(ask, WalkUp)
    return ask
