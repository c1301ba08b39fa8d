"""What a tap does, and the journal's answer to a grant."""

from dataclasses import replace

from access.decide import Denied, Granted, decide, rightful_owner
from access.facts import BookingChanged, DecisionMade, Fact, FaultCleared, PowerSwitched
from access.people import Member, Role
from access.vocabulary import BLOCKING_FAULTS, BookingOutcome, Cause, Fault, Outcome, Reason, Source
from controller.due import with_hours
from controller.endings import closed, off, revoked
from controller.events import BadgePresented, NotRecorded, Recorded, StopAsked
from controller.states import Idle, Run, Running, Senses, Starting, State, Step, View, run_under_way, standing


def tap_idle(state: State, event: BadgePresented, view: View) -> Step:
    """A tap on a dead machine is always decided."""
    decision = decide(event.tag, standing(state, view), view.replica, view.clock, event.strength)
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
        and not live_unasked(state.senses, view)
    )
    if not clears:
        return Step(state, (decided,))
    return Step(
        replace(state, faults=state.faults - {Fault.RELAY_WELDED}),
        (decided, FaultCleared(Fault.RELAY_WELDED)),
    )


def _may_clear_weld(tag: str, member: Member | None, view: View) -> bool:
    owner = view.replica.owner(tag)
    valid = owner is not None and not owner[1].revoked and not owner[1].ended(view.clock.wall)
    return (
        valid
        and member is not None
        and member.role is Role.TECHNICIAN
        and not (view.clock.trusted and member.expired(view.clock.wall))
    )


def live_unasked(senses: Senses, view: View) -> bool:
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
        strength=event.strength,
    )


def tap_running(state: State, event: BadgePresented, view: View) -> Step:
    """The member who runs the machine stops it; anybody else is decided, and may take an ended run over."""
    run = run_under_way(state)
    assert run is not None
    owner = rightful_owner(event.tag, event.strength, view.replica)
    forgotten = event.tag == run.badge and view.replica.owner(event.tag) is None
    if forgotten or (owner is not None and owner[0].id == run.member):
        return off(state, Cause.MEMBER, view)
    decision = decide(event.tag, standing(state, view), view.replica, view.clock, event.strength)
    if isinstance(decision, Granted) and Fault.JOURNAL in state.faults:
        # A grant that the disk will not take must not cost the run under way its power.
        decision = Denied(Reason.NOT_RECORDED, decision.member)
    if isinstance(decision, Denied):
        return _refused(state, event, decision, view)
    granted = _granted(state, event, decision, view)
    return granted._replace(facts=off(state, Cause.HANDOVER, view).facts)


def stop_asked(state: State, event: StopAsked, view: View) -> Step:
    run = run_under_way(state)
    if run is None or run.member != event.member:
        return Step(state)
    return off(state, Cause.MEMBER, view)


def recorded(state: State, event: Recorded, view: View) -> Step:
    """The grant is on disk: power, unless something came in between that forbids it."""
    starting = state.phase
    assert isinstance(starting, Starting)
    run = _run_of(starting, state.senses, view)
    overtaken = _overtaken(run, state.faults, view)
    if overtaken is not None:
        unstarted = closed(run, state.senses, view, overtaken)
        return Step(replace(state, phase=Idle(view.now_ms)), (unstarted,))
    return Step(replace(state, phase=Running(run)), (PowerSwitched(True, Cause.GRANTED, run.id),))


def _overtaken(run: Run, faults: frozenset[Fault], view: View) -> Cause | None:
    """What ends the run before it has begun: it is closed without ever going live."""
    if Fault.ESTOP in faults:
        return Cause.ESTOP
    if faults & BLOCKING_FAULTS:
        return Cause.FAULT
    if revoked(run, view):
        return Cause.REVOKED
    locked = view.replica.machine.locked and run.role.bound_by_a_lock
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
    return with_hours(run, view)


def not_recorded(state: State, event: NotRecorded, view: View) -> Step:
    """The journal could not take the grant: refused, instead of any grant."""
    starting = state.phase
    assert isinstance(starting, Starting)
    refused = replace(starting.decided, outcome=Outcome.REFUSED, reason=Reason.NOT_RECORDED, booking=None, run=None)
    return Step(replace(state, phase=Idle(view.now_ms)), (refused,))
