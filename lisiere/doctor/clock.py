"""Is the clock to be trusted? By the unit's own law, on its own note, with this computer's clock."""

from datetime import datetime

from access.vocabulary import Fault
from controller.timekeeping import Anchor, Timekeeper
from hardware.clock import SystemClock
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.link import Answer
from lisiere.doctor.patient import CLOCK, Patient

TOPIC = "clock"
CLOSE_S = 3
"""How far the twin's time, told in whole seconds, may lie from ours."""
CURE = (
    "let the unit reach the twin once, the next exchange sets it; after power cuts too: fit a clock battery"
)


def check_clock(patient: Patient, answer: Answer | str) -> list[Finding]:
    """Trust, the last moment the time was known, and the twin's time."""
    return [_trust(patient), *_twin_time(patient, answer)]


def _trust(patient: Patient) -> Finding:
    where = str(patient.folder / CLOCK)
    if patient.anchor is None:
        return bad(TOPIC, "the time was never known", where, CURE)
    clock = SystemClock(patient.system / "dev/rtc0", patient.system / "proc/sys/kernel/random/boot_id")
    keeper = Timekeeper(clock, patient.anchor, Fault.CLOCK not in patient.faults, _signed(patient))
    if keeper.read().trusted:
        return ok(TOPIC, f"trusted, {_known(patient.anchor)}", where)
    return bad(TOPIC, f"not trusted, members are refused; {_known(patient.anchor)}", where, CURE)


def _signed(patient: Patient) -> datetime | None:
    """The latest time that the twin has signed and the unit has kept."""
    if isinstance(patient.kept, str):
        return None
    replica, reply = patient.kept.replica, patient.kept.reply
    return max(replica.issued, reply.time) if reply else replica.issued


def _known(anchor: Anchor) -> str:
    return f"last set {anchor.wall:%Y-%m-%d %H:%M:%S}Z, to {anchor.uncertainty_s:.1f} s"


def _twin_time(patient: Patient, answer: Answer | str) -> list[Finding]:
    """Nothing where the twin says no time."""
    if isinstance(answer, str) or answer.time is None:
        return []
    ours = answer.asked + patient.anchor.correction if patient.anchor else answer.asked
    apart = abs((answer.time - ours).total_seconds())
    if apart <= CLOSE_S:
        return [ok(TOPIC, "agrees with the twin's", patient.config.twin)]
    what = f"{apart:.0f} s away from the twin's"
    do = "let the unit make an exchange; if it stays, look at the twin's computer's own clock"
    return [attention(TOPIC, what, patient.config.twin, do)]
