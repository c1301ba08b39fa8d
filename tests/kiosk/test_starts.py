"""A machine that was taken at the screen has power within two seconds, or is given back by the kiosk itself."""

from dataclasses import replace
from typing import Any

import pytest

from access.book import Refused
from access.bookings import Booking
from access.vocabulary import Refusal
from controller.link import Cancel, WalkUp
from kiosk.story import at
from tests.kiosk.conftest import take

OTHERS = Booking("b9", "piqueuse-1", "karim", at(16), at(17))


@pytest.fixture
def unpowered(robot: Any) -> Any:
    """Zoé has taken a machine that books, and does not switch on; somebody else has it later."""
    unit = robot.story.units["piqueuse-1"]
    unit.change(bookings=(OTHERS,))
    robot.switch_on = unit.run
    unit.run = lambda booking: None
    take(robot)
    assert "La machine démarre…" in robot.words()
    return robot


def cancels(robot: Any) -> list[Cancel]:
    return [ask for ask in robot.story.units["piqueuse-1"].asked if isinstance(ask, Cancel)]


def mine(robot: Any) -> Booking:
    return next(b for b in robot.story.units["piqueuse-1"].state.bookings if b.member == "zoé")


def test_no_power_after_two_seconds_is_told_and_undone_once(unpowered: Any) -> None:
    """At 1.9 s nothing is given back; at 2 s it is, once, in words, and what somebody else booked stays."""
    booking = mine(unpowered)
    unpowered.wait(1.9)
    assert cancels(unpowered) == [] and "La machine démarre…" in unpowered.words()
    unpowered.wait(0.1)
    assert "La machine ne démarre pas\nVotre réservation est annulée.\nPrenez-en une autre" in unpowered.words()
    unpowered.wait(30)
    assert cancels(unpowered) == [Cancel(booking.id)]
    assert unpowered.story.units["piqueuse-1"].state.bookings == (OTHERS,)


def test_power_within_two_seconds_undoes_nothing(unpowered: Any) -> None:
    """A machine that is on after 1.9 s is the member's, whatever comes after."""
    unpowered.wait(1.9)
    unpowered.switch_on(mine(unpowered))
    unpowered.wait(0.1)
    assert "C'est parti" in unpowered.words()
    unpowered.story.units["piqueuse-1"].stop()
    unpowered.wait(20)
    assert cancels(unpowered) == [] and mine(unpowered).live


def test_a_badge_last_starts_the_two_seconds(robot: Any) -> None:
    """Machine and hour first: the time counts from the badge that completed them."""
    unit = robot.story.units["piqueuse-1"]
    unit.run = lambda booking: None
    robot.touch_machine("piqueuse-1")
    robot.touch("15:02")
    robot.wait(5)
    robot.badge("tag-zoé")
    robot.wait(1.9)
    assert cancels(robot) == []
    robot.wait(0.1)
    assert len(cancels(robot)) == 1


def test_a_dangerous_machine_never_waits_for_power(robot: Any) -> None:
    """It is the member's until they badge at its own reader."""
    take(robot, "presse-1", "14:32")
    robot.wait(9)
    assert "Badgez à la machine\nC'est réservé pour vous" in robot.words()
    assert all(isinstance(ask, WalkUp) for ask in robot.story.units["presse-1"].asked)


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "leaves"])
def test_a_lost_answer_is_asked_again_with_the_same_id(unpowered: Any, stays: bool) -> None:
    """Also when the person has gone: the same booking every time, never another's, until the unit answers."""
    unit, booking = unpowered.story.units["piqueuse-1"], mine(unpowered)
    unit.deaf = True
    unpowered.wait(2)
    assert "L'annulation est demandée, pas encore confirmée." in unpowered.words()
    if not stays:
        unpowered.badge("tag-karim")
    unpowered.wait(2)
    assert cancels(unpowered) == [Cancel(booking.id)] * 2
    unit.deaf = False
    unpowered.wait(2)
    unpowered.wait(2)
    unpowered.wait(10)
    assert set(cancels(unpowered)) == {Cancel(booking.id)} and len(cancels(unpowered)) == 3
    assert unit.state.bookings == (OTHERS,)
    assert not stays or "Votre réservation est annulée." in unpowered.words()


