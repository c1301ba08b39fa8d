"""What every route needs, how to wait for the database, how the machines stand now, and who was refused."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from access.bookings import BookingState
from access.facts import imaginable, instant, stamp
from access.vocabulary import Fault, Reason, Refusal
from server_sync.identity import PrivateKey
from twin import knowledge, tables
from twin.auth import Denied
from twin.bookings import Bookings
from twin.enrolment import Enrolments
from twin.exchange import Exchange
from twin.figures import Span
from twin.people import People
from twin.store import Store

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]

ONLINE_WITHIN = timedelta(seconds=30)
"""A unit that said nothing for longer is out of reach: what it last told is no news any more."""

LOOK_EVERY = 0.1
"""Seconds between two looks at the database while somebody waits."""

T = TypeVar("T")


# --- bodies ---

ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, Field(pattern=ID, max_length=64)]
Moment = Annotated[AwareDatetime, AfterValidator(imaginable)]


class Body(BaseModel):
    """A body that says nothing unexpected."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Done(BaseModel):
    """It is done."""

    ok: bool = True


# --- waiting -----------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Waiter(Generic[T]):
    key: str
    enough: Callable[[T], bool]
    answer: "asyncio.Future[T | None]"


class Watch(Generic[T]):
    """Lets any number of requests wait for the database, whichever process writes it, with one query at a
    time.

    `look` answers, for the keys somebody waits for, how each stands; it runs on a thread, and only while
    somebody waits.
    """

    def __init__(self, look: Callable[[frozenset[str]], Mapping[str, T]]) -> None:
        self._look = look
        self._waiters: list[_Waiter[T]] = []
        self._looking: asyncio.Task[None] | None = None
        self.closing = False

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiters)

    async def wait(self, key: str, enough: Callable[[T], bool], seconds: float) -> T | None:
        """How `key` stands once that is `enough`, or after `seconds`; None when there is no such key."""
        now = (await run_in_threadpool(self._look, frozenset({key}))).get(key)
        if now is None or enough(now) or seconds <= 0:
            return now
        waiter = _Waiter(key, enough, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            async with asyncio.timeout(seconds):
                return await waiter.answer
        except TimeoutError:
            return now
        finally:
            self._waiters.remove(waiter)

    async def _keep_looking(self) -> None:
        while waiters := list(self._waiters):
            try:
                seen = await run_in_threadpool(self._look, frozenset(waiter.key for waiter in waiters))
            except SQLAlchemyError as error:
                _fail(waiters, error)
            else:
                self._tell(waiters, seen)
            await asyncio.sleep(LOOK_EVERY)

    def _tell(self, waiters: list[_Waiter[T]], seen: Mapping[str, T]) -> None:
        for waiter in waiters:
            now = seen.get(waiter.key)
            if not waiter.answer.done() and (self.closing or now is None or waiter.enough(now)):
                waiter.answer.set_result(now)


def _fail(waiters: Iterable[_Waiter[Any]], error: SQLAlchemyError) -> None:
    for waiter in waiters:
        if not waiter.answer.done():
            waiter.answer.set_exception(error)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a unit waits for: its replica's number and the web requests that it has not answered."""

    version: int
    pending: int


def standings(db: Connection, units: frozenset[str]) -> dict[str, Standing]:
    """How these units stand."""
    u, r = tables.units.c, tables.requests.c
    pending = select(func.count()).where(r.unit == u.id, r.state == "pending").scalar_subquery()
    found = db.execute(select(u.id, u.version, pending.label("pending")).where(u.id.in_(units)))
    return {row.id: Standing(row.version, row.pending) for row in found}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request that a unit has to answer; `answer` once it is no longer pending."""

    state: str
    answer: str | None

    @property
    def settled(self) -> bool:
        """True once it will not change any more."""
        return self.state != "pending"


def asked_of(db: Connection, requests: frozenset[str]) -> dict[str, Asked]:
    """What became of these requests."""
    r = tables.requests.c
    found = db.execute(select(r.id, r.state, r.answer).where(r.id.in_(requests)))
    return {row.id: Asked(row.state, row.answer) for row in found}


def epoch_of(db: Connection) -> int:
    """The twin's epoch: it rises when the twin is restored from a backup."""
    return int(db.execute(select(tables.meta.c.value).where(tables.meta.c.key == "epoch")).scalar_one())


def site_name(db: Connection) -> str:
    """What the workshop is called; nothing where nobody said."""
    said = db.execute(select(tables.meta.c.value).where(tables.meta.c.key == "site")).scalar_one_or_none()
    return str(_told(said).get("name", ""))


# --- what every route needs --------------------------------------------------------------------------


@dataclass(frozen=True)
class Twin:
    """The twin as its routes see it. `authority`: the certificate that its links stand under (PEM)."""

    store: Store
    key: PrivateKey
    now: Callable[[], datetime]
    bookings: Bookings
    exchange: Exchange
    people: People
    enrolments: Enrolments
    authority: str
    changes: Watch[Standing] = field(init=False)
    answers: Watch[Asked] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", Watch(self._standings))
        object.__setattr__(self, "answers", Watch(self._asked))

    def close(self) -> None:
        """Let everybody go who waits."""
        self.changes.closing = self.answers.closing = True

    def epoch(self) -> int:
        """The epoch of its versions."""
        with self.store.read() as db:
            return epoch_of(db)

    def _standings(self, units: frozenset[str]) -> dict[str, Standing]:
        with self.store.read() as db:
            return standings(db, units)

    def _asked(self, requests: frozenset[str]) -> dict[str, Asked]:
        with self.store.read() as db:
            return asked_of(db, requests)


def twin_of(request: Request) -> Twin:
    """The application's twin."""
    return cast(Twin, request.app.state.twin)


TheTwin = Annotated[Twin, Depends(twin_of)]


# --- how the machines stand --------------------------------------------------------------------------

states = APIRouter(tags=["machines"])

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


# --- who was refused ---

REASONS: dict[str, str] = {
    Reason.ESTOP: "l'arrêt d'urgence est enfoncé",
    Reason.FAULT: "la machine est en défaut",
    Reason.LOCKED: "la machine est hors service",
    Reason.BADGE_UNKNOWN: "ce badge n'est pas connu",
    Reason.BADGE_REVOKED: "ce badge est désactivé",
    Reason.BADGE_TOO_WEAK: "cette machine demande un badge plus sûr",
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


Text = Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
MOST = 1000
"""The most journal rows or refusals in one answer."""

Most = Annotated[int, Query(ge=1, le=MOST)]


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


@states.get("/api/refusals")
def list_refusals(
    twin: TheTwin, machine: Text = None, since: Text = None, until: Text = None, most: Most = 100
) -> list[RefusalRow]:
    """Every refused tap and every refused booking, with all its reasons, the latest first."""
    with twin.store.read() as db:
        return refusals_of(db, open_span(db, since, until), most, machine)


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


# --- periods ---


def moment(text: str, zone: ZoneInfo, name: str) -> datetime:
    """An instant written with its offset, or a date: midnight in the site's zone."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(0), zone).astimezone(UTC)
        return instant(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise Denied(
            422,
            "bad_time",
            f"« {name} » : écrire une date (2026-11-21) ou un instant (2026-11-21T14:00:00Z).",
        ) from None


def zone_of(db: Connection) -> ZoneInfo:
    """The site's zone."""
    return ZoneInfo(knowledge.opening(db).timezone)


def open_span(db: Connection, since: str | None, until: str | None) -> Span:
    """A span with open ends where none are given."""
    zone = zone_of(db)
    return Span(
        moment(since, zone, "since") if since else datetime(1970, 1, 1, tzinfo=UTC),
        moment(until, zone, "until") if until else datetime(9999, 1, 1, tzinfo=UTC),
    )
