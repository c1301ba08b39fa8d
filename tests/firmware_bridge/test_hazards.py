"""The hazards that the board answers, each on its unmodified program in lock-step, bound to the cycle."""

import random
from contextlib import suppress

import pytest

from firmware_bridge.bridge import ModbusBoard
from firmware_bridge.output import Conversation
from firmware_bridge.registers import CLEAR_WORD, MINUTE_MS, STARTS, Reason, Refusal, State
from firmware_bridge.session import Order
from tests.firmware_bridge import frames
from tests.firmware_bridge.lines import LockstepLine
from tests.firmware_bridge.lockstep import ANSWER_MS, BROWN_OUT, ESTOP, MIRROR, Board

SILENCE_MS = 600
HANG_MS = 500
ESTOP_MS = 200
CONTACT_MS = 300
FEW, MANY = 100, 300


@pytest.fixture
def board() -> Board:
    """A new board with a contactor, all at rest."""
    return Board()


def trial_counts(few: int, many: int) -> list[object]:
    """A number of trials for every day, and one for the long tests."""
    return [few, pytest.param(many, marks=pytest.mark.long)]


def test_nothing_closes_at_power_on(board: Board) -> None:
    """H14: a board that starts leaves its relay open, without a single pulse."""
    board.run(5000)
    assert board.edges == []
    assert board.read()["state"] == State.DROPPED


def test_a_held_relay_stays_closed(board: Board) -> None:
    """Holds ten times a second keep the relay closed without a gap."""
    board.close_relay()
    for _ in range(100):
        board.run(100 - ANSWER_MS)
        assert board.hold() == 0
    assert [edge.closed for edge in board.edges] == [True]


@pytest.mark.parametrize("trials", trial_counts(FEW, MANY))
def test_silence_opens(board: Board, trials: int) -> None:
    """H1, H2, H3, H4: a relay that nobody holds any more opens within 600 ms of the last byte, and stays open."""
    chance = random.Random(1)
    for _ in range(trials):
        board.close_relay()
        for _ in range(chance.randrange(4)):
            board.run_cycles(chance.randrange(16_000 * 90))
            assert board.hold() == 0
        began = board.ms - ANSWER_MS
        board.run(SILENCE_MS + 100)
        assert not board.edges[-1].closed
        assert board.edges[-1].ms - began < SILENCE_MS
        assert board.hold() == Refusal.NOT_ARMED
        assert board.read()["reason"] == Reason.SILENCE


def test_letting_go_opens_at_once(board: Board) -> None:
    """H4: a unit that ends cleanly writes 0, and the relay is open within 5 ms of it."""
    board.close_relay()
    began = board.ms
    board.send(frames.write(0, 0))
    board.run(20)
    assert not board.edges[-1].closed and board.edges[-1].ms - began < 5
    assert board.read()["reason"] == Reason.OFF


def test_a_cable_pulled_at_any_byte_opens(board: Board) -> None:
    """H5: a hold that is cut off after any of its bytes holds nothing; the relay opens in time, and stays open."""
    for bytes_through in range(len(frames.hold(500, 7))):
        board.close_relay()
        began = board.ms - ANSWER_MS
        board.run(200)
        board.send(frames.hold(500, board.sequence + 1)[:bytes_through])
        board.run(SILENCE_MS)
        assert not board.edges[-1].closed and board.edges[-1].ms - began < SILENCE_MS
        assert board.hold() == Refusal.NOT_ARMED


@pytest.mark.parametrize("trials", trial_counts(3_000, 100_000))
def test_hostile_frames_hold_nothing(board: Board, trials: int) -> None:
    """H6: no frame that is flipped, cut, replayed or noise closes the relay or keeps it closed."""
    chance = random.Random(2)
    good = frames.hold(500, 7)
    for trial in range(trials):
        if trial % 100 == 0:
            board.close_relay()
            opens_by = board.ms + 500
            changes = board.changes
        kind = chance.randrange(4)
        if kind == 0:
            flipped = bytearray(frames.hold(500, board.sequence + 1))
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            frame = bytes(flipped)
        elif kind == 1:
            frame = frames.hold(500, board.sequence + 1)[: chance.randrange(1, len(good))]
        elif kind == 2:
            frame = frames.hold(500, board.sequence - chance.randrange(60))
        else:
            frame = chance.randbytes(chance.randrange(1, 80))
        board.send(frame)
        board.run(5 if len(frame) < 20 else 10)
        assert board.closed == (board.ms < opens_by) or abs(board.ms - opens_by) < 12
        assert board.changes <= changes + 1


