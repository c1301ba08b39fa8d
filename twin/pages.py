"""What a person reads: the rows, the figures made of them, and the pages that show both, in French.

The JSON routes and the pages ask the same functions, so a page can show nothing that the API does not.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Row, func, select

from access.bookings import BookingState
from access.facts import instant, stamp
from access.times import UTC
from access.vocabulary import BLOCKING_FAULTS, Cause, Fault, Reason, Refusal
from twin import knowledge, tables
from twin.auth import COOKIE, READERS, SIGN_IN, Caller, Denied, Role, TheCaller, bearer
from twin.figures import FORMULAS, OpenHours, Run, Span, Usage, seconds, usage
from twin.live import MachineState, TheTwin, machine_states
from twin.usage_csv import document
from twin.usage_csv import seconds as decimal_seconds

HERE = Path(__file__).parent
COOKIE_SECONDS = 12 * 3600
"""How long a computer stays signed in."""
MOST = 1000
"""The most journal rows or refusals in one answer."""
MOST_TRACED = 100_000
"""The most runs or bookings in one answer, and under one figure."""

figures = APIRouter(tags=["figures"])
pages = APIRouter(include_in_schema=False)

# --- words -------------------------------------------------------------------------------------------

REASONS: dict[str, str] = {
    Reason.ESTOP: "l'arrêt d'urgence est enfoncé",
    Reason.FAULT: "la machine est en défaut",
    Reason.LOCKED: "la machine est hors service",
    Reason.BADGE_UNKNOWN: "ce badge n'est pas connu",
    Reason.BADGE_REVOKED: "ce badge est désactivé",
    Reason.MEMBERSHIP_EXPIRED: "l'adhésion est arrivée à son terme",
    Reason.NOT_QUALIFIED: "l'habilitation pour cette machine manque",
    Reason.CLOCK_UNTRUSTED: "l'heure du boîtier n'est pas sûre",
    Reason.REPLICA_STALE: "le boîtier est sans nouvelles du jumeau depuis trop longtemps",
    Reason.IN_USE: "quelqu'un d'autre utilise la machine",
    Reason.BOOKED_BY_OTHER: "quelqu'un d'autre a réservé ce moment",
    Reason.TOO_EARLY: "la réservation n'a pas encore commencé",
    Reason.BOOKING_OVER: "la réservation est terminée",
    Reason.NO_BOOKING: "il n'y a pas de réservation",
    Reason.NOT_RECORDED: "le boîtier ne peut plus rien enregistrer",
    Refusal.UNKNOWN_MACHINE: "cette machine n'est pas connue",
    Refusal.UNKNOWN_MEMBER: "ce membre n'est pas connu",
    Refusal.MACHINE_LOCKED: "la machine est hors service",
    Refusal.END_BEFORE_START: "la fin est avant le début",
    Refusal.IN_THE_PAST: "ce moment est passé",
    Refusal.TOO_SHORT: "la durée est trop courte",
    Refusal.TOO_LONG: "la durée est trop longue",
    Refusal.TOO_FAR_AHEAD: "c'est trop longtemps à l'avance",
    Refusal.CLOSED: "l'atelier est fermé à ce moment",
    Refusal.OVERLAP: "une autre réservation occupe ce moment",
    Refusal.TOO_MANY_BOOKINGS: "ce membre a déjà trop de réservations à venir",
    Refusal.WEEK_HOURS_USED: "les heures de la semaine sont épuisées",
    Refusal.NOT_FOR_CATEGORY: "cette catégorie de membre n'y a pas droit",
    Refusal.LEASE_OVER: "le boîtier est sans nouvelles du jumeau depuis trop longtemps",
    Refusal.UNIT_UNREACHABLE: "le boîtier de la machine ne répond pas",
}

FAULTS: dict[str, str] = {
    Fault.RELAY_WELDED: "relais collé",
    Fault.NO_POWER: "pas de courant",
    Fault.BOARD_LOST: "carte muette",
    Fault.READER_LOST: "lecteur muet",
    Fault.ESTOP: "arrêt d'urgence",
    Fault.JOURNAL: "journal plein",
    Fault.CLOCK: "heure incertaine",
}

ENDS: dict[str, str] = {
    Cause.MEMBER: "arrêté par le membre",
    Cause.BOOKING_END: "fin de réservation",
    Cause.IDLE: "machine inactive",
    Cause.MAX_RUN: "durée maximale",
    Cause.HANDOVER: "relève",
    Cause.ESTOP: "arrêt d'urgence",
    Cause.FAULT: "défaut",
    Cause.LOCK: "mise hors service",
    Cause.REVOKED: "badge désactivé",
    Cause.INTERRUPTED: "interrompu",
}

MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)

# --- reading -----------------------------------------------------------------------------------------


class RunRow(BaseModel):
    """A closed run, and the key of the journal row it comes from. `member` is null where it is none of one's business."""

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
    kind: str
    body: dict[str, Any]
    commitment: str
    prev: str
    hash: str
    opening: dict[str, Any]
    received: str


