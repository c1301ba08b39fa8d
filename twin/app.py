"""The twin's application: people, machines, units and bookings over HTTP, and everything put together."""

import json
import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection, Row, select, text
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from access.book import Accepted, Answer, Refused
from access.bookings import BookingState
from access.machines import Machine, Output
from access.people import Category, Role, Strength
from access.vocabulary import Refusal
from server_sync.enrolment import PRINT_CHARACTERS, fingerprint
from server_sync.identity import PrivateKey
from server_sync.wire import machine_from_json
from twin import auth, devices, knowledge, live, office, pages, tables, usage_csv
from twin.acts import Act, Deed
from twin.auth import HEADERS, Caller, Denied, Guard, TheCaller
from twin.bookings import Bookings, IdTaken, Listener, Pending
from twin.enrolment import Enrolments
from twin.exchange import Exchange, UnknownUnit
from twin.live import Body, Done, Id, Name, Text, TheTwin, Twin, in_words, open_span
from twin.people import Erased, People, Taken, Unknown
from twin.requests import PATIENCE
from twin.store import Store

api = APIRouter()
log = logging.getLogger("lisiere.twin")

# --- bodies ------------------------------------------------------------------------------------------

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: a line on a screen, and what every database takes."""
Label = Annotated[str, Field(max_length=120, pattern=PLAIN)]
Number = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8,32}$")]
Qualifications = Annotated[list[Name], Field(max_length=100)]
Numbers = Annotated[list[Number], Field(max_length=20)]
Amperes = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=24 * 60, allow_inf_nan=False)]


class MemberChange(Body):
    """What is to change about a member; `badges` are added to those the member has."""

    name: Label = ""
    badges: Numbers = []
    qualifications: Qualifications = []
    role: Role = Role.MEMBER
    category: Category = Category.PARTICULIER
    valid_until: AwareDatetime | None = None


class NewMember(MemberChange):
    """A new member. `valid_until` is exclusive; without it the membership has no end."""

    id: Name


CardSecret = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{32}$")]


class Card(Body):
    """A badge that proves itself: whose it is, and its own two keys."""

    member: Name
    strength: Literal[Strength.NTAG424, Strength.DESFIRE] = Strength.NTAG424
    machine_key: CardSecret
    kiosk_key: CardSecret


class BadgeOut(BaseModel):
    """A badge. Only administrators read its whole number, others its end."""

    number: str
    revoked: bool


class MemberOut(BaseModel):
    """A member and the member's badges."""

    id: str
    name: str
    role: Role
    category: Category
    qualifications: list[str]
    valid_until: str | None
    badges: list[BadgeOut]


class MachineChange(Body):
    """What is to change about a machine. Locking has a route of its own. `service_hours`: between two services."""

    name: Label = ""
    requires: Qualifications = []
    output: Output = Output.GPIO
    senses_current: bool = True
    idle_below_a: Amperes = 0.2
    feedback: bool = True
    rtc: bool = False
    hazardous: bool = False
    service_hours: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    weakest_badge: Literal[Strength.UID, Strength.NTAG424, Strength.DESFIRE] | None = None


class NewMachine(MachineChange):
    """A new machine."""

    id: Name


class MachineOut(MachineChange):
    """A machine, and whether it is out of service."""

    id: str
    locked: bool
    locked_by: str | None
    locked_why: str | None


class NewBooking(Body):
    """Hours that are wanted. `id` is the asker's own, so that asking twice books once; `member` is the caller
    where it is not given."""

    id: Name | None = None
    machine: Name
    member: Name | None = None
    start: AwareDatetime
    end: AwareDatetime


class Extension(Body):
    """How much longer a booking is to last, at the most."""

    minutes: Minutes


class BookingOut(BaseModel):
    """A booking. `member` is null where it is none of one's business."""

    id: str
    machine: str
    member: str | None
    start: str
    end: str
    source: str
    state: BookingState
    started: bool


class Locking(Body):
    """Who puts a machine out of service, and why; `by` is the caller where the token is a member's."""

    by: Name | None = None
    why: Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]


