"""From the reader's line to live power: the unit's own threads, journal and reader process, on a mock pin.

A tap that switches on alternates with a bare one on the same disk (`lisiere.bench.floor`). Each comes after a rest,
with the run before it on disk: people do not tap faster than that.
"""

import os
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

from access.bookings import Booking
from access.facts import RunClosed
from access.machines import Machine
from access.people import Badge, Member
from access.replica import Replica, Version
from controller import timekeeping
from controller.assembly import Devices, Unit, Watchers, assemble
from controller.events import BadgePresented, ContactChanged, Written
from controller.events import Event as UnitEvent
from controller.loop import Loop, RecorderThread
from controller.panel import Panel
from controller.recorder import Recorder
from controller.status import Status, pattern
from controller.timekeeping import Anchor
from hardware.badge_reader.supervisor import ReaderProcess
from hardware.clock import SystemClock
from hardware.disk import FreeSpace
from hardware.pins import factory
from hardware.relay.gpio import GpioRelay
from lisiere.bench.floor import BareTap
from lisiere.bench.timing import Counts, Progress, beside, timed_ns
from server_sync.client import TwinUnreachable
from server_sync.identity import Counter, PrivateKey, RequestSigner, RequestVerifier, badge_tag, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes

UNIT = "bench"
MEMBERS = 300
BOOKINGS = 120
PAUSE_S = 0.02
"""How long everything rests before each tap, so that none runs into the end of the one before."""
PATIENCE_S = 30.0
"""How long anything here may take before the measurement is given up."""


