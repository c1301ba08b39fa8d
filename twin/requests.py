"""What was asked from the web for hours that a unit owns: offered to it, and granted, refused or withdrawn.

Nothing is promised before the unit's acceptance is here, and a withdrawn request is never accepted later.
A request changes state once: whoever moves it out of `pending` settles it.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from access.bookings import Booking, BookingState, WebRequest
from access.facts import instant, stamp
from access.vocabulary import BookingOutcome, Refusal
from twin import knowledge, tables
from twin.desk import OUTCOMES, Desk
from twin.prepared import NewRow, Prepared
from twin.store import Record

PATIENCE = timedelta(seconds=18)
"""How long a unit may leave a request unanswered."""

_R = tables.requests
_PENDING = select(_R).where(_R.c.state == "pending").order_by(_R.c.asked, _R.c.id)
_PENDING_OF_UNIT = _PENDING.where(_R.c.unit == bindparam("unit"))
_OF_UNIT = Prepared(_PENDING_OF_UNIT)
_OF_BOOKING = Prepared(_PENDING.where(_R.c.booking == bindparam("booking")))
_OLD = Prepared(_PENDING.where(_R.c.asked <= bindparam("since")))
_ONE = Prepared(_PENDING_OF_UNIT.where(_R.c.id == bindparam("id")))
_COUNT = Prepared(select(func.count().label("n")).select_from(_R).where(_R.c.unit == bindparam("unit")))
_EPOCH = Prepared(select(tables.meta.c.value).where(tables.meta.c.key == "epoch"))
_OLDEST = Prepared(select(func.min(_R.c.asked).label("asked")).where(_R.c.state == "pending"))
_FUTURE = Prepared(
    select(func.count().label("n"))
    .select_from(_R)
    .where(_R.c.state == "pending", _R.c.kind == "book")
    .where(_R.c.member == bindparam("member"), _R.c.start > bindparam("now"))
)
_NEW = NewRow(_R, *("id", "unit", "kind", "asked", "booking", "member", "start", "end", "minutes", "state"))
_SETTLE = Prepared(
    _R.update()
    .where(_R.c.id == bindparam("of"), _R.c.state == "pending")
    .values(state=bindparam("becomes"), answer=bindparam("answered"))
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The unit that owns some hours, and the end of its lease."""

    unit: str
    lease_end: datetime


_LEASE = Prepared(
    select(tables.units.c.id, tables.units.c.lease_end).where(
        tables.units.c.machine == bindparam("machine"), tables.units.c.lease_end.is_not(None)
    )
)


def owner(conn: Connection, machine: str, start: datetime) -> Owner | None:
    """The unit that owns a booking that starts then; None when the twin owns it."""
    row = _LEASE.one(conn, {"machine": machine})
    if row is None or start >= instant(row.lease_end):
        return None
    return Owner(row.id, instant(row.lease_end))


def ask(desk: Desk, unit: str, kind: str, wanted: Booking, minutes: float = 0) -> str:
    """Note what is asked of a unit, with the hours that nobody else may have meanwhile; the request's id."""
    n = _COUNT.one(desk.conn, {"unit": unit}).n + 1
    epoch = _EPOCH.one(desk.conn, {}).value  # a twin that was restored counts from another number
    id = f"{unit}:{epoch}.{n:06d}"
    values = {
        "id": id,
        "unit": unit,
        "kind": kind,
        "asked": stamp(desk.now),
        "booking": wanted.id,
        "member": wanted.member,
        "start": stamp(wanted.start),
        "end": stamp(wanted.end),
        "minutes": minutes,
        "state": "pending",
    }
    _NEW.change(desk.conn, values)
    return id


def holds(conn: Connection, unit: str, machine: str) -> tuple[Booking, ...]:
    """The hours that pending requests keep from everybody else."""
    held = []
    for row in _OF_UNIT.run(conn, {"unit": unit}):
        if row.kind == "book":
            held.append(_asked(row, machine))
        elif row.kind == "extend" and (booking := knowledge.booking(conn, row.booking)) is not None:
            held.append(replace(booking, start=booking.end, end=instant(row.end), state=BookingState.HELD))
    return tuple(hold for hold in held if hold.start < hold.end)


