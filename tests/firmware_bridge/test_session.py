"""The session: what an order becomes, and what it never becomes."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.registers import HOLD_MS, Reason, State
from firmware_bridge.session import Arm, Hold, Order, Read, Reading, Session

FIRST, RENEWAL = Order(True, 1000), Order(False, 1000)


def reading(state: State, sequence: int = 7) -> Reading:
    """A board in that state."""
    return Reading(state, Reason.SILENCE, sequence)


def test_a_stranger_is_asked_then_armed_then_held() -> None:
    """The first order asks, arms and holds, in that order."""
    session = Session()
    assert session.request(FIRST, 1000, 42) == Read()
    session = session.read(reading(State.DROPPED))
    assert session.request(FIRST, 1000, 42) == Arm(42)
    session = session.was_armed(42)
    assert session.request(FIRST, 1000, 42) == Hold(HOLD_MS, 43)


def test_a_renewal_never_closes() -> None:
    """Whatever the board says, a renewal of what is not held becomes nothing."""
    assert Session().request(RENEWAL, 1000, 42) is None
    for state in State:
        assert Session().read(reading(state)).request(RENEWAL, 1000, 42) is None


@given(st.sampled_from(State), st.booleans(), st.integers(0, 65_535))
def test_only_a_closed_board_stays_held(state: State, held: bool, sequence: int) -> None:
    """A session is held after a look only if it was held and the relay is closed."""
    session = Session(None, held=held).read(reading(state, sequence))
    assert session.held == (held and state is State.CLOSED)


@given(st.integers(0, 2000))
def test_a_hold_runs_from_when_it_was_handed_in(age: int) -> None:
    """What waited makes the hold that much shorter, and nothing at all after half a second."""
    request = Session(7, held=True).request(RENEWAL, 1000 + age, 42)
    assert request == (Hold(HOLD_MS - age, 8) if age < HOLD_MS else None)


def test_a_doubtful_hold_is_not_repeated() -> None:
    """After a hold that may not have arrived, the next order asks first."""
    session = Session(7, held=True).was_perhaps_held()
    assert session.request(RENEWAL, 1000, 42) == Read()
    assert session.read(reading(State.CLOSED, 8)).request(RENEWAL, 1000, 42) == Hold(HOLD_MS, 9)


def test_the_sequence_runs_over() -> None:
    """After 65535 comes 0."""
    assert Session(65_535, held=True).request(RENEWAL, 1000, 42) == Hold(HOLD_MS, 0)
