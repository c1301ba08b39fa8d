"""What a unit reports, one frozen value per kind of journal row. Facts flow up and are never edited.

A fact says nothing of when: the journal stamps its row. The fields in `PERSONAL` name a person; the journal
keeps them beside the hash chain, under a salted commitment, so that erasing a person keeps the chain whole.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from access.bookings import Booking
from access.people import Strength
from access.vocabulary import (
    BookingOutcome,
    Cause,
    Fault,
    Outcome,
    Reason,
    Refusal,
    Source,
    Warn,
)

PERSONAL = ("member", "badge")


class SyncChange(StrEnum):
    """What happened to the link with the twin."""

    LOST = "lost"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Booted:
    """The unit started. `cause`: `power` after a power cut, `restart` after its process died."""

    KIND: ClassVar[str] = "boot"
    boot: int
    cause: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A tap was decided, and on what: enough for the twin to decide it again."""

    KIND: ClassVar[str] = "decision"
    badge: str
    member: str | None
    outcome: Outcome
    reason: Reason
    booking: str | None = None
    run: str | None = None
    replica: str = ""
    clock: datetime | None = None
    trusted: bool = True
    uncertainty_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    occupant: str | None = None
    strength: Strength = Strength.UID


@dataclass(frozen=True, slots=True)
class PowerSwitched:
    """The output was commanded live or dead."""

    KIND: ClassVar[str] = "power"
    on: bool
    cause: Cause
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """The running member was warned."""

    KIND: ClassVar[str] = "warning"
    kind: Warn
    seconds_left: int
    run: str


@dataclass(frozen=True, slots=True)
class RunClosed:
    """A run is over. Durations are whole milliseconds of the monotonic clock."""

    KIND: ClassVar[str] = "run"
    run: str
    member: str
    booking: str | None
    started: datetime
    ended: datetime
    powered_ms: int
    running_ms: int
    end_reason: Cause


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """Something is wrong."""

    KIND: ClassVar[str] = "fault"
    kind: Fault


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """It is right again."""

    KIND: ClassVar[str] = "fault_cleared"
    kind: Fault


@dataclass(frozen=True, slots=True)
class BookingChanged:
    """The unit accepted, refused, released, extended or cancelled a booking of its own hours."""

    KIND: ClassVar[str] = "booking"
    id: str
    outcome: BookingOutcome
    source: Source
    machine: str
    member: str
    start: datetime
    end: datetime
    reasons: tuple[Refusal, ...] = ()

    @classmethod
    def of(cls, booking: Booking, outcome: BookingOutcome, source: Source) -> "BookingChanged":
        """The fact that something other than a refusal happened to `booking`."""
        return cls(booking.id, outcome, source, booking.machine, booking.member, booking.start, booking.end)


@dataclass(frozen=True, slots=True)
class RequestAccepted:
    """The unit accepted a web request the twin offered; nothing is promised before the twin confirms it."""

    KIND: ClassVar[str] = "request"
    request: str
    outcome: BookingOutcome
    id: str
    machine: str
    member: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class SyncChanged:
    """The link with the twin was lost, or is back; `backlog` rows wait."""

    KIND: ClassVar[str] = "sync"
    kind: SyncChange
    backlog: int


@dataclass(frozen=True, slots=True)
class FaultReported:
    """Somebody at the kiosk says that something is wrong with the machine."""

    KIND: ClassVar[str] = "report"
    member: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Rated:
    """Somebody at the kiosk said how it went (1 to 3), or answered the association's question. Of no one."""

    KIND: ClassVar[str] = "rating"
    face: int = 0
    question: str = ""
    answer: str = ""


Fact = (
    Booted
    | DecisionMade
    | PowerSwitched
    | Warned
    | RunClosed
    | FaultRaised
    | FaultCleared
    | BookingChanged
    | RequestAccepted
    | SyncChanged
    | FaultReported
    | Rated
)


def body(fact: Fact) -> dict[str, Any]:
    """A fact's fields as JSON values; instants in UTC with milliseconds."""
    return {field.name: _plain(getattr(fact, field.name)) for field in fields(fact)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


FIRST_YEAR, LAST_YEAR = 1970, 9000
"""The years that an instant may be of: a clock that was never set begins with the first of them."""


def stamp(instant: datetime) -> str:
    """An instant as journals and messages write it: UTC, ISO 8601, milliseconds, `Z`."""
    at = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return at.isoformat("T", "milliseconds")[:-6] + "Z"


def instant(text: str) -> datetime:
    """The instant of a stamp. ValueError for anything without an offset, or that is not `imaginable`."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"'{text}' has no UTC offset")
    return imaginable(at) if at.tzinfo is UTC else imaginable(at).astimezone(UTC)


def imaginable(at: datetime) -> datetime:
    """An instant far enough from both ends of the calendar to be told in any zone. ValueError for any other."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"not a year from {FIRST_YEAR} to {LAST_YEAR}")
    return at