class Unlocking(Body):
    """Who puts a machine back in service."""

    by: Name | None = None


class Refusals(BaseModel):
    """Why something was refused: every reason that applies, and the same in words."""

    error: str
    reasons: list[Refusal]
    what_to_do: str


# --- members and badges ------------------------------------------------------------------------------


@api.get("/api/members", tags=["people"])
def list_members(caller: TheCaller, twin: TheTwin) -> list[MemberOut]:
    """Every member."""
    with twin.store.read() as db:
        return members_of(db, whole_numbers=caller.role is auth.Role.ADMIN)


@api.post("/api/members", status_code=201, tags=["people"])
def add_member(asked: NewMember, twin: TheTwin) -> MemberOut:
    """Add a member."""
    with twin.store.read() as db:
        if knowledge.member(db, asked.id) is not None:
            raise Denied(409, "exists", f"Le membre « {asked.id} » existe déjà : le modifier par PATCH.")
    return _put_member(twin, asked.id, MemberChange(**asked.model_dump(exclude={"id"})))


@api.patch("/api/members/{member}", tags=["people"])
def change_member(member: Id, asked: MemberChange, twin: TheTwin) -> MemberOut:
    """Change what is given about a member; the rest stays."""
    with twin.store.read() as db:
        found = [known for known in members_of(db) if known.id == member]
    if not found:
        raise Denied(404, "not_found", f"Il n'y a pas de membre « {member} ».")
    known = found[0].model_dump(include=set(MemberChange.model_fields) - {"badges"})
    return _put_member(twin, member, MemberChange(**known | asked.model_dump(exclude_unset=True)))


@api.delete("/api/members/{member}", tags=["people"])
def erase_member(member: Id, twin: TheTwin) -> Done:
    """Forget a member, here and on every unit. The durations of past runs stay; this cannot be undone."""
    twin.people.erase(member, twin.now())
    return Done()


def _put_member(twin: Twin, id: str, wanted: MemberChange) -> MemberOut:
    numbers = [number.upper() for number in wanted.badges]
    _refuse_taken(twin, id, numbers)
    twin.people.put_member(
        id, numbers, wanted.qualifications, wanted.role, wanted.category, wanted.valid_until, wanted.name
    )
    with twin.store.read() as db:
        return next(known for known in members_of(db) if known.id == id)


def _refuse_taken(twin: Twin, id: str, numbers: list[str]) -> None:
    """Refuse what would make somebody else's badge this member's."""
    b = tables.badges.c
    with twin.store.read() as db:
        own = select(b.member).where(b.number.in_(numbers), b.member != id, b.until.is_(None))
        taken = db.execute(own).first()
    if taken is not None:
        raise Denied(409, "badge_taken", f"Ce badge est déjà celui de « {taken.member} ».")


def members_of(db: Connection, whole_numbers: bool = True) -> list[MemberOut]:
    """Every member, by name."""
    m, b = tables.members, tables.badges
    badges: dict[str, list[BadgeOut]] = {}
    for row in db.execute(select(b).order_by(b.c.number)):
        number = row.number if whole_numbers else f"…{row.number[-4:]}"
        badges.setdefault(row.member, []).append(BadgeOut(number=number, revoked=row.revoked))
    return [
        MemberOut(
            id=row.id,
            name=row.name,
            role=row.role,
            category=row.category,
            qualifications=json.loads(row.qualifications),
            valid_until=row.valid_until,
            badges=badges.get(row.id, []),
        )
        for row in db.execute(select(m).order_by(m.c.name, m.c.id))
    ]


BadgeNumber = Annotated[str, Path(pattern=r"^[0-9A-Fa-f]{8,32}$")]


@api.put("/api/badges/{number}/card", tags=["people"])
def put_card(number: BadgeNumber, asked: Card, twin: TheTwin) -> Done:
    """A member's card was written at the enrolment desk: these are its keys. They are never read from here."""
    with twin.store.read() as db:
        if knowledge.member(db, asked.member) is None:
            raise Denied(404, "not_found", f"Il n'y a pas de membre « {asked.member} ».")
    keys = bytes.fromhex(asked.machine_key), bytes.fromhex(asked.kiosk_key)
    twin.people.put_card(number, asked.member, asked.strength, *keys)
    return Done()


