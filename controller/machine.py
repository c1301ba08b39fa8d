"""The law of one machine: its states, what may happen in each, and whether its output is live.

No I/O and no clock: `step` is a pure function of the state, an event and a `View` of the world. The laws:

- The output is live in `Running` and `Finishing` and nowhere else: `energised` is a function of the state.
- A machine begins `Idle`, and leaves it only on a granted tap whose decision is on disk (`Recorded`).
- Every run that was granted is closed by exactly one `RunClosed`.
- Turning off waits for nobody; nothing restarts by itself.
- `TABLE` and `IGNORED` together name every (state, event) pair; a test proves it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access.bookings import Booking
from access.decide import Denied, Granted, Occupancy, Standing, decide
from access.facts import (
    BookingChanged,
    DecisionMade,
    Fact,
    FaultCleared,
    FaultRaised,
    PowerSwitched,
    RunClosed,
    Warned,
)
from access.people import Member, Role
from access.replica import Replica
from access.times import ClockReading, milliseconds
from access.vocabulary import BLOCKING_FAULTS, BookingOutcome, Cause, Fault, Outcome, Reason, Source, Warn
from controller.events import (
    BadgePresented,
    BoardChanged,
    ClockChanged,
    ContactChanged,
    DiskChanged,
    EstopChanged,
    MachineEvent,
    MotorChanged,
    NotRecorded,
    ReaderChanged,
    Recorded,
    StopAsked,
    TimePassed,
)

IDLE_DWELL_MS = 3_000
"""How long a motor must be idle before a finishing run, or one under a lock, is cut."""
CONTACT_MS = 300
"""How long after the command the contact may still say otherwise."""
NO_POWER_MS = 500
"""How long after power-on a contact may stay open."""
CURRENT_MS = 2_000
"""How long after power-off a motor may still draw current."""
IDLE_WARNING_MS = 60_000
"""How long before an idle machine is switched off its member is warned."""


# --- what a state is made of -------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class View:
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


@dataclass(frozen=True, slots=True)
class Step:
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


# --- taps --------------------------------------------------------------------------------------------


def _tap_idle(state: State, event: BadgePresented, view: View) -> Step:
    """A tap on a dead machine is always decided."""
    decision = decide(event.tag, standing(state, view), view.replica, view.clock)
    if isinstance(decision, Denied):
        return _refused(state, event, decision, view)
    return _granted(state, event, decision, view)


def _granted(state: State, event: BadgePresented, grant: Granted, view: View) -> Step:
    """Wait for the disk with everything this grant promises."""
    made: tuple[Fact, ...] = ()
    if grant.reason is Reason.WALK_UP and grant.booking is not None:
        booking = replace(grant.booking, id=f"{view.run_id}-walk-up")
        grant = replace(grant, booking=booking)
        made = (BookingChanged.of(booking, BookingOutcome.ACCEPTED, Source.TAP),)
    elif event.made and grant.booking is not None and grant.booking.id == event.made:
        grant = replace(grant, reason=Reason.WALK_UP)
    decided = _decided(state, event, view, grant.member, Outcome.GRANTED, grant.reason)
    decided = replace(decided, booking=grant.booking.id if grant.booking else None, run=view.run_id)
    starting = replace(state, phase=Starting(event, grant, view.run_id, decided))
    return Step(starting, awaited=(*made, decided))


def _refused(state: State, event: BadgePresented, denied: Denied, view: View) -> Step:
    """Say why; a technician's tap on a welded relay that is open again clears it, and starts nothing."""
    decided = _decided(state, event, view, denied.member, Outcome.REFUSED, denied.reason)
    clears = (
        denied.reason is Reason.FAULT
        and Fault.RELAY_WELDED in state.faults
        and Fault.BOARD_LOST not in state.faults
        and _may_clear_weld(event.tag, denied.member, view)
        and not _live_unasked(state.senses, view)
    )
    if not clears:
        return Step(state, (decided,))
    return Step(
        replace(state, faults=state.faults - {Fault.RELAY_WELDED}),
        (decided, FaultCleared(Fault.RELAY_WELDED)),
    )


