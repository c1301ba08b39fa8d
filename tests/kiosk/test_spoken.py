"""The spoken mode: the main flow with two buttons and a badge, for somebody who does not see the screen."""

from typing import Any

import pytest

from controller.link import WalkUp
from kiosk.languages import LANGUAGES, catalogue
from tests.kiosk.conftest import plain


def walk_to(robot: Any, words: str) -> None:
    """Press the first button until these words are heard."""
    for _ in range(40):
        robot.press(robot.buttons.next)
        if words in robot.voice.said[-1][0]:
            return
    raise AssertionError(f"{words!r} is never said")


def test_a_walk_up_with_two_buttons_and_a_badge(robot: Any) -> None:
    """Whoever presses a button is spoken to; badge, machine and hour are had by ear."""
    robot.press(robot.buttons.next)
    assert robot.voice.said[-1] == (
        "Premier bouton : suivant. Deuxième bouton : choisir."
        " La Petite Manchester. Posez votre badge, ou touchez une machine.",
        "fr-fr",
    )
    robot.badge("tag-zoé")
    assert "Bonjour Zoé." in robot.voice.said[-1][0]
    walk_to(robot, "Surjeteuse 1, Libre.")
    robot.press(robot.buttons.this)
    assert "Jusqu'à quelle heure ?" in robot.voice.said[-1][0]
    walk_to(robot, "jusqu'à 15:02, 1 h")
    robot.press(robot.buttons.this)
    assert "C'est parti. La machine est allumée, à vous jusqu'à 15:02." in robot.voice.said[-1][0]
    assert robot.voice.tones == [True]
    (ask,) = robot.story.units["surjeteuse-1"].asked
    assert isinstance(ask, WalkUp)


@pytest.mark.parametrize(
    ("language", "voice"), [("de", "de"), ("gsw_FR", "de"), ("tr", "tr"), ("ar", "ar"), ("en", "en-gb")]
)
def test_a_person_is_spoken_to_in_their_language(robot: Any, language: str, voice: str) -> None:
    """The voice is that of the language on the screen; Alsatian has the German one."""
    robot.story.people_speak(language)
    robot.press(robot.buttons.this)
    robot.badge("tag-zoé")
    assert robot.voice.said[-1][1] == voice


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_main_flow_is_had_by_ear_in_every_language(robot: Any, language: str) -> None:
    """A badge and two buttons, and the machine is on: all that is said is in the language's own words and voice."""
    say = catalogue(language)
    robot.story.people_speak(language)
    robot.press(robot.buttons.next)
    robot.badge("tag-zoé")
    said = len(robot.voice.said)
    free = say("spoken.machine", name="Surjeteuse 1", word=say("look.free"), line="")
    walk_to(robot, plain(free).split(",")[0])
    robot.press(robot.buttons.this)
    assert plain(say("sheet.question")) in robot.voice.said[-1][0]
    walk_to(robot, "15:02")
    robot.press(robot.buttons.this)
    assert plain(say("result.on.what", at="15:02")) in robot.voice.said[-1][0]
    assert robot.story.units["surjeteuse-1"].state.phase == "running"
    assert {voice for _, voice in robot.voice.said[said:]} == {LANGUAGES[language].voice}
    assert not any("\u2066" <= letter <= "\u2069" for text, _ in robot.voice.raw for letter in text)


def test_a_screen_that_only_grows_older_is_not_read_again(robot: Any) -> None:
    """A minute that passes says nothing; the warning that nobody is there does."""
    robot.press(robot.buttons.next)
    robot.badge("tag-zoé")
    said = len(robot.voice.said)
    robot.wait(44)
    assert len(robot.voice.said) == said
    robot.wait(2)
    assert "Toujours là ?" in robot.voice.said[-1][0]


def test_the_spoken_mode_ends_with_its_person(robot: Any) -> None:
    """The next person is not spoken to unless they want it."""
    robot.press(robot.buttons.next)
    robot.wait(70)
    said = len(robot.voice.said)
    robot.badge("tag-zoé")
    assert len(robot.voice.said) == said


def test_it_can_be_chosen_on_the_screen_too(robot: Any) -> None:
    """The page of languages has a key for it."""
    robot.touch("Langue")
    robot.touch("Voix")
    assert "Posez votre badge" in robot.voice.said[-1][0]