class RefusalRow(BaseModel):
    """Somebody was refused, and why: `what` is `tap` or `booking`. A tap leads back to its row."""

    at: str
    what: Literal["tap", "booking"]
    machine: str
    member: str | None
    reasons: list[str]
    words: str
    booking: str | None = None
    unit: str | None = None
    epoch: int | None = None
    seq: int | None = None


class Figure(BaseModel):
    """One sum and its rate over the opening hours, with the formula and where its rows are."""

    seconds: int
    ms: int
    rate: float | None
    formula: str
    rows: str
    """The address of the rows it was made of."""


class MachineUsage(BaseModel):
    """A machine's figures. `missing_rows`: the unit says that it has that many more rows than arrived here."""

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


def moment(text: str, zone: ZoneInfo, name: str) -> datetime:
    """An instant written with its offset, or a date: midnight in the site's zone."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(0), zone).astimezone(UTC)
        return instant(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise Denied(
            422, "bad_time", f"« {name} » : écrire une date (2026-11-21) ou un instant (2026-11-21T14:00:00Z)."
        ) from None


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


def zone_of(db: Connection) -> ZoneInfo:
    """The site's zone."""
    return ZoneInfo(knowledge.opening(db).timezone)


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
    return db.execute(select(table).where(*where).order_by(table.c.started, table.c.id).limit(MOST_TRACED + 1)).all()


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
        lines.append(_line(id, name or id, sums, len(own), missing.get(id, 0), asked))
    everything = _line("", "Ensemble", total, count, sum(missing.values()), asked)
    return UsageTable(**asked.query, timezone=str(asked.zone), machines=lines, total=everything)


def _by_machine(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.machine, []).append(row)
    return found


