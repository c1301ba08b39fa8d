"""May these hours be had? One set of rules for the unit, the kiosk and the twin.

`book`, `walk_up`, `extend` and `cancel` each answer `Accepted` with the booking as it now stands, or
`Refused` with every reason that applies, in the order of `Refusal`. They know nothing but their arguments.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access.bookings import Booking, BookingState, blocking, next_start
from access.machines import Machine
from access.people import Member
from access.policy import Policy
from access.times import Opening
from access.vocabulary import Refusal, Source

_ORDER = {refusal: place for place, refusal in enumerate(Refusal)}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the asked one knows at that instant.

    `machine`: None when there is no such machine. `bookings`: the machine's. `elsewhere`: the asker's live
    bookings on other machines that start in the future. `lease_end`: up to when the machine's own unit owns
    its hours; None where the lease does not bind (the twin, beyond it). `reachable`: the owner of the hours
    can be asked. `staff_run`: staff run the machine now, without a booking.
    """

    now: datetime
    machine: Machine | None
    policy: Policy = Policy()
    opening: Opening = Opening()
    bookings: tuple[Booking, ...] = ()
    elsewhere: int = 0
    lease_end: datetime | None = None
    reachable: bool = True
    clock_trusted: bool = True
    recordable: bool = True
    staff_run: bool = False

    @property
    def lease_over(self) -> bool:
        """True when a lease binds and has run out."""
        return self.lease_end is not None and self.now >= self.lease_end


@dataclass(frozen=True, slots=True)
class Accepted:
    """The hours are granted; `booking` is how the booking stands from now on."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class Refused:
    """The hours are refused, for all these reasons."""

    reasons: tuple[Refusal, ...]


Answer = Accepted | Refused


def book(
    id: str,
    member: Member | None,
    start: datetime,
    end: datetime,
    at: Circumstances,
    source: Source = Source.WEB,
) -> Answer:
    """Book [start, end) ahead of time."""
    reasons = set(_standing(member, at, valid_at=start))
    if end <= start:
        reasons.add(Refusal.END_BEFORE_START)
    elif at.machine is not None:
        reasons.update(_length(end - start, at.policy))
        reasons.update(_room(id, start, end, at))
    if start < at.now:
        reasons.add(Refusal.IN_THE_PAST)
    if start > at.now + at.policy.horizon:
        reasons.add(Refusal.TOO_FAR_AHEAD)
    if member is not None and _future(member, id, at) >= at.policy.max_future_bookings:
        reasons.add(Refusal.TOO_MANY_BOOKINGS)
    units_hours = at.lease_end is not None and start < at.lease_end
    return _answer(
        reasons,
        at.reachable or not units_hours,
        lambda: Booking(id, at.machine.id if at.machine else "", member.id if member else "", start, end, source),
    )


def walk_up(
    id: str,
    member: Member,
    minutes: float,
    at: Circumstances,
    source: Source = Source.KIOSK,
    power: bool = False,
) -> Answer:
    """Book from now, for `minutes` at the most, cut to what is free.

    With `power` the machine is to start at once: a lock then refuses the start, not the booking.
    """
    asked = timedelta(minutes=minutes)
    end = at.now + asked
    reasons = set(_standing(member, at, valid_at=at.now if at.clock_trusted else None))
    if power:
        reasons.discard(Refusal.MACHINE_LOCKED)
    if not at.clock_trusted:
        reasons.add(Refusal.CLOCK_UNTRUSTED)
    if member.all_badges_revoked:
        reasons.add(Refusal.BADGE_REVOKED)
    if asked <= timedelta(0):
        reasons.add(Refusal.END_BEFORE_START)
    elif asked < at.policy.walk_up_min:
        reasons.add(Refusal.TOO_SHORT)
    if at.clock_trusted and asked > timedelta(0):
        obstacles = _obstacles_now(at)
        end = _cut(min(end, at.now + at.policy.walk_up_max), at.now, at)
        if not obstacles and end - at.now < at.policy.walk_up_min:
            obstacles.add(Refusal.TOO_SHORT)
        reasons |= obstacles
    return _answer(
        reasons,
        at.reachable,
        lambda: Booking(id, at.machine.id if at.machine else "", member.id, at.now, end, source),
    )


def extend(booking: Booking, member: Member | None, minutes: float, at: Circumstances) -> Answer:
    """Move a booking's end by `minutes` at the most, cut to what is free."""
    reasons = set(_standing(member, at, valid_at=None))
    asked = timedelta(minutes=minutes)
    end = _cut(booking.end + asked, booking.end, at, but=booking.id)
    if asked < at.policy.walk_up_min:
        reasons.add(Refusal.TOO_SHORT)
    if over(booking, at.now):
        reasons.add(Refusal.IN_THE_PAST)
    elif at.lease_over:
        reasons.add(Refusal.LEASE_OVER)
    else:
        if end - booking.end < at.policy.walk_up_min:
            reasons.add(Refusal.TOO_SHORT)
        if end - booking.start > at.policy.booking_max:
            reasons.add(Refusal.TOO_LONG)
        if member is not None and member.valid_until is not None and end > member.valid_until:
            reasons.add(Refusal.MEMBERSHIP_EXPIRED)
    return _answer(reasons, at.reachable, lambda: replace(booking, end=end))


