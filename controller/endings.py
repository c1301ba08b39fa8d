"""How power and a run end: dead at once, and the run closed by exactly one fact."""

from dataclasses import replace
from datetime import timedelta

from access.facts import PowerSwitched, RunClosed
from access.vocabulary import Cause
from controller.states import Idle, Run, Senses, State, Step, View, energised, run_under_way


def off(state: State, cause: Cause, view: View) -> Step:
    """Dead at once; the run is closed."""
    run = run_under_way(state)
    assert run is not None
    return Step(
        replace(state, phase=Idle(view.now_ms)),
        (PowerSwitched(False, cause, run.id), closed(run, state.senses, view, cause)),
    )


def closed(run: Run, senses: Senses, view: View, cause: Cause) -> RunClosed:
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


def ended(state: State, cause: Cause, view: View) -> Step:
    """End whatever is under way. A grant still on its way to the disk is closed when it gets there."""
    return off(state, cause, view) if energised(state) else Step(state)


def revoked(run: Run, view: View) -> bool:
    owner = view.replica.owner(run.badge)
    return owner is None or owner[1].revoked