def test_an_undo_whose_answer_was_lost_is_told_as_it_is(unpowered: Any) -> None:
    """The unit heard it, and says to the second that there is nothing left: it is cancelled."""
    unit = unpowered.story.units["piqueuse-1"]
    unit.lossy = True
    unpowered.wait(2)
    unit.lossy = False
    unpowered.wait(2)
    unpowered.wait(0.5)
    assert "Votre réservation est annulée." in unpowered.words()
    assert unit.state.bookings == (OTHERS,)


def test_power_that_comes_after_all_is_told_and_kept(unpowered: Any) -> None:
    """Who has power before the undo was heard works on; it is not asked again."""
    unit, booking = unpowered.story.units["piqueuse-1"], mine(unpowered)
    unit.deaf = True
    unpowered.wait(2)
    unit.deaf = False
    unpowered.switch_on(booking)
    unpowered.wait(5)
    assert "C'est parti\nLa machine est allumée, à vous jusqu'à 15:02." in unpowered.words()
    assert cancels(unpowered) == [Cancel(booking.id)] and unit.state.phase == "running"
    unit.stop()
    unpowered.wait(20)
    assert cancels(unpowered) == [Cancel(booking.id)]


def test_a_machine_that_is_only_starting_is_not_said_to_be_on(unpowered: Any) -> None:
    """While the unit still writes down what it will do, nothing has power, and the undo stands as it was asked."""
    unit, booking = unpowered.story.units["piqueuse-1"], mine(unpowered)
    unit.deaf = True
    unpowered.wait(2)
    unit.deaf = False
    unit.change(phase="starting", member="zoé", booking=booking.id)
    unpowered.wait(0.1)
    assert "L'annulation est demandée, pas encore confirmée." in unpowered.words()
    assert "C'est parti" not in unpowered.words()


def test_a_refused_undo_is_told(unpowered: Any) -> None:
    """Where the unit keeps the booking, the screen says until when it is kept."""
    unit = unpowered.story.units["piqueuse-1"]
    unit._change = lambda ask, booking: Refused((Refusal.NOT_RECORDED,))
    unpowered.wait(2)
    assert "Elle reste réservée pour vous jusqu'à 15:02.\nBadgez à la machine." in unpowered.words()
    unpowered.wait(10)
    assert len(cancels(unpowered)) == 1


def test_a_unit_that_answers_late_is_undone_as_it_answers(robot: Any) -> None:
    """After two seconds without an answer the screen says so; the booking is given back once it is known."""
    unit = robot.story.units["piqueuse-1"]
    unit.run, unit.slow = lambda booking: None, True
    take(robot)
    robot.wait(2)
    assert "La machine ne démarre pas\nElle n'a pas encore répondu à l'écran.\nUn instant…" in robot.words()
    assert cancels(robot) == []
    unit.slow = False
    unit.catch_up()
    robot.wait(0.1)
    assert cancels(robot) == [Cancel(unit.asked[0].id)] and unit.state.bookings == ()
    assert "Votre réservation est annulée." in robot.words()


def test_one_that_was_made_unheard_is_undone(robot: Any) -> None:
    """The answer was lost and the power did not come: the unit's state is enough to give it back."""
    unit = robot.story.units["piqueuse-1"]
    unit.run, unit.lossy = lambda booking: None, True
    take(robot)
    unit.lossy = False
    robot.wait(2)
    assert cancels(robot) == [Cancel(unit.asked[0].id)] and unit.state.bookings == ()


def test_a_refused_walk_up_is_not_undone(unpowered: Any) -> None:
    """Another machine's booking of the same person is left alone."""
    unpowered.wait(2)
    unpowered.touch("Retour")
    others = unpowered.story.units["piqueuse-3"]
    assert [b.id for b in others.state.bookings] == ["b4"] and others.asked == []
    assert replace(others.state, n=0).bookings[0].live
