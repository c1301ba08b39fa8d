"""What a screen and a unit say to each other over the unit's LAN port: messages, as values and as JSON."""

from dataclasses import dataclass
from datetime import datetime

from access.bookings import Booking
from access.vocabulary import Fault, Outcome, Reason, Warn


@dataclass(frozen=True, slots=True)
class LastTap:
    """The last decision at the machine, for the words on its tile. `n` rises with each tap."""

    n: int
    at: datetime
    outcome: Outcome
    reason: Reason
    member: str | None


@dataclass(frozen=True, slots=True)
class UnitState:
    """How a unit stands. `n` rises with every change, so that a screen can wait for the next one.

    `phase` is `idle`, `starting`, `running` or `finishing`; `since` and `until` (the end that is known now)
    are those of the run under way; `warning` the one its member has been given.
    """

    n: int
    machine: str
    now: datetime
    phase: str
    member: str | None = None
    booking: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    warning: Warn | None = None
    faults: frozenset[Fault] = frozenset()
    locked: bool = False
    clock_trusted: bool = True
    online: bool = True
    lease_end: datetime | None = None
    bookings: tuple[Booking, ...] = ()
    last: LastTap | None = None


@dataclass(frozen=True, slots=True)
class WalkUp:
    """`POST /walk-up`: this machine now, for `minutes` at most; `power`: at once. `id` is the kiosk's own."""

    id: str
    member: str
    minutes: float
    power: bool = True


@dataclass(frozen=True, slots=True)
class Extend:
    """`POST /extend`: a booking is to last `minutes` longer at most."""

    booking: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """`POST /cancel`: a booking is given back."""

    booking: str


@dataclass(frozen=True, slots=True)
class Finish:
    """`POST /finish`: the member who runs the machine has finished."""

    member: str


@dataclass(frozen=True, slots=True)
class ReportFault:
    """`POST /fault`: somebody reports that something is wrong with the machine."""

    member: str | None
    what: str


Ask = WalkUp | Extend | Cancel | Finish | ReportFault
