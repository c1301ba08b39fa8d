"""Journal rows on their way in: stored once, applied once, in order, and never past a gap.

A row is keyed (unit, epoch, seq). Only the contiguous prefix is applied, in the transaction that stores it.
The same key with another content is a fork (a card that was copied or rolled back): from then on nothing of
that epoch is stored or applied.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from access.bookings import Booking, BookingState
from access.facts import BookingChanged, DecisionMade, RequestAccepted, RunClosed, instant, stamp
from access.vocabulary import BookingOutcome, Cause, Outcome, Refusal, Source
from server_sync.canonical import WireError, as_chained, checked, decode, whole
from server_sync.wire import ExchangeRequest, Row
from twin import erasure, requests, tables
from twin.desk import Change, Desk
from twin.instants import LONG_AGO, within
from twin.prepared import NewRow, Prepared
from twin.replicas import Unit
from twin.store import Record

_LOG = logging.getLogger("lisiere.twin")

_T = tables.rows
_MINE = (_T.c.unit == bindparam("unit"), _T.c.epoch == bindparam("epoch"))
_STORED = Prepared(
    select(_T.c.seq, _T.c.hash).where(*_MINE, _T.c.seq.between(bindparam("first"), bindparam("last")))
)
_WAITING = Prepared(
    select(_T.c.seq, _T.c.at, _T.c.kind, _T.c.body, _T.c.opening)
    .where(*_MINE, _T.c.seq > bindparam("applied"))
    .order_by(_T.c.seq)
)
_BEFORE = Prepared(
    select(_T.c.earliest).where(*_MINE, _T.c.seq < bindparam("seq")).order_by(_T.c.seq.desc()).limit(1)
)
_STARTED = Prepared(
    tables.bookings.update()
    .where(tables.bookings.c.id == bindparam("of"), tables.bookings.c.machine == bindparam("on"))
    .values(started=True)
)
_PROGRESS = Prepared(
    tables.progress.update()
    .where(tables.progress.c.unit == bindparam("of"), tables.progress.c.epoch == bindparam("its"))
    .values({name: bindparam(name) for name in ("applied", "highest", "duplicates", "fork")})
)
_ROWS, _RUNS = NewRow(_T), NewRow(tables.runs)
_FIRST_PROGRESS = NewRow(tables.progress, "unit", "epoch", "applied", "highest", "duplicates", "fork")
_STATES = {
    BookingOutcome.ACCEPTED: BookingState.ACCEPTED,
    BookingOutcome.EXTENDED: BookingState.ACCEPTED,
    BookingOutcome.RELEASED: BookingState.RELEASED,
    BookingOutcome.CANCELLED: BookingState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the twin has come with one epoch of a unit's journal."""

    applied: int = 0
    highest: int = 0
    duplicates: int = 0
    fork: str | None = None


def take(desk: Desk, unit: Unit, request: ExchangeRequest, so_far: Progress) -> tuple[Progress, bool]:
    """Store the rows and apply what has become contiguous: how far the twin has come now, and whether the
    unit's replica has to change."""
    rows, last_seq = request.rows, request.last_seq
    fresh, duplicates, fork = _sorted_out(desk, unit, rows, so_far)
    if fork is not None and request.starting:
        return so_far, False  # an old copy that does not know yet that it is one: it will leave this epoch
    after = replace(
        so_far,
        highest=max([so_far.highest, last_seq, *(row.seq for row in rows)]),
        duplicates=so_far.duplicates + duplicates,
        fork=so_far.fork or fork,
    )
    raised = False
    if fresh and after.fork is None:
        erased = erasure.marks(desk.conn)
        named = [replace(row, opening=erasure.without(row.opening, erased)) for row in fresh] if erased else fresh
        stamped = zip(named, within(named, _earliest(desk, unit, named[0].seq), desk.now), strict=True)
        _ROWS.change_each(desk.conn, [_columns(row, desk.now, *span) for row, span in stamped])
        applied, raised = _apply_waiting(desk, unit, so_far.applied)
        after = replace(after, applied=applied)
    if after != so_far:
        _keep(desk, unit, after)
    return after, raised


def _sorted_out(
    desk: Desk, unit: Unit, rows: tuple[Row, ...], so_far: Progress
) -> tuple[list[Row], int, str | None]:
    """The rows that are new, how many are not, and the fork if a known key came with another content."""
    if not rows:
        return [], 0, None
    sequences = [row.seq for row in rows]
    if min(sequences) < 1 or any((row.unit, row.epoch) != (unit.id, unit.epoch) for row in rows):
        raise WireError(f"a row is not of {unit.id}'s journal {unit.epoch}")
    known: dict[int, str] = {}
    # Whatever is stored was told of: beyond that there is nothing to compare with.
    if min(sequences) <= so_far.highest:
        span = {"unit": unit.id, "epoch": unit.epoch, "first": min(sequences), "last": max(sequences)}
        known = {record.seq: record.hash for record in _STORED.run(desk.conn, span)}
    fresh = []
    for row in rows:
        if row.seq not in known:
            fresh.append(row)
            known[row.seq] = row.hash
        elif known[row.seq] != row.hash:
            return [], 0, f"row {row.seq} came as {row.hash[:12]} and is {known[row.seq][:12]}"
    return fresh, len(rows) - len(fresh), None


