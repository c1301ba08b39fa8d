"""Puts a unit together out of its parts. The only module of this folder that knows the others' folders."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from access.bookings import Booking, RequestRefused
from access.facts import FaultRaised, FaultReported
from access.machines import Machine
from access.replica import Replica, Version
from access.vocabulary import Fault
from controller import timekeeping
from controller.aside import put_aside
from controller.claim import Claim
from controller.control import Control
from controller.events import Erasure, Exchanged, FaultSeen, JournalBehind, NewEpoch
from controller.hands import Hands
from controller.journal import Disk, Journal, Key
from controller.journal_file import JournalDamaged, epoch_in, judged
from controller.journal_reader import JournalReader
from controller.journal_row import Checkpoint, JournalRow, Stamped
from controller.ports import Clock, Output
from controller.recorder import Batch, Post, Recorder
from controller.remembered import Remembered, remember
from controller.status import for_the_twin
from controller.timekeeping import Timekeeper
from server_sync.client import Transport, TwinClient
from server_sync.identity import PublicKey
from server_sync.replica_store import Confirmation, ReplicaError, ReplicaStore
from server_sync.wire import Row
from server_sync.worker import News, Sync

log = logging.getLogger(__name__)

NOTE = "clock.json"
"""What the unit's clock was last known by."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What the unit is made of besides its program. `key` is its own: it signs its journal with it."""

    clock: Clock
    disk: Disk
    output: Output
    entropy: Callable[[int], bytes]
    key: Key


class Lane(Protocol):
    """Where the mind leaves what is to be written: the recorder itself, or its thread."""

    def record(self, batch: Batch) -> None:
        """See `controller.recorder.Recorder`."""

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """See `controller.recorder.Recorder`."""

    def begin_epoch(self, new: NewEpoch) -> None:
        """See `controller.recorder.Recorder`."""

    def erase(self, erasure: Erasure) -> None:
        """See `controller.recorder.Recorder`."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what, and when (see `controller.control.Hands`)."""

    tell: Callable[[Stamped], None] = lambda stamped: None
    urge: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's parts, without their threads."""

    claim: Claim
    journal: Journal
    reader: JournalReader
    store: ReplicaStore
    recorder: Recorder
    control: Control
    sync: Sync

    def close(self) -> None:
        """Let go of the files."""
        self.reader.close()
        self.journal.close()
        self.store.close()
        self.claim.close()


class JournalSource:
    """The journal as the sync thread reads it: through a reader of its own, once its writer says that there is
    something to read."""

    def __init__(self, journal: Journal, reader: JournalReader, control: Control, post: Post) -> None:
        self._journal = journal
        self._reader = reader
        self._control = control
        self._post = post

    @property
    def epoch(self) -> int:
        """See `server_sync.worker.Source`."""
        return self._control.epoch

    def begin_epoch(self, after: int) -> None:
        """See `server_sync.worker.Source`."""
        self._post(JournalBehind(after))

    def hash_at(self, seq: int) -> str:
        """See `server_sync.worker.Source`."""
        return self._reader.hash_at(self.epoch, seq)

    def noticed(self, what: str) -> None:
        """See `server_sync.worker.Source`."""
        self._post(FaultSeen(None, what))

    def bookings(self) -> tuple[Booking, ...]:
        """See `server_sync.worker.Source`."""
        return self._control.ledger.firm

    def rows_after(self, seq: int, limit: int) -> list[Row]:
        """See `server_sync.worker.Source`."""
        return [wire_row(self._reader.unit, row) for row in self._reader.rows_after(self.epoch, seq, limit)]

    def last_seq(self) -> int:
        """See `server_sync.worker.Source`."""
        epoch, seq = self._journal.durable
        current = self._control.epoch
        return seq if epoch == current else self._reader.last_seq(current)

    def refusals(self) -> tuple[RequestRefused, ...]:
        """See `server_sync.worker.Source`."""
        return tuple(self._control.outbox.refusals.values())

    def state(self) -> Mapping[str, Any]:
        """See `server_sync.worker.Source`."""
        return for_the_twin(self._control)


def wire_row(unit: str, row: JournalRow) -> Row:
    """A journal row as it goes up."""
    return Row(
        unit,
        row.epoch,
        row.seq,
        row.at,
        row.mono_ms,
        row.boot,
        row.clock,
        row.uncertainty_ms,
        row.kind,
        row.body_fields,
        row.commitment,
        row.prev,
        row.hash,
        row.opening_fields,
    )


