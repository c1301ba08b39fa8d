"""The usage of a period: its rows, the figures made of them, and the same as a table for a spreadsheet.

The table is as a French spreadsheet opens it: UTF-8 with its mark, semicolons, decimal commas, no formulas.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Row, func, select

from access.bookings import BookingState
from access.facts import instant, stamp
from twin import knowledge, tables
from twin.auth import Caller, Denied, TheCaller
from twin.context import TheTwin
from twin.figures import FORMULAS, OpenHours, Run, Span, Usage, usage
from twin.figures import seconds as whole_seconds
from twin.periods import moment, open_span, zone_of
from twin.shapes import Most, Text

MOST_TRACED = 100_000
"""The most runs or bookings in one answer, and under one figure."""

figures = APIRouter(tags=["figures"])

# --- a table for a spreadsheet -----------------------------------------------------------------------

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def document(titles: Sequence[str], lines: Iterable[Sequence[Cell]]) -> bytes:
    """A whole CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([cell(title) for title in titles])
    writer.writerows([cell(value) for value in line] for line in lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def cell(value: Cell) -> str:
    """One cell. Text that a spreadsheet would run as a formula is kept as text by a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, int):
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".").replace(".", ",")


def seconds(ms: int) -> float:
    """Milliseconds as seconds with decimals, so that a sheet's own sums give the same rates."""
    return ms / 1000


# --- reading -----------------------------------------------------------------------------------------


class RunRow(BaseModel):
    """A closed run, and the key of its journal row. `member` is null where it is none of one's business."""

    run: str
    unit: str
    epoch: int
    seq: int
    machine: str
    member: str | None
    booking: str | None
    started: str
    ended: str
    powered_seconds: int
    running_seconds: int
    powered_ms: int
    running_ms: int
    end_reason: str


class JournalRow(BaseModel):
    """A unit's journal row as it was received. What names a person lies in `opening`."""

    unit: str
    epoch: int
    seq: int
    at: str
    mono_ms: int
    boot: int
    clock: str
    uncertainty_ms: int
    kind: str
    body: dict[str, Any]
    commitment: str
    prev: str
    hash: str
    opening: dict[str, Any]
    received: str
    earliest: str
    """The unit's clock may have been wrong: it happened between this instant and `latest`."""
    latest: str


class Figure(BaseModel):
    """One sum and its rate over the opening hours, with the formula and where its rows are."""

    seconds: int
    ms: int
    rate: float | None
    formula: str
    rows: str
    """The address of the rows it was made of."""


class MachineUsage(BaseModel):
    """A machine's figures. `missing_rows`: the unit has that many more rows than arrived here."""

    machine: str
    name: str
    opening_seconds: int
    booked: Figure
    powered: Figure
    running: Figure
    runs: int
    missing_rows: int


class UsageTable(BaseModel):
    """The figures of [since, until); `machine` of the total is empty."""

    since: str
    until: str
    timezone: str
    machines: list[MachineUsage]
    total: MachineUsage


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end), as asked for by dates or instants, and the site's zone."""

    span: Span
    zone: ZoneInfo

    @property
    def query(self) -> dict[str, str]:
        """How rows are asked for."""
        return {"since": stamp(self.span.start), "until": stamp(self.span.end)}


def period(db: Connection, start: str | None, end: str | None, now: datetime) -> Period:
    """The period asked for; without dates, this month so far, today included."""
    zone = zone_of(db)
    today = now.astimezone(zone).date()
    span = Span(
        moment(start or str(today.replace(day=1)), zone, "from"),
        moment(end or str(today + timedelta(days=1)), zone, "to"),
    )
    if not timedelta(0) <= span.end - span.start <= timedelta(days=1100):
        raise Denied(422, "bad_period", "La période va du début à la fin, sur trois ans au plus.")
    return Period(span, zone)


def _touching(table: Any, start: str, end: str, span: Span) -> list[ColumnElement[bool]]:
    """The rows of which some part lies in the span, or that begin in it."""
    begins, ends = table.c[start], table.c[end]
    first, last = stamp(span.start), stamp(span.end)
    return [begins < last, (ends > first) | (begins >= first)]


