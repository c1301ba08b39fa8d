"""Bookings asked from the web: the twin decides beyond a unit's lease, and asks the unit inside it.

A booking that starts before the end of the lease is the unit's, whole. The twin then refuses what its own
knowledge already refuses, and keeps the rest as a pending request, whose hours nobody else gets meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from access import book as rules
from access.book import Accepted, Answer, Circumstances, Refused
from access.bookings import Booking
from access.facts import instant
from access.vocabulary import BookingOutcome, Refusal
from twin import knowledge, requests, tables
from twin.desk import Change, Desk
from twin.prepared import Prepared
from twin.requests import Owner
from twin.store import Store, raise_versions

Listener = Callable[[Change], None]


@dataclass(frozen=True, slots=True)
class Pending:
    """The machine's unit has to answer first; `request` is what to look for."""

    request: str


class IdTaken(ValueError):
    """An id that already names another booking."""


class Bookings:
    """What members ask of the twin about bookings."""

    def __init__(self, store: Store, now: Callable[[], datetime], listener: Listener) -> None:
        """`listener` hears, once it is on disk, what the twin decided or confirmed."""
        self._store = store
        self._now = now
        self._listener = listener

    def book(self, id: str, member_id: str, machine_id: str, start: datetime, end: datetime) -> Answer | Pending:
        """Book [start, end). The same id asked again gets the same answer."""
        asked = Booking(id, machine_id, member_id, start, end)
        with self.sitting(self._now()) as desk:
            self._store.lock_machine(desk.conn, machine_id)
            self._store.lock(desk.conn, f"member {member_id}")
            requests.withdraw_old(desk)
            known = _known(desk.conn, asked)
            if known is not None:
                return known
            owner = requests.owner(desk.conn, machine_id, start)
            at = _circumstances(desk, asked, owner)
            answer = rules.book(id, knowledge.member(desk.conn, member_id), start, end, at)
            return _settle(desk, "book", asked, answer, owner)

    def extend(self, booking_id: str, minutes: float) -> Answer | Pending:
        """Let a booking last `minutes` longer, or as long as there is room."""

        def decide(desk: Desk, booking: Booking, at: Circumstances) -> Answer:
            return rules.extend(booking, knowledge.member(desk.conn, booking.member), minutes, at)

        return self._change("extend", booking_id, decide, minutes)

    def cancel(self, booking_id: str) -> Answer | Pending:
        """Give a booking back."""
        return self._change("cancel", booking_id, lambda desk, booking, at: rules.cancel(booking, at))

    def put(self, booking: Booking) -> None:
        """Write down a booking that was decided elsewhere; no rule is asked and nobody is told."""
        now = self._now()
        with self.sitting(now) as desk:
            self._store.lock_machine(desk.conn, booking.machine)
            hours = (booking.machine, booking.member, booking.start, booking.end)
            desk.write(booking)
            desk.log(Change(now, booking.id, BookingOutcome.ACCEPTED, (), booking.source, *hours))
            raise_versions(desk.conn, booking.machine)

    def give_up(self) -> None:
        """Refuse what the units have left unanswered for too long."""
        with self.sitting(self._now()) as desk:
            requests.withdraw_old(desk)

    @contextmanager
    def sitting(self, now: datetime) -> Iterator[Desk]:
        """One transaction in which bookings change; the listener hears of it once it is on disk."""
        with self._store.write() as conn:
            desk = Desk(conn, now)
            yield desk
        for change in desk.told:
            self._listener(change)

    def _change(
        self,
        kind: str,
        id: str,
        decide: Callable[[Desk, Booking, Circumstances], Answer],
        minutes: float = 0,
    ) -> Answer | Pending:
        with self.sitting(self._now()) as desk:
            self._store.lock_machine(desk.conn, _machine_of(desk.conn, id))
            requests.withdraw_old(desk)
            booking = knowledge.booking(desk.conn, id)
            if booking is None:
                nothing = Refused((Refusal.IN_THE_PAST,))
                return _settle(desk, kind, _last_asked(desk, id), nothing, None)
            owner = requests.owner(desk.conn, booking.machine, booking.start)
            answer = decide(desk, booking, _circumstances(desk, booking, owner))
            return _settle(desk, kind, booking, answer, owner, minutes)


def _settle(
    desk: Desk, kind: str, before: Booking, answer: Answer, owner: Owner | None, minutes: float = 0
) -> Answer | Pending:
    """Write an answer down; what a unit owns is asked of it first."""
    if isinstance(answer, Refused):
        desk.tell(BookingOutcome.REFUSED, before, answer.reasons)
        return answer
    if owner is not None:
        return Pending(requests.ask(desk, owner.unit, kind, answer.booking, minutes))
    desk.settle(kind, answer.booking)
    raise_versions(desk.conn, before.machine)
    return answer


def _circumstances(desk: Desk, asked: Booking, owner: Owner | None) -> Circumstances:
    """All that the twin knows of the machine and of the asker."""
    conn, now, machine = desk.conn, desk.now, asked.machine
    known = knowledge.bookings(conn, machine, after=min(now, asked.start))
    return Circumstances(
        now,
        knowledge.machine(conn, machine),
        knowledge.policy(conn),
        knowledge.opening(conn),
        known + _holds(conn, machine),
        knowledge.elsewhere(conn, asked.member, machine, now) + requests.pending_of_member(conn, asked.member, now),
        lease_end=None if owner is None else owner.lease_end,
    )


def _holds(conn: Connection, machine: str) -> tuple[Booking, ...]:
    unit = _UNIT_OF.one(conn, {"machine": machine})
    return () if unit is None else requests.holds(conn, unit.id, machine)


def _known(conn: Connection, asked: Booking) -> Answer | Pending | None:
    """The answer that this booking's id was already given, unless it was a refusal."""
    standing = knowledge.booking(conn, asked.id)
    waiting = requests.pending_booking(conn, asked.id, asked.machine)
    same = standing or (waiting[1] if waiting else None)
    if same is None:
        return None
    if (same.machine, same.member, same.start) != (asked.machine, asked.member, asked.start):
        raise IdTaken(f"{asked.id} is another booking's id")
    return Accepted(standing) if standing else Pending(waiting[0]) if waiting else None


_UNIT_OF = Prepared(select(tables.units.c.id).where(tables.units.c.machine == bindparam("machine")))
_LOGGED = (
    select(tables.booking_log)
    .where(tables.booking_log.c.booking == bindparam("id"))
    .order_by(tables.booking_log.c.n.desc())
    .limit(1)
)


def _machine_of(conn: Connection, id: str) -> str:
    booking = knowledge.booking(conn, id)
    return "" if booking is None else booking.machine


def _last_asked(desk: Desk, id: str) -> Booking:
    """What is known of a booking that was never accepted."""
    row = desk.conn.execute(_LOGGED, {"id": id}).one_or_none()
    if row is None:
        return Booking(id, "", "", desk.now, desk.now)
    return Booking(id, row.machine, row.member, instant(row.start), instant(row.end))
