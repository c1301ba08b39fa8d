"""What runs in the guest: python -m tests.durability.powered [unit | careless | notes]

unit       a whole unit: control loop, journal's thread, its files, the guest's clock and disk, a simulated relay.
           It gives power and takes it away as fast as its disk allows.
careless   the same, on a journal that SQLite does not sync.
notes      only what lies beside the journal: the unit's key, and the counter of its requests.

It says a line at a time: `row EPOCH SEQ HASH [RUN]` for each row that it finds, RUN being what a decision granted;
`whole` when they fit together; then `kept EPOCH SEQ HASH` for each row that was acknowledged, and `on RUN` when the
machine got power; or `noted KEY NUMBER`.
"""

import os
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from access.bookings import Booking
from access.facts import DecisionMade
from access.machines import Machine
from access.people import Badge, Member
from access.replica import Replica, Version
from controller.assembly import Devices, Unit, Watchers, assemble
from controller.events import BadgePresented, BoardChanged, ContactChanged, EstopChanged, Event, StopAsked, Written
from controller.journal_reader import JournalReader
from controller.loop import Loop, RecorderThread
from controller.recorder import Recorder
from controller.states import Idle, Running
from controller.timekeeping import Anchor, keep
from hardware.clock import SystemClock, mono_ms
from hardware.disk import FreeSpace
from hardware.relay.simulated import SimulatedOutput
from server_sync.client import TwinUnreachable
from server_sync.identity import Counter, PrivateKey, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from tests.durability.guest import MOUNT

UNIT = "overlock-1"
TWIN = PrivateKey(b"t" * 32)
RESERVE_BYTES = 1024 * 1024
WITH_A_BATTERY = Path("/")
"""Stands in for the device of a real-time clock: after a cut this unit knows what time it is."""


def say(*words: object) -> None:
    """One line on the guest's console."""
    print(*words, flush=True)


class NoTwin:
    """A network without a twin in it."""

    def post(self, path: str, body: bytes) -> bytes:
        """Nobody answers."""
        raise TwinUnreachable(path)


class Powered:
    """A unit from its start until the cut."""

    def __init__(self, folder: Path, careless: bool) -> None:
        self._folder = folder
        self._loop = Loop()
        self._output = SimulatedOutput(mono_ms)
        self._recorders: list[RecorderThread] = []
        self._unit = self._assembled()
        if careless:
            self._unit.journal._connection.execute("PRAGMA synchronous=OFF")
        self._kept = JournalReader.open(folder / "journal.db")
        self._told = ""

    def run(self) -> None:
        """Start, and go on until there is no power any more."""
        control, now = self._unit.control, datetime.now(UTC)
        control.know(now, now + timedelta(hours=4))
        self._output.start(lambda lost: self._loop.post(BoardChanged(lost)), self._contact)
        self._recorders[0].start()
        control.boot("power")
        self._loop.post(EstopChanged(False))
        self._loop.run(control, self._after_turn)

    def _assembled(self) -> Unit:
        key = PrivateKey.load_or_make(self._folder / "unit.key")
        disk = FreeSpace(self._folder, RESERVE_BYTES)
        devices = Devices(SystemClock(WITH_A_BATTERY), disk, self._output, os.urandom, key)
        watchers = Watchers()
        return assemble(
            UNIT, self._folder, TWIN.public, devices, NoTwin(), self._post, watchers, self._on_a_thread
        )

    def _on_a_thread(self, recorder: Recorder) -> RecorderThread:
        self._recorders.append(RecorderThread(recorder))
        return self._recorders[0]

    def _post(self, event: Event) -> None:
        """The journal's thread acknowledges."""
        if isinstance(event, Written):
            for seq in range(event.first_seq, event.first_seq + len(event.facts)):
                say("kept", event.epoch, seq, self._kept.hash_at(event.epoch, seq))
        self._loop.post(event)

    def _contact(self, closed: bool) -> None:
        self._loop.post(ContactChanged(closed))

    def _after_turn(self) -> None:
        """Whoever has power lets go of it; whoever has none asks for it."""
        self._output.tick(mono_ms())
        phase = self._unit.control.state.phase
        if isinstance(phase, Running) and phase.run.id != self._told:
            self._told = phase.run.id
            say("on", self._told)
            self._loop.post(StopAsked("ana"))
        if isinstance(phase, Idle):
            self._loop.post(BadgePresented("ana's badge"))


def show(folder: Path) -> None:
    """Everything that is in the journal, before anything is written behind it."""
    if (folder / "journal.db").exists():
        with closing(JournalReader.open(folder / "journal.db")) as reader:
            for row in reader.all_rows():
                granted = row.fields.get("run") if row.kind == DecisionMade.KIND else None
                say("row", row.epoch, row.seq, row.hash, granted or "")
            assert reader.first_bad_row() is None
    say("whole")


def enrol(folder: Path) -> None:
    """What the twin said when it was last heard: what time it is, and that Ana has booked the machine for today."""
    now = datetime.now(UTC)
    change = int(now.timestamp())
    booking = Booking(f"b{change}", UNIT, "ana", now, now + timedelta(hours=3))
    members = {"ana": Member("ana", (Badge("ana's badge"),))}
    known = Replica(Version(1, change), now, Machine(UNIT), members=members, bookings=(booking,))
    store = ReplicaStore(folder / "replica.db", TWIN.public)
    store.keep_replica(seal(replica_to_bytes(known), TWIN))
    store.close()
    keep(Anchor(SystemClock(WITH_A_BATTERY).read()), folder / "clock.json")


def note(folder: Path) -> None:
    """Make the key, take a number, and wait for the cut."""
    say("noted", PrivateKey.load_or_make(folder / "unit.key").public.hex, Counter(folder / "counter")())
    while True:
        time.sleep(1)


def main(what: str) -> None:
    """Run until the cut."""
    folder = MOUNT / "unit"
    folder.mkdir(exist_ok=True)
    if what == "notes":
        note(folder)
    show(folder)
    enrol(folder)
    Powered(folder, careless=what == "careless").run()


if __name__ == "__main__":
    main(sys.argv[1])
