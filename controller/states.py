"""What a machine is made of: its phases, what it senses, the run under way, and what a step gives. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from access.bookings import Booking
from access.decide import Granted, Occupancy, Standing
from access.facts import DecisionMade, Fact
from access.people import Role
from access.replica import Replica
from access.times import ClockReading
from access.vocabulary import Fault
from controller.events import BadgePresented


@dataclass(frozen=True, slots=True)
class Senses:
    """What the inputs said last, and since when (monotonic ms)."""

    contact_closed: bool = False
    contact_since: int = 0
    spinning: bool = False
    spinning_since: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way. Instants ending in `_ms` are monotonic.

    `ends_ms` is when its hours are over (the booking's end; for staff, the start of another's booking; None
    if nothing ends it), worked out at the grant and moved only by a change of its booking. `idle_since_ms`
    is when the motor last stopped (power-on, if it never ran). `told_ending`, `told_idle`: the deadline of the
    last warning of that kind, so that each is given once.
    """

    id: str
    member: str
    role: Role
    badge: str
    booking: Booking | None
    hours_bind: bool
    started: datetime
    started_ms: int
    ends_ms: int | None
    idle_since_ms: int
    ran: bool = False
    running_ms: int = 0
    told_ending: int | None = None
    told_idle: int | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Dead. `since_ms`: since the output was last commanded dead."""

    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Starting:
    """Granted, but not yet on disk: still dead."""

    tap: BadgePresented
    grant: Granted
    run: str
    decided: DecisionMade


@dataclass(frozen=True, slots=True)
class Running:
    """Live."""

    run: Run


@dataclass(frozen=True, slots=True)
class Finishing:
    """Live past the end of the booking, until the motor has been idle or `until_ms`."""

    run: Run
    until_ms: int


Phase = Idle | Starting | Running | Finishing


@dataclass(frozen=True, slots=True)
class State:
    """Everything a machine is."""

    phase: Phase = Idle()
    senses: Senses = Senses()
    faults: frozenset[Fault] = frozenset()


class View(NamedTuple):
    """What the rules look at besides the state. `run_id` is the id that a run granted now would have."""

    clock: ClockReading
    replica: Replica
    bookings: tuple[Booking, ...] = ()
    confirmed: datetime | None = None
    lease_end: datetime | None = None
    run_id: str = ""

    @property
    def now_ms(self) -> int:
        """The monotonic reading."""
        return self.clock.mono_ms


class Step(NamedTuple):
    """What comes of an event: the next state, facts for the journal, and facts that must be on disk before
    anything follows (answered by `Recorded` or `NotRecorded`)."""

    state: State
    facts: tuple[Fact, ...] = ()
    awaited: tuple[Fact, ...] = ()


def energised(state: State) -> bool:
    """Whether the output is to be live."""
    return isinstance(state.phase, (Running, Finishing))


def run_under_way(state: State) -> Run | None:
    """The run that has power now."""
    return state.phase.run if isinstance(state.phase, (Running, Finishing)) else None


def standing(state: State, view: View) -> Standing:
    """The machine as a decision sees it."""
    run = run_under_way(state)
    occupancy = None if run is None else Occupancy(run.member, _hours_over(state.phase, view.now_ms))
    return Standing(state.faults, occupancy, view.bookings, view.confirmed, view.lease_end)


def _hours_over(phase: Phase, now_ms: int) -> bool:
    if isinstance(phase, Finishing):
        return True
    run = phase.run if isinstance(phase, Running) else None
    return run is not None and run.booking is not None and run.ends_ms is not None and run.ends_ms <= now_ms