@api.post("/api/badges/{number}/revoke", tags=["people"])
def revoke_badge(number: BadgeNumber, twin: TheTwin) -> Done:
    """A lost badge is good for nothing from now on; a run that it started ends."""
    twin.people.revoke(number)
    return Done()


@api.post("/api/badges/{number}/restore", tags=["people"])
def restore_badge(number: BadgeNumber, twin: TheTwin) -> Done:
    """A revoked badge is good again."""
    twin.people.restore(number)
    return Done()


# --- machines and units ------------------------------------------------------------------------------


@api.get("/api/machines", tags=["machines"])
def list_machines(twin: TheTwin) -> list[MachineOut]:
    """Every machine."""
    m = tables.machines
    with twin.store.read() as db:
        return [_machine(row) for row in db.execute(select(m).order_by(m.c.name, m.c.id))]


@api.post("/api/machines", status_code=201, tags=["machines"])
def add_machine(asked: NewMachine, twin: TheTwin) -> MachineOut:
    """Add a machine."""
    with twin.store.read() as db:
        if knowledge.machine(db, asked.id) is not None:
            raise Denied(409, "exists", f"La machine « {asked.id} » existe déjà : la modifier par PATCH.")
    return _put_machine(twin, asked.id, MachineChange(**asked.model_dump(exclude={"id"})))


@api.patch("/api/machines/{machine}", tags=["machines"])
def change_machine(machine: Id, asked: MachineChange, twin: TheTwin) -> MachineOut:
    """Change what is given about a machine; the rest stays."""
    known = _known_machine(twin, machine).model_dump(include=set(MachineChange.model_fields))
    return _put_machine(twin, machine, MachineChange(**known | asked.model_dump(exclude_unset=True)))


def _put_machine(twin: Twin, id: str, wanted: MachineChange) -> MachineOut:
    plain = wanted.model_dump(exclude={"name", "service_hours"})
    machine = Machine(id, **plain | {"requires": frozenset(wanted.requires)})
    twin.people.put_machine(machine, wanted.name, wanted.service_hours)
    return _known_machine(twin, id)


def _known_machine(twin: Twin, id: str) -> MachineOut:
    with twin.store.read() as db:
        row = db.execute(select(tables.machines).where(tables.machines.c.id == id)).one_or_none()
    if row is None:
        raise Denied(404, "not_found", f"Il n'y a pas de machine « {id} ».")
    return _machine(row)


def _machine(row: Row[Any]) -> MachineOut:
    machine = machine_from_json(json.loads(row.description))
    ours = set(MachineChange.model_fields) - {"name", "service_hours"}
    known = {name: getattr(machine, name) for name in ours}
    return MachineOut(
        id=row.id,
        name=row.name,
        locked=row.locked,
        locked_by=row.locked_by,
        locked_why=row.locked_why,
        service_hours=row.service_hours,
        **known | {"requires": sorted(machine.requires)},
    )


@api.post("/api/machines/{machine}/lock", tags=["machines"])
def lock_machine(machine: Id, asked: Locking, caller: TheCaller, twin: TheTwin) -> MachineOut:
    """Put a machine out of service."""
    by = _by(twin, caller, asked.by)
    act = Act(twin.now(), Deed.LOCK, by, machine, detail={"why": asked.why})
    twin.people.lock(machine, by, asked.why, act)
    return _known_machine(twin, machine)


@api.post("/api/machines/{machine}/unlock", tags=["machines"])
def unlock_machine(machine: Id, asked: Unlocking, caller: TheCaller, twin: TheTwin) -> MachineOut:
    """Put a machine back in service. It starts nothing: somebody has to tap."""
    by = _by(twin, caller, asked.by)
    twin.people.unlock(machine, by, Act(twin.now(), Deed.UNLOCK, by, machine))
    return _known_machine(twin, machine)


