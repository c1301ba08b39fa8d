"""What people do about what is theirs, and about a machine that is not right; each way counted in acts."""

from typing import Any

import pytest

from access.bookings import Booking
from controller.link import Begin, Cancel, Extend, Finish, Rate, ReportFault, Reserve
from kiosk.story import at
from tests.kiosk.conftest import take


def test_ones_own_booking_is_a_badge_and_one_touch(robot: Any) -> None:
    """Who has booked badges, touches "Démarrer", and the machine is on."""
    robot.badge("tag-ana")
    robot.touch("Suite")  # Ana also runs another machine, which comes first
    robot.acts -= 1
    robot.touch("Démarrer")
    assert robot.acts == 2
    assert "C'est parti" in robot.words()
    assert robot.story.units["surjeteuse-2"].asked == [Begin("ana", "b3")]


def test_a_dangerous_machine_is_never_started_from_the_screen(robot: Any) -> None:
    """One's own booking of a dangerous machine leads to its own reader."""
    robot.story.units["presse-1"].change(bookings=(Booking("b9", "presse-1", "zoé", at(14), at(15)),))
    robot.badge("tag-zoé")
    robot.touch_machine("presse-1")
    assert "Démarrer" not in robot.words()
    assert "Cette machine démarre avec votre badge, à son lecteur." in robot.words()


def test_finishing_is_a_badge_and_one_touch(robot: Any) -> None:
    """Who runs a machine badges and touches "Terminer"; it is said to be off when it is."""
    robot.badge("tag-ana")
    robot.touch("Terminer")
    assert robot.acts == 2
    assert "C'est fini\nLa machine est éteinte." in robot.words()
    assert robot.story.units["piqueuse-2"].asked == [Finish("ana")]
    assert robot.story.units["piqueuse-2"].state.phase == "idle"


def test_finishing_may_be_taken_back(robot: Any) -> None:
    """For ten seconds the machine can be had again with one touch, while its booking lasts."""
    robot.badge("tag-ana")
    robot.touch("Terminer")
    robot.touch("Reprendre")
    assert "C'est parti" in robot.words()
    assert robot.story.units["piqueuse-2"].state.phase == "running"


def test_a_machine_that_does_not_stop_is_not_said_to_be_off(robot: Any) -> None:
    """The screen says that a machine is off when the machine says so, and otherwise what to do."""
    robot.story.units["piqueuse-2"].stop = lambda: None
    robot.badge("tag-ana")
    robot.touch("Terminer")
    assert "La machine s'éteint." in robot.words()
    robot.wait(4)
    assert "La machine ne s'éteint pas\nElle n'a pas répondu à l'écran.\nBadgez à la machine." in robot.words()


def test_extending_is_a_badge_and_one_touch(robot: Any) -> None:
    """Who runs a machine badges and touches a longer time, which shows the end it leads to."""
    robot.badge("tag-ana")
    assert "+ 30 min\njusqu'à 16:00" in robot.words()
    robot.touch("+ 30 min")
    assert robot.acts == 2
    assert "C'est prolongé\nÀ vous jusqu'à 16:00." in robot.words()
    assert robot.story.units["piqueuse-2"].asked == [Extend("b1", 30, at(15, 30))]


def test_an_extension_is_cut_to_the_next_booking(robot: Any) -> None:
    """No button promises time that somebody else has: "+ 15 min" is what is left."""
    unit = robot.story.units["piqueuse-2"]
    unit.change(bookings=(*unit.state.bookings, Booking("b8", "piqueuse-2", "karim", at(15, 45), at(16, 45))))
    robot.badge("tag-ana")
    assert "+ 15 min\njusqu'à 15:45" in robot.words()


def test_an_extension_asked_twice_lengthens_once(robot: Any) -> None:
    """Where the answer was lost, asking again adds nothing more."""
    unit = robot.story.units["piqueuse-2"]
    unit.lossy = True
    robot.badge("tag-ana")
    robot.touch("+ 30 min")
    unit.lossy = False
    robot.touch("Réessayer")
    assert "À vous jusqu'à 16:00." in robot.words()
    assert next(b.end for b in unit.state.bookings if b.id == "b1") == at(16)


def test_cancelling_is_a_badge_and_two_touches(robot: Any) -> None:
    """One's booking, then "Annuler": no question is asked, and the unit hears of it ten seconds later."""
    unit = robot.story.units["piqueuse-3"]
    robot.badge("tag-zoé")
    robot.touch("Réservée pour vous de 16:00 à 17:00")
    robot.touch("Annuler")
    assert robot.acts == 3
    assert "C'est annulé\nEncore 10 s pour changer d'avis." in robot.words()
    robot.wait(9)
    assert unit.asked == []
    robot.wait(1.5)
    assert unit.asked == [Cancel("b4")] and unit.state.bookings == ()
    assert "L'heure est libre pour les autres." in robot.words()


