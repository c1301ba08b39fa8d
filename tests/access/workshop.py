"""A small workshop for the tests: four people, one machine, a clock at noon."""

from datetime import UTC, datetime, timedelta
from typing import Any

from access.bookings import Booking
from access.decide import Standing
from access.machines import Machine
from access.people import Badge, Member, Role
from access.policy import Policy
from access.replica import Replica, Version
from access.times import ClockReading, ClockState

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

ANA = Member("ana", (Badge("tag-ana"), Badge("tag-lost", revoked=True)), frozenset({"overlock"}))
BILAL = Member("bilal", (Badge("tag-bilal"),), frozenset({"overlock"}))
CHLOE = Member("chloe", (Badge("tag-chloe"),), role=Role.TECHNICIAN)
SAM = Member("sam", (Badge("tag-sam"),), role=Role.STAFF)
NEWCOMER = Member("nour", (Badge("tag-nour"),))
PAST = Member("paul", (Badge("tag-paul"),), frozenset({"overlock"}), valid_until=NOON)
EVERYBODY = (ANA, BILAL, CHLOE, SAM, NEWCOMER, PAST)

OVERLOCK = Machine("overlock-1", frozenset({"overlock"}))


def at(minutes: float) -> datetime:
    """The instant so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def booking(id: str, start: float, end: float, member: Member = ANA, **more: Any) -> Booking:
    """A booking from so many minutes after noon to so many."""
    return Booking(id, OVERLOCK.id, member.id, at(start), at(end), **more)


def replica(policy: Policy | None = None, machine: Machine = OVERLOCK, **more: Any) -> Replica:
    """What the twin has told the unit."""
    members = {member.id: member for member in EVERYBODY}
    return Replica(Version(1, 1), NOON, machine, policy or Policy(), members=members, **more)


def standing(*bookings: Booking, **more: Any) -> Standing:
    """A free machine whose replica was confirmed a moment ago, with a lease of a day."""
    return Standing(bookings=bookings, **{"confirmed": at(-1), "lease_end": at(24 * 60), **more})


def clock(minutes: float = 0, trusted: bool = True) -> ClockReading:
    """What the unit's clock says so many minutes after noon."""
    return ClockReading(at(minutes), 0, ClockState.SYNCED if trusted else ClockState.INSANE)
