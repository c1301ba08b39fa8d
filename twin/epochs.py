"""Which epoch of a unit's journal speaks, and when two devices speak under one name.

A unit that starts says so: its journal may be an old copy, and then it leaves that epoch for a new one by itself.
From then on the old epoch is silent. Where it speaks again, another device has the same key: a cloned card. That
is a fork, as is a row that comes with another content: nothing of these epochs is taken in, and who speaks in
them is told to grant nothing, until the unit is enrolled again.
"""

from sqlalchemy import Connection, bindparam, select

from server_sync.wire import ExchangeRequest
from twin import tables
from twin.desk import Desk
from twin.prepared import Prepared
from twin.store import Record

_P = tables.progress
_OTHERS = (
    _P.update()
    .where(_P.c.unit == bindparam("of"), _P.c.epoch != bindparam("its"), _P.c.retired.is_(False))
    .values(retired=True)
)
_FORK = (
    _P.update()
    .where(_P.c.unit == bindparam("of"), (_P.c.epoch == bindparam("its")) | _P.c.retired.is_(False))
    .values(fork=bindparam("why"))
)
_HEAD = Prepared(
    select(tables.rows.c.hash).where(
        tables.rows.c.unit == bindparam("unit"),
        tables.rows.c.epoch == bindparam("epoch"),
        tables.rows.c.seq == bindparam("seq"),
    )
)
_FORGIVEN = _P.update().where(_P.c.unit == bindparam("of")).values(fork=None, retired=True)
FIRST = "0" * 64
"""What the first row of an epoch is chained to."""


def fork_of(desk: Desk, request: ExchangeRequest, row: Record) -> str | None:
    """Why the unit is in quarantine; None when its epoch may speak, which then is the only one."""
    if row.fork is not None:
        return str(row.fork)
    if row.retired and not request.starting:
        why = f"epoch {request.epoch} speaks again, after it was left"
        desk.conn.execute(_FORK, {"of": request.unit, "its": request.epoch, "why": why})
        return why
    if request.last_seq and not row.retired and row.others:
        desk.conn.execute(_OTHERS, {"of": request.unit, "its": request.epoch})
    return None


def head(desk: Desk, request: ExchangeRequest, row: Record, applied: int) -> str | None:
    """For a unit that starts: the hash of the last row that the twin has; empty for an epoch that was left."""
    if not request.starting:
        return None
    if row.retired or applied == 0:
        return "" if row.retired else FIRST
    place = {"unit": request.unit, "epoch": request.epoch, "seq": applied}
    return str(_HEAD.one(desk.conn, place).hash)


def forgive(conn: Connection, unit: str) -> None:
    """The unit was enrolled again: what it wrote before is closed, and it begins a new epoch."""
    conn.execute(_FORGIVEN, {"of": unit})
