"""Does this tap start the machine? A pure decision, in a fixed order of reasons."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from access.book import Accepted, Circumstances, walk_up
from access.bookings import Booking, blocking
from access.people import Badge, Member, Strength
from access.policy import UntrustedClock
from access.replica import Replica
from access.times import ClockReading
from access.vocabulary import BLOCKING_FAULTS, Fault, Reason, Source

NEAR = timedelta(minutes=60)
"""How near a member's next or last booking must be to be the reason of a refusal."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Who runs the machine now. `booking_over`: the run has a booking, and it is over."""

    member: str
    booking_over: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the machine stands at the instant of the tap.

    `bookings` are the unit's effective ones: the replica's, and its own that the twin does not know yet.
    `confirmed` is when the twin last confirmed the replica; `lease_end` up to when the unit owns its hours.
    """

    faults: frozenset[Fault] = frozenset()
    occupancy: Occupancy | None = None
    bookings: tuple[Booking, ...] = ()
    confirmed: datetime | None = None
    lease_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The tap starts the machine. A `walk_up` grant proposes the booking that it makes (its id is empty)."""

    reason: Reason
    member: Member
    booking: Booking | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """The tap starts nothing."""

    reason: Reason
    member: Member | None = None


Decision = Granted | Denied


def decide(
    tag: str, machine: Standing, replica: Replica, clock: ClockReading, strength: Strength = Strength.UID
) -> Decision:
    """Decide on a tap by the badge with this tag, which was as strong as this.

    Pure: the same arguments give the same answer, on the unit, on the kiosk and in the twin's replay.
    """
    owner = rightful_owner(tag, strength, replica)
    member = owner[0] if owner else None
    revoked = owner is not None and (owner[1].revoked or (clock.trusted and owner[1].ended(clock.wall)))
    weak = not replica.machine.takes(strength)
    refusal = _refused_before_hours(member, revoked, weak, machine, replica, clock)
    if refusal is not None:
        return Denied(refusal, member)
    assert member is not None
    if not clock.trusted:
        return Granted(Reason.STAFF, member)
    return _by_the_hours(member, machine, replica, clock.wall)


def rightful_owner(tag: str, strength: Strength, replica: Replica) -> tuple[Member, Badge] | None:
    """Whose badge this is; nobody's when it failed its proof, or when its number is a card's that proves itself.

    A card's key is only where its member may use the machine: elsewhere its number is all that can be asked.
    """
    owner = replica.owner(tag)
    if owner is None or strength is Strength.FAILED:
        return None
    provable = replica.machine.may_be_used_by(owner[0])
    return owner if strength.reaches(owner[1].strength) or not provable else None


def _refused_before_hours(
    member: Member | None, revoked: bool, weak: bool, machine: Standing, replica: Replica, clock: ClockReading
) -> Reason | None:
    """The refusals that come before any look at the bookings, the first that applies."""
    if Fault.ESTOP in machine.faults:
        return Reason.ESTOP
    if machine.faults & BLOCKING_FAULTS:
        return Reason.FAULT
    if replica.machine.locked and (member is None or member.role.bound_by_a_lock):
        return Reason.LOCKED
    if member is None:
        return Reason.BADGE_UNKNOWN
    if revoked:
        return Reason.BADGE_REVOKED
    if clock.trusted and member.expired(clock.wall):
        return Reason.MEMBERSHIP_EXPIRED
    if not replica.machine.may_be_used_by(member):
        return Reason.NOT_QUALIFIED
    if weak:
        return Reason.BADGE_TOO_WEAK
    if not clock.trusted and (replica.policy.untrusted_clock is UntrustedClock.REFUSE or member.needs_booking):
        return Reason.CLOCK_UNTRUSTED
    if member.needs_booking and stale(machine.confirmed, replica, clock.wall):
        return Reason.REPLICA_STALE
    if machine.occupancy is not None and not _may_take_over(member, machine, clock):
        return Reason.IN_USE
    return None


def stale(confirmed: datetime | None, replica: Replica, now: datetime) -> bool:
    """True when the twin last confirmed the replica too long ago for it to grant anything to members."""
    return confirmed is None or now - confirmed >= replica.policy.replica_life


def _may_take_over(member: Member, machine: Standing, clock: ClockReading) -> bool:
    """A handover: the running booking is over and the tapping member's has begun."""
    assert machine.occupancy is not None
    begun = any(b.live and b.member == member.id and b.covers(clock.wall) for b in machine.bookings)
    return clock.trusted and machine.occupancy.booking_over and begun


def _by_the_hours(member: Member, machine: Standing, replica: Replica, now: datetime) -> Decision:
    booking = startable(member, machine.bookings, now, replica.policy.early_start)
    if booking is not None:
        return Granted(Reason.BOOKING, member, booking)
    if not member.needs_booking:
        return Granted(Reason.STAFF, member)
    if any(b.blocks and b.covers(now) for b in machine.bookings if b.member != member.id):
        return Denied(Reason.BOOKED_BY_OTHER, member)
    made = _walk_up_on_tap(member, machine, replica, now)
    if made is not None:
        return Granted(Reason.WALK_UP, member, made)
    return Denied(_why_no_booking(member, machine.bookings, now), member)


def startable(member: Member, bookings: tuple[Booking, ...], now: datetime, early: timedelta) -> Booking | None:
    """The member's booking that a tap starts now: begun, or soon to begin with nobody else's in between."""
    own = sorted((b for b in bookings if b.live and b.member == member.id), key=lambda b: b.start)
    others = [b for b in bookings if b.member != member.id]
    for booking in own:
        if booking.covers(now):
            return booking
        if now < booking.start <= now + early and not blocking(others, now, booking.start):
            return booking
    return None


def _walk_up_on_tap(member: Member, machine: Standing, replica: Replica, now: datetime) -> Booking | None:
    if not replica.policy.walk_up_on_tap:
        return None
    at = Circumstances(
        now, replica.machine, replica.policy, replica.opening, machine.bookings, lease_end=machine.lease_end
    )
    answer = walk_up("", member, replica.policy.walk_up_default_minutes, at, source=Source.TAP)
    return answer.booking if isinstance(answer, Accepted) else None


def _why_no_booking(member: Member, bookings: tuple[Booking, ...], now: datetime) -> Reason:
    own = [b for b in bookings if b.live and b.member == member.id]
    if any(timedelta(0) < b.start - now <= NEAR for b in own):
        return Reason.TOO_EARLY
    if any(timedelta(0) <= now - b.end < NEAR for b in own):
        return Reason.BOOKING_OVER
    return Reason.NO_BOOKING
