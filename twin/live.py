"""What every route needs; the routes of units and kiosks; and how the machines stand at this instant."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from access.bookings import BookingState
from access.facts import instant, stamp
from access.vocabulary import Fault
from server_sync import wire
from server_sync.identity import PrivateKey, seal
from twin import knowledge, tables
from twin.auth import Denied, TheCaller
from twin.bookings import Bookings
from twin.exchange import Exchange
from twin.people import People
from twin.store import Store

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]

ONLINE_WITHIN = timedelta(seconds=30)
"""A unit that said nothing for longer is out of reach: what it last told is no news any more."""

LONGEST_WAIT = 25
"""Seconds that a device may wait for news."""

LOOK_EVERY = 0.1
"""Seconds between two looks at the database while somebody waits."""

T = TypeVar("T")


# --- waiting -----------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Waiter(Generic[T]):
    key: str
    enough: Callable[[T], bool]
    answer: "asyncio.Future[T | None]"


class Watch(Generic[T]):
    """Lets any number of requests wait for the database, whichever process writes it, with one query at a time.

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
        """How `key` stands once that is `enough`, or after `seconds` in any case; None when there is no such key."""
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
        while self._waiters:
            keys = frozenset(waiter.key for waiter in self._waiters)
            try:
                self._tell(await run_in_threadpool(self._look, keys))
            except SQLAlchemyError as error:
                self._fail(error)
            await asyncio.sleep(LOOK_EVERY)

    def _tell(self, seen: Mapping[str, T]) -> None:
        for waiter in self._waiters:
            now = seen.get(waiter.key)
            if not waiter.answer.done() and (self.closing or now is None or waiter.enough(now)):
                waiter.answer.set_result(now)

    def _fail(self, error: SQLAlchemyError) -> None:
        for waiter in self._waiters:
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


# --- what every route needs --------------------------------------------------------------------------


@dataclass(frozen=True)
class Twin:
    """The twin as its routes see it."""

    store: Store
    key: PrivateKey
    now: Callable[[], datetime]
    bookings: Bookings
    exchange: Exchange
    people: People
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


# --- units and kiosks --------------------------------------------------------------------------------

devices = APIRouter(tags=["devices"])


class Changes(BaseModel):
    """Whether there is news for a device: its replica's version now, and the requests that it has to answer."""

    changed: bool
    epoch: int
    version: int
    pending: int


def _own(caller: TheCaller, unit: Id) -> str:
    if caller.id != unit:
        raise Denied(403, "not_this_device", f"Cet appareil est « {caller.id} » : il ne parle que pour lui-même.")
    return unit


class _Sealed(Response):
    media_type = "application/octet-stream"


@devices.post(
    "/api/units/{unit}/exchange",
    response_class=_Sealed,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
    },
)
async def exchange(unit: Annotated[str, Depends(_own)], request: Request, twin: TheTwin) -> Response:
    """Facts up, rules down: `server_sync.wire.ExchangeRequest` as bytes, answered by a sealed `ExchangeReply`."""
    body = await request.body()

    def answer() -> bytes:
        asked = wire.request_from_bytes(body)
        if asked.unit != unit:
            raise wire.WireError(f"this is an exchange of {asked.unit}, not of {unit}")
        return twin.exchange.answer(asked)

    try:
        return _Sealed(await run_in_threadpool(answer))
    except wire.WireError as error:
        raise Denied(400, "unreadable", f"Mettre le boîtier à jour : {error}.") from None


@devices.get("/api/units/{unit}/changes")
async def changes(
    unit: Annotated[str, Depends(_own)],
    twin: TheTwin,
    version: Annotated[int, Query(ge=0, le=2**53)],
    epoch: Annotated[int, Query(ge=0, le=2**53)],
    wait: Annotated[float, Query(ge=0)] = 15,
) -> Changes:
    """Answers as soon as there is something newer than `epoch`.`version`, or a request to answer; else after `wait`
    seconds, of which 25 at the most."""
    ours = await run_in_threadpool(twin.epoch)

    def enough(standing: Standing) -> bool:
        return ours != epoch or standing.version > version or standing.pending > 0

    standing = await twin.changes.wait(unit, enough, min(wait, LONGEST_WAIT))
    if standing is None:
        raise Denied(404, "not_found", "Cet appareil n'est plus enregistré.")
    return Changes(changed=enough(standing), epoch=ours, version=standing.version, pending=standing.pending)


@devices.get("/api/kiosk/replica", response_class=_Sealed)
def kiosk_replica(caller: TheCaller, twin: TheTwin) -> Response:
    """Everything a kiosk needs, sealed by the twin: JSON as `kiosk_copy` describes it."""
    with twin.store.read() as db:
        return _Sealed(seal(wire.encode(kiosk_copy(db, caller.id, twin.now())), twin.key))


def kiosk_copy(db: Connection, kiosk: str, now: datetime) -> dict[str, Any]:
    """A kiosk's copy. Members, machines, policy and opening are written as in a unit's replica; `badges` are tags
    under the kiosk's own key. `names` are for the screen; `units` say where each machine's unit answers."""
    u, m, p = tables.units.c, tables.machines.c, tables.members.c
    own = db.execute(select(u.version, u.tag_key).where(u.id == kiosk)).one()
    machines = {row.id: row.name or row.id for row in db.execute(select(m.id, m.name).order_by(m.id))}
    found = [knowledge.machine(db, id) for id in machines]
    live = select(u.id, u.machine, u.address, u.public_key).where(u.machine.is_not(None), u.revoked.is_(False))
    return {
        "kiosk": kiosk,
        "version": [epoch_of(db), own.version],
        "issued": stamp(now),
        "policy": wire.policy_to_json(knowledge.policy(db)),
        "opening": wire.opening_to_json(knowledge.opening(db)),
        "machines": [wire.machine_to_json(machine) for machine in found if machine is not None],
        "members": [
            wire.member_to_json(member) for member in knowledge.members(db, bytes.fromhex(own.tag_key)).values()
        ],
        "names": {"machines": machines, "members": {row.id: row.name for row in db.execute(select(p.id, p.name))}},
        "units": [dict(row) for row in db.execute(live.order_by(u.id)).mappings()],
    }


def epoch_of(db: Connection) -> int:
    """The twin's epoch: it rises when the twin is restored from a backup."""
    return int(db.execute(select(tables.meta.c.value).where(tables.meta.c.key == "epoch")).scalar_one())


# --- how the machines stand --------------------------------------------------------------------------

states = APIRouter(tags=["machines"])

PHASES = frozenset({"idle", "starting", "running", "finishing"})


class MachineState(BaseModel):
    """How a machine stands, as its unit last told. `since` and `until` are those of the run under way."""

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


@states.get("/api/states")
def live_states(twin: TheTwin) -> list[MachineState]:
    """Every machine's live state."""
    with twin.store.read() as db:
        return machine_states(db, twin.now())


def machine_states(db: Connection, now: datetime) -> list[MachineState]:
    """Every machine's state, by name."""
    m, u = tables.machines, tables.units
    upcoming = _upcoming(db, now)
    query = (
        select(m, u.c.id.label("unit"), u.c.last_seen, u.c.state)
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
