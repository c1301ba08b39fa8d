"""Bookings over HTTP: asked for, changed, given back, answered once their unit has spoken."""

import json
import secrets
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import Row, select
from starlette.concurrency import run_in_threadpool

from access.book import Accepted, Answer, Refused
from access.bookings import BookingState
from access.vocabulary import Refusal
from twin import auth, knowledge, tables, usage_csv
from twin.auth import Caller, Denied, TheCaller
from twin.bookings import IdTaken, Pending
from twin.context import TheTwin, Twin
from twin.periods import open_span
from twin.requests import PATIENCE
from twin.shapes import Body, Id, Moment, Name, Text

bookings = APIRouter()

Minutes = Annotated[float, Field(gt=0, le=24 * 60, allow_inf_nan=False)]


class NewBooking(Body):
    """Hours that are wanted. `id` is the asker's own, so that asking twice books once; `member` is the caller
    where it is not given."""

    id: Name | None = None
    machine: Name
    member: Name | None = None
    start: Moment
    end: Moment


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


class Refusals(BaseModel):
    """Why something was refused: every reason that applies, and the same in words."""

    error: str
    reasons: list[Refusal]
    what_to_do: str


class NotGranted(Exception):
    """Asked in vain, for these reasons."""

    def __init__(self, reasons: tuple[Refusal, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": Refusals}}


@bookings.get("/api/bookings", tags=["bookings"])
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


@bookings.post("/api/bookings", status_code=201, responses=REFUSED, tags=["bookings"])
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


@bookings.post("/api/bookings/{booking}/extend", responses=REFUSED, tags=["bookings"])
async def extend(booking: OwnBooking, asked: Extension, twin: TheTwin) -> BookingOut:
    """Let a booking last longer, or as long as there is room."""
    return await _answered(twin, booking, lambda: twin.bookings.extend(booking, asked.minutes))


@bookings.post("/api/bookings/{booking}/cancel", responses=REFUSED, tags=["bookings"])
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
