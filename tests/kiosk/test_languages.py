"""Six languages: every sentence there, every letter drawn, and a person's own without a touch."""

import re
from string import Formatter
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from kivy.core.text import LabelBase

from kiosk.languages import FOLDER, LANGUAGES, catalogue, translations
from kiosk.words import FRENCH, SOURCE, unmarked
from kiosk.writing import FONT, for_the_eye

OTHERS = [language for language in LANGUAGES if language != "fr"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    """No sentence is missing, left empty, or without one of its places; none is left over."""
    catalog = translations(language)._catalog  # type: ignore[attr-defined]
    assert set(catalog) - {""} == set(SOURCE.values())
    for french, words in catalog.items():
        assert words.strip()
        assert french == "" or places(words) == places(french)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_hardly_a_sentence_is_still_french(language: str) -> None:
    """What reads the same as the French is one of a few words that do."""
    say = catalogue(language)
    same = {id for id in SOURCE if "{" not in SOURCE[id] and say(id) == FRENCH[id]}
    assert same <= {"result.reported"}


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_has_every_letter(bold: bool) -> None:
    """No screen shows an empty box: each weight has every character of every language, as it is drawn."""
    file = LabelBase._fonts[FONT][1 if bold else 0]
    drawn = TTFont(file).getBestCmap()
    texts = [words for code in LANGUAGES for words in _all(code)] + [lang.name for lang in LANGUAGES.values()]
    lacking = {c for text in texts for c in for_the_eye(text, bold, 500, 20) if c != "\n" and ord(c) not in drawn}
    assert lacking == set()


def _all(language: str) -> list[str]:
    if language == "fr":
        return list(FRENCH.values())
    return list(translations(language)._catalog.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize("bold", [False, True])
def test_no_letter_is_cut_by_its_line(bold: bool) -> None:
    """The line is high enough for the highest and the deepest letter that any language writes."""
    font = TTFont(LabelBase._fonts[FONT][1 if bold else 0])
    glyphs, cmap = font["glyf"], font.getBestCmap()
    written = {c for code in LANGUAGES for text in _all(code) for c in for_the_eye(text, bold, 500, 20)}
    outlines = [glyphs[cmap[ord(c)]] for c in written if ord(c) in cmap]
    slack = font["head"].unitsPerEm * 0.05
    assert max(getattr(o, "yMax", 0) for o in outlines) <= font["hhea"].ascent + slack
    assert min(getattr(o, "yMin", 0) for o in outlines) >= font["hhea"].descent - slack


def test_hours_figures_and_machine_names_survive_arabic() -> None:
    """What is written from left to right stays so within a line that is read from right to left."""
    line = for_the_eye("Piqueuse plate 1: لك حتى 15:02", True, 2000, 20)
    assert "15:02" in line and "Piqueuse plate 1" in line
    assert line.endswith("Piqueuse plate 1")


def test_lines_of_arabic_are_in_the_order_in_which_they_are_read() -> None:
    """A text that needs two lines begins on the first."""
    first, *_ = for_the_eye("هذه الآلة تبدأ ببطاقتك على قارئها", False, 90, 20).split("\n")
    assert first == for_the_eye("هذه الآلة", False, 500, 20)


def test_a_name_keeps_its_dot_and_its_brackets_in_arabic() -> None:
    """What stands with a name stays with it, on its side, also where the name is broken into two lines."""
    line = for_the_eye(catalogue("ar")("lend.done.what", name="Ana B.", at="18:00"), False, 2000, 20)
    assert "Ana B." in line and line.index("18:00") < line.index("Ana B.")
    names = catalogue("ar")("board.helpers", names="Ana (broderie), Paul (machines plates)")
    whole = for_the_eye(names, False, 2000, 20)
    assert whole.startswith("Ana (broderie), Paul (machines plates)")
    for width in range(120, 400, 20):
        lines = for_the_eye(names, False, width, 20).split("\n")
        rest = " ".join(line for line in lines if any("A" <= c <= "z" for c in line))
        assert "(broderie)," in rest and "(machines" in rest and rest.endswith("plates)"), lines


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_hours_are_of_twenty_four(robot: Any, language: str) -> None:
    """Half past three in the afternoon is 15:30 in every language."""
    robot.story.people_speak(language)
    robot.badge("tag-ana")
    assert "15:30" in robot.words()
    assert not re.search(r"\b3:30|[٠-٩]", robot.words())


def test_a_members_own_language_comes_with_the_badge_and_goes_with_them(robot: Any) -> None:
    """Selin reads Turkish without a touch; the next person finds French."""
    robot.badge("tag-selin")
    assert "Merhaba Selin" in robot.words()
    robot.touch("Çık")
    assert "Posez votre badge" in robot.words()


def test_a_language_is_reached_from_every_screen(robot: Any) -> None:
    """The key with the globe is there on the board, after a badge and on a machine's page; French is back after."""
    for act in (lambda: None, lambda: robot.badge("tag-zoé"), lambda: robot.touch_machine("piqueuse-1")):
        act()
        robot.touch("Langue")
        robot.touch("English")
        assert "Language" in robot.words()
        robot.touch("Language")
        robot.touch("Français")
    robot.touch("Langue")
    robot.touch("Deutsch")
    assert "Bis wann?" in robot.words()
    robot.wait(66)
    assert "Posez votre badge" in robot.words()


def test_arabic_is_mirrored(robot: Any) -> None:
    """In Arabic the first machine stands at the right, and so does the greeting."""
    left = robot.card("piqueuse-1").x
    robot.badge("tag-nour")
    assert robot.card("piqueuse-1").x > left
    greeting = next(label for label in robot.labels() if unmarked(label.words) == "مرحبًا Nour")
    assert greeting.halign == "right"
    robot.touch("خروج")
    assert robot.card("piqueuse-1").x == left


def test_no_catalogue_is_left_over() -> None:
    """Each language on the screen has its folder, and each folder its language."""
    assert {folder.name for folder in FOLDER.iterdir()} == set(OTHERS)
