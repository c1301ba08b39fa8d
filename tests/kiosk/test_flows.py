"""What people do at the kiosk, done by a robot."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from kivy.metrics import mm

from access.machines import Machine
from access.vocabulary import Fault, Reason
from controller.link import WalkUp
from kiosk.ports import Post
from kiosk.sheet import ResultPanel
from kiosk.story import SITE
from kiosk.writing import FitLabel
from tests.kiosk.conftest import take, words_on


def test_a_walk_up_is_a_badge_and_two_touches(robot: Any) -> None:
    """Badge, machine, hour: three acts, and the machine is on."""
    robot.badge("tag-zoé")
    robot.touch_machine("surjeteuse-1")
    robot.touch("15:02")
    assert robot.acts == 3
    assert "C'est parti\nLa machine est allumée, à vous jusqu'à 15:02." in robot.words()
    assert robot.story.units["surjeteuse-1"].state.phase == "running"


@pytest.mark.parametrize(
    "order",
    [o for o in itertools.permutations(("badge", "machine", "hour")) if o.index("machine") < o.index("hour")],
)
def test_the_order_of_badge_machine_and_hour_does_not_matter(robot: Any, order: tuple[str, ...]) -> None:
    """The same three acts in any order make the same booking."""
    acts = {
        "badge": lambda: robot.badge("tag-zoé"),
        "machine": lambda: robot.touch_machine("piqueuse-1"),
        "hour": lambda: robot.touch("14:32"),
    }
    for act in order:
        acts[act]()
    assert robot.acts == 3
    assert "C'est parti" in robot.words()
    (ask,) = robot.story.units["piqueuse-1"].asked
    assert (ask.member, ask.minutes, ask.power) == ("zoé", 30, True)


def test_an_hour_without_a_badge_asks_for_the_badge(robot: Any) -> None:
    """Who has chosen a machine and an hour is told that only the badge is missing."""
    robot.touch_machine("piqueuse-1")
    assert "Choisissez l'heure, puis posez votre badge." in robot.words()
    robot.touch("15:02")
    assert "Posez votre badge : c'est à vous jusqu'à 15:02." in robot.words()
    assert robot.story.units["piqueuse-1"].asked == []


def test_a_hazardous_machine_asks_for_the_badge_at_the_machine(robot: Any) -> None:
    """A dangerous machine is booked from the screen and never started from it."""
    robot.badge("tag-zoé")
    robot.touch_machine("presse-1")
    assert "Cette machine démarre avec votre badge, à son lecteur." in robot.words()
    robot.touch("14:32")
    assert "Badgez à la machine\nC'est réservé pour vous jusqu'à 14:32." in robot.words()
    assert robot.story.units["presse-1"].state.phase == "idle"


def test_a_booked_machine_that_does_not_start_is_not_said_to_be_on(robot: Any) -> None:
    """The screen says that a machine is on when the machine says so, and otherwise what to do."""
    robot.story.units["surjeteuse-2"].run = lambda booking: None
    robot.badge("tag-ana")
    robot.touch("Suite")
    robot.touch("Démarrer")
    assert "La machine démarre…" in robot.words()
    robot.wait(4)
    assert "la machine n'a pas démarré.\nBadgez à la machine." in robot.words()


def test_a_refused_tap_is_told_on_its_tile_for_fifteen_seconds(robot: Any) -> None:
    """Who is refused at a machine reads why, and what to do, on that machine's tile."""
    robot.story.units["piqueuse-3"].refuse_tap(Reason.NO_BOOKING)
    robot.wait(0.5)
    assert "Pas de réservation à votre nom.\nRéservez sur cet écran" in robot.tile("piqueuse-3")
    robot.wait(14)
    assert "Pas de réservation" in robot.tile("piqueuse-3")
    robot.wait(1)
    assert "Libre" in robot.tile("piqueuse-3")