def runs_of(db: Connection, span: Span, machine: str | None = None) -> Sequence[Row[Any]]:
    """The closed runs that touch a span, in order."""
    table = tables.runs
    where = _touching(table, "started", "ended", span)
    if machine is not None:
        where.append(table.c.machine == machine)
    return db.execute(
        select(table).where(*where).order_by(table.c.started, table.c.id).limit(MOST_TRACED + 1)
    ).all()


def bookings_of(db: Connection, span: Span, **given: str | None) -> Sequence[Row[Any]]:
    """The bookings that touch a span, in order, with the columns given."""
    table = tables.bookings
    where = _touching(table, "start", "end", span)
    where += [table.c[name] == value for name, value in given.items() if value is not None]
    query = select(table).where(*where).order_by(table.c.start, table.c.id)
    return db.execute(query.limit(MOST_TRACED + 1)).all()


def booked_of(db: Connection, span: Span, machine: str | None = None) -> Sequence[Row[Any]]:
    """The bookings that stand and touch a span: neither cancelled nor released."""
    return bookings_of(db, span, machine=machine, state=BookingState.ACCEPTED)


def whole(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The rows, if these are all of them: a figure's rows are never cut short without a word."""
    if len(rows) > MOST_TRACED:
        raise Denied(422, "too_many", f"Plus de {MOST_TRACED} lignes : demander une période plus courte.")
    return rows


def span_of(start: str, end: str) -> Span:
    """Two stamps as a span."""
    return Span(instant(start), instant(end))


def run_of(row: Row[Any]) -> Run:
    """A run's row as the figures know it."""
    return Run(span_of(row.started, row.ended), row.powered_ms, row.running_ms)


def usage_of(db: Connection, asked: Period) -> UsageTable:
    """Every machine's figures over a period, and their total."""
    hours = OpenHours.of(knowledge.opening(db), asked.span)
    runs = _by_machine(whole(runs_of(db, asked.span)))
    booked = _by_machine(whole(booked_of(db, asked.span)))
    m = tables.machines.c
    machines = db.execute(select(m.id, m.name).order_by(m.name, m.id)).all()
    missing = missing_rows(db)
    lines, total, count = [], Usage(), 0
    for id, name in machines:
        own = runs.get(id, [])
        sums = usage(hours, [span_of(b.start, b.end) for b in booked.get(id, [])], map(run_of, own))
        total, count = total + sums, count + len(own)
        lines.append(line_of(id, name or id, sums, len(own), missing.get(id, 0), asked))
    everything = line_of("", "Ensemble", total, count, sum(missing.values()), asked)
    return UsageTable(**asked.query, timezone=str(asked.zone), machines=lines, total=everything)


def _by_machine(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.machine, []).append(row)
    return found


def line_of(machine: str, name: str, sums: Usage, runs: int, missing: int, asked: Period) -> MachineUsage:
    whose = {"machine": machine} if machine else {}
    run_rows = f"/api/runs?{urlencode(whose | asked.query)}"
    booking_rows = f"/api/bookings?{urlencode(whose | asked.query | {'state': BookingState.ACCEPTED.value})}"

    def figure(name: str, ms: int, rows: str) -> Figure:
        return Figure(seconds=whole_seconds(ms), ms=ms, rate=sums.rate(ms), formula=FORMULAS[name], rows=rows)

    return MachineUsage(
        machine=machine,
        name=name,
        opening_seconds=whole_seconds(sums.open_ms),
        booked=figure("booked", sums.booked_ms, booking_rows),
        powered=figure("powered", sums.powered_ms, run_rows),
        running=figure("running", sums.running_ms, run_rows),
        runs=runs,
        missing_rows=missing,
    )


def missing_rows(db: Connection) -> dict[str, int]:
    """For each machine, how many rows its unit has that have not arrived yet."""
    p, u = tables.progress.c, tables.units.c
    lacking = func.sum(p.highest - p.applied)
    query = select(u.machine, lacking).where(u.id == p.unit, u.machine.is_not(None), p.highest > p.applied)
    return {machine: int(count) for machine, count in db.execute(query.group_by(u.machine))}


# --- the API -----------------------------------------------------------------------------------------


@figures.get("/api/runs")
def list_runs(
    caller: TheCaller, twin: TheTwin, machine: Text = None, since: Text = None, until: Text = None
) -> list[RunRow]:
    """The closed runs that touch [since, until), each with the key of its row."""
    with twin.store.read() as db:
        return [run_row(row, caller) for row in whole(runs_of(db, open_span(db, since, until), machine))]


def run_row(row: Row[Any], caller: Caller) -> RunRow:
    """A run as the caller may see it."""
    return RunRow(
        run=row.id,
        unit=row.unit,
        epoch=row.epoch,
        seq=row.seq,
        machine=row.machine,
        member=row.member if caller.may_see(row.member) else None,
        booking=row.booking if caller.may_see(row.member) else None,
        started=row.started,
        ended=row.ended,
        powered_seconds=whole_seconds(row.powered_ms),
        running_seconds=whole_seconds(row.running_ms),
        powered_ms=row.powered_ms,
        running_ms=row.running_ms,
        end_reason=row.end_reason,
    )


@figures.get("/api/rows")
def list_rows(
    twin: TheTwin,
    unit: Text = None,
    epoch: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    seq: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    kind: Text = None,
    since: Text = None,
    until: Text = None,
    most: Most = 100,
) -> list[JournalRow]:
    """The units' journal rows as received, in the order (unit, epoch, seq). For the next page of a unit's
    epoch, ask `after` the last `seq`."""
    r = tables.rows
    given = {"unit": unit, "epoch": epoch, "seq": seq, "kind": kind}
    with twin.store.read() as db:
        span = open_span(db, since, until)
        where = [r.c[name] == value for name, value in given.items() if value is not None]
        where += [r.c.seq > after, r.c.at >= stamp(span.start), r.c.at < stamp(span.end)]
        query = select(r).where(*where).order_by(r.c.unit, r.c.epoch, r.c.seq).limit(most)
        return [_journal_row(row) for row in db.execute(query)]


def _journal_row(row: Row[Any]) -> JournalRow:
    plain = dict(row._mapping)
    return JournalRow(**plain | {"body": json.loads(row.body), "opening": json.loads(row.opening)})


@figures.get("/api/usage", response_model=UsageTable, responses={200: {"content": {"text/csv": {}}}})
def show_usage(
    twin: TheTwin,
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    format: Literal["json", "csv"] = "json",
) -> UsageTable | Response:
    """The figures of [from, to): dates of the site, or instants. Without them, this month so far."""
    with twin.store.read() as db:
        asked = period(db, start, end, twin.now())
        table = usage_of(db, asked)
    return _usage_csv(table, asked) if format == "csv" else table


CSV_TITLES = (
    "Machine", "Nom", "Du", "Au (exclu)", "Ouverture (s)", "Réservé (s)", "Sous tension (s)", "En marche (s)",
    "Taux réservé", "Taux sous tension", "Taux d'usage", "Utilisations", "Lignes manquantes", "Lignes source",
)  # fmt: skip


def _usage_csv(table: UsageTable, asked: Period) -> Response:
    days = [instant(at).astimezone(asked.zone).strftime("%d/%m/%Y %H:%M") for at in (table.since, table.until)]
    lines = [_cells(line, days) for line in [*table.machines, table.total]]
    name = f"usage-{asked.query['since'][:10]}-{asked.query['until'][:10]}.csv"
    return Response(
        document(CSV_TITLES, lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cells(line: MachineUsage, days: list[str]) -> list[Cell]:
    parts = (line.booked, line.powered, line.running)
    sums: list[Cell] = [seconds(part.ms) for part in parts]
    rates: list[Cell] = [part.rate for part in parts]
    last: list[Cell] = [line.runs, line.missing_rows, line.running.rows]
    return [line.machine, line.name, *days, line.opening_seconds, *sums, *rates, *last]
