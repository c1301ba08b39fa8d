"""What the inputs say: the motor, the contact, and everything that can be lost, pressed or full."""

from dataclasses import replace

from access.facts import FaultCleared, FaultRaised
from access.vocabulary import Cause, Fault
from controller.due import look_again, with_run
from controller.endings import ended, running_ms
from controller.events import (
    BoardChanged,
    ClockChanged,
    ContactChanged,
    DiskChanged,
    EstopChanged,
    MotorChanged,
    ReaderChanged,
    TimePassed,
)
from controller.states import State, Step, View, run_under_way


def motor(state: State, event: MotorChanged, view: View) -> Step:
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
        state = with_run(state, replace(run, running_ms=counted, ran=True, idle_since_ms=idle_since))
    return look_again(replace(state, senses=senses), TimePassed(), view)


def contact(state: State, event: ContactChanged, view: View) -> Step:
    if event.closed == state.senses.contact_closed:
        return Step(state)
    senses = replace(state.senses, contact_closed=event.closed, contact_since=view.now_ms)
    return look_again(replace(state, senses=senses), TimePassed(), view)


def estop(state: State, event: EstopChanged, view: View) -> Step:
    return _fault_changed(state, Fault.ESTOP, event.pressed, view, Cause.ESTOP)


def board(state: State, event: BoardChanged, view: View) -> Step:
    """A lost board tells neither contact nor current; when it is back they have their usual time to say anew."""
    step = _fault_changed(state, Fault.BOARD_LOST, event.lost, view, Cause.FAULT)
    if event.lost or Fault.BOARD_LOST not in state.faults:
        return step
    senses = replace(state.senses, contact_since=view.now_ms, spinning_since=view.now_ms)
    return step._replace(state=replace(step.state, senses=senses))


def reader(state: State, event: ReaderChanged, view: View) -> Step:
    return _fault_changed(state, Fault.READER_LOST, event.lost, view, None)


def disk(state: State, event: DiskChanged, view: View) -> Step:
    return _fault_changed(state, Fault.JOURNAL, event.full, view, None)


def clock(state: State, event: ClockChanged, view: View) -> Step:
    return _fault_changed(state, Fault.CLOCK, not event.trusted, view, None)


def _fault_changed(state: State, fault: Fault, present: bool, view: View, ends: Cause | None) -> Step:
    """A fault comes or goes; `ends` is the cause with which it ends a run, None if it does not."""
    if present == (fault in state.faults):
        return Step(state)
    if not present:
        cleared = replace(state, faults=state.faults - {fault})
        return Step(cleared, (FaultCleared(fault),))
    faulty = replace(state, faults=state.faults | {fault})
    after = ended(faulty, ends, view) if ends is not None else Step(faulty)
    return after._replace(facts=(FaultRaised(fault), *after.facts))