def assemble(
    unit: str,
    folder: Path,
    twin: PublicKey,
    devices: Devices,
    transport: Transport,
    post: Post,
    watchers: Watchers,
    lane_of: Callable[[Recorder], Lane] = lambda recorder: recorder,
) -> Unit:
    """A unit on its folder: `journal.db`, `replica.db`, `clock.json`. JournalError, also where another unit runs.

    `post` takes what the recorder says; `lane_of` puts the recorder on a thread of its own.
    """
    with ExitStack() as undo:
        claim = Claim(folder / "journal.db")
        undo.callback(claim.close)
        store, replica, confirmation = _replica(folder / "replica.db", twin, unit)
        journal, remembered = _journal(folder / "journal.db", unit, replica, devices)
        recorder = Recorder(journal, post, Fault.JOURNAL in remembered.faults)
        signed = max(replica.issued, confirmation.confirmed) if confirmation else replica.issued
        timekeeper = _timekeeper(folder, devices.clock, remembered, signed)
        control = _control(unit, folder, replica, remembered, devices, lane_of(recorder), watchers, timekeeper)
        if confirmation is not None:
            control.know(confirmation.confirmed, confirmation.lease_end, confirmation.fork)
        client = TwinClient(transport, twin, lambda: devices.entropy(16).hex())
        reader = JournalReader.open(folder / "journal.db")
        source = JournalSource(journal, reader, control, post)
        sync = Sync(unit, source, client, store, lambda: devices.clock.read().mono_ms)
        undo.pop_all()
    return Unit(claim, journal, reader, store, recorder, control, sync)


def _replica(path: Path, twin: PublicKey, unit: str) -> tuple[ReplicaStore, Replica, Confirmation | None]:
    """The replica's file, and what is in it. One that cannot be believed is put aside, and said: until the twin
    has sent another, the unit knows nobody, and grants nothing."""
    try:
        store = ReplicaStore(path, twin)
        return store, store.replica() or knowing_nobody(unit), store.confirmation()
    except ReplicaError as error:
        log.error("%s; put aside as %s.damaged", error, path)
        for part in path.parent.glob(path.name + "*"):
            if part.suffix != ".damaged":
                part.replace(f"{part}.damaged")
        return ReplicaStore(path, twin), knowing_nobody(unit), None


def _journal(path: Path, unit: str, replica: Replica, devices: Devices) -> tuple[Journal, Remembered]:
    """The journal, and what it remembers. A damaged one is put aside, and said; a new one begins a new epoch."""
    wall = devices.clock.read().wall
    told_epoch, told_seq = replica.acked
    epoch = max(int(wall.timestamp()), told_epoch + 1 if told_seq else 0)
    try:
        return _read(path, unit, replica, devices, epoch)
    except JournalDamaged as damage:
        epoch = max(epoch, epoch_in(path) + 1)
        kept = put_aside(path, wall)
        log.error("journal damaged: %s; kept as %s, and a new one begun", damage, kept.name)
    journal, remembered = _read(path, unit, replica, devices, epoch)
    said = FaultReported(None, f"journal damaged: kept as {kept.name}, and a new one begun")
    faults = remembered.faults | {Fault.JOURNAL}
    return journal, replace(remembered, faults=faults, found=(FaultRaised(Fault.JOURNAL), said))


def _read(path: Path, unit: str, replica: Replica, devices: Devices, epoch: int) -> tuple[Journal, Remembered]:
    journal = Journal(path, unit, devices.disk, devices.entropy, epoch, devices.key)
    try:
        with judged(path):
            remembered = remember(journal.reader(), journal.epoch, journal.last_checkpoint(), replica)
            return journal, replace(remembered, life=f"-{devices.entropy(3).hex()}")
    except BaseException:
        journal.close()
        raise


def knowing_nobody(unit: str) -> Replica:
    """The replica of a unit that has none."""
    return Replica(Version(0, 0), datetime.fromtimestamp(0, UTC), Machine(unit))


def _timekeeper(folder: Path, clock: Clock, remembered: Remembered, signed: datetime) -> Timekeeper:
    """The unit's clock, with what it knew of the time; it never goes below what the twin has `signed`."""
    trusted = Fault.CLOCK not in remembered.faults
    return Timekeeper(clock, timekeeping.kept(folder / NOTE), trusted, signed)


def _control(
    unit: str,
    folder: Path,
    replica: Replica,
    remembered: Remembered,
    devices: Devices,
    lane: Lane,
    watchers: Watchers,
    timekeeper: Timekeeper,
) -> Control:
    """The mind, with what it remembers and the hands it has."""
    hands = Hands(
        output=devices.output,
        record=lane.record,
        checkpoint=lane.checkpoint,
        tell=watchers.tell,
        urge=watchers.urge,
        keep_anchor=lambda anchor: timekeeping.keep(anchor, folder / NOTE),
        begin_epoch=lane.begin_epoch,
        erase=lane.erase,
    )
    return Control(unit, replica, remembered, timekeeper, hands)


def exchanged(news: News) -> Exchanged:
    """What the sync brought, as an event for the control thread."""
    reply = news.reply
    return Exchanged(
        reply.time,
        news.sent_ms,
        news.received_ms,
        reply.lease_end,
        reply.acked,
        news.replica,
        reply.requests,
        news.backlog,
        reply.fork,
    )
