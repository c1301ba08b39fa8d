"""Would the relay open if everything died, and does its keeper answer?"""

import socket
from pathlib import Path
from select import select

from access.machines import Output
from access.vocabulary import Fault
from hardware.pins import output_pin
from hardware.relay.report import LONGEST_PACKET, REPORT_EVERY_MS
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Patient

TOPIC = "relay"
PERSIST = "sys/module/{driver}/parameters/persist_gpio_outputs"
DRIVERS = ("pinctrl_bcm2835", "pinctrl_rp1")
STRICT = "add the line dtparam=strict_gpiod to /boot/firmware/config.txt, and restart the computer"
CONTACT = {
    Fault.RELAY_WELDED: (
        "the relay is welded: live though commanded off",
        "unplug the machine, change the relay; a technician's tap then clears it",
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
    """The faults of the contact; then, for a relay on the Pi's pins, the pin, its keeper and what outlives it."""
    found = [bad(TOPIC, *_told(fault, patient)) for fault in CONTACT if fault in patient.faults]
    if not isinstance(patient.kept, str) and patient.kept.replica.machine.output is Output.BOARD:
        return [*found, ok(TOPIC, "on the machine-side board, which lets go by itself")]
    socket_path = patient.folder / patient.config.relay.keeper
    found += [_keeper(socket_path)]
    if patient.config.simulated.bench:
        return [*found, ok(TOPIC, "on a simulated pin")]
    return [*found, _pin(patient.config.relay.pin), _outlives(patient.system)]


def _told(fault: Fault, patient: Patient) -> tuple[str, str, str]:
    what, do = CONTACT[fault]
    return what, patient.config.unit, do


def _pin(number: int) -> Finding:
    try:
        return ok(TOPIC, f"GPIO {output_pin(number)} is off while the Pi starts", "unit.toml")
    except ValueError as error:
        return bad(TOPIC, str(error), "unit.toml, [relay] pin", "move the wire, then change the number")


def _outlives(system: Path) -> Finding:
    """What becomes of the pin when its keeper is killed."""
    if not (system / "proc/device-tree/model").exists():
        return ok(TOPIC, "no Raspberry Pi: nothing to say about its pins")
    settings = [system / PERSIST.format(driver=driver) for driver in DRIVERS]
    found = next((path for path in settings if path.exists()), None)
    if found is None:
        what = "cannot tell whether the pin stays on when the keeper is killed"
        return attention(TOPIC, what, str(settings[0]), STRICT)
    if found.read_text().strip() in ("Y", "1"):
        return bad(
            TOPIC, "a killed keeper would leave the machine ON: the pin stays as it was", str(found), STRICT
        )
    return ok(TOPIC, "a killed keeper lets go of the pin, and the relay opens", str(found))


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
