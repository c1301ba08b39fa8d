"""What was commanded, against what is so: the contact and the current find a welded relay, or no power."""

from dataclasses import replace

from access.facts import FaultCleared, FaultRaised
from access.vocabulary import Cause, Fault
from controller.endings import ended
from controller.states import Finishing, Idle, Running, State, Step, View

CONTACT_MS = 300
"""How long after the command the contact may still say otherwise."""
NO_POWER_MS = 500
"""How long after power-on a contact may stay open."""
CURRENT_MS = 2_000
"""How long after power-off a motor may still draw current."""


def look_at_contact(state: State, view: View) -> Step:
    """Compare what was commanded with what is so."""
    if _no_power_is_over(state, view):
        over = look_at_contact(replace(state, faults=state.faults - {Fault.NO_POWER}), view)
        return over._replace(facts=(FaultCleared(Fault.NO_POWER), *over.facts))
    due = contact_fault(state, view)
    if due is None or due[0] > view.now_ms:
        return Step(state)
    fault = due[1]
    faulty = replace(state, faults=state.faults | {fault})
    after = ended(faulty, Cause.FAULT, view)
    return after._replace(facts=(FaultRaised(fault), *after.facts))


def contact_fault(state: State, view: View) -> tuple[int, Fault] | None:
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


def _no_power_is_over(state: State, view: View) -> bool:
    if Fault.NO_POWER not in state.faults or not isinstance(state.phase, Idle):
        return False
    return view.now_ms >= state.phase.since_ms + CONTACT_MS