def _may_clear_weld(tag: str, member: Member | None, view: View) -> bool:
    owner = view.replica.owner(tag)
    valid = owner is not None and not owner[1].revoked
    return (
        valid
        and member is not None
        and member.role is Role.TECHNICIAN
        and not (view.clock.trusted and member.expired(view.clock.wall))
    )


def _live_unasked(senses: Senses, view: View) -> bool:
    """The contact is closed, or the motor draws current, while nobody asked for it."""
    machine = view.replica.machine
    return (machine.feedback and senses.contact_closed) or (machine.senses_current and senses.spinning)


def _decided(
    state: State, event: BadgePresented, view: View, member: Member | None, outcome: Outcome, reason: Reason
) -> DecisionMade:
    run = run_under_way(state)
    return DecisionMade(
        badge=event.tag,
        member=member.id if member else None,
        outcome=outcome,
        reason=reason,
        replica=str(view.replica.version),
        clock=view.clock.wall,
        trusted=view.clock.trusted,
        uncertainty_s=round(view.clock.uncertainty_s, 3),
        faults=tuple(sorted(state.faults)),
        occupant=run.member if run else None,
    )


def _tap_running(state: State, event: BadgePresented, view: View) -> Step:
    """The member who runs the machine stops it; anybody else is decided, and may take an ended run over."""
    run = run_under_way(state)
    assert run is not None
    owner = view.replica.owner(event.tag)
    if event.tag == run.badge or (owner is not None and owner[0].id == run.member):
        return _off(state, Cause.MEMBER, view)
    decision = decide(event.tag, standing(state, view), view.replica, view.clock)
    if isinstance(decision, Denied):
        return _refused(state, event, decision, view)
    granted = _granted(state, event, decision, view)
    return replace(granted, facts=_off(state, Cause.HANDOVER, view).facts)


def _stop_asked(state: State, event: StopAsked, view: View) -> Step:
    run = run_under_way(state)
    if run is None or run.member != event.member:
        return Step(state)
    return _off(state, Cause.MEMBER, view)


# --- on and off --------------------------------------------------------------------------------------


def _recorded(state: State, event: Recorded, view: View) -> Step:
    """The grant is on disk: power, unless something came in between that forbids it."""
    starting = state.phase
    assert isinstance(starting, Starting)
    run = _run_of(starting, state.senses, view)
    overtaken = _overtaken(run, state.faults, view)
    if overtaken is not None:
        closed = _closed(run, state.senses, view, overtaken)
        return Step(replace(state, phase=Idle(view.now_ms)), (closed,))
    return Step(replace(state, phase=Running(run)), (PowerSwitched(True, Cause.GRANTED, run.id),))


def _overtaken(run: Run, faults: frozenset[Fault], view: View) -> Cause | None:
    """What ends the run before it has begun: it is closed without ever going live."""
    if Fault.ESTOP in faults:
        return Cause.ESTOP
    if faults & BLOCKING_FAULTS:
        return Cause.FAULT
    if _revoked(run, view):
        return Cause.REVOKED
    locked = view.replica.machine.locked and run.role is not Role.TECHNICIAN
    return Cause.LOCK if locked else None


def _run_of(starting: Starting, senses: Senses, view: View) -> Run:
    grant = starting.grant
    run = Run(
        id=starting.run,
        member=grant.member.id,
        role=grant.member.role,
        badge=starting.tap.tag,
        booking=grant.booking,
        hours_bind=view.clock.trusted,
        started=view.clock.wall,
        started_ms=view.now_ms,
        ends_ms=view.clock.mono_at(grant.booking.end) if grant.booking else None,
        idle_since_ms=view.now_ms,
        ran=senses.spinning,
    )
    return _with_hours(run, view)


def _not_recorded(state: State, event: NotRecorded, view: View) -> Step:
    """The journal could not take the grant: refused, instead of any grant."""
    starting = state.phase
    assert isinstance(starting, Starting)
    refused = replace(starting.decided, outcome=Outcome.REFUSED, reason=Reason.NOT_RECORDED, booking=None, run=None)
    return Step(replace(state, phase=Idle(view.now_ms)), (refused,))


