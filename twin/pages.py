"""The pages, in French: how the machines stand, who was refused, and the usage of a period down to its rows.

A page shows nothing that the API does not: both ask the same functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import Connection, Row, func, select

from access.facts import instant
from access.times import on_the_wall
from access.vocabulary import BLOCKING_FAULTS, Cause, Fault
from twin import knowledge, restored, tables
from twin.auth import COOKIE, READERS, ROUTES, SIGN_IN, Caller, Denied, TheCaller, bearer
from twin.context import TheTwin
from twin.figures import FORMULAS, OpenHours, Span, Usage, seconds
from twin.live import MachineState, machine_states
from twin.periods import zone_of
from twin.refused import RefusalRow, refusals_of
from twin.shapes import Text
from twin.usage_csv import (
    Period,
    booked_of,
    line_of,
    period,
    run_of,
    run_row,
    runs_of,
    span_of,
    usage_of,
    whole,
)

HERE = Path(__file__).parent
COOKIE_SECONDS = 12 * 3600
"""How long a computer stays signed in."""

pages = APIRouter(include_in_schema=False)

# --- words -------------------------------------------------------------------------------------------

FAULTS: dict[str, str] = {
    Fault.RELAY_WELDED: "relais collé : coupez au mur",
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

# --- what is shown -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    """A machine's state as it is shown: a word, a shape, and what else there is to know. `look` picks the
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
    if state.quarantine is not None:
        return ["fault", "Boîtier en quarantaine", "deux boîtiers parlent sous ce nom : l'enrôler à nouveau"]
    if not state.online:
        since = f"depuis {at(state.last_seen)}" if state.last_seen else "jamais entendu"
        return ["away", "Sans nouvelles", since, "le boîtier continue seul"]
    if Fault.ESTOP in state.faults:
        return ["fault", "Arrêt d'urgence"]
    if BLOCKING_FAULTS & set(state.faults):
        return ["fault", "En défaut", ", ".join(FAULTS[fault] for fault in state.faults)]
    if state.phase in ("running", "finishing"):
        since = f"depuis {at(state.since)}" if state.since else ""
        return [
            "running",
            "En marche" if state.phase == "running" else "Fin en cours",
            since,
            until(state.until),
        ]
    if state.phase == "starting":
        return ["running", "Démarrage"]
    if state.booked_until:
        return ["booked", "Réservée", until(state.booked_until)]
    return ["free", "Libre", until(state.next_booking) or "pas de réservation d'ici demain"]


def clock(at: str, now: datetime, zone: ZoneInfo) -> str:
    """An instant as said in the workshop: the hour, and the day where it is not today."""
    local = _local(instant(at), zone)
    hour = on_the_wall(local, zone)
    return hour if local.date() == _local(now, zone).date() else f"{local:%d/%m} à {hour}"


def duration(ms: int) -> str:
    """Hours and minutes, to the second below an hour."""
    minutes, left = divmod(seconds(ms), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02}".replace(",", "\N{NARROW NO-BREAK SPACE}")
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
    row: str = ""


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
    source = getattr(line_of(machine or "", "", Usage(), 0, 0, asked), which).rows
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
    return TraceLine(run.run, run.machine, run.member, run.started, run.ended, whole_ms, counted, said, source)


def _booking_line(row: Row[Any], hours: OpenHours, caller: Caller) -> TraceLine:
    span = span_of(row.start, row.end)
    member = row.member if caller.may_see(row.member) else None
    said = "commencée" if row.started else "non commencée"
    return TraceLine(row.id, row.machine, member, row.start, row.end, span.ms, hours.ms_of(span), said)


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
    sees_refusals = caller.role in (ROUTES["GET /api/refusals"] or ())
    if sees_refusals:
        refused = refusals_of(db, Span(now - timedelta(days=7), now + timedelta(days=1)), 12)
    return {
        "tiles": [tile(state, now, zone) for state in states],
        "refusals": [(clock(row.at, now, zone), names.get(row.machine, row.machine), row) for row in refused],
        "sees_refusals": sees_refusals,
        "rows_link": caller.role in READERS,
        "restoration": restored.report(db) if caller.role in READERS else None,
        "moment": lambda at: f"{_local(at, zone):%d/%m/%Y à %H:%M}",
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
    shown = {
        "day_first": day(asked.span.start, zone),
        "day_last": day(asked.span.end - timedelta(seconds=1), zone),
    }
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
        "day": lambda at: f"{_local(instant(at), zone):%d/%m/%Y}",
        "hour": lambda at, start: _hour(_local(instant(at), zone), _local(instant(start), zone)),
        "names": names,
    }
    return _page("traces.html", request, caller, trace=trace, machine=machine, figure=figure, **shown)


def _hour(at: datetime, start: datetime) -> str:
    """The hour, and the day where it is another than the start's."""
    return f"{at:%H:%M:%S}" if at.date() == start.date() else f"{at:%d/%m %H:%M:%S}"


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