def _keep(desk: Desk, unit: Unit, progress: Progress) -> None:
    values = {
        "applied": progress.applied,
        "highest": progress.highest,
        "duplicates": progress.duplicates,
        "fork": progress.fork,
    }
    if _PROGRESS.change(desk.conn, {"of": unit.id, "its": unit.epoch, **values}) == 0:
        _FIRST_PROGRESS.change(desk.conn, {"unit": unit.id, "epoch": unit.epoch, **values})


def _apply_waiting(desk: Desk, unit: Unit, applied: int) -> tuple[int, bool]:
    waiting = _WAITING.run(desk.conn, {"unit": unit.id, "epoch": unit.epoch, "applied": applied})
    raised = False
    for record in _contiguous(waiting, applied):
        applied = record.seq
        try:
            raised |= _apply(desk, unit, record)
        except WireError as error:
            # The row stays, and a journal must never be stuck on it.
            _LOG.warning("%s row %d.%d is kept without effect: %s", unit.id, unit.epoch, record.seq, error)
    return applied, raised


def _contiguous(records: Iterable[Record], applied: int) -> Iterable[Record]:
    for expected, record in enumerate(records, applied + 1):
        if record.seq != expected:
            return
        yield record


def _apply(desk: Desk, unit: Unit, record: Record) -> bool:
    """What one row changes; True when the unit's replica has to change."""
    match record.kind:
        case RunClosed.KIND:
            _apply_run(desk, unit, record)
        case DecisionMade.KIND:
            _apply_decision(desk, unit, record)
        case BookingChanged.KIND if unit.machine is not None:
            _apply_booking(desk, unit.machine, record)
            return True
        case RequestAccepted.KIND if unit.machine is not None:
            _apply_acceptance(desk, unit, unit.machine, record)
            return True
    return False


def _apply_run(desk: Desk, unit: Unit, record: Record) -> None:
    run = _read(record)

    def values() -> dict[str, Any]:
        return {
            "id": str(run["run"]),
            "unit": unit.id,
            "epoch": unit.epoch,
            "seq": record.seq,
            "machine": unit.machine or "",
            "member": run.get("member"),
            "booking": run.get("booking"),
            "started": stamp(instant(run["started"])),
            "ended": stamp(instant(run["ended"])),
            "powered_ms": whole(run["powered_ms"]),
            "running_ms": whole(run["running_ms"]),
            "end_reason": Cause(run["end_reason"]).value,
        }

    _RUNS.change(desk.conn, checked(RunClosed.KIND, values))


def _apply_decision(desk: Desk, unit: Unit, record: Record) -> None:
    decision = _read(record)
    if decision.get("outcome") == Outcome.GRANTED and decision.get("booking"):
        _STARTED.change(desk.conn, {"of": str(decision["booking"]), "on": unit.machine})


def _apply_booking(desk: Desk, machine: str, record: Record) -> None:
    """The unit's own word on its own hours: the twin follows."""
    change = checked(BookingChanged.KIND, lambda: _change(record))
    if change.machine != machine:
        raise WireError(f"booking of {change.machine}, which is another's machine")
    desk.log(change)
    if change.outcome is not BookingOutcome.REFUSED:
        hours = (machine, change.member, change.start, change.end)
        desk.write(Booking(change.id, *hours, change.source, _STATES[change.outcome]))


def _apply_acceptance(desk: Desk, unit: Unit, machine: str, record: Record) -> None:
    accepted = _read(record)
    request, end = checked(RequestAccepted.KIND, lambda: (str(accepted["request"]), instant(accepted["end"])))
    requests.confirm(desk, unit.id, machine, request, end)


def _change(record: Record) -> Change:
    body = _read(record)
    return Change(
        instant(record.at),
        str(body["id"]),
        BookingOutcome(body["outcome"]),
        tuple(Refusal(reason) for reason in body["reasons"]),
        Source(body["source"]),
        str(body["machine"]),
        str(body.get("member") or ""),
        instant(body["start"]),
        instant(body["end"]),
    )


def _read(record: Record) -> Mapping[str, Any]:
    """A fact's fields, the personal ones included where nobody was erased."""
    return decode(record.opening.encode()) | decode(record.body.encode())


def _earliest(desk: Desk, unit: Unit, seq: int) -> datetime:
    """When the row before this one happened at the earliest."""
    place = {"unit": unit.id, "epoch": unit.epoch, "seq": seq}
    before = _BEFORE.one(desk.conn, place)
    return LONG_AGO if before is None else instant(before.earliest)


def _columns(row: Row, received: datetime, earliest: datetime, latest: datetime) -> dict[str, Any]:
    return {
        "unit": row.unit,
        "epoch": row.epoch,
        "seq": row.seq,
        "at": row.at,
        "mono_ms": row.mono_ms,
        "boot": row.boot,
        "clock": row.clock,
        "uncertainty_ms": row.uncertainty_ms,
        "kind": row.kind,
        "body": as_chained(row.body),
        "commitment": row.commitment,
        "prev": row.prev,
        "hash": row.hash,
        "opening": as_chained(row.opening),
        "received": stamp(received),
        "earliest": stamp(earliest),
        "latest": stamp(latest),
    }