def _off(state: State, cause: Cause, view: View) -> Step:
    """Dead at once; the run is closed."""
    run = run_under_way(state)
    assert run is not None
    return Step(
        replace(state, phase=Idle(view.now_ms)),
        (PowerSwitched(False, cause, run.id), _closed(run, state.senses, view, cause)),
    )


def _closed(run: Run, senses: Senses, view: View, cause: Cause) -> RunClosed:
    powered = view.now_ms - run.started_ms
    return RunClosed(
        run=run.id,
        member=run.member,
        booking=run.booking.id if run.booking else None,
        started=run.started,
        ended=run.started + timedelta(milliseconds=powered),
        powered_ms=powered,
        running_ms=running_ms(run, senses, view.now_ms),
        end_reason=cause,
    )


def running_ms(run: Run, senses: Senses, now_ms: int) -> int:
    """How long the motor has run in this run, in milliseconds, up to now."""
    if not senses.spinning:
        return run.running_ms
    return run.running_ms + now_ms - max(senses.spinning_since, run.started_ms)


# --- what the inputs say -----------------------------------------------------------------------------


def _motor(state: State, event: MotorChanged, view: View) -> Step:
    """The motor starts to draw current, or stops; a run counts it."""
    machine = view.replica.machine
    spinning = machine.senses_current and event.amps >= machine.idle_below_a
    was = state.senses
    if spinning == was.spinning:
        return Step(state)
    senses = replace(was, spinning=spinning, spinning_since=view.now_ms)
    run = run_under_way(state)
    if run is not None:
        idle_since = run.idle_since_ms if spinning else view.now_ms
        counted = running_ms(run, was, view.now_ms)
        state = _with_run(state, replace(run, running_ms=counted, ran=True, idle_since_ms=idle_since))
    return _look_again(replace(state, senses=senses), TimePassed(), view)


def _contact(state: State, event: ContactChanged, view: View) -> Step:
    if event.closed == state.senses.contact_closed:
        return Step(state)
    senses = replace(state.senses, contact_closed=event.closed, contact_since=view.now_ms)
    return _look_again(replace(state, senses=senses), TimePassed(), view)


def _estop(state: State, event: EstopChanged, view: View) -> Step:
    return _fault_changed(state, Fault.ESTOP, event.pressed, view, Cause.ESTOP)


def _board(state: State, event: BoardChanged, view: View) -> Step:
    """A lost board tells neither contact nor current; when it is back they have their usual time to say anew."""
    step = _fault_changed(state, Fault.BOARD_LOST, event.lost, view, Cause.FAULT)
    if event.lost or Fault.BOARD_LOST not in state.faults:
        return step
    senses = replace(state.senses, contact_since=view.now_ms, spinning_since=view.now_ms)
    return replace(step, state=replace(step.state, senses=senses))


def _reader(state: State, event: ReaderChanged, view: View) -> Step:
    return _fault_changed(state, Fault.READER_LOST, event.lost, view, None)


def _disk(state: State, event: DiskChanged, view: View) -> Step:
    return _fault_changed(state, Fault.JOURNAL, event.full, view, None)


def _clock(state: State, event: ClockChanged, view: View) -> Step:
    return _fault_changed(state, Fault.CLOCK, not event.trusted, view, None)


def _fault_changed(state: State, fault: Fault, present: bool, view: View, ends: Cause | None) -> Step:
    """A fault comes or goes; `ends` is the cause with which it ends a run, None if it does not."""
    if present == (fault in state.faults):
        return Step(state)
    if not present:
        cleared = replace(state, faults=state.faults - {fault})
        return Step(cleared, (FaultCleared(fault),))
    faulty = replace(state, faults=state.faults | {fault})
    ended = _ended(faulty, ends, view) if ends is not None else Step(faulty)
    return replace(ended, facts=(FaultRaised(fault), *ended.facts))


def _ended(state: State, cause: Cause, view: View) -> Step:
    """End whatever is under way. A grant still on its way to the disk is closed when it gets there."""
    return _off(state, cause, view) if energised(state) else Step(state)


# --- time, and everything else the rules look at -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """An end that a run is heading for: when (monotonic ms), and why."""

    at_ms: int
    cause: Cause


