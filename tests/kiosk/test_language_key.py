"""Another language is one touch away, wherever one stands, and the touch disturbs nothing."""

from typing import Any

import pytest

from kiosk.deeds import Open, Page, Speak
from kiosk.keys import Key
from kiosk.languages import LANGUAGES
from kiosk.pictures import scenes, story_app
from kiosk.pictures_team import Scene
from kiosk.stage import Stage
from kiosk.story import Story
from tests.kiosk.conftest import BIG, SMALL, Robot, plain, take

SCENES = [pytest.param(scene, id=scene.name) for scene in scenes()]


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
@pytest.mark.parametrize("scene", SCENES)
def test_the_languages_are_one_touch_away(scene: Scene, size: tuple[int, int]) -> None:
    """On every screen of the story a key leads to the list, also over the warning that nobody is there."""
    story = Story()
    stage = Stage(story_app(story), size)
    try:
        scene.act(story, stage.app)
        stage.settle()
        if not _listed(stage.app):
            (key,) = [key for key in touchable(stage.app) if key.deed == Open(Page.COMFORT)]
            story.pass_time(0.5)
            stage.touch(key)
        assert _listed(stage.app) == list(LANGUAGES)
    finally:
        stage.close()


def touchable(app: Any) -> list[Key]:
    """The keys that a finger reaches: those of the warning, where it lies over the screen."""
    warned = app.root.children[0]
    over = warned if warned.words else app.root.current_screen
    return [w for w in over.walk(restrict=True) if isinstance(w, Key) and w.width > 0 and not w.disabled]


def _listed(app: Any) -> list[str]:
    return [key.deed.language for key in touchable(app) if isinstance(key.deed, Speak)]


def asking(robot: Robot) -> Any:
    """Zoé has asked for the overlocker, and its unit thinks."""
    unit = robot.story.units["surjeteuse-1"]
    unit.slow = True
    take(robot, "surjeteuse-1")
    assert "On demande à la machine." in robot.words()
    return unit


def test_the_answer_comes_in_the_language_that_was_chosen_meanwhile(robot: Any) -> None:
    """While a unit is asked the language may be changed: the unit hears of it nothing, the person the answer."""
    unit = asking(robot)
    robot.touch("Langue")
    robot.touch("Deutsch")
    assert "Die Maschine wird gefragt." in robot.words() and len(unit.asked) == 1
    unit.catch_up()
    robot.wait(0.1)
    assert "Los geht's" in robot.words() and "15:02" in robot.words()
    assert len(unit.asked) == 1 and unit.state.phase == "running"


@pytest.mark.parametrize(("leave", "words"), [("English", "Off you go"), ("Retour", "C'est parti")])
def test_an_answer_waits_behind_the_list_of_languages(robot: Any, leave: str, words: str) -> None:
    """Who is choosing a language when the answer comes reads it once they have chosen, or gone back."""
    unit = asking(robot)
    robot.touch("Langue")
    unit.catch_up()
    robot.wait(0.1)
    assert robot.screen == "comfort"
    robot.touch(leave)
    assert words in robot.words() and unit.state.phase == "running"


def test_while_a_unit_is_asked_only_the_language_is_touched(robot: Any) -> None:
    """No key leads back out of a question that a machine is about to answer, and none moves when it does."""
    asking(robot)
    assert [plain(key.choice.big) for key in touchable(robot.app)] == ["Langue"]
    place = touchable(robot.app)[0].pos
    robot.story.units["surjeteuse-1"].catch_up()
    robot.wait(0.1)
    (key,) = [key for key in touchable(robot.app) if key.deed == Open(Page.COMFORT)]
    assert key.y == place[1] and key.x > robot.stage.size[0] / 2  # it did not change sides under the finger


def test_the_countdown_ends_with_the_touch_that_asks_for_a_language(robot: Any) -> None:
    """Over the warning the key does two things at once: the time is there again, and the languages are shown."""
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    robot.wait(50)
    (key,) = touchable(robot.app)
    robot.stage.touch(key)
    assert robot.screen == "comfort" and not robot.app.root.children[0].words
    robot.wait(1)
    robot.touch("English")
    assert robot.screen == "sheet" and "Until when?" in robot.words()
    robot.wait(44)
    assert not robot.app.root.children[0].words