def cancel(booking: Booking, at: Circumstances) -> Answer:
    """Give a booking back."""
    reasons = set()
    if over(booking, at.now):
        reasons.add(Refusal.IN_THE_PAST)
    if not at.recordable:
        reasons.add(Refusal.NOT_RECORDED)
    return _answer(reasons, at.reachable, lambda: replace(booking, state=BookingState.CANCELLED))


def over(booking: Booking, now: datetime) -> bool:
    """True when nothing can be done to the booking any more: over, released or cancelled."""
    return not booking.live or now >= booking.end


def no_show_at(booking: Booking, policy: Policy) -> datetime | None:
    """When the booking is released if nobody starts it; None when that never happens."""
    due = booking.start + policy.no_show
    return due if booking.live and not booking.started and due < booking.end else None


def _standing(member: Member | None, at: Circumstances, valid_at: datetime | None) -> Iterable[Refusal]:
    """What speaks against the asker and the machine, whatever the hours."""
    if at.machine is None:
        yield Refusal.UNKNOWN_MACHINE
    elif at.machine.locked:
        yield Refusal.MACHINE_LOCKED
    if member is None:
        yield Refusal.UNKNOWN_MEMBER
    else:
        if valid_at is not None and member.expired(valid_at):
            yield Refusal.MEMBERSHIP_EXPIRED
        if at.machine is not None and not at.machine.may_be_used_by(member):
            yield Refusal.NOT_QUALIFIED
    if not at.recordable:
        yield Refusal.NOT_RECORDED


def _length(length: timedelta, policy: Policy) -> Iterable[Refusal]:
    if length < policy.booking_min:
        yield Refusal.TOO_SHORT
    if length > policy.booking_max:
        yield Refusal.TOO_LONG


def _room(id: str, start: datetime, end: datetime, at: Circumstances) -> Iterable[Refusal]:
    if not at.opening.covers(start, end):
        yield Refusal.CLOSED
    if any(other.id != id for other in blocking(at.bookings, start, end)):
        yield Refusal.OVERLAP


def _obstacles_now(at: Circumstances) -> set[Refusal]:
    """Why nobody can walk up at this instant, whatever the length."""
    obstacles = set()
    if at.opening.closes_after(at.now) == at.now:
        obstacles.add(Refusal.CLOSED)
    if at.staff_run or any(booking.blocks and booking.covers(at.now) for booking in at.bookings):
        obstacles.add(Refusal.OVERLAP)
    if at.lease_over:
        obstacles.add(Refusal.LEASE_OVER)
    return obstacles


def _cut(end: datetime, after: datetime, at: Circumstances, but: str | None = None) -> datetime:
    """`end`, cut to the next booking of anyone at or after `after`, to closing and to the end of the lease."""
    limits = (next_start(at.bookings, after, but), at.opening.closes_after(after), at.lease_end)
    return min([end, *(limit for limit in limits if limit is not None)])


def _future(member: Member, id: str, at: Circumstances) -> int:
    here = sum(1 for b in at.bookings if b.live and b.member == member.id and b.start > at.now and b.id != id)
    return here + at.elsewhere


def _answer(reasons: set[Refusal], reachable: bool, booking: Callable[[], Booking]) -> Answer:
    if not reasons and not reachable:
        reasons = {Refusal.UNIT_UNREACHABLE}
    if reasons:
        return Refused(tuple(sorted(reasons, key=_ORDER.__getitem__)))
    return Accepted(booking())
