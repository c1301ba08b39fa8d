"""A machine as whoever looks after it wants to see it: its hours, its last service and the next, its runs and its
faults. Worked out from the rows at every look; nothing here is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import Connection, Row, func, select

from access.facts import FaultCleared, FaultRaised, FaultReported, stamp
from twin import acts, knowledge, tables
from twin.acts import Deed
from twin.figures import OpenHours, Span
from twin.usage_csv import missing_rows, run_of, runs_of

DAYS = 14
"""How many days the chart goes back, today included."""
RUNS = 12
"""How many runs are told, the latest."""
FAULTS = 6
"""How many faults and how many reports are told, the latest."""

_RUNS = tables.runs.c
_ROWS = tables.rows


class Hours(BaseModel):
    """Hours that add up, in milliseconds. `counted` is what the service interval counts: the running hours, or
    the powered ones where the machine's current is not sensed."""

    powered_ms: int
    running_ms: int
    counted_ms: int


class Service(BaseModel):
    """The last service, and the hours since; without one, since the first run. `every_hours`: the machine's own
    interval, null where nobody has set one."""

    at: str | None
    by: str | None
    kind: str | None
    since: Hours
    every_hours: float | None


class DayHours(BaseModel):
    """One day of the site, and what it had."""

    date: str
    powered_ms: int
    running_ms: int


class PastRun(BaseModel):
    """A closed run."""

    started: str
    ended: str
    member: str | None
    powered_ms: int
    running_ms: int
    end_reason: str


class PastFault(BaseModel):
    """A fault that the unit told. `cleared`: when it was over, null while it stands."""

    at: str
    kind: str
    cleared: str | None


class Report(BaseModel):
    """Something that a person said is wrong, and that nobody has dealt with."""

    at: str
    member: str | None
    what: str


class Record(BaseModel):
    """Everything about one machine. `missing_rows`: so many rows of its unit have not arrived yet."""

    machine: str
    total: Hours
    service: Service
    days: list[DayHours]
    runs: list[PastRun]
    faults: list[PastFault]
    reports: list[Report]
    locked: bool
    locked_by: str | None
    locked_why: str | None
    missing_rows: int


def record(db: Connection, row: Row[Any], now: datetime) -> Record:
    """The record of a machine, by its row."""
    machine = knowledge.machine(db, row.id)
    senses = machine is not None and machine.senses_current
    served = acts.latest(db, row.id, Deed.SERVICE)
    since = stamp(served.at) if served else ""
    service = Service(
        at=since or None,
        by=served.by if served else None,
        kind=served.detail.get("kind") if served else None,
        since=_hours(db, row.id, since, senses),
        every_hours=row.service_hours,
    )
    return Record(
        machine=row.id,
        total=_hours(db, row.id, "", senses),
        service=service,
        days=_days(db, row.id, now),
        runs=[PastRun(**{name: getattr(run, name) for name in PastRun.model_fields}) for run in _past(db, row.id)],
        faults=_faults(db, row.id),
        reports=_reports(db, row.id),
        locked=row.locked,
        locked_by=row.locked_by if row.locked else None,
        locked_why=row.locked_why if row.locked else None,
        missing_rows=missing_rows(db).get(row.id, 0),
    )


def _hours(db: Connection, machine: str, since: str, senses: bool) -> Hours:
    """The sums over the runs that ended after an instant; a run under way at a service counts after it."""
    sums = select(func.sum(_RUNS.powered_ms), func.sum(_RUNS.running_ms))
    powered, running = db.execute(sums.where(_RUNS.machine == machine, _RUNS.ended > since)).one()
    powered, running = int(powered or 0), int(running or 0)
    return Hours(powered_ms=powered, running_ms=running, counted_ms=running if senses else powered)


def _past(db: Connection, machine: str) -> Sequence[Row[Any]]:
    query = select(tables.runs).where(_RUNS.machine == machine)
    return db.execute(query.order_by(_RUNS.started.desc(), _RUNS.id.desc()).limit(RUNS)).all()


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of the site, whatever its length."""

    date: str
    span: Span


def _days(db: Connection, machine: str, now: datetime) -> list[DayHours]:
    """The last days, a run that goes over midnight in proportion on both."""
    days = _last_days(ZoneInfo(knowledge.opening(db).timezone), now)
    runs = [run_of(row) for row in runs_of(db, Span(days[0].span.start, days[-1].span.end), machine)]
    found = []
    for day in days:
        hours = OpenHours((day.span,))
        parts = [hours.counted(run) for run in runs]
        powered, running = sum(part.powered_ms for part in parts), sum(part.running_ms for part in parts)
        found.append(DayHours(date=day.date, powered_ms=powered, running_ms=running))
    return found


def _last_days(zone: ZoneInfo, now: datetime) -> list[_Day]:
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(DAYS - 1, -2, -1)]
    starts = [datetime.combine(date, time(0), zone).astimezone(now.tzinfo) for date in dates]
    return [
        _Day(str(date), Span(start, end)) for date, start, end in zip(dates, starts, starts[1:], strict=False)
    ]


def _rows(db: Connection, machine: str, kinds: tuple[str, ...], after: str, most: int) -> Sequence[Row[Any]]:
    """The latest journal rows of these kinds of the machine's unit, of those that arrived after an instant."""
    u = tables.units.c
    query = select(_ROWS).join(tables.units, u.id == _ROWS.c.unit)
    query = query.where(u.machine == machine, _ROWS.c.kind.in_(kinds), _ROWS.c.received > after)
    return db.execute(query.order_by(_ROWS.c.at.desc(), _ROWS.c.seq.desc()).limit(most)).all()


def _faults(db: Connection, machine: str) -> list[PastFault]:
    """The latest faults, the latest first, each with the clearing that followed it."""
    cleared: dict[str, str] = {}
    found: list[PastFault] = []
    for row in _rows(db, machine, (FaultRaised.KIND, FaultCleared.KIND), "", 8 * FAULTS):
        kind = str(json.loads(row.body).get("kind"))
        if row.kind == FaultCleared.KIND:
            cleared[kind] = row.at
        else:
            found.append(PastFault(at=row.at, kind=kind, cleared=cleared.pop(kind, None)))
    return found[:FAULTS]


def _reports(db: Connection, machine: str) -> list[Report]:
    """What was reported since somebody last dealt with it."""
    dealt = acts.latest(db, machine, Deed.REPORTS_CLOSED)
    rows = _rows(db, machine, (FaultReported.KIND,), stamp(dealt.at) if dealt else "", FAULTS)
    return [
        Report(at=row.at, member=json.loads(row.opening).get("member"), what=str(json.loads(row.body).get("what")))
        for row in rows
    ]

