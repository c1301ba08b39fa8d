"""One exchange between a unit's sync and a twin in the same process, both on disk, beside the bare inserts.

The unit's half reads its journal, writes and checks messages; the twin's half opens them, takes the rows in and
signs its answer. The floor puts the same rows into a table (one row for an exchange that brings none), durably.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from access.facts import DecisionMade
from access.machines import Machine
from access.replica import Version
from access.vocabulary import Outcome, Reason
from controller import timekeeping
from controller.assembly import Devices, Unit, Watchers, assemble
from controller.journal_row import Stamped
from controller.timekeeping import Anchor
from hardware.clock import SystemClock, mono_ms
from hardware.disk import FreeSpace
from hardware.relay.simulated import SimulatedOutput
from lisiere.bench.floor import durable
from lisiere.bench.timing import Counts, Progress, beside, timed_ns
from server_sync.client import TwinClient
from server_sync.identity import PrivateKey
from server_sync.replica_store import ReplicaStore
from server_sync.wire import ExchangeRequest, request_from_bytes
from twin.bookings import Bookings
from twin.exchange import Exchange
from twin.people import People
from twin.store import Store

UNIT = "bench"
FLOOR = "INSERT INTO rows VALUES (?, ?, ?, ?, ?)"


class OneTwin:
    """A twin with one machine, and the network to it: a call."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        store = Store(folder / "twin.db")
        parts.callback(store.close)
        self.key = PrivateKey(os.urandom(32))
        people, bookings = People(store), Bookings(store, _now, lambda change: None)
        people.put_machine(Machine(UNIT))
        people.put_unit(UNIT, UNIT, PrivateKey(os.urandom(32)).public.hex, os.urandom(32))
        people.put_member("ana", badges=["04A1B2C3D4E5F6"])
        self._exchange = Exchange(store, self.key, _now, bookings)

    def post(self, path: str, body: bytes) -> bytes:
        """See `server_sync.client.Transport`."""
        return self._exchange.answer(request_from_bytes(body))


def _now() -> datetime:
    return datetime.now(UTC)


def _unit(folder: Path, twin: OneTwin) -> Unit:
    """A unit that has its first replica."""
    clock = SystemClock()
    reply, sealed = TwinClient(twin, twin.key.public, lambda: "first").exchange(
        ExchangeRequest(UNIT, 0, "first", Version(0, 0))
    )
    assert reply.replica is not None
    store = ReplicaStore(folder / "replica.db", twin.key.public)
    store.keep_replica(reply.replica)
    store.keep_reply(sealed)
    store.close()
    timekeeping.keep(Anchor(clock.read()), folder / "clock.json")
    devices = Devices(clock, FreeSpace(folder, 0), SimulatedOutput(mono_ms), os.urandom, PrivateKey(os.urandom(32)))
    return assemble(UNIT, folder, twin.key.public, devices, twin, lambda event: None, Watchers())


class BareInsert:
    """Rows into a table, durably: what is left of an exchange without a network, signatures and rules."""

    def __init__(self, path: Path) -> None:
        self._database = durable(path)
        self._database.execute(
            "CREATE TABLE rows (unit TEXT, epoch INTEGER, seq INTEGER, kind TEXT, body TEXT,"
            " PRIMARY KEY (unit, epoch, seq))"
        )
        self._seq = 0

    def insert(self, bodies: Iterable[str]) -> None:
        """All of them in one transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        for body in bodies:
            self._seq += 1
            self._database.execute(FLOOR, (UNIT, 1, self._seq, "decision", body))
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def _decision(unit: Unit) -> Stamped:
    """A row as most rows are."""
    fact = DecisionMade("04A1B2C3D4E5F6", "ana", Outcome.REFUSED, Reason.NO_BOOKING, replica="1.1", clock=_now())
    return Stamped.now(fact, unit.control.clock(), 1)


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Milliseconds of an exchange that brings nothing, and of one that brings many rows."""
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        folder = Path(name)
        twin = OneTwin(folder, parts)
        unit, bare = _unit(folder, twin), BareInsert(folder / "floor.db")
        parts.callback(unit.close)
        parts.callback(bare.close)
        unit.sync.exchange()
        figures = {"empty": 0, f"rows_{counts.rows}": counts.rows}
        return {name: _series(unit, bare, rows, counts.exchanges, progress) for name, rows in figures.items()}


def _series(unit: Unit, bare: BareInsert, rows: int, times: int, progress: Progress) -> dict[str, float]:
    ours: list[int] = []
    floor: list[int] = []
    for count in range(times):
        written = unit.journal.append([_decision(unit) for _ in range(rows)])
        bodies = [row.body for row in written] or ["{}"]
        ours.append(timed_ns(unit.sync.exchange))
        floor.append(timed_ns(partial(bare.insert, bodies)))
        progress(count + 1, times)
    assert unit.sync.backlog() == 0, "the twin did not take every row"
    return beside(ours, floor)
