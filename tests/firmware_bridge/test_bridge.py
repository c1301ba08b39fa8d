"""The real bridge, through minimalmodbus and pyserial, against the board's unmodified program."""

import random
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient

from firmware_bridge.bridge import Kind, ModbusBoard, found, opened
from firmware_bridge.output import BoardOutput, Conversation
from firmware_bridge.registers import BAUD, IDENTITY, Reason, Refusal, State
from firmware_bridge.session import NotOurs, Order, Reading, Refused, checked
from tests.firmware_bridge.lines import LockstepLine, terminal
from tests.firmware_bridge.lockstep import ESTOP, Board
from tests.hardware.waiting import eventually

TAP_MS = 15
TAPS = 200
LOOK_BYTES = 67


def test_every_refusal_comes_through() -> None:
    """A refusal of the board is told by its kind."""
    board = Board()
    link = ModbusBoard(LockstepLine(board))
    with pytest.raises(Refused) as not_armed:
        link.hold(500, 1)
    link.arm(5)
    with pytest.raises(Refused) as out_of_turn:
        link.hold(500, 5)
    board.pin(ESTOP, True)
    board.run(10)
    with pytest.raises(Refused) as unsafe:
        link.hold(500, 6)
    codes = (not_armed.value.code, out_of_turn.value.code, unsafe.value.code)
    assert codes == (Refusal.NOT_ARMED, Refusal.VALUE, Refusal.UNSAFE)


def test_a_hold_goes_out_under_fifteen_milliseconds_after_a_tap() -> None:
    """From the order to the closed relay less than 15 ms pass for 99 in 100, also when it comes in mid-look."""
    board, chance, waits = Board(), random.Random(5), []
    line = LockstepLine(board)
    talk = Conversation(ModbusBoard(line), lambda: round(board.ms))
    for _ in range(TAPS):
        talk.look()
        board.run(600)
        tapped: list[float] = []
        at = chance.randrange(LOOK_BYTES)
        count = iter(range(1000))
        line.meanwhile = lambda: tapped.append(board.ms) if next(count) == at else None  # noqa: B023
        talk.look()
        line.meanwhile = lambda: None
        talk.obey(Order(True, round(tapped[0])))
        assert board.edges[-1].closed
        waits.append(board.edges[-1].ms - tapped[0])
        talk.let_go()
        board.run(50)
    assert sorted(waits)[TAPS * 99 // 100] < TAP_MS


def test_a_hung_control_thread_is_let_go_of() -> None:
    """A bridge that lives on and looks, but is handed no renewal, writes no hold: the relay opens in 600 ms."""
    board = Board()
    talk = Conversation(ModbusBoard(LockstepLine(board)), lambda: round(board.ms))
    talk.look()
    talk.obey(Order(True, round(board.ms)))
    began = board.edges[-1].ms
    while board.ms < began + 2000:
        talk.look()
        board.run(40)
    assert [edge.closed for edge in board.edges] == [True, False]
    assert board.edges[-1].ms - began < 600
    assert talk.dropped
    talk.obey(Order(False, round(board.ms)))
    assert not board.closed


def test_a_lost_answer_costs_no_repetition() -> None:
    """A hold whose answer is lost is not sent again; the next renewal goes on from what the board says."""
    board = Board()
    line = LockstepLine(board)
    talk = Conversation(ModbusBoard(line), lambda: round(board.ms))
    talk.look()
    talk.obey(Order(True, round(board.ms)))
    sequence = board.read()["sequence"]
    line.meanwhile = lambda: board.heard() and None
    with pytest.raises(OSError):
        talk.obey(Order(False, round(board.ms)))
    line.meanwhile = lambda: None
    assert board.read()["sequence"] == (sequence + 1) % 65_536
    talk.obey(Order(False, round(board.ms)))
    assert board.read()["sequence"] == (sequence + 2) % 65_536 and board.closed


def test_the_real_bridge_over_a_terminal() -> None:
    """Over a pseudo-terminal the bridge closes, keeps and opens the relay, and tells what it sees."""
    board, told = Board(), []
    readings: list[Reading] = []
    with terminal(board) as path:
        output = BoardOutput(lambda: opened(Kind.LISIERE, path))
        output.start(
            lambda lost: told.append(("lost", lost)),
            readings.append,
            on_contact=lambda closed: told.append(("contact", closed)),
            on_estop=lambda pressed: told.append(("estop", pressed)),
            on_amps=lambda amps: None,
        )
        eventually(lambda: bool(readings))
        output.switch_on()
        eventually(lambda: ("contact", True) in told)
        output.switch_off()
        eventually(lambda: told[-1] == ("contact", False))
        output.switch_on()
        eventually(lambda: readings[-1].reason is Reason.SILENCE and ("lost", True) in told)
        output.switch_off()
        eventually(lambda: ("lost", False) in told)
        output.close()
        output.close()


def test_an_independent_library_reads_and_arms() -> None:
    """pymodbus, which shares no line with our bridge, reads the board, arms it and holds it."""
    board = Board()
    with terminal(board) as path:
        client = ModbusSerialClient(path, framer=FramerType.RTU, baudrate=BAUD, timeout=2)
        assert client.connect()
        assert client.read_input_registers(0, count=3, device_id=1).registers[0] == IDENTITY
        assert client.write_registers(0, [500, 8], device_id=1).exception_code == Refusal.NOT_ARMED
        assert not client.write_register(1, 7, device_id=1).isError()
        assert not client.write_registers(0, [500, 8], device_id=1).isError()
        client.close()
    assert board.edges[0].closed


def test_a_port_is_found_by_its_name(tmp_path: Path) -> None:
    """A part of the name is enough while only one port has it, and a path is taken as it is."""
    (tmp_path / "usb-FTDI_A1-if00").touch()
    (tmp_path / "usb-FTDI_B2-if00").touch()
    assert found("A1", tmp_path).endswith("usb-FTDI_A1-if00")
    assert found("/dev/ttyUSB0", tmp_path) == "/dev/ttyUSB0"
    for name in ("FTDI", "CH340"):
        with pytest.raises(OSError, match=name):
            found(name, tmp_path)


def test_only_a_board_of_ours_is_talked_to() -> None:
    """Another device, or another major version, is refused."""
    checked({"identity": IDENTITY, "version": 0x01FF})
    for said in ({"identity": 1, "version": 0x0100}, {"identity": IDENTITY, "version": 0x0200}):
        with pytest.raises(NotOurs):
            checked(said)


def test_the_state_is_told() -> None:
    """A board that was just started says that it has dropped everything."""
    assert ModbusBoard(LockstepLine(Board())).read().state is State.DROPPED