def test_a_refusal_on_another_page_turns_to_it(small_robot: Any) -> None:
    """On a small screen the page of the refused tap is shown."""
    small_robot.story.units["brodeuse-1"].refuse_tap(Reason.NOT_QUALIFIED)
    small_robot.wait(0.5)
    assert "Il faut une habilitation" in small_robot.words()


def test_a_machine_one_may_not_use_says_why_and_what_to_do(robot: Any) -> None:
    """A missing training is named on the tile, and once more when the tile is touched."""
    robot.badge("tag-zoé")
    assert "Il faut l'habilitation broderie numérique.\nDemandez la formation" in robot.tile("brodeuse-1")
    robot.touch_machine("brodeuse-1")
    assert "Il faut l'habilitation broderie numérique." in robot.words()
    assert "14:32" not in robot.words()


def test_an_ended_membership_is_said_once(robot: Any) -> None:
    """What keeps somebody from every machine stands above them all, and is offered no hour."""
    robot.badge("tag-léo")
    assert robot.words().count("Adhésion finie le 7 mars 2026.\nRenouvelez-la à l'accueil.") == 1
    robot.touch_machine("piqueuse-1")
    assert "Renouvelez-la à l'accueil." in robot.words()
    assert "14:32" not in robot.words()


def test_hours_are_cut_to_the_next_booking_and_to_closing(robot: Any) -> None:
    """No button promises an hour that somebody else has, or that the workshop is closed."""
    robot.badge("tag-zoé")
    robot.touch_machine("surjeteuse-1")
    assert "15:15\navant la réservation suivante" in robot.words()
    assert "15:32" not in robot.words()
    robot.touch("Retour")
    robot.touch("Quitter")
    robot.wait(2.5 * 3600)
    robot.touch_machine("piqueuse-1")
    assert "17:02\n30 min" in robot.words()
    robot.wait(80 * 60)
    robot.touch_machine("familiale")
    assert "Il reste trop peu de temps." in robot.words()


def test_a_silent_unit_is_shown_within_five_seconds(robot: Any) -> None:
    """A unit that is not heard any more is shown as silent within five seconds, and back when it is."""
    unit = robot.story.units["familiale"]
    robot.wait(0.1)
    unit.deaf = True
    robot.wait(4)
    assert "Libre" in robot.tile("familiale")
    robot.wait(1)
    assert "Ne répond pas" in robot.tile("familiale")
    unit.deaf = False
    robot.wait(0.5)
    assert "Libre" in robot.tile("familiale")


def test_a_unit_that_was_never_heard_becomes_silent_too(robot: Any) -> None:
    """A machine without a word from the start does not look free."""
    robot.story.units["familiale"].deaf = True
    robot.wait(5)
    robot.badge("tag-zoé")
    assert "Ne répond pas" in robot.tile("familiale")


def test_two_touches_book_once(robot: Any) -> None:
    """A bouncing finger and an impatient one ask the unit once."""
    unit = robot.story.units["piqueuse-1"]
    unit.slow = True
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    key = robot.key("15:02")
    x, y = key.center
    robot.stage.lift(robot.stage.press(x, y))
    robot.stage.lift(robot.stage.press(x, y))
    robot.wait(1)
    robot.stage.lift(robot.stage.press(x, y))
    assert "Un instant…" in robot.words()
    assert len(unit.asked) == 1
    unit.catch_up()
    robot.wait(0.1)
    assert "C'est parti" in robot.words()


def test_a_bounce_does_not_touch_what_comes_up_under_the_finger(robot: Any) -> None:
    """A touch that opens a screen does not press a button of that screen as well."""
    card = robot.card("surjeteuse-2")
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    robot.touch("Retour")
    x, y = card.center
    robot.wait(1)
    robot.stage.lift(robot.stage.press(x, y))
    robot.stage.lift(robot.stage.press(x + mm(1), y))
    assert robot.screen == "sheet"
    assert all(not unit.asked for unit in robot.story.units.values())