def _look_again(state: State, event: TimePassed, view: View) -> Step:
    """Apply whatever is due by now: faults of the contact, warnings, the end of the hours, of the run."""
    facts: tuple[Fact, ...] = ()
    run = run_under_way(state)
    if run is not None:
        state = _with_run(state, _with_hours(run, view))
    for look in (_look_at_contact, _look_at_hours, _look_at_warnings, _look_at_terms):
        step = look(state, view)
        state, facts = step.state, facts + step.facts
    return Step(state, facts)


def _with_run(state: State, run: Run) -> State:
    """The same state with its run replaced."""
    assert isinstance(state.phase, (Running, Finishing))
    return replace(state, phase=replace(state.phase, run=run))


def _with_hours(run: Run, view: View) -> Run:
    """The run with its end moved as its booking was extended or cancelled, or as others booked behind it."""
    if run.booking is not None:
        return _with_booking(run, run.booking, view)
    if not (run.hours_bind and view.clock.trusted):
        return run
    starts = [b.start for b in view.bookings if b.live and b.member != run.member and b.start > run.started]
    return replace(run, ends_ms=view.clock.mono_at(min(starts)) if starts else None)


def _with_booking(run: Run, known: Booking, view: View) -> Run:
    assert run.ends_ms is not None
    booking = next((b for b in view.bookings if b.id == known.id), known)
    if booking == known:
        return run
    if known.live and not booking.live:
        return replace(run, booking=booking, ends_ms=min(run.ends_ms, view.now_ms))
    moved = milliseconds(booking.end - known.end) if booking.live else 0
    return replace(run, booking=booking, ends_ms=run.ends_ms + moved)


def _look_at_contact(state: State, view: View) -> Step:
    """Compare what was commanded with what is so."""
    due = _contact_fault(state, view)
    if due is None or due[0] > view.now_ms:
        return _no_power_is_over(state, view)
    fault = due[1]
    faulty = replace(state, faults=state.faults | {fault})
    ended = _ended(faulty, Cause.FAULT, view)
    return replace(ended, facts=(FaultRaised(fault), *ended.facts))


def _contact_fault(state: State, view: View) -> tuple[int, Fault] | None:
    """The fault of the output that is coming if nothing changes, and when."""
    machine, senses, phase = view.replica.machine, state.senses, state.phase
    if Fault.BOARD_LOST in state.faults:
        return None
    if isinstance(phase, (Running, Finishing)):
        if not machine.feedback or senses.contact_closed or Fault.NO_POWER in state.faults:
            return None
        return max(phase.run.started_ms, senses.contact_since) + NO_POWER_MS, Fault.NO_POWER
    if Fault.RELAY_WELDED in state.faults:
        return None
    since = phase.since_ms if isinstance(phase, Idle) else view.now_ms
    due = []
    if machine.feedback and senses.contact_closed:
        due.append(max(since, senses.contact_since) + CONTACT_MS)
    if machine.senses_current and senses.spinning:
        due.append(max(since, senses.spinning_since) + CURRENT_MS)
    return (min(due), Fault.RELAY_WELDED) if due else None


def _no_power_is_over(state: State, view: View) -> Step:
    if Fault.NO_POWER not in state.faults or not isinstance(state.phase, Idle):
        return Step(state)
    if view.now_ms < state.phase.since_ms + CONTACT_MS:
        return Step(state)
    return Step(replace(state, faults=state.faults - {Fault.NO_POWER}), (FaultCleared(Fault.NO_POWER),))


def _look_at_hours(state: State, view: View) -> Step:
    """At the end of a booking a motor that runs may finish its job, within the grace."""
    phase = state.phase
    if not isinstance(phase, Running) or phase.run.booking is None:
        return Step(state)
    end = phase.run.ends_ms
    if end is None or end > view.now_ms or not _at_work(phase.run, state.senses, end):
        return Step(state)
    until = _grace_end(phase.run, end, view)
    return Step(state if until <= end else replace(state, phase=Finishing(phase.run, until)))


