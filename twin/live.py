"""How the machines stand now, as their units last told."""

import json
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection, func, select

from access.bookings import BookingState
from access.facts import instant, stamp
from access.vocabulary import Fault
from twin import knowledge, tables
from twin.context import TheTwin

states = APIRouter(tags=["machines"])

ONLINE_WITHIN = timedelta(seconds=30)
"""A unit that said nothing for longer is out of reach: what it last told is no news any more."""


PHASES = frozenset({"idle", "starting", "running", "finishing"})


class MachineState(BaseModel):
    """How a machine stands, as its unit last told. `since` and `until` are those of the run under way;
    `quarantine` says why nothing is believed of its unit, None where it is."""

    machine: str
    name: str
    unit: str | None
    online: bool
    last_seen: str | None
    phase: str | None
    since: str | None
    until: str | None
    faults: list[str]
    locked: bool
    locked_why: str | None
    booked_until: str | None
    next_booking: str | None
    quarantine: str | None = None


@states.get("/api/states")
def live_states(twin: TheTwin) -> list[MachineState]:
    """Every machine's live state."""
    with twin.store.read() as db:
        return machine_states(db, twin.now())


_P = tables.progress.c
_QUARANTINE = (
    select(func.max(_P.fork))
    .where(_P.unit == tables.units.c.id, _P.retired.is_(False))
    .scalar_subquery()
    .label("quarantine")
)


def machine_states(db: Connection, now: datetime) -> list[MachineState]:
    """Every machine's state, by name."""
    m, u = tables.machines, tables.units
    upcoming = _upcoming(db, now)
    query = (
        select(m, u.c.id.label("unit"), u.c.last_seen, u.c.state, _QUARANTINE)
        .select_from(m.outerjoin(u, (u.c.machine == m.c.id) & u.c.revoked.is_(False)))
        .order_by(m.c.name, m.c.id)
    )
    return [_state(row, upcoming.get(row.id, []), now) for row in db.execute(query)]


def _state(row: Any, upcoming: list[tuple[str, str]], now: datetime) -> MachineState:
    told = _told(row.state)
    phase = told.get("phase")
    begun = [end for start, end in upcoming if start <= stamp(now)]
    return MachineState(
        machine=row.id,
        name=row.name or row.id,
        unit=row.unit,
        online=row.last_seen is not None and now - instant(row.last_seen) <= ONLINE_WITHIN,
        last_seen=row.last_seen,
        phase=phase if phase in PHASES else None,
        since=_instant(told.get("since")),
        until=_instant(told.get("until")),
        faults=_faults(told.get("faults")),
        locked=row.locked,
        locked_why=row.locked_why if row.locked else None,
        booked_until=min(begun, default=None),
        next_booking=min((start for start, _ in upcoming if start > stamp(now)), default=None),
        quarantine=row.quarantine,
    )


def _upcoming(db: Connection, now: datetime) -> dict[str, list[tuple[str, str]]]:
    """Each machine's bookings that are not over, in the next day."""
    b = tables.bookings.c
    query = select(b.machine, b.start, b.end).where(
        b.state == BookingState.ACCEPTED, b.end > stamp(now), b.start < stamp(now + timedelta(days=1))
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for machine, start, end in db.execute(query):
        found.setdefault(machine, []).append((start, end))
    return found


def _told(text: str | None) -> dict[str, Any]:
    told = json.loads(text or "{}")
    return told if isinstance(told, dict) else {}


def _instant(told: object) -> str | None:
    """An instant a unit told, or None where it told nonsense."""
    try:
        return stamp(instant(told)) if isinstance(told, str) else None
    except ValueError:
        return None


def _faults(told: object) -> list[str]:
    return sorted(str(fault) for fault in told if fault in list(Fault)) if isinstance(told, list) else []


def site_name(db: Connection) -> str:
    """What the workshop is called; nothing where nobody said."""
    return str(_told(knowledge.meta(db, "site")).get("name", ""))