@pytest.mark.parametrize("deaf", [False, True], ids=["interrupts on", "interrupts off"])
def test_a_hang_opens(board: Board, deaf: bool) -> None:
    """H7: a program that hangs at any instruction is restarted with its relay open in under 500 ms, and says so."""
    chance = random.Random(3)
    for trial in range(1, 11):
        board.close_relay()
        board.run_cycles(chance.randrange(16_000 * 90))
        began = board.ms
        board.hang(deaf)
        board.run(HANG_MS)
        assert not board.edges[-1].closed and board.edges[-1].ms - began < HANG_MS
        board.mend()
        board.run(1000)
        now = board.read()
        assert (now["state"], now["reset_cause"], now["hangs"]) == (State.DROPPED, 8, trial)


@pytest.mark.parametrize("trials", trial_counts(FEW, MANY))
def test_mains_back_closes_nothing(board: Board, trials: int) -> None:
    """H8, H12: a supply that comes back in mid-session closes nothing, though the unit goes on holding."""
    chance = random.Random(4)
    for _ in range(trials):
        board.close_relay()
        board.run_cycles(chance.randrange(16_000 * 90))
        board.power_cycle()
        assert not board.closed
        changes = board.changes
        board.run(60)
        for _ in range(5):
            assert board.hold() == Refusal.NOT_ARMED
            board.run(90)
        assert board.changes == changes


def test_a_brown_out_opens_and_is_told(board: Board) -> None:
    """H8: a dip of the supply opens the relay within 50 ms, without a pulse after it, and is told as a dip."""
    board.close_relay()
    began, changes = board.ms, board.changes
    board.power_cycle(BROWN_OUT)
    board.run(1000)
    assert board.changes == changes + 1 and board.edges[-1].ms - began < 50
    now = board.read()
    assert (now["state"], now["reset_cause"]) == (State.DROPPED, BROWN_OUT)


def test_a_supply_that_comes_and_goes_closes_nothing(board: Board) -> None:
    """H13: under a supply like a saw's teeth the relay closes once, though the bridge goes on as ever."""
    chance = random.Random(6)
    talk = Conversation(ModbusBoard(LockstepLine(board)), lambda: round(board.ms))
    talk.look()
    talk.obey(Order(True, round(board.ms)))
    assert board.closed
    for _ in range(60):
        board.power_cycle(BROWN_OUT)
        board.run(chance.randrange(5, 250))
        with suppress(OSError):
            talk.look()
        with suppress(OSError):
            talk.obey(Order(False, round(board.ms)))
    assert [edge.closed for edge in board.edges] == [True, False]


def test_a_unit_gone_mad_cannot_make_the_relay_chatter() -> None:
    """H13: of orders that come without end a new board takes six in any minute, whatever opened it between them."""
    board, chance, taken = Board(as_new=True), random.Random(7), []
    while board.ms < 130_000:
        board.arm()
        if board.hold() == 0:
            taken.append(board.ms)
        board.run(chance.randrange(20, 700))
        board.send(frames.write(0, 0))
        board.run(50)
    closed = [edge.ms for edge in board.edges if edge.closed]
    assert len(closed) == len(taken) == 3 * STARTS
    assert all(later - earlier >= MINUTE_MS for earlier, later in zip(closed, closed[STARTS:], strict=False))


def test_an_emergency_stop_opens_and_latches(board: Board) -> None:
    """H20: a pressed stop opens the relay in under 200 ms, a hundred times over; its release closes nothing."""
    for _ in range(100):
        board.close_relay()
        began = board.ms
        board.pin(ESTOP, True)
        board.run(ESTOP_MS)
        assert not board.edges[-1].closed and board.edges[-1].ms - began < ESTOP_MS
        assert board.hold() == Refusal.UNSAFE
        assert frames.refusal(board.ask(frames.arm(5))) == Refusal.UNSAFE
        assert board.read()["state"] == State.ESTOP
        board.pin(ESTOP, False)
        board.run(100)
        assert board.hold() == Refusal.NOT_ARMED
        assert board.read()["reason"] == Reason.ESTOP


def test_a_spark_is_no_emergency_stop(board: Board) -> None:
    """A disturbance of two milliseconds on the stop's wire opens nothing."""
    board.close_relay()
    board.pin(ESTOP, True)
    board.run(2)
    board.pin(ESTOP, False)
    board.run(50)
    assert board.closed