def offers(conn: Connection, unit: str, machine: str, now: datetime) -> tuple[WebRequest, ...]:
    """What the unit is to answer, in the order in which it was asked."""
    return tuple(
        WebRequest(
            row.id,
            row.kind,
            instant(row.asked),
            _subject(conn, row, machine),
            row.minutes,
            knowledge.elsewhere(conn, row.member, machine, now),
        )
        for row in _OF_UNIT.run(conn, {"unit": unit})
    )


def pending_booking(conn: Connection, booking: str, machine: str) -> tuple[str, Booking] | None:
    """The pending request to make this booking, if there is one."""
    for row in _OF_BOOKING.run(conn, {"booking": booking}):
        if row.kind == "book":
            return row.id, _asked(row, machine)
    return None


def pending_of_member(conn: Connection, member: str, now: datetime) -> int:
    """How many bookings in the future the member waits for."""
    return int(_FUTURE.one(conn, {"member": member, "now": stamp(now)}).n)


def confirm(desk: Desk, unit: str, machine: str, request: str, end: datetime) -> None:
    """The unit accepted: the promise is made now. Ignored where the request no longer waits."""
    row = _ONE.one(desk.conn, {"unit": unit, "id": request})
    if row is None:
        return
    booking = _subject(desk.conn, row, machine)
    match row.kind:
        case "book":
            booking = replace(booking, state=BookingState.ACCEPTED)
        case "extend":
            booking = replace(booking, end=end)
        case _:
            booking = replace(booking, state=BookingState.CANCELLED)
    if _settled(desk, row, "confirmed", OUTCOMES[row.kind], booking):
        desk.settle(row.kind, booking)


def refuse(desk: Desk, unit: str, machine: str, request: str, reasons: tuple[Refusal, ...]) -> None:
    """The unit refused. Ignored where the request no longer waits."""
    row = _ONE.one(desk.conn, {"unit": unit, "id": request})
    if row is not None:
        _turn_down(desk, row, "refused", machine, reasons)


def withdraw_old(desk: Desk) -> None:
    """Give up every request that its unit has left unanswered for too long."""
    for row in _OLD.run(desk.conn, {"since": stamp(desk.now - PATIENCE)}):
        machine = _MACHINE_OF.one(desk.conn, {"unit": row.unit}).machine
        _turn_down(desk, row, "withdrawn", machine, (Refusal.UNIT_UNREACHABLE,))


_MACHINE_OF = Prepared(select(tables.units.c.machine).where(tables.units.c.id == bindparam("unit")))


def deadline(conn: Connection) -> datetime | None:
    """When the oldest pending request is given up; None when nothing waits."""
    oldest = _OLDEST.one(conn, {}).asked
    return None if oldest is None else instant(oldest) + PATIENCE


def _turn_down(desk: Desk, row: Record, state: str, machine: str, reasons: tuple[Refusal, ...]) -> None:
    booking = _subject(desk.conn, row, machine)
    if _settled(desk, row, state, BookingOutcome.REFUSED, booking, reasons):
        desk.tell(BookingOutcome.REFUSED, booking, reasons)


def _settled(
    desk: Desk,
    row: Record,
    state: str,
    outcome: BookingOutcome,
    booking: Booking,
    reasons: tuple[Refusal, ...] = (),
) -> bool:
    answer = {
        "outcome": outcome,
        "reasons": reasons,
        "start": stamp(booking.start),
        "end": stamp(booking.end),
    }
    change = {"of": row.id, "becomes": state, "answered": json.dumps(answer)}
    return _SETTLE.change(desk.conn, change) == 1


def _subject(conn: Connection, row: Record, machine: str) -> Booking:
    """The booking a request is about: the one that is asked for, or the one to change, as it stands."""
    standing = None if row.kind == "book" else knowledge.booking(conn, row.booking)
    return standing or _asked(row, machine)


def _asked(row: Record, machine: str) -> Booking:
    start, end = instant(row.start), instant(row.end)
    return Booking(row.booking, machine, row.member, start, end, state=BookingState.HELD)
