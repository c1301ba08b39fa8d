"""What the team asks of the twin from this screen, and what comes back: values only.

Each ask has an id of its own, so that asking twice is one act. Who asks is said beside it, by the tag of the badge
that they showed: the twin finds out whose it is, and decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from access.vocabulary import LockReason, ServiceKind, UnlockReason


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """Everything about a machine."""

    id: str
    machine: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A machine is out of service."""

    id: str
    machine: str
    why: LockReason


@dataclass(frozen=True, slots=True)
class Unlock:
    """It is back in service."""

    id: str
    machine: str
    why: UnlockReason


@dataclass(frozen=True, slots=True)
class NoteService:
    """A service was done."""

    id: str
    machine: str
    kind: ServiceKind


@dataclass(frozen=True, slots=True)
class CloseReports:
    """What people reported has been dealt with."""

    id: str
    machine: str


@dataclass(frozen=True, slots=True)
class Lend:
    """The badge with this tag, just read here, is a member's for the day."""

    id: str
    member: str
    tag: str


@dataclass(frozen=True, slots=True)
class Card:
    """A card that was just written here: its number and its own two keys (hex)."""

    number: str = field(repr=False)
    machine_key: str = field(repr=False)
    kiosk_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GiveCard:
    """A card that was just written here is a member's."""

    id: str
    member: str
    card: Card


OfficeAsk = ReadRecord | Lock | Unlock | NoteService | CloseReports | Lend | GiveCard


class Obstacle(StrEnum):
    """Why it was not done."""

    AWAY = "away"
    NOT_ALLOWED = "not_allowed"
    BADGE_TAKEN = "badge_taken"
    NO_BADGE = "no_badge"
    NO_DESK = "no_desk"
    NO_KEYS = "no_keys"
    NO_READER = "no_reader"
    NO_BLANK = "no_blank"


@dataclass(frozen=True, slots=True)
class NotDone:
    """It was not done."""

    why: Obstacle


@dataclass(frozen=True, slots=True)
class Noted:
    """It is done, and written down. `until`: of a badge that was lent."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayHours:
    """One day's hours, in milliseconds."""

    day: date
    powered_ms: int
    running_ms: int


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that is over; `reason` in the vocabulary's word."""

    started: datetime
    ended: datetime
    member: str | None
    powered_ms: int
    running_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class PastFault:
    """A fault; `cleared` is None while it stands."""

    at: datetime
    kind: str
    cleared: datetime | None


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What somebody said is wrong, in the words that the unit wrote down."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Record:
    """A machine's record at the twin. Durations in milliseconds; `counted_ms` since the last service, in the hours
    that the interval `every_hours` counts; `missing`: rows of its unit that have not arrived yet."""

    powered_ms: int
    running_ms: int
    counted_ms: int
    every_hours: float | None = None
    served_at: datetime | None = None
    served_by: str | None = None
    days: Sequence[DayHours] = ()
    runs: Sequence[PastRun] = ()
    faults: Sequence[PastFault] = ()
    reports: Sequence[OpenReport] = ()
    locked_by: str | None = None
    locked_why: str | None = None
    missing: int = 0

    @property
    def due_hours(self) -> float | None:
        """Hours until the next service, less than nothing when it is overdue; None without an interval."""
        return None if self.every_hours is None else self.every_hours - self.counted_ms / 3_600_000


OfficeAnswer = Noted | NotDone | Record


class Progress(StrEnum):
    """How far the writing of a card has come."""

    WAITING = "waiting"
    CROWDED = "crowded"
    WRITING = "writing"
    AGAIN = "again"


Writing = Progress | Card | Obstacle
"""What is told of a card that is being written: how far it is, the card itself, or why there is none."""