def _by(twin: Twin, caller: Caller, named: str | None) -> str:
    """The member who does it: the one the token belongs to, else the one that is named."""
    by = caller.member or named
    with twin.store.read() as db:
        if by is None or knowledge.member(db, by) is None:
            raise Denied(422, "who", "Dire par quel membre, dans « by » : ce jeton n'est celui de personne.")
    return by


# --- bookings ----------------------------------------------------------------------------------------

REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": Refusals}}


@api.get("/api/bookings", tags=["bookings"])
def list_bookings(
    caller: TheCaller,
    twin: TheTwin,
    machine: Text = None,
    member: Text = None,
    since: Text = None,
    until: Text = None,
    state: BookingState | None = None,
) -> list[BookingOut]:
    """The bookings that touch [since, until), in order."""
    if member is not None and not caller.may_see(member):
        raise Denied(403, "not_allowed", "On ne peut demander que ses propres réservations.")
    with twin.store.read() as db:
        span = open_span(db, since, until)
        found = usage_csv.bookings_of(db, span, machine=machine, member=member, state=state)
    return [_booking_row(row, caller) for row in usage_csv.whole(found)]


def _booking_row(row: Row[Any], caller: Caller) -> BookingOut:
    known = {name: getattr(row, name) for name in BookingOut.model_fields}
    return BookingOut(**known | {"member": row.member if caller.may_see(row.member) else None})


@api.post("/api/bookings", status_code=201, responses=REFUSED, tags=["bookings"])
async def book(asked: NewBooking, caller: TheCaller, twin: TheTwin) -> BookingOut:
    """Book hours. Inside its lease the machine's unit is asked first: that takes up to 20 seconds."""
    id = asked.id or f"w{secrets.token_hex(8)}"
    member = _for_whom(caller, asked.member)

    def ask() -> Answer | Pending:
        return twin.bookings.book(id, member, asked.machine, asked.start, asked.end)

    return await _answered(twin, id, ask)


def _own_booking(booking: Id, caller: TheCaller, twin: TheTwin) -> str:
    """A member changes nobody else's bookings."""
    with twin.store.read() as db:
        known = knowledge.booking(db, booking)
    if known is None:
        raise Denied(404, "not_found", f"Il n'y a pas de réservation « {booking} ».")
    _for_whom(caller, known.member)
    return booking


OwnBooking = Annotated[str, Depends(_own_booking)]


@api.post("/api/bookings/{booking}/extend", responses=REFUSED, tags=["bookings"])
async def extend(booking: OwnBooking, asked: Extension, twin: TheTwin) -> BookingOut:
    """Let a booking last longer, or as long as there is room."""
    return await _answered(twin, booking, lambda: twin.bookings.extend(booking, asked.minutes))


@api.post("/api/bookings/{booking}/cancel", responses=REFUSED, tags=["bookings"])
async def cancel(booking: OwnBooking, twin: TheTwin) -> BookingOut:
    """Give a booking back."""
    return await _answered(twin, booking, lambda: twin.bookings.cancel(booking))


def _for_whom(caller: Caller, member: str | None) -> str:
    """Members ask for themselves only; the team asks for anybody."""
    wanted = member or caller.member
    if caller.role is auth.Role.MEMBER and (caller.member is None or wanted != caller.member):
        raise Denied(403, "not_yours", "Un membre ne réserve et ne change que pour lui-même.")
    if wanted is None:
        raise Denied(422, "who", "Dire pour quel membre, dans « member ».")
    return wanted


async def _answered(twin: Twin, id: str, ask: Callable[[], Answer | Pending]) -> BookingOut:
    """The booking as it stands once the answer is final."""
    try:
        answer = await run_in_threadpool(ask)
    except IdTaken:
        raise Denied(409, "exists", f"« {id} » est déjà une autre réservation : choisir un autre nom.") from None
    reasons = await _final(twin, answer)
    if reasons:
        raise NotGranted(reasons)
    return await run_in_threadpool(_booking_out, twin, id)