def test_a_cancellation_is_undone_within_ten_seconds(robot: Any) -> None:
    """Who changes their mind keeps the booking; nobody was ever asked to give it back."""
    robot.badge("tag-zoé")
    robot.touch("Réservée pour vous de 16:00 à 17:00")
    robot.touch("Annuler")
    robot.wait(9)
    robot.touch("La garder")
    robot.wait(30)
    assert robot.story.units["piqueuse-3"].asked == []
    assert "Réservée pour vous de 16:00 à 17:00" in robot.words()


@pytest.mark.parametrize("how", ["leave", "next badge", "the kiosk ends"])
def test_who_cancels_and_goes_has_cancelled(robot: Any, how: str) -> None:
    """Nobody has to wait for the ten seconds: to leave is to mean it."""
    robot.badge("tag-zoé")
    robot.touch("Réservée pour vous de 16:00 à 17:00")
    robot.touch("Annuler")
    if how == "leave":
        robot.touch("Quitter")
    elif how == "next badge":
        robot.badge("tag-karim")
    else:
        robot.app.desk.close()
    assert robot.story.units["piqueuse-3"].asked == [Cancel("b4")]


def test_a_booking_made_by_mistake_is_given_back_with_one_touch(robot: Any) -> None:
    """For ten seconds after a walk-up "Annuler" gives the machine back, and it is off."""
    take(robot)
    robot.touch("Annuler")
    unit = robot.story.units["piqueuse-1"]
    assert "C'est annulé" in robot.words()
    assert unit.state.phase == "idle" and unit.state.bookings == ()


def test_a_busy_machine_is_reserved_for_afterwards_with_a_badge_and_two_touches(robot: Any) -> None:
    """A machine in use offers the hours from its end on."""
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-2")
    assert "Réserver ensuite, à partir de 15:30" in robot.words()
    robot.touch("16:30")
    assert robot.acts == 3
    assert "C'est réservé\nÀ vous de 15:30 à 16:30." in robot.words()
    (ask,) = robot.story.units["piqueuse-2"].asked
    assert isinstance(ask, Reserve)
    assert (ask.member, ask.start, ask.end, ask.elsewhere) == ("zoé", at(15, 30), at(16, 30), 1)


def test_what_is_reserved_for_afterwards_fits_between_bookings_and_before_closing(robot: Any) -> None:
    """The hours after somebody else are cut to the next booking and to closing too."""
    unit = robot.story.units["piqueuse-2"]
    later = Booking("b8", "piqueuse-2", "karim", at(16), at(17, 30))
    unit.change(bookings=(*unit.state.bookings, later))
    robot.touch_machine("piqueuse-2")
    assert "16:00\nà partir de 15:30" in robot.words()
    assert "16:30" not in robot.words()
    robot.touch("Retour")
    unit.change(bookings=(Booking("b1", "piqueuse-2", "ana", at(13), at(16)), later))
    robot.wait(1)
    robot.touch_machine("piqueuse-2")
    assert "18:00\nà partir de 17:30" in robot.words()


def test_a_fault_is_reported_with_a_badge_and_three_touches(robot: Any) -> None:
    """Machine, "Signaler", one of six pictograms: told to the unit, in the workshop's own words."""
    robot.badge("tag-zoé")
    robot.touch_machine("familiale")
    robot.touch("Signaler")
    robot.touch("Aiguille cassée")
    assert robot.acts == 4
    assert "Merci\nC'est noté : l'équipe va regarder." in robot.words()
    assert robot.story.units["familiale"].asked == [ReportFault("zoé", "Aiguille cassée")]


def test_a_fault_may_be_reported_without_a_badge(robot: Any) -> None:
    """Whoever sees smoke says so, whether they are a member or not."""
    robot.touch_machine("familiale")
    robot.touch("Signaler")
    robot.touch("Odeur ou fumée")
    assert robot.acts == 3
    assert robot.story.units["familiale"].asked == [ReportFault(None, "Odeur ou fumée")]


def test_three_faces_and_one_question_after_finishing(robot: Any) -> None:
    """Each is one touch, goes to the unit without a name, counts once, and nobody has to."""
    unit = robot.story.units["piqueuse-2"]
    robot.badge("tag-ana")
    robot.touch("Terminer")
    assert "C'était comment ?" in robot.words()
    robot.touch("Bien")
    assert "Vous cousez plutôt…" in robot.words()
    robot.touch("pour offrir")
    assert "Merci !" in robot.words()
    assert unit.asked[1:] == [Rate(3), Rate(0, "Vous cousez plutôt…", "pour offrir")]
    robot.wait(10)
    assert robot.screen == "board"


def test_the_board_says_who_may_help(robot: Any) -> None:
    """Who agreed to be shown stands on the board, today and until they leave."""
    assert "Aide du jour : Ana (broderie), Paul (machines plates)" in robot.words()
    robot.wait(2 * 3600)
    assert "Aide du jour : Ana (broderie)" in robot.words() and "Paul" not in robot.words()
