"""A twin that came back from a backup: a new epoch, what the units still know, and what is lost.

The units keep their leases and their bookings, so nothing inside a lease is lost. Each unit sends its journal's
rows again from where the backup ends, and then its bookings as they stand. What the old twin sold beyond a unit's
lease after that unit last heard of it is known to nobody any more: the page says so until every unit has spoken.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from access.bookings import Booking, blocking
from access.facts import instant, stamp
from twin import knowledge, tables
from twin.desk import Desk
from twin.prepared import Prepared
from twin.store import Store, put, raise_versions

KEY = "restored"

_U, _L = tables.units, tables.booking_log
_LAST = select(func.max(_L.c.at))
_SINCE = Prepared(
    select(func.count().label("n"))
    .select_from(_L)
    .where(_L.c.booking == bindparam("booking"), _L.c.at >= bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Lost:
    """A booking that the old twin had accepted, whose hours have gone to somebody else since."""

    id: str
    machine: str
    member: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Restoration:
    """What became of a restored twin: when, what the backup's last booking was, how many bookings the units
    brought back, which of those are lost all the same, and which units have not spoken yet."""

    at: datetime
    last_known: datetime | None
    found: int
    lost: tuple[Lost, ...]
    silent: tuple[str, ...]


def begin_epoch(store: Store, now: datetime) -> int:
    """Open a new epoch of the twin, after its tables came back from a backup; the epoch.

    It is taken from the time: a backup may be restored twice, and knows nothing of the first time."""
    with store.write() as conn:
        store.lock(conn, "site")
        epoch = max(int(knowledge.meta(conn, "epoch") or 0) + 1, int(now.timestamp()))
        put(conn, tables.meta, {"key": "epoch"}, {"value": str(epoch)})
        last = conn.execute(_LAST).scalar_one()
        put(conn, tables.meta, {"key": KEY}, {"value": json.dumps({"at": stamp(now), "last": last, "units": {}})})
        # Whatever was leased since the backup ends before this: nothing of it is sold twice.
        leased = stamp(now + knowledge.policy(conn).lease)
        conn.execute(_U.update().where(_U.c.machine.is_not(None)).values(lease_end=leased))
        raise_versions(conn)
    return epoch


def pending(kept: str | None, unit: str) -> bool:
    """True while this unit has bookings to tell to a twin that was restored; `kept` is its `note`."""
    return kept is not None and unit not in json.loads(kept)["units"]


def note(conn: Connection) -> str | None:
    """What is kept of a restoration; None where the twin was never restored."""
    return knowledge.meta(conn, KEY)


def take(desk: Desk, unit: str, machine: str, bookings: Iterable[Booking]) -> None:
    """A unit tells its bookings as they stand: what the backup does not have comes back."""
    said = _said(desk.conn)
    if said is None or unit in said["units"]:
        return
    found, lost = 0, []
    for booking in bookings:
        outcome = _taken(desk, replace(booking, machine=machine), said["at"])
        found += outcome == "found"
        if outcome == "lost":
            hours = {"start": stamp(booking.start), "end": stamp(booking.end)}
            lost.append({"id": booking.id, "machine": machine, "member": booking.member, **hours})
    said["units"][unit] = {"found": found, "lost": lost}
    put(desk.conn, tables.meta, {"key": KEY}, {"value": json.dumps(said)})


def report(conn: Connection) -> Restoration | None:
    """What became of it; None where the twin was never restored."""
    said = _said(conn)
    if said is None:
        return None
    units = conn.execute(select(_U.c.id).where(_U.c.machine.is_not(None), _U.c.revoked.is_(False))).scalars()
    told = said["units"].values()
    return Restoration(
        instant(said["at"]),
        None if said["last"] is None else instant(said["last"]),
        sum(one["found"] for one in told),
        tuple(_lost(raw) for one in told for raw in one["lost"]),
        tuple(sorted(unit for unit in units if unit not in said["units"])),
    )


def _taken(desk: Desk, booking: Booking, restored: str) -> str:
    """Take one booking over: `found`, `lost` or `known`."""
    standing = knowledge.booking(desk.conn, booking.id)
    if standing is not None:
        as_told = (standing.end, standing.state) == (booking.end, booking.state)
        if as_told or _SINCE.one(desk.conn, {"booking": booking.id, "at": restored}).n:
            return "known"
        desk.write(booking)
        return "found"
    others = knowledge.bookings(desk.conn, booking.machine, booking.start, booking.end)
    if booking.live and blocking(others, booking.start, booking.end):
        return "lost"
    desk.write(booking)
    return "found"


def _said(conn: Connection) -> Any:
    kept = note(conn)
    return None if kept is None else json.loads(kept)


def _lost(raw: dict[str, str]) -> Lost:
    return Lost(raw["id"], raw["machine"], raw["member"], instant(raw["start"]), instant(raw["end"]))
