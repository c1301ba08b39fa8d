"""Erasing a person: nothing at the twin or on a unit names them any more, and every chain stays whole.

What happened stays: runs with their durations, hours that were booked. The rows of the units' journals keep their
salted commitments, which without the opening say nothing of whom they were about. Units are told a digest of the
member's id, delete the openings on their own cards, and keep none of that member from then on; so does the twin,
where a unit was out of reach meanwhile and sends rows late.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from access.bookings import BookingState
from access.facts import stamp
from access.people import erased_mark
from server_sync.identity import badge_tag
from twin import screen, tables
from twin.prepared import NewRow, Prepared

NOBODY = ""
"""Whose a booking is, once its member was erased."""

_B, _R, _E = tables.badges, tables.rows, tables.erased
_MARKS = Prepared(select(_E.c.mark))
_NEW_MARK = NewRow(_E)
_BLANK = _R.update().where(
    _R.c.unit == bindparam("of"), _R.c.epoch == bindparam("its"), _R.c.seq == bindparam("at_seq")
)


def erase(conn: Connection, member: str, now: datetime) -> None:
    """Take every trace of a member's name and badges out of the twin's tables."""
    _NEW_MARK.change(conn, {"mark": erased_mark(member), "at": stamp(now)})
    numbers = list(conn.execute(select(_B.c.number).where(_B.c.member == member)).scalars())
    _openings(conn, member, numbers)
    _hours(conn, member, now)
    conn.execute(tables.card_keys.delete().where(tables.card_keys.c.number.in_(numbers)))
    for table in (_B, tables.tokens):
        conn.execute(table.delete().where(table.c.member == member))
    conn.execute(tables.members.delete().where(tables.members.c.id == member))
    for column in (tables.acts.c.by, tables.acts.c.about):
        conn.execute(tables.acts.update().where(column == member).values({column.name: None}))
    screen.forget(conn, member)
    m = tables.machines
    conn.execute(m.update().where(m.c.locked_by == member).values(locked_by=None))


def marks(conn: Connection) -> frozenset[str]:
    """The digests of those who were erased."""
    return frozenset(row.mark for row in _MARKS.run(conn, {}))


def without(opening: Mapping[str, Any], erased: frozenset[str]) -> Mapping[str, Any]:
    """Whom a row names; nobody where that is somebody who was erased."""
    return {} if erased and erased_mark(str(opening.get("member") or "")) in erased else opening


def _openings(conn: Connection, member: str, numbers: list[str]) -> None:
    """The rows that name the member, or show one of the member's badges, name nobody any more."""
    for unit in conn.execute(select(tables.units.c.id, tables.units.c.tag_key)).all():
        tags = {badge_tag(number, bytes.fromhex(unit.tag_key)) for number in numbers}
        rows = conn.execute(select(_R.c.epoch, _R.c.seq, _R.c.opening).where(_R.c.unit == unit.id)).all()
        named = [row for row in rows if _names(json.loads(row.opening), member, tags)]
        for row in named:
            conn.execute(_BLANK.values(opening="{}"), {"of": unit.id, "its": row.epoch, "at_seq": row.seq})


def _names(opening: Mapping[str, Any], member: str, tags: set[str]) -> bool:
    return opening.get("member") == member or opening.get("badge") in tags


def _hours(conn: Connection, member: str, now: datetime) -> None:
    """Hours to come are given back; those that were are nobody's."""
    b = tables.bookings
    coming = b.update().where(b.c.member == member, b.c.end > stamp(now), b.c.state == BookingState.ACCEPTED.value)
    conn.execute(coming.values(state=BookingState.CANCELLED.value))
    for table in (b, tables.booking_log, tables.requests):
        conn.execute(table.update().where(table.c.member == member).values(member=NOBODY))
    conn.execute(tables.runs.update().where(tables.runs.c.member == member).values(member=None))