def test_a_retry_has_the_same_id_and_books_once(robot: Any) -> None:
    """Who asks again after no answer gets the booking that was made the first time."""
    unit = robot.story.units["piqueuse-1"]
    unit.deaf = True
    take(robot)
    assert "La machine ne répond pas" in robot.words()
    unit.deaf = False
    robot.touch("Réessayer")
    assert "C'est parti" in robot.words()
    first, second = unit.asked
    assert isinstance(first, WalkUp)
    assert first == second
    assert [b.id for b in unit.state.bookings] == [first.id]


def test_a_lost_answer_is_read_from_the_units_state(robot: Any) -> None:
    """A booking that was made is said to be made, even where the answer was lost."""
    robot.story.units["piqueuse-1"].lossy = True
    take(robot)
    assert "C'est parti" in robot.words()


def test_a_refusal_by_the_unit_is_told_in_words(robot: Any) -> None:
    """The unit has the last word, and the screen says why and what to do."""
    unit = robot.story.units["recouvreuse"]
    unit.slow = True
    take(robot, "recouvreuse")
    unit.change(bookings=robot.story.units["surjeteuse-2"].state.bookings)
    unit.catch_up()
    robot.wait(0.1)
    assert "Elle est prise jusqu'à 15:00.\nPrenez-en une autre" in robot.words()


def test_an_unknown_badge_is_told_so_for_fifteen_seconds(robot: Any) -> None:
    """A badge that nobody knows gets words, not silence; so does one that was withdrawn."""
    robot.badge("tag-nobody")
    assert "Badge encore inconnu.\nFaites-le enregistrer à l'accueil." in robot.words()
    robot.wait(15)
    assert "Posez votre badge" in robot.words()
    robot.badge("tag-lost")
    assert "Ce badge n'est plus valable." in robot.words()


def test_an_idle_screen_warns_after_45_seconds_and_is_the_board_after_65(robot: Any) -> None:
    """A person who walks away is warned, and leaves nothing of theirs on the screen."""
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    robot.wait(44)
    assert "Toujours là" not in warning(robot)
    robot.wait(1)
    assert "Retour à l'accueil dans 20 s." in warning(robot)
    assert robot.voice.tones == [False]
    robot.wait(19)
    assert robot.screen == "sheet"
    robot.wait(1)
    assert robot.screen == "board" and warning(robot) == ""
    assert all("Zoé" not in label.words for label in _all_labels(robot))


def test_one_touch_anywhere_gives_the_time_back_and_does_nothing_else(robot: Any) -> None:
    """Who is still there touches where they like, ten times over, and stays where they were."""
    robot.badge("tag-zoé")
    for _ in range(10):
        robot.wait(50)
        assert warning(robot)
        robot.stage.lift(robot.stage.press(640, 400))
        robot.wait(0.5)
        assert warning(robot) == "" and robot.screen == "member"


def test_who_badges_again_within_five_minutes_goes_on_where_they_were(robot: Any) -> None:
    """An unfinished step is resumed by its own person only, and not for ever."""
    for wait, screen in ((200, "sheet"), (301, "member")):
        robot.badge("tag-zoé")
        if robot.screen == "member":
            robot.touch_machine("piqueuse-1")
        robot.wait(65)
        assert robot.screen == "board"
        robot.wait(wait)
        robot.badge("tag-zoé")
        assert robot.screen == screen
        robot.badge("tag-karim")
        robot.touch("Quitter")


def test_a_success_makes_way_for_the_next_person(robot: Any) -> None:
    """Ten seconds after a success, when it can no longer be taken back, the board is there again."""
    take(robot)
    robot.wait(9)
    assert robot.screen == "sheet"
    robot.wait(1)
    assert robot.screen == "board"


def test_the_next_badge_replaces_the_last_person(robot: Any) -> None:
    """Whoever badges sees their own page, whatever the last one left."""
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    robot.badge("tag-karim")
    assert robot.screen == "member"
    assert "Bonjour Karim" in robot.words()
    assert "Zoé" not in robot.words()


