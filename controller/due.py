"""What is due: the end of the hours, warnings, and the ends a run is heading for. Deadlines are data."""

from dataclasses import dataclass, replace

from access.bookings import Booking
from access.facts import Fact, Warned
from access.times import milliseconds
from access.vocabulary import Cause, Fault, Warn
from controller.contact import CONTACT_MS, contact_fault, look_at_contact
from controller.endings import off, revoked
from controller.events import TimePassed
from controller.states import Finishing, Idle, Run, Running, Senses, State, Step, View, run_under_way

IDLE_DWELL_MS = 3_000
"""How long a motor must be idle before a finishing run, or one under a lock, is cut."""
IDLE_WARNING_MS = 60_000
"""How long before an idle machine is switched off its member is warned."""


@dataclass(frozen=True, slots=True)
class Term:
    """An end that a run is heading for: when (monotonic ms), and why."""

    at_ms: int
    cause: Cause


def look_again(state: State, event: TimePassed, view: View) -> Step:
    """Apply whatever is due by now: faults of the contact, warnings, the end of the hours, of the run."""
    run = run_under_way(state)
    if run is None:
        return look_at_contact(state, view)
    facts: tuple[Fact, ...] = ()
    moved = with_hours(run, view)
    if moved is not run:
        state = with_run(state, moved)
    for look in (look_at_contact, _look_at_hours, _look_at_warnings, _look_at_terms):
        step = look(state, view)
        state, facts = step.state, facts + step.facts
    return Step(state, facts)


def with_run(state: State, run: Run) -> State:
    """The same state with its run replaced."""
    assert isinstance(state.phase, (Running, Finishing))
    return replace(state, phase=replace(state.phase, run=run))


def with_hours(run: Run, view: View) -> Run:
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
    for at_ms, kind, deadline in warnings(state, view):
        if at_ms > view.now_ms:
            continue
        run = run_under_way(state)
        assert run is not None
        told = replace(run, told_ending=deadline) if kind is Warn.ENDING else replace(run, told_idle=deadline)
        state = with_run(state, told)
        if deadline > view.now_ms:
            facts.append(Warned(kind, (deadline - view.now_ms + 500) // 1000, run.id))
    return Step(state, tuple(facts))


def warnings(state: State, view: View) -> list[tuple[int, Warn, int]]:
    """The warnings not given yet: when each is due, its kind, and the deadline it warns of."""
    if not isinstance(state.phase, Running):
        return []
    run, policy, found = state.phase.run, view.replica.policy, []
    if run.booking is not None and run.ends_ms is not None and run.told_ending != run.ends_ms:
        at = run.ends_ms - int(policy.warn_before_end_minutes * 60_000)
        if at >= run.started_ms:
            found.append((at, Warn.ENDING, run.ends_ms))
    idle_at = idle_end(run, state.senses, view)
    if idle_at is not None and run.told_idle != idle_at and idle_at - IDLE_WARNING_MS >= run.started_ms:
        found.append((idle_at - IDLE_WARNING_MS, Warn.IDLE, idle_at))
    return found


def idle_end(run: Run, senses: Senses, view: View) -> int | None:
    if not view.replica.machine.senses_current or senses.spinning:
        return None
    return run.idle_since_ms + int(view.replica.policy.idle_off_minutes * 60_000)


def _look_at_terms(state: State, view: View) -> Step:
    """End the run at the first of its terms that is due."""
    due = [term for term in terms(state, view) if term.at_ms <= view.now_ms]
    if not due:
        return Step(state)
    return off(state, min(due, key=lambda term: term.at_ms).cause, view)


def terms(state: State, view: View) -> list[Term]:
    """The ends the run is heading for as things stand; at the same instant the first listed counts."""
    run = run_under_way(state)
    if run is None:
        return []
    now = view.now_ms
    found = []
    if revoked(run, view):
        found.append(Term(now, Cause.REVOKED))
    if view.replica.machine.locked and run.role.bound_by_a_lock:
        found += _when_idle(run, state.senses, view, Cause.LOCK)
    if isinstance(state.phase, Finishing):
        found += _when_idle(run, state.senses, view, Cause.BOOKING_END)
        found.append(Term(state.phase.until_ms, Cause.BOOKING_END))
    elif run.ends_ms is not None:
        found.append(Term(run.ends_ms, Cause.BOOKING_END if run.booking else Cause.HANDOVER))
    found.append(Term(run.started_ms + int(view.replica.policy.max_run_minutes * 60_000), Cause.MAX_RUN))
    idle_at = idle_end(run, state.senses, view)
    if idle_at is not None and isinstance(state.phase, Running):
        found.append(Term(idle_at, Cause.IDLE))
    return found


def _when_idle(run: Run, senses: Senses, view: View, cause: Cause) -> list[Term]:
    """At once where the motor is not sensed; else once it has been idle for the dwell."""
    if not view.replica.machine.senses_current:
        return [Term(view.now_ms, cause)]
    return [] if senses.spinning else [Term(run.idle_since_ms + IDLE_DWELL_MS, cause)]


def deadline(state: State, view: View) -> int | None:
    """The monotonic reading at which `TimePassed` next has something to do; None if never."""
    instants = []
    if run_under_way(state) is not None:
        instants += [term.at_ms for term in terms(state, view)]
        instants += [at_ms for at_ms, _, _ in warnings(state, view)]
    coming = contact_fault(state, view)
    if coming is not None:
        instants.append(coming[0])
    if Fault.NO_POWER in state.faults and isinstance(state.phase, Idle):
        instants.append(state.phase.since_ms + CONTACT_MS)
    return min(instants, default=None)