async def _final(twin: Twin, answer: Answer | Pending) -> tuple[Refusal, ...]:
    """The reasons against it, once its unit has spoken or was given up; none when it is granted."""
    match answer:
        case Accepted():
            return ()
        case Refused(reasons):
            return reasons
        case Pending(request):
            asked = await twin.answers.wait(request, lambda asked: asked.settled, PATIENCE.total_seconds())
            if asked is None or not asked.settled:
                await run_in_threadpool(twin.bookings.give_up)
                asked = await twin.answers.wait(request, lambda asked: asked.settled, 1)
            if asked is None or asked.answer is None:
                raise Denied(503, "pending", "Le boîtier n'a pas encore répondu : regarder plus tard.")
            return tuple(Refusal(reason) for reason in json.loads(asked.answer)["reasons"])


def _booking_out(twin: Twin, id: str) -> BookingOut:
    with twin.store.read() as db:
        row = db.execute(select(tables.bookings).where(tables.bookings.c.id == id)).one()
    return BookingOut(**{name: getattr(row, name) for name in BookingOut.model_fields})


class NotGranted(Exception):
    """Asked in vain, for these reasons."""

    def __init__(self, reasons: tuple[Refusal, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


# --- together ----------------------------------------------------------------------------------------


@api.get("/healthz", tags=["site"])
def health(twin: TheTwin) -> Done:
    """The twin answers, and its database too."""
    with twin.store.read() as db:
        db.execute(text("SELECT 1"))
    return Done()


def create_app(
    store: Store,
    key: PrivateKey,
    now: Callable[[], datetime],
    listener: Listener = lambda change: None,
    authority: str = "",
) -> FastAPI:
    """The application on a store. `key` signs what units are sent; `now` is the twin's clock; `authority` the
    certificate that its links stand under, empty where they stand under none."""
    app = FastAPI(title="Lisière, le jumeau", docs_url=None, redoc_url=None, redirect_slashes=False)
    bookings = Bookings(store, now, listener)
    exchange, people = Exchange(store, key, now, bookings), People(store)
    enrolments = Enrolments(store, fingerprint(authority) if authority else "0" * PRINT_CHARACTERS)
    app.state.twin = Twin(store, key, now, bookings, exchange, people, enrolments, authority)
    for router in (devices.devices, live.states, api, office.office, usage_csv.figures, pages.pages):
        app.include_router(router)
    app.add_middleware(Guard, store=store, now=now, devices=devices.SignedDevices(store))
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    return app


def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, Denied)
    return error.response()


def _not_granted(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotGranted)
    words = in_words(error.reasons)
    body = Refusals(error="refused", reasons=list(error.reasons), what_to_do=f"Refusé : {words}.")
    return Response(body.model_dump_json() + "\n", 409, media_type="application/json")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Denied(error.status_code, "bad_request", str(error.detail)).response()


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return Denied(422, "invalid", f"Corriger « {where} » : {first['msg']}.").response()


def _unknown(request: Request, error: Exception) -> Response:
    return Denied(404, "not_found", f"Le jumeau ne connaît pas cela ({error}).").response()


def _erased(request: Request, error: Exception) -> Response:
    return Denied(409, "erased", "Cet identifiant a été effacé pour toujours : en choisir un autre.").response()


def _taken(request: Request, error: Exception) -> Response:
    return Denied(409, "badge_taken", f"Ce badge est déjà celui de « {error} ».").response()


def _busy(request: Request, error: Exception) -> Response:
    log.error("database: %s", error)
    return Denied(503, "database", "La base de données ne répond pas : réessayer dans un instant.").response()


def _broken(request: Request, error: Exception) -> Response:
    """Outside of the guard, so it brings the safe headers itself; the server logs the error."""
    response = Denied(500, "broken", "Le jumeau a échoué : le journal du serveur dit pourquoi.").response()
    response.headers.update(HEADERS)
    return response


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Denied: _denied,
    NotGranted: _not_granted,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Unknown: _unknown,
    Erased: _erased,
    Taken: _taken,
    UnknownUnit: _unknown,
    OperationalError: _busy,
    Exception: _broken,
}
