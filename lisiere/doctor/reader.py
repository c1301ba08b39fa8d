"""Does a badge reader answer? It is opened only while the unit does not have it."""

import subprocess

from access.vocabulary import Fault
from hardware.badge_reader.lines import LinePipe, Said
from hardware.badge_reader.supervisor import START_S, command_for
from lisiere.doctor.finding import Finding, bad, ok
from lisiere.doctor.patient import Patient

TOPIC = "reader"
WIRES = "look at its plug and wires, at the switches that set it to serial, and at `reader` in unit.toml"


def check_reader(patient: Patient) -> list[Finding]:
    """The reader that the configuration names."""
    path = patient.config.reader
    if not path:
        return [
            bad(TOPIC, "none is configured", "unit.toml", 'write its path, such as reader = "tty:S0:pn532"')
        ]
    if path.startswith("udp:") or patient.config.simulated.bench:
        return [ok(TOPIC, "simulated", path)]
    if patient.process is not None:
        return [_as_the_unit_says(patient, path)]
    return [_opened(path)]


def _as_the_unit_says(patient: Patient, path: str) -> Finding:
    if Fault.READER_LOST in patient.faults:
        return bad(TOPIC, "the unit has lost it", path, WIRES)
    return ok(TOPIC, f"in use by the unit (process {patient.process}), which has not lost it", path)


def _opened(path: str) -> Finding:
    """Open it as the unit would: in a process of its own, which a dead line cannot hold up."""
    with subprocess.Popen(
        command_for(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        try:
            return _heard(path, LinePipe(child.stdout.fileno()))
        finally:
            child.kill()


def _heard(path: str, pipe: LinePipe) -> Finding:
    try:
        lines = pipe.within(START_S)
    except (EOFError, ValueError):
        return bad(TOPIC, "its program ends at once: the path names no reader", path, WIRES)
    if not lines:
        return bad(TOPIC, f"says nothing within {START_S:g} s", path, WIRES)
    if lines[0].said is Said.GONE:
        return bad(TOPIC, lines[0].text.removeprefix(f"badge reader {path}: "), path, WIRES)
    return ok(TOPIC, "answers, and looks for badges", path)