class TimedRelay:
    """A relay on a pin, which notes when it went live, and has a contact that follows it."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._relay = GpioRelay(17, pin_factory=factory(mock=True))
        self.on_ns = 0
        self.live = Event()

    def switch_on(self) -> None:
        """Close the relay."""
        self._relay.on()
        self.on_ns = time.monotonic_ns()
        self.live.set()
        self._loop.post(ContactChanged(True))

    def renew(self) -> None:
        """Hold it."""

    def switch_off(self) -> None:
        """Open the relay."""
        self._relay.off()
        self.live.clear()
        self._loop.post(ContactChanged(False))

    def close(self) -> None:
        """Give the pin back."""
        self._relay.close()


class NoTwin:
    """A network with nobody at the other end: a tap needs none."""

    def post(self, path: str, body: bytes) -> bytes:
        """See `server_sync.client.Transport`."""
        raise TwinUnreachable("the bench has no twin")


class BenchUnit:
    """A whole unit in this process, and a reader in its own, as `lisiere unit` has them."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        self._loop = Loop()
        self._settled = Event()
        self._recorders: list[RecorderThread] = []
        self._status = Status(UNIT)
        self.relay = TimedRelay(self._loop)
        parts.callback(self.relay.close)
        self._tag_key = os.urandom(32)
        self._unit = self._assembled(folder)
        parts.callback(self._unit.close)
        self._recorders[0].start()
        parts.callback(self._recorders[0].close)
        self._panel = _panel()
        self._panel.start()
        parts.callback(self._panel.close)
        self._unit.control.boot("restart")
        self._thread = Thread(target=self._run, name="control")
        self._thread.start()
        parts.callback(self._thread.join)
        parts.callback(self._loop.stop)
        self._line = self._start_reader(folder, parts)

    def tap(self, number: str) -> int:
        """Show a badge; the monotonic nanosecond at which the reader said so."""
        self._line.sendall(number.encode() + b"\n")
        return int(self._line.recv(64))

    def tap_on_ns(self, number: str) -> int:
        """Show a badge on the dead machine; nanoseconds until it is live."""
        at = self.tap(number)
        if not self.relay.live.wait(PATIENCE_S):
            raise OSError(f"the bench's tap was not granted: {self._status.now(self._unit.control).last}")
        return self.relay.on_ns - at

    def tap_off(self, number: str) -> None:
        """Show the badge again, and wait until the run is on disk."""
        self._settled.clear()
        self.tap(number)
        if not self._settled.wait(PATIENCE_S):
            raise OSError("the bench's run was not written down: is the disk full?")

    def _run(self) -> None:
        self._loop.run(self._unit.control, self._after_turn)

    def _after_turn(self) -> None:
        state = self._status.now(self._unit.control)
        self._panel.publish(state)
        pattern(state)

    def _assembled(self, folder: Path) -> Unit:
        clock, twin = SystemClock(), PrivateKey(os.urandom(32))
        store = ReplicaStore(folder / "replica.db", twin.public)
        store.keep_replica(seal(replica_to_bytes(self._replica()), twin))
        store.close()
        timekeeping.keep(Anchor(clock.read()), folder / "clock.json")
        devices = Devices(clock, FreeSpace(folder, 0), self.relay, os.urandom, PrivateKey(os.urandom(32)))
        watchers = Watchers(tell=lambda stamped: _ignore(self._status.heard(stamped)))
        return assemble(
            UNIT, folder, twin.public, devices, NoTwin(), self._heard, watchers, self._on_a_thread
        )

    def _replica(self) -> Replica:
        """A workshop of some hundred people, and a full calendar; the first of them has the machine now."""
        now = datetime.now(UTC)
        members = [
            Member(f"member-{n}", (Badge(badge_tag(number(n), self._tag_key)),), frozenset({"bench"}))
            for n in range(MEMBERS)
        ]
        first, hour = now - timedelta(minutes=1), timedelta(hours=1)
        bookings = tuple(
            Booking(f"booking-{n}", UNIT, f"member-{n % MEMBERS}", first + n * hour, first + (n + 1) * hour)
            for n in range(BOOKINGS)
        )
        machine = Machine(UNIT, frozenset({"bench"}))
        return Replica(Version(1, 1), now, machine, members={m.id: m for m in members}, bookings=bookings)

    def _on_a_thread(self, recorder: Recorder) -> RecorderThread:
        self._recorders.append(RecorderThread(recorder))
        return self._recorders[0]

    def _heard(self, event: UnitEvent) -> None:
        self._loop.post(event)
        if isinstance(event, Written) and any(isinstance(fact, RunClosed) for fact in event.facts):
            self._settled.set()

    def _presented(self, number: str) -> BadgePresented:
        return BadgePresented(badge_tag(number, self._tag_key))

    def _start_reader(self, folder: Path, parts: ExitStack) -> socket.socket:
        path = folder / "reader.sock"
        door = parts.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        door.bind(str(path))
        door.listen(1)
        door.settimeout(PATIENCE_S)
        reader = ReaderProcess((sys.executable, "-m", "lisiere.bench.reader", str(path)))
        reader.start(lambda reading: self._loop.post(self._presented(reading.uid)), lambda lost: None)
        parts.callback(reader.close)
        return parts.enter_context(door.accept()[0])


def _ignore(brief: object) -> None:
    """What would be shown for a moment is shown to nobody."""


def _panel() -> Panel:
    """The LAN port, with no screen at it."""
    signer = RequestSigner(UNIT, PrivateKey(os.urandom(32)), "kiosk", Counter())
    return Panel(lambda ask, reply: None, signer, RequestVerifier(UNIT, lambda id: None))


def number(member: int) -> str:
    """The badge number of a member."""
    return f"04{member:012X}"


def measure(counts: Counts, progress: Progress) -> dict[str, float]:
    """Milliseconds from the reader's line to live power, beside a bare tap."""
    ours: list[int] = []
    floor: list[int] = []
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        folder = Path(name)
        unit, bare = BenchUnit(folder, parts), BareTap(folder / "floor.db")
        parts.callback(bare.close)
        taps = counts.warm_up + counts.taps
        for count in range(taps):
            time.sleep(PAUSE_S)
            ours.append(unit.tap_on_ns(number(0)))
            unit.tap_off(number(0))
            time.sleep(PAUSE_S)
            floor.append(timed_ns(partial(bare.on, count)))
            bare.off()
            progress(count + 1, taps)
    return beside(ours[counts.warm_up :], floor[counts.warm_up :])


