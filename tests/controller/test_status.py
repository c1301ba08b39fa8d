"""How a unit stands, as a screen and as a light show it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from access.facts import Booted, DecisionMade
from access.vocabulary import Fault, Outcome, Reason, Warn
from controller.events import ContactChanged
from controller.journal_row import Stamped
from controller.link import UnitState
from controller.ports import Pattern
from controller.status import Status, pattern
from tests.access.workshop import NOON, at, booking
from tests.controller.mind import Mind

READY = UnitState(1, "m1", NOON, "idle")


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[Mind]:
    """A unit whose machine is booked for an hour."""
    made = Mind(tmp_path, booking("b1", 0, 60))
    yield made
    made.journal.close()


def test_a_state_is_numbered_when_it_differs(mind: Mind) -> None:
    """While nothing but the time changes the state is the same object; a change gives it the next number."""
    status = Status("m1")
    first = status.now(mind.control)
    mind.clock.advance(30)
    assert status.now(mind.control) is first
    mind.tap()
    second = status.now(mind.control)
    assert (first.n, second.n) == (1, 2)
    assert (first.phase, second.phase) == ("idle", "running")
    assert (second.member, second.booking, second.until) == ("ana", "b1", at(60))


def test_the_last_tap_is_told(mind: Mind) -> None:
    """A decision shows for a moment and is remembered, with a number of its own; other facts show nothing."""
    status = Status("m1")
    granted = DecisionMade("tag-ana", "ana", Outcome.GRANTED, Reason.BOOKING)
    refused = DecisionMade("nobody", None, Outcome.REFUSED, Reason.BADGE_UNKNOWN)
    assert status.heard(Stamped(NOON, 0, 1, granted)) is Pattern.GRANTED
    assert status.heard(Stamped(NOON, 0, 1, refused)) is Pattern.REFUSED
    assert status.heard(Stamped(NOON, 0, 1, Booted(1, "power"))) is None
    last = status.now(mind.control).last
    assert last is not None and (last.n, last.outcome, last.reason) == (2, "refused", "badge_unknown")


def test_a_warning_stands_until_it_is_heeded(mind: Mind) -> None:
    """The warning of a booking's end is on the screen from its minute on."""
    status = Status("m1")
    mind.tap()
    mind.tell(ContactChanged(True))
    assert status.now(mind.control).warning is None
    mind.wait(14)
    assert status.now(mind.control).warning is Warn.IDLE
    assert pattern(status.now(mind.control)) is Pattern.IDLE


BOOKED = (booking("b1", 0, 60),)
LADDER = [
    (Pattern.ESTOP, {"faults": frozenset({Fault.ESTOP, Fault.NO_POWER})}),
    (Pattern.FAULT, {"faults": frozenset({Fault.JOURNAL})}),
    (Pattern.FAULT, {"faults": frozenset({Fault.READER_LOST}), "phase": "running"}),
    (Pattern.IDLE, {"phase": "running", "warning": Warn.IDLE, "locked": True}),
    (Pattern.ENDING, {"phase": "running", "warning": Warn.ENDING}),
    (Pattern.ENDING, {"phase": "finishing"}),
    (Pattern.RUNNING, {"phase": "running", "locked": True, "clock_trusted": False}),
    (Pattern.LOCKED, {"locked": True, "clock_trusted": False}),
    (Pattern.OFFLINE, {"clock_trusted": False, "bookings": BOOKED}),
    (Pattern.BUSY, {"bookings": BOOKED, "online": False}),
    (Pattern.OFFLINE, {"online": False}),
    (Pattern.READY, {}),
    (Pattern.READY, {"faults": frozenset({Fault.CLOCK})}),
]


@pytest.mark.parametrize(("expected", "changes"), LADDER)
def test_the_light_shows_the_worst(expected: Pattern, changes: dict[str, object]) -> None:
    """Of all that is true of a unit its light shows the worst."""
    assert pattern(replace(READY, **changes)) is expected  # type: ignore[arg-type]
