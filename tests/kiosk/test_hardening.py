"""A kiosk stays a kiosk: whatever is pressed, however often, and whenever it dies."""

import random
from typing import Any

import pytest
from kivy.base import EventLoop
from kivy.core.window import Window

from access.book import Accepted
from controller.link import WalkUp
from kiosk.app import KioskApp
from kiosk.deeds import Pick, Take
from kiosk.stage import Finger, Stage
from kiosk.story import Story
from tests.kiosk.conftest import take

F1, ESCAPE, F11, E, CTRL = 282, 27, 292, 101, ["ctrl"]


@pytest.mark.parametrize(
    ("key", "modifiers"), [(F1, []), (ESCAPE, []), (F11, []), (E, CTRL)], ids=["F1", "Escape", "F11", "Ctrl-E"]
)
def test_keys_lead_nowhere(robot: Any, key: int, modifiers: list[str]) -> None:
    """A keyboard that somebody plugs in opens no settings, no console, and ends nothing."""
    before = robot.words()
    robot.stage.key(key, modifiers)
    assert robot.words() == before
    assert robot.app.root.parent.children == [robot.app.root]
    assert Window.fullscreen in (False, "auto")


def test_a_key_does_only_what_it_said_when_the_finger_came(robot: Any) -> None:
    """Keys are used again on the next screen: a finger that was left on one presses nothing there."""
    card = robot.card("piqueuse-1")
    finger = robot.stage.press(*card.to_window(*card.center))
    robot.touch_machine("surjeteuse-1")
    robot.touch("Retour")
    card.tile = robot.card("presse-1").tile
    robot.stage.lift(finger)
    assert robot.screen == "board"


def random_keys(robot: Any, number: int) -> None:
    chance = random.Random(6)
    modifiers = ["ctrl", "alt", "shift", "meta"]
    for _ in range(number):
        robot.stage.key(
            chance.choice((chance.randrange(8, 320), 27, 282)), chance.sample(modifiers, 2), settle=False
        )
    robot.stage.settle()


def random_gestures(robot: Any, number: int) -> None:
    """Several fingers at once, anywhere, down and up in any order, and dragged across."""
    chance = random.Random(7)
    for n in range(number):
        fingers = [
            Finger("wild", n * 10 + i, (chance.random(), chance.random()), is_touch=True, type_id="touch")
            for i in range(chance.randint(2, 5))
        ]
        for finger in fingers:
            EventLoop.post_dispatch_input("begin", finger)
        for finger in fingers:
            finger.move((chance.random(), chance.random()))
            EventLoop.post_dispatch_input("update", finger)
        robot.story.pass_time(0.3)
        robot.stage.settle(1)
        for finger in chance.sample(fingers, len(fingers)):
            EventLoop.post_dispatch_input("end", finger)
        robot.stage.settle(1)


def still_a_kiosk(robot: Any) -> None:
    """Left alone it is the board, in French, and somebody can book."""
    robot.wait(120)
    assert robot.screen == "board"
    assert "Posez votre badge" in robot.words()
    take(robot, "surjeteuse-1", "15:15")
    assert "C'est parti" in robot.words()


@pytest.mark.parametrize("number", [1000, pytest.param(100_000, marks=pytest.mark.long)])
def test_random_keys_leave_the_board(robot: Any, number: int) -> None:
    """Any number of keys, held with any others, changes nothing at all."""
    before = robot.words()
    random_keys(robot, number)
    assert robot.words() == before
    robot.badge("tag-zoé")
    page = robot.words()
    random_keys(robot, number // 10)
    assert robot.words() == page


@pytest.mark.parametrize("number", [40, pytest.param(2000, marks=pytest.mark.long)])
def test_wild_hands_leave_the_board(robot: Any, number: int) -> None:
    """Fingers anywhere, without a badge, book nothing, and the board comes back."""
    random_gestures(robot, number)
    for unit in robot.story.units.values():
        assert not any(isinstance(ask, WalkUp) for ask in unit.asked)
    robot.wait(120)
    still_a_kiosk(robot)


@pytest.mark.parametrize("moment", ["before it is heard", "heard, answer lost", "answered"])
def test_a_booking_that_is_cut_off_exists_once_or_not_at_all(moment: str) -> None:
    """The kiosk dies as a booking is made: after its return, and another try, there is one at the most."""
    story = Story()
    unit = story.units["piqueuse-1"]
    unit.deaf, unit.lossy = moment == "before it is heard", moment == "heard, answer lost"
    for _ in range(2):
        app = KioskApp(story.units, story, story.reader, story.clock, draw=story.draw)
        stage = Stage(app, (1280, 800))
        story.reader.show("tag-zoé")
        app.desk.do(Pick("piqueuse-1"))
        app.desk.do(Take(60))
        stage.settle()
        stage.close()
        unit.deaf = unit.lossy = False
    assert len([b for b in unit.state.bookings if b.member == "zoé"]) == 1
    assert sum(isinstance(answer, Accepted) for answer in unit._answers.values()) == 1


def test_a_kiosk_that_dies_changes_no_machine(robot: Any) -> None:
    """Whoever runs a machine runs it still when the screen goes and comes back, and is shown so."""
    take(robot)
    states = {machine: unit.state for machine, unit in robot.story.units.items()}
    robot.stage.close()
    assert {machine: unit.state for machine, unit in robot.story.units.items()} == states
    story = robot.story
    app = KioskApp(story.units, story, story.reader, story.clock, draw=story.draw)
    robot.app, robot.stage = app, Stage(app, (1280, 800))
    assert "Occupée" in robot.tile("piqueuse-1")