def test_the_member_page_shows_ones_own_hours(robot: Any) -> None:
    """After a badge one's running machine and one's bookings come first."""
    robot.badge("tag-ana")
    assert "Piqueuse plate 2\nÀ vous jusqu'à 15:30" in robot.words()
    assert "À vous" in robot.tile("piqueuse-2")
    assert "À vous" in robot.tile("surjeteuse-2")
    robot.touch_machine("surjeteuse-2")
    assert "Réservée pour vous jusqu'à 15:00" in robot.words()


def test_only_one_way_of_input_is_left() -> None:
    """A touch arrives once: no second provider reads the same screen."""
    from kivy.config import Config

    assert [name for name, _ in Config.items("input")] == ["mouse"]


def test_a_lost_reader_is_told(robot: Any) -> None:
    """When the kiosk's own reader fails, the screen says so and what to do instead."""
    robot.story.reader.lose(True)
    robot.wait(0.1)
    assert "Badgez à la machine, et prévenez l'accueil." in robot.words()
    robot.story.reader.lose(False)
    robot.wait(0.1)
    assert "Posez votre badge" in robot.words()


def test_a_machine_that_is_taken_off_the_list_is_gone(robot: Any) -> None:
    """Who looks at a machine that is removed meanwhile is back at the board, without it."""
    robot.badge("tag-zoé")
    robot.touch_machine("familiale")
    left = tuple(post for post in SITE.posts if post.machine.id != "familiale")
    robot.story.site = lambda: replace(SITE, posts=left)
    robot.wait(0.5)
    assert robot.screen == "board"
    assert "Machine familiale" not in robot.words()


def test_a_machine_without_a_unit_is_shown_as_silent(robot: Any) -> None:
    """A machine that this kiosk has no way to is on the board, and offers nothing."""
    robot.story.site = lambda: replace(SITE, posts=(Post(Machine("new"), "Toute neuve"), *SITE.posts))
    robot.wait(0.5)
    robot.wait(5)
    assert "Ne répond pas" in robot.tile("new")
    robot.touch_machine("new")
    assert "La machine ne répond pas à l'écran." in robot.words()


def test_pages_are_turned_by_a_key(small_robot: Any) -> None:
    """What does not fit is one touch away, without scrolling."""
    assert "Recouvreuse" not in small_robot.words()
    small_robot.touch("Suite")
    assert "Recouvreuse" in small_robot.words()
    small_robot.touch("Suite")
    assert "Presse à chaud" in small_robot.words()
    small_robot.touch("Suite")
    assert "Piqueuse plate 1" in small_robot.words()


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault.ESTOP, "Arrêt d'urgence"),
        (Fault.RELAY_WELDED, "En panne\nCoupez au mur, prévenez l'accueil."),
        (Fault.JOURNAL, "En panne"),
        (Fault.CLOCK, "En panne"),
        (Fault.READER_LOST, "Libre\nSon lecteur de badges ne répond pas."),
    ],
)
def test_a_fault_is_on_its_tile(robot: Any, fault: Fault, word: str) -> None:
    """What is wrong with a machine is said on its tile, with what to do about it."""
    robot.story.units["familiale"].change(faults=frozenset({fault}))
    robot.wait(0.1)
    assert word in robot.tile("familiale")


def warning(robot: Any) -> str:
    """The words that lie over the screen when nobody seems to be there."""
    return robot.app.root.children[0].words.replace("’", "'")


def _all_labels(robot: Any) -> list[Any]:
    return [widget for widget in robot.app.root.walk() if hasattr(widget, "text")]


def test_what_came_of_asking_has_the_room_that_the_choices_had(robot: Any) -> None:
    """The answer fills the page, and the names fill their keys: nothing that is hidden now keeps its room."""
    take(robot)
    robot.wait(0.1)
    panel = next(w for w in robot.app.root.walk() if isinstance(w, ResultPanel) and w.get_root_window())
    assert panel.height > robot.app.root.height / 2
    shown = robot.keys()
    key = next(key for key in shown if words_on(key) == "Annuler")
    name = next(w for w in key.walk(restrict=True) if isinstance(w, FitLabel) and w.words)
    assert name.height > key.height * 0.8