def _line(machine: str, name: str, sums: Usage, runs: int, missing: int, asked: Period) -> MachineUsage:
    whose = {"machine": machine} if machine else {}
    run_rows = f"/api/runs?{urlencode(whose | asked.query)}"
    booking_rows = f"/api/bookings?{urlencode(whose | asked.query | {'state': BookingState.ACCEPTED.value})}"

    def figure(name: str, ms: int, rows: str) -> Figure:
        return Figure(seconds=seconds(ms), ms=ms, rate=sums.rate(ms), formula=FORMULAS[name], rows=rows)

    return MachineUsage(
        machine=machine,
        name=name,
        opening_seconds=seconds(sums.open_ms),
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


def refusals_of(db: Connection, span: Span, most: int, machine: str | None = None) -> list[RefusalRow]:
    """Who was refused what, the latest first."""
    taps = [_tap(row) for row in _refused_taps(db, span, most, machine)]
    log = tables.booking_log
    where = [log.c.outcome == "refused", log.c.at >= stamp(span.start), log.c.at < stamp(span.end)]
    if machine is not None:
        where.append(log.c.machine == machine)
    booked = db.execute(select(log).where(*where).order_by(log.c.at.desc(), log.c.n.desc()).limit(most))
    found = taps + [_booking_refusal(row) for row in booked]
    return sorted(found, key=lambda row: row.at, reverse=True)[:most]


def _refused_taps(db: Connection, span: Span, most: int, machine: str | None) -> list[Row[Any]]:
    r, u = tables.rows, tables.units
    where = [r.c.kind == "decision", r.c.at >= stamp(span.start), r.c.at < stamp(span.end)]
    # The bodies are canonical JSON, so this finds the refused ones without reading the granted ones.
    where.append(r.c.body.like('%"outcome":"refused"%'))
    if machine is not None:
        where.append(u.c.machine == machine)
    query = select(r, u.c.machine).select_from(r.join(u, u.c.id == r.c.unit)).where(*where)
    return list(db.execute(query.order_by(r.c.at.desc(), r.c.seq.desc()).limit(most)).all())


def _tap(row: Row[Any]) -> RefusalRow:
    body, opening = json.loads(row.body), json.loads(row.opening)
    reason = str(body["reason"])
    return RefusalRow(
        at=row.at,
        what="tap",
        machine=row.machine or row.unit,
        member=opening.get("member"),
        reasons=[reason],
        words=in_words([reason]),
        booking=body.get("booking"),
        unit=row.unit,
        epoch=row.epoch,
        seq=row.seq,
    )


def _booking_refusal(row: Row[Any]) -> RefusalRow:
    reasons = [str(reason) for reason in json.loads(row.reasons)]
    return RefusalRow(
        at=row.at,
        what="booking",
        machine=row.machine,
        member=row.member or None,
        reasons=reasons,
        words=in_words(reasons),
        booking=row.booking,
    )


def in_words(reasons: Iterable[str]) -> str:
    """Reasons as a person reads them; a word that is not known here is shown as it is."""
    return " ; ".join(REASONS.get(reason, reason) for reason in reasons)


# --- the API -----------------------------------------------------------------------------------------

Text = Annotated[str | None, Query(max_length=64)]
Most = Annotated[int, Query(ge=1, le=MOST)]


def open_span(db: Connection, since: str | None, until: str | None) -> Span:
    """A span with open ends where none are given."""
    zone = zone_of(db)
    return Span(
        moment(since, zone, "since") if since else datetime(1970, 1, 1, tzinfo=UTC),
        moment(until, zone, "until") if until else datetime(9999, 1, 1, tzinfo=UTC),
    )


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
        powered_seconds=seconds(row.powered_ms),
        running_seconds=seconds(row.running_ms),
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
    """The units' journal rows as received, in the order (unit, epoch, seq). For the next page of a unit's epoch,
    ask `after` the last `seq`."""
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


@figures.get("/api/refusals")
def list_refusals(
    twin: TheTwin, machine: Text = None, since: Text = None, until: Text = None, most: Most = 100
) -> list[RefusalRow]:
    """Every refused tap and every refused booking, with all its reasons, the latest first."""
    with twin.store.read() as db:
        return refusals_of(db, open_span(db, since, until), most, machine)


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
    days = [_local(instant(at), asked.zone).strftime("%d/%m/%Y %H:%M") for at in (table.since, table.until)]
    lines = [
        [
            *(line.machine, line.name, *days, line.opening_seconds),
            *(decimal_seconds(figure.ms) for figure in (line.booked, line.powered, line.running)),
            *(line.booked.rate, line.powered.rate, line.running.rate),
            *(line.runs, line.missing_rows, line.running.rows),
        ]
        for line in [*table.machines, table.total]
    ]
    name = f"usage-{asked.query['since'][:10]}-{asked.query['until'][:10]}.csv"
    return Response(
        document(CSV_TITLES, lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# --- what is shown -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    """A machine's state as it is shown: a word, a shape, and what else there is to know. `look` picks both the
    shape and the colour, and never says anything that the word does not."""

    machine: str
    name: str
    look: str
    word: str
    details: tuple[str, ...]


def tile(state: MachineState, now: datetime, zone: ZoneInfo) -> Tile:
    """How a machine's state is shown."""

    def until(at: str | None) -> str:
        return f"jusqu'à {clock(at, now, zone)}" if at else ""

    look, word, *details = _shown(state, until, lambda at: clock(at, now, zone))
    minor = [FAULTS[fault] for fault in state.faults] if look not in ("fault", "away", "none") else []
    return Tile(state.machine, state.name, look, word, tuple(line for line in [*details, *minor] if line))


def _shown(state: MachineState, until: Callable[[str | None], str], at: Callable[[str], str]) -> list[str]:
    if state.locked:
        return ["locked", "Hors service", state.locked_why or ""]
    if state.unit is None:
        return ["none", "Sans boîtier"]
    if not state.online:
        since = f"depuis {at(state.last_seen)}" if state.last_seen else "jamais entendu"
        return ["away", "Sans nouvelles", since, "la machine décide seule"]
    if Fault.ESTOP in state.faults:
        return ["fault", "Arrêt d'urgence"]
    if BLOCKING_FAULTS & set(state.faults):
        return ["fault", "En défaut", ", ".join(FAULTS[fault] for fault in state.faults)]
    if state.phase in ("running", "finishing"):
        since = f"depuis {at(state.since)}" if state.since else ""
        return ["running", "En marche" if state.phase == "running" else "Fin en cours", since, until(state.until)]
    if state.phase == "starting":
        return ["running", "Démarrage"]
    if state.booked_until:
        return ["booked", "Réservée", until(state.booked_until)]
    return ["free", "Libre", until(state.next_booking) or "pas de réservation d'ici demain"]


def clock(at: str, now: datetime, zone: ZoneInfo) -> str:
    """An instant as said in the workshop: the hour, and the day where it is not today."""
    local = _local(instant(at), zone)
    return f"{local:%H:%M}" if local.date() == _local(now, zone).date() else f"{local:%d/%m à %H:%M}"


def duration(ms: int) -> str:
    """Hours and minutes, to the second below an hour."""
    minutes, left = divmod(seconds(ms), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02}"
    return f"{minutes} min {left:02}" if minutes else f"{left} s"


def exact(ms: int) -> str:
    """Seconds to the thousandth, so that what is shown can be added up."""
    return f"{ms / 1000:,.3f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", ",")


def percent(rate: float | None) -> str:
    """A rate as read in French; a dash where there is none."""
    return "—" if rate is None else f"{rate * 100:.1f}".replace(".", ",") + "\N{NO-BREAK SPACE}%"


def day(at: datetime, zone: ZoneInfo) -> str:
    """A date in words."""
    local = _local(at, zone)
    first = "1er" if local.day == 1 else str(local.day)
    return f"{first} {MONTHS[local.month - 1]} {local.year}"


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One row under a figure, and how much of it the figure counts."""

    id: str
    machine: str
    member: str | None
    start: str
    end: str
    whole_ms: int
    counted_ms: int
    said: str
    row: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A figure taken apart: its rows, their sum, and what the sum is divided by."""

    title: str
    formula: str
    lines: tuple[TraceLine, ...]
    sum_ms: int
    open_ms: int
    rate: float | None
    json: str


TITLES = {"booked": "Taux réservé", "powered": "Taux sous tension", "running": "Taux d'usage"}
Which = Literal["booked", "powered", "running"]


def trace_of(db: Connection, asked: Period, machine: str | None, which: Which, caller: Caller) -> Trace:
    """The rows of one figure of `usage_of`, counted the same way."""
    hours = OpenHours.of(knowledge.opening(db), asked.span)
    if which == "booked":
        lines = [_booking_line(row, hours, caller) for row in whole(booked_of(db, asked.span, machine))]
    else:
        lines = [_run_line(row, hours, caller, which) for row in whole(runs_of(db, asked.span, machine))]
    machines = 1 if machine else db.execute(select(func.count()).select_from(tables.machines)).scalar_one()
    sum_ms, open_ms = sum(line.counted_ms for line in lines), hours.ms * machines
    rate = Usage(open_ms).rate(sum_ms)
    source = getattr(_line(machine or "", "", Usage(), 0, 0, asked), which).rows
    return Trace(TITLES[which], FORMULAS[which], tuple(lines), sum_ms, open_ms, rate, source)


def _run_line(row: Row[Any], hours: OpenHours, caller: Caller, which: Which) -> TraceLine:
    run = run_row(row, caller)
    part = hours.counted(run_of(row))
    whole_ms, counted = (
        (run.powered_ms, part.powered_ms) if which == "powered" else (run.running_ms, part.running_ms)
    )
    key = {"unit": run.unit, "epoch": run.epoch, "seq": run.seq}
    source = f"/api/rows?{urlencode(key)}" if caller.role in READERS else ""
    said = ENDS.get(run.end_reason, run.end_reason)
    return TraceLine(
        run.run, run.machine, run.member, run.started, run.ended, whole_ms, counted, said, source
    )


def _booking_line(row: Row[Any], hours: OpenHours, caller: Caller) -> TraceLine:
    span = span_of(row.start, row.end)
    member = row.member if caller.may_see(row.member) else None
    said = "commencée" if row.started else "non commencée"
    return TraceLine(
        row.id, row.machine, member, row.start, row.end, span.ms, hours.ms_of(span), said, ""
    )


# --- the pages ---------------------------------------------------------------------------------------

templates = Jinja2Templates(HERE / "templates")
templates.env.filters.update(duration=duration, exact=exact, percent=percent)
templates.env.trim_blocks = templates.env.lstrip_blocks = True

ROLES = {
    "member": "membre",
    "trainer": "formateur",
    "technician": "technicien",
    "admin": "administrateur",
    "auditor": "vérificateur",
}


def _page(name: str, request: Request, caller: Caller, **shown: Any) -> Response:
    return templates.TemplateResponse(request, name, {"caller": caller, "role": ROLES[caller.role], **shown})


def _living(db: Connection, caller: Caller, now: datetime) -> dict[str, Any]:
    """What moves on the page: the tiles, and for those concerned the last refusals."""
    zone = zone_of(db)
    states = machine_states(db, now)
    names = {state.machine: state.name for state in states}
    refused: list[RefusalRow] = []
    if caller.role in READERS | {Role.TRAINER}:
        refused = refusals_of(db, Span(now - timedelta(days=7), now + timedelta(days=1)), 12)
    return {
        "tiles": [tile(state, now, zone) for state in states],
        "refusals": [(clock(row.at, now, zone), names.get(row.machine, row.machine), row) for row in refused],
        "rows_link": caller.role in READERS,
    }


@pages.get("/")
def home(
    request: Request,
    caller: TheCaller,
    twin: TheTwin,
    du: Annotated[str | None, Query(max_length=10)] = None,
    au: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    """The page: how the machines stand, who was refused, and the usage of a period."""
    now = twin.now()
    with twin.store.read() as db:
        zone = zone_of(db)
        asked = period(db, du or None, _day_after(au) if au else None, now)
        living = _living(db, caller, now)
        table = usage_of(db, asked)
    first, last = (_local(at, zone).date() for at in (asked.span.start, asked.span.end - timedelta(seconds=1)))
    shown = {"day_first": day(asked.span.start, zone), "day_last": day(asked.span.end - timedelta(seconds=1), zone)}
    csv = f"/api/usage?{urlencode({'from': table.since, 'to': table.until, 'format': 'csv'})}"
    return _page("home.html", request, caller, **living, **shown, table=table, du=first, au=last, csv=csv)


def _day_after(text: str) -> str:
    try:
        return str(date.fromisoformat(text) + timedelta(days=1))
    except (ValueError, OverflowError):
        return text


@pages.get("/vivant")
def living(request: Request, caller: TheCaller, twin: TheTwin) -> Response:
    """What moves on the page, to be put in its place every two seconds."""
    with twin.store.read() as db:
        return _page("living.html", request, caller, **_living(db, caller, twin.now()))


@pages.get("/traces")
def traces(
    request: Request,
    caller: TheCaller,
    twin: TheTwin,
    figure: Which,
    start: Annotated[str, Query(alias="from", max_length=40)],
    end: Annotated[str, Query(alias="to", max_length=40)],
    machine: Text = None,
) -> Response:
    """Where a figure comes from: its formula, its rows, and how much of each it counts."""
    with twin.store.read() as db:
        asked = period(db, start, end, twin.now())
        trace = trace_of(db, asked, machine or None, figure, caller)
        m = tables.machines.c
        names = {row.id: row.name or row.id for row in db.execute(select(m.id, m.name))}
    zone = asked.zone
    shown = {
        "from_day": f"{day(asked.span.start, zone)}, {_local(asked.span.start, zone):%H:%M}",
        "to_day": f"{day(asked.span.end, zone)}, {_local(asked.span.end, zone):%H:%M}",
        "when": lambda at: f"{_local(instant(at), zone):%d/%m/%Y %H:%M:%S}",
        "names": names,
    }
    return _page("traces.html", request, caller, trace=trace, machine=machine, figure=figure, **shown)


@pages.get(SIGN_IN)
def sign_in(request: Request, non: str = "") -> Response:
    """Where a person pastes a token."""
    return templates.TemplateResponse(request, "sign_in.html", {"refused": bool(non)})


@pages.post(SIGN_IN)
def signed_in(request: Request, twin: TheTwin, jeton: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Keep the token in a cookie, if it is one."""
    token = jeton.strip()
    if bearer(twin.store, token, twin.now()) is None:
        return RedirectResponse(f"{SIGN_IN}?non=1", 303)
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, max_age=COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer


@pages.post("/deconnexion")
def sign_out() -> Response:
    """Forget the token on this computer."""
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@pages.get("/connexion/style.css")
def sign_in_style() -> Response:
    """The style sheet, for those who are not signed in yet."""
    return _static("style.css")


@pages.get("/static/{name}")
def static(name: str) -> Response:
    """The page's own script and style sheet."""
    if name not in ("style.css", "living.js"):
        raise Denied(404, "not_found", "Il n'y a rien à cette adresse.")
    return _static(name)


def _static(name: str) -> Response:
    return FileResponse(HERE / "static" / name, headers={"Cache-Control": "no-cache"})
