"""Does the machine-side board answer, and how safe is it? It is opened only while the unit does not have it."""

from controller.config import Board
from firmware_bridge.bridge import Kind, found, opened
from firmware_bridge.session import NotOurs, Reading
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Patient

TOPIC = "relay"
CABLE = "look at the board's cable, and at port in unit.toml"
METER = "put an SDM120 on its line, and its address into unit.toml as meter"


def check_board(patient: Patient) -> list[Finding]:
    """The board that the configuration names: how it opens the relay in a silence, and whether it is there."""
    board = patient.config.board
    try:
        kind = Kind(board.kind)
    except ValueError:
        do = f"write one of: {', '.join(Kind)}"
        return [bad(TOPIC, f"no such kind of board: {board.kind}", "unit.toml, [board] kind", do)]
    level = ok(TOPIC, f"safety level {kind.safety}", f"board {board.port}")
    return [level, _there(patient, board, kind), *_meter(board, kind)]


def _meter(board: Board, kind: Kind) -> list[Finding]:
    if kind is Kind.LISIERE or board.meter:
        return []
    return [attention(TOPIC, "nothing beside the board measures the current", "unit.toml, [board] meter", METER)]


def _there(patient: Patient, board: Board, kind: Kind) -> Finding:
    if patient.process is not None:
        return ok(TOPIC, f"in use by the unit (process {patient.process})", board.port)
    try:
        device = found(board.port)
        link = opened(kind, device, board.meter)
    except OSError as error:
        return bad(TOPIC, f"the board's port cannot be opened: {error}", board.port, CABLE)
    try:
        return ok(TOPIC, f"the board answers: {_said(link.read())}", device)
    except NotOurs as error:
        return bad(TOPIC, str(error), device, "flash it (lisiere board PORT flash), or correct kind in unit.toml")
    except OSError as error:
        return bad(TOPIC, f"the board does not answer: {error}", device, CABLE)
    finally:
        link.close()


def _said(reading: Reading) -> str:
    said = [reading.state.name.lower()]
    if "version" in reading.all:
        said.append(f"version {reading.all['version'] >> 8}.{reading.all['version'] & 0xFF}")
    if reading.amps is not None:
        said.append(f"{reading.amps:.2f} A")
    return ", ".join(said)