def _at_work(run: Run, senses: Senses, at_ms: int) -> bool:
    """The motor runs, or has stopped so lately that it does not count as idle yet."""
    return senses.spinning or (run.ran and run.idle_since_ms + IDLE_DWELL_MS > at_ms)


def _grace_end(run: Run, end_ms: int, view: View) -> int:
    """When the grace is over: after grace_after_end_minutes, or at the next member's booking, as known now."""
    assert run.booking is not None
    grace = end_ms + int(view.replica.policy.grace_after_end_minutes * 60_000)
    end = min(run.booking.end, view.clock.wall) if not run.booking.live else run.booking.end
    others = [b for b in view.bookings if b.live and b.member != run.member and b.end > end]
    starts = [end_ms + milliseconds(max(b.start, end) - end) for b in others]
    return min([grace, *starts])


def _look_at_warnings(state: State, view: View) -> Step:
    """Give the warnings that are due, each once."""
    facts: list[Fact] = []
    for at_ms, kind, deadline in _warnings(state, view):
        if at_ms > view.now_ms:
            continue
        run = run_under_way(state)
        assert run is not None
        told = replace(run, told_ending=deadline) if kind is Warn.ENDING else replace(run, told_idle=deadline)
        state = _with_run(state, told)
        if deadline > view.now_ms:
            facts.append(Warned(kind, (deadline - view.now_ms + 500) // 1000, run.id))
    return Step(state, tuple(facts))


def _warnings(state: State, view: View) -> list[tuple[int, Warn, int]]:
    """The warnings not given yet: when each is due, its kind, and the deadline it warns of."""
    if not isinstance(state.phase, Running):
        return []
    run, policy, found = state.phase.run, view.replica.policy, []
    if run.booking is not None and run.ends_ms is not None and run.told_ending != run.ends_ms:
        at = run.ends_ms - int(policy.warn_before_end_minutes * 60_000)
        if at >= run.started_ms:
            found.append((at, Warn.ENDING, run.ends_ms))
    idle_end = _idle_end(run, state.senses, view)
    if idle_end is not None and run.told_idle != idle_end and idle_end - IDLE_WARNING_MS >= run.started_ms:
        found.append((idle_end - IDLE_WARNING_MS, Warn.IDLE, idle_end))
    return found


def _idle_end(run: Run, senses: Senses, view: View) -> int | None:
    if not view.replica.machine.senses_current or senses.spinning:
        return None
    return run.idle_since_ms + int(view.replica.policy.idle_off_minutes * 60_000)


def _look_at_terms(state: State, view: View) -> Step:
    """End the run at the first of its terms that is due."""
    due = [term for term in terms(state, view) if term.at_ms <= view.now_ms]
    if not due:
        return Step(state)
    return _off(state, min(due, key=lambda term: term.at_ms).cause, view)


def terms(state: State, view: View) -> list[Term]:
    """The ends the run is heading for as things stand; at the same instant the first listed counts."""
    run = run_under_way(state)
    if run is None:
        return []
    now = view.now_ms
    found = []
    if _revoked(run, view):
        found.append(Term(now, Cause.REVOKED))
    if view.replica.machine.locked and run.role is not Role.TECHNICIAN:
        found += _when_idle(run, state.senses, view, Cause.LOCK)
    if isinstance(state.phase, Finishing):
        found += _when_idle(run, state.senses, view, Cause.BOOKING_END)
        found.append(Term(state.phase.until_ms, Cause.BOOKING_END))
    elif run.ends_ms is not None:
        found.append(Term(run.ends_ms, Cause.BOOKING_END if run.booking else Cause.HANDOVER))
    found.append(Term(run.started_ms + int(view.replica.policy.max_run_minutes * 60_000), Cause.MAX_RUN))
    idle_end = _idle_end(run, state.senses, view)
    if idle_end is not None and isinstance(state.phase, Running):
        found.append(Term(idle_end, Cause.IDLE))
    return found


def _when_idle(run: Run, senses: Senses, view: View, cause: Cause) -> list[Term]:
    """At once where the motor is not sensed; else once it has been idle for the dwell."""
    if not view.replica.machine.senses_current:
        return [Term(view.now_ms, cause)]
    return [] if senses.spinning else [Term(run.idle_since_ms + IDLE_DWELL_MS, cause)]


def _revoked(run: Run, view: View) -> bool:
    owner = view.replica.owner(run.badge)
    return owner is None or owner[1].revoked


def deadline(state: State, view: View) -> int | None:
    """The monotonic reading at which `TimePassed` next has something to do; None if never."""
    instants = [term.at_ms for term in terms(state, view)]
    instants += [at_ms for at_ms, _, _ in _warnings(state, view)]
    coming = _contact_fault(state, view)
    if coming is not None:
        instants.append(coming[0])
    if Fault.NO_POWER in state.faults and isinstance(state.phase, Idle):
        instants.append(state.phase.since_ms + CONTACT_MS)
    return min(instants, default=None)


# --- the table ---------------------------------------------------------------------------------------

Handler = Callable[[State, MachineEvent, View], Step]


def _typed(handler: Callable[..., Step]) -> Handler:
    return handler


TABLE: dict[tuple[type[Phase], type[MachineEvent]], Handler] = {
    (Idle, BadgePresented): _typed(_tap_idle),
    (Idle, MotorChanged): _typed(_motor),
    (Idle, ContactChanged): _typed(_contact),
    (Idle, EstopChanged): _typed(_estop),
    (Idle, BoardChanged): _typed(_board),
    (Idle, ReaderChanged): _typed(_reader),
    (Idle, DiskChanged): _typed(_disk),
    (Idle, ClockChanged): _typed(_clock),
    (Idle, TimePassed): _typed(_look_again),
    (Starting, MotorChanged): _typed(_motor),
    (Starting, ContactChanged): _typed(_contact),
    (Starting, EstopChanged): _typed(_estop),
    (Starting, BoardChanged): _typed(_board),
    (Starting, ReaderChanged): _typed(_reader),
    (Starting, DiskChanged): _typed(_disk),
    (Starting, ClockChanged): _typed(_clock),
    (Starting, Recorded): _typed(_recorded),
    (Starting, NotRecorded): _typed(_not_recorded),
    (Starting, TimePassed): _typed(_look_again),
    (Running, BadgePresented): _typed(_tap_running),
    (Running, MotorChanged): _typed(_motor),
    (Running, ContactChanged): _typed(_contact),
    (Running, EstopChanged): _typed(_estop),
    (Running, BoardChanged): _typed(_board),
    (Running, ReaderChanged): _typed(_reader),
    (Running, DiskChanged): _typed(_disk),
    (Running, ClockChanged): _typed(_clock),
    (Running, StopAsked): _typed(_stop_asked),
    (Running, TimePassed): _typed(_look_again),
    (Finishing, BadgePresented): _typed(_tap_running),
    (Finishing, MotorChanged): _typed(_motor),
    (Finishing, ContactChanged): _typed(_contact),
    (Finishing, EstopChanged): _typed(_estop),
    (Finishing, BoardChanged): _typed(_board),
    (Finishing, ReaderChanged): _typed(_reader),
    (Finishing, DiskChanged): _typed(_disk),
    (Finishing, ClockChanged): _typed(_clock),
    (Finishing, StopAsked): _typed(_stop_asked),
    (Finishing, TimePassed): _typed(_look_again),
}

IGNORED: frozenset[tuple[type[Phase], type[MachineEvent]]] = frozenset(
    {
        (Idle, Recorded),  # a grant that an emergency stop overtook cannot happen: it is closed on Recorded
        (Idle, NotRecorded),
        (Idle, StopAsked),  # nothing to stop
        (
            Starting,
            BadgePresented,
        ),  # the tap before is still on its way to the disk: a matter of milliseconds
        (Starting, StopAsked),
        (Running, Recorded),
        (Running, NotRecorded),
        (Finishing, Recorded),
        (Finishing, NotRecorded),
    }
)


def step(state: State, event: MachineEvent, view: View) -> Step:
    """What an event does to the machine. Pure."""
    key = (type(state.phase), type(event))
    handler = TABLE.get(key)
    if handler is None:
        assert key in IGNORED, f"{key} is neither handled nor ignored"
        return Step(state)
    return handler(state, event, view)
