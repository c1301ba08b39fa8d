"""Would the relay open if everything died, and does its keeper answer?"""

import socket
from pathlib import Path
from select import select

from access.machines import Output
from access.vocabulary import Fault
from firmware_bridge.bridge import Kind
from hardware.relay.report import LONGEST_PACKET, REPORT_EVERY_MS
from lisiere.doctor.board import check_board
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Patient
from lisiere.doctor.pin import check_pin

TOPIC = "relay"
CONTACT = {
    Fault.RELAY_WELDED: (
        "the relay is welded: live though commanded off",
        "switch it off at the wall, change the relay; a technician's tap then clears it",
    ),
    Fault.NO_POWER: (
        "the relay does not close, or its contact is not seen",
        "look at the relay and its wires",
    ),
    Fault.BOARD_LOST: (
        "the unit has lost who keeps the relay",
        "look at the board's cable; or start the keeper",
    ),
}


def check_relay(patient: Patient) -> list[Finding]:
    """The faults of the contact; then the board, or the keeper and its pin."""
    found = [bad(TOPIC, *_told(fault, patient)) for fault in CONTACT if fault in patient.faults]
    found += _fits(patient)
    if patient.config.board.port:
        return [*found, *check_board(patient)]
    found.append(_keeper(patient.folder / patient.config.relay.keeper))
    if patient.config.simulated.bench:
        return [*found, ok(TOPIC, "on a simulated pin")]
    return [*found, *check_pin(patient.config.relay.pin, patient.system)]


def _fits(patient: Patient) -> list[Finding]:
    """Whether the relay is where the twin says, and safe enough for what the twin says of the machine."""
    if isinstance(patient.kept, str):
        return []
    machine, board, found = patient.kept.replica.machine, patient.config.board, list[Finding]()
    own = Output.BOARD if board.port else Output.GPIO
    if machine.output is not own:
        what = f"the twin says that the relay is on the {machine.output}, this unit has it on the {own}"
        do = "correct the machine at the twin, or unit.toml"
        found.append(attention(TOPIC, what, "unit.toml, [board]", do))
    if machine.hazardous and (own is Output.GPIO or board.kind != Kind.LISIERE):
        what = "the machine can burn or crush, and its relay opens by itself only if software lets it"
        found.append(bad(TOPIC, what, "unit.toml, [board]", "give it a board of kind lisiere (docs/board.md)"))
    return found


def _told(fault: Fault, patient: Patient) -> tuple[str, str, str]:
    what, do = CONTACT[fault]
    return what, patient.config.unit, do


def _keeper(path: Path) -> Finding:
    """One who is served already is hung up on at once: that too is an answer."""
    do = f"start its service, or by hand: lisiere keeper --socket {path} --pin NUMBER"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.connect(str(path))
            if not select([line], [], [], 3 * REPORT_EVERY_MS / 1000)[0]:
                return bad(TOPIC, "the keeper is silent", str(path), do)
            free = bool(line.recv(LONGEST_PACKET))
    except OSError as error:
        return bad(TOPIC, f"the keeper does not answer ({error.strerror or error})", str(path), do)
    return ok(
        TOPIC,
        "the keeper answers; nobody uses it" if free else "the keeper answers; it serves the unit",
        str(path),
    )