def test_a_weld_is_told_by_the_contact(board: Board) -> None:
    """H9: a contact that stays closed is found within 300 ms of the command, and no hold is taken any more."""
    board.close_relay()
    board.follow = False
    began = board.ms
    board.send(frames.write(0, 0))
    board.run(CONTACT_MS + 10)
    assert board.edges[-1].ms - began < 5
    assert board.read()["state"] == State.WELDED
    assert board.hold() == Refusal.UNSAFE
    assert frames.refusal(board.ask(frames.arm(5))) == Refusal.UNSAFE


def test_a_weld_is_told_by_the_current(board: Board) -> None:
    """H9: a current that goes on is found within 2.3 s of the command, where no contact tells."""
    assert frames.refusal(board.ask(frames.write(3, 0))) == 0
    assert frames.refusal(board.ask(frames.write(4, 1000))) == 0
    board.close_relay()
    board.send(frames.write(0, 0))
    board.clamp(2300, 100)
    assert board.read()["state"] == State.WELDED
    assert board.read()["current_ma"] == pytest.approx(3000, rel=0.05)


def test_a_weld_outlives_a_power_cut_until_it_is_cleared(board: Board) -> None:
    """H9: a weld is remembered through a power cut, and cleared only by its word once the contact is open."""
    board.close_relay()
    board.follow = False
    board.ask(frames.write(0, 0))
    board.run(1000)
    board.power_cycle()
    board.run(100)
    assert board.read()["state"] == State.WELDED
    assert frames.refusal(board.ask(frames.write(2, CLEAR_WORD))) == Refusal.UNSAFE
    board.pin(MIRROR, False)
    board.run(10)
    assert frames.refusal(board.ask(frames.write(2, 1))) == Refusal.VALUE
    assert frames.refusal(board.ask(frames.write(2, CLEAR_WORD))) == 0
    board.follow = True
    board.close_relay()


@pytest.mark.parametrize("held", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("contact", [False, True], ids=["contact open", "contact closed"])
def test_feedback_and_command_must_agree(board: Board, held: bool, contact: bool) -> None:
    """H10, H11: in both ways to disagree the relay is open and latched within 300 ms, in the others not."""
    if held:
        board.close_relay()
    board.follow = False
    board.pin(MIRROR, contact)
    board.run(CONTACT_MS + 10)
    assert board.closed == (held and contact)
    expected = {
        (False, False): State.DROPPED,
        (True, True): State.CLOSED,
        (True, False): State.DROPPED,
        (False, True): State.WELDED,
    }
    if held and contact:
        assert board.hold() == 0
    now = board.read()
    assert now["state"] == expected[held, contact]
    assert now["reason"] == (Reason.NO_CONTACT if (held, contact) == (True, False) else Reason.START)


def test_a_live_contact_refuses_a_start(board: Board) -> None:
    """H10: a board whose contact is closed before the relay is refuses to close it."""
    board.arm()
    board.follow = False
    board.pin(MIRROR, True)
    board.run(5)
    assert board.hold() == Refusal.UNSAFE
    assert not board.closed


def test_a_session_has_an_end(board: Board) -> None:
    """H22: whatever is held, the relay opens at the end of the longest session that is set, and stays open."""
    assert frames.refusal(board.ask(frames.write(5, 3))) == 0
    board.close_relay()
    began = board.edges[-1].ms
    while board.hold() == 0:
        board.run(88)
    board.run(100)
    assert board.edges[-1].ms - began == pytest.approx(3000, abs=2)
    assert board.read()["reason"] == Reason.CAP


def test_the_counters_outlive_a_power_cut(board: Board) -> None:
    """Closings, seconds, starts and settings are the same after a power cut as before it."""
    assert frames.refusal(board.ask(frames.write(6, 15_000))) == 0
    for _ in range(3):
        board.close_relay()
        board.run(1500)
    board.run(500)
    before = board.read()
    board.power_cycle()
    board.run(100)
    after = board.read()
    assert (after["closings"], after["silences"], after["starts"]) == (3, 3, before["starts"] + 1)
    assert after["closed_s"] == before["closed_s"]
    assert frames.quantities(board.ask(frames.read_holding()))["clamp_ma"] == 15_000


def test_two_runs_are_the_same() -> None:
    """The same story gives the same edges, to the cycle."""

    def story() -> list[object]:
        board = Board()
        board.close_relay()
        board.run(700)
        return list(board.edges)

    assert story() == story()
