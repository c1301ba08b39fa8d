"""What can happen to a unit: frozen events, in the past tense, that the edges put on its inbox."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from access.book import Answer
from access.bookings import WebRequest
from access.facts import Fact
from access.people import Strength
from access.replica import Replica


@dataclass(frozen=True, slots=True)
class BadgePresented:
    """A badge was shown to the reader and taken away. `tag` is the keyed tag of its number, `strength` how far
    its word can be trusted.

    `made` is the booking that a walk-up with power has just made at the kiosk; empty at the machine's reader.
    """

    tag: str
    made: str = ""
    strength: Strength = Strength.UID


@dataclass(frozen=True, slots=True)
class MotorChanged:
    """The motor draws another current, in amperes."""

    amps: float


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """The feedback contact says that the output is really live (`closed`) or dead."""

    closed: bool


@dataclass(frozen=True, slots=True)
class EstopChanged:
    """The emergency stop was pressed or released."""

    pressed: bool


@dataclass(frozen=True, slots=True)
class BoardChanged:
    """The serial link to the machine-side board (or the keeper's socket) was lost or is back."""

    lost: bool


@dataclass(frozen=True, slots=True)
class ReaderChanged:
    """The badge reader was lost or is back."""

    lost: bool


@dataclass(frozen=True, slots=True)
class DiskChanged:
    """The journal's disk can take no more, or can again."""

    full: bool


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The trust in the clock changed."""

    trusted: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """The journal has the awaited rows on disk."""


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The journal could not take the awaited rows, and has dropped them."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The member who runs the machine finished at the kiosk."""

    member: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline came, or what the rules look at changed: look again."""


MachineEvent = (
    BadgePresented
    | MotorChanged
    | ContactChanged
    | EstopChanged
    | BoardChanged
    | ReaderChanged
    | DiskChanged
    | ClockChanged
    | Recorded
    | NotRecorded
    | StopAsked
    | TimePassed
)

Reply = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class WalkUpAsked:
    """Somebody at the kiosk wants the machine now, for `minutes`; `power`: at once."""

    id: str
    member: str
    minutes: float
    power: bool
    reply: Reply


@dataclass(frozen=True, slots=True)
class ReserveAsked:
    """Somebody at the kiosk wants the machine from `start` to `end`, later."""

    id: str
    member: str
    start: datetime
    end: datetime
    elsewhere: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class BeginAsked:
    """A member badged at the kiosk to start a booking of theirs."""

    member: str
    booking: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class ExtendAsked:
    """Somebody at the kiosk wants a booking to last longer than to `end`, which they saw."""

    booking: str
    minutes: float
    reply: Reply
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody at the kiosk gives a booking back."""

    booking: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class ClearAsked:
    """Who badged at the kiosk says that the machine is mended: only a technician's word counts."""

    member: str


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """Somebody at the kiosk, or the unit itself, says that something is wrong."""

    member: str | None
    what: str


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """Somebody at the kiosk says how it went, or answers the association's question."""

    face: int
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Offered:
    """The twin passes on a web request for hours that the unit owns."""

    request: WebRequest


class Exchanged(NamedTuple):
    """An exchange with the twin went well.

    `time` is the twin's at its answer, `sent_ms` and `received_ms` the unit's monotonic readings around it;
    `acked` the highest row the twin has on disk; `replica` None when the unit's own is the newest; `backlog`
    the rows that waited when the exchange began; `fork` why the unit is in quarantine, None where it is not.
    """

    time: datetime
    sent_ms: int
    received_ms: int
    lease_end: datetime
    acked: int
    replica: Replica | None
    requests: tuple[WebRequest, ...]
    backlog: int
    fork: str | None = None


@dataclass(frozen=True, slots=True)
class LinkLost:
    """No exchange has come through for too long; `backlog` rows wait."""

    backlog: int


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The journal's epoch `left` ends at row `after`; what follows there becomes the first rows of `begun`."""

    left: int
    begun: int
    after: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """The members with these marks are to be forgotten."""

    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class JournalBehind:
    """The twin has rows that the journal has not, or has otherwise: from row `after` on it is an old copy."""

    after: int


@dataclass(frozen=True, slots=True)
class EpochBegun:
    """The journal has begun a new epoch."""

    new: NewEpoch


@dataclass(frozen=True, slots=True)
class Written:
    """The journal has these facts on disk, as rows of `epoch` from `first_seq` on."""

    facts: tuple[Fact, ...]
    epoch: int
    first_seq: int


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The journal could not take these awaited facts, and has dropped them."""

    facts: tuple[Fact, ...]


Event = (
    MachineEvent
    | WalkUpAsked
    | ReserveAsked
    | BeginAsked
    | ExtendAsked
    | CancelAsked
    | ClearAsked
    | FaultSeen
    | RatingGiven
    | Offered
    | Exchanged
    | LinkLost
    | JournalBehind
    | EpochBegun
    | Written
    | Unwritten
)
