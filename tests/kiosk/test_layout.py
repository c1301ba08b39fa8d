"""What the screens look like, measured: nothing cut off, too small for a finger, or on top of another."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from kivy.metrics import mm

import kiosk
from access.vocabulary import Fault, Reason, Refusal
from kiosk.app import KioskApp
from kiosk.deeds import Speak
from kiosk.environment import SCREENS, dots_per_inch
from kiosk.keys import ChoiceKey, EntryCard
from kiosk.languages import LANGUAGES, catalogue
from kiosk.pictures import scenes
from kiosk.pictures_team import Scene
from kiosk.plan import DayStrip
from kiosk.signs import StateSign
from kiosk.stage import Stage
from kiosk.story import Story
from kiosk.tiles import TileCard
from kiosk.views.tile import Look, Tile
from kiosk.words import Say, what_and_do
from kiosk.writing import FitLabel
from tests.kiosk.test_language_key import touchable

BIG, SMALL = (1280, 800), (800, 480)
SCENES = list(scenes())
LONGER = "+35 %"
ROUNDING = 1.0
HAIR_MM = 0.001
BODY_MM, STATE_MM = 3.0, 4.0
"""How tall capitals are at the least: in whatever is to be read, and in a machine's state. Nothing is exempt."""

quick = [("fr", BIG), (LONGER, BIG), (LONGER, SMALL), ("fr", SMALL), ("de", SMALL), ("ar", SMALL)]
every = [(language, size) for language in LANGUAGES for size in (BIG, SMALL)]
rest = [pytest.param(*case, marks=pytest.mark.long) for case in every if case not in quick]


def capital() -> float:
    """A capital's height as a share of the size, as the font files have it."""
    fonts = [TTFont(path) for path in Path(kiosk.__file__).parent.glob("fonts/*.ttf")]
    return min(float(font["OS/2"].sCapHeight) / font["head"].unitsPerEm for font in fonts)


CAPITAL = capital()


def longer(language: str) -> Say:
    """French, a third longer: what a translator may need."""
    say = catalogue("fr")

    def said(id: str, /, **places: object) -> str:
        text = say(id, **places)
        more = -(-len(text) * 35 // 100)
        return (
            text + "o" * more if len(text.split()) == 1 else f"{text} {('plus long ' * more)[: more - 1].strip()}"
        )

    return said


@contextmanager
def staged(language: str, size: tuple[int, int]) -> Iterator[tuple[Story, Stage]]:
    story = Story()
    words: Callable[[str], Say] = longer if language == LONGER else catalogue
    app = KioskApp(
        story.units, story, story.reader, story.clock, words, story.draw, office=story.office, writer=story.writer
    )
    stage = Stage(app, size)
    try:
        if language not in ("fr", LONGER):
            story.people_speak(language)
            app.desk.do(Speak(language))
        yield story, stage
    finally:
        stage.close()


def visible(app: Any, kind: type) -> list[Any]:
    shown = [*app.root.current_screen.walk(restrict=True), *app.root.children[0].walk(restrict=True)]
    found = [widget for widget in shown if isinstance(widget, kind) and widget.width > 0 and widget.height > 0]
    return [widget for widget in found if not isinstance(widget, FitLabel) or widget.words.strip()]


@pytest.mark.parametrize(("language", "size"), [*quick, *rest], ids=str)
def test_every_screen_fits(language: str, size: tuple[int, int]) -> None:
    """In every language, a third longer too, no text is cut or small; keys take a finger, and are 3 mm apart."""
    for scene in SCENES:
        with staged(language, size) as (story, stage):
            scene.act(story, stage.app)
            stage.settle()
            read(scene, stage)
            look_at(scene, stage, size)


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
@pytest.mark.parametrize("language", [*LANGUAGES, LONGER])
def test_a_booking_that_is_due_fits_its_row(language: str, size: tuple[int, int]) -> None:
    """Its keys are as wide as their words need, beside a machine that may be started and one that may not."""
    with staged(language, size) as (story, stage):
        story.units["piqueuse-2"].change(bookings=())
        story.units["piqueuse-2"].stop()
        for faults in (frozenset(), frozenset({Fault.RELAY_WELDED})):
            story.units["surjeteuse-2"].change(faults=faults)
            story.reader.show("tag-ana")
            stage.settle()
            assert [label.words for label in visible(stage.app, FitLabel) if label.cramped] == []


def read(scene: Scene, stage: Stage) -> None:
    """Every capital is tall enough, in the size that is in use after words had to fit their place."""
    labels = visible(stage.app, FitLabel)
    for least, shown in ((BODY_MM, labels), (STATE_MM, state_words(stage, labels))):
        tall = [(label.words, label.font_size * CAPITAL / mm(1)) for label in shown]
        assert (scene.name, [one for one in tall if one[1] < least - HAIR_MM]) == (scene.name, [])


def state_words(stage: Stage, labels: list[Any]) -> list[Any]:
    """What tells a machine's state by its word: on tiles, and in the header of its own screen."""
    words = {card.tile.word for card in visible(stage.app, TileCard) if not card.tile.told}
    tile = getattr(stage.app.root.current_screen.view, "tile", None)
    if tile is not None:
        words |= {between.join(word for word in (tile.word, tile.line) if word) for between in " \n"}
    return [label for label in labels if label.words in words]


def look_at(scene: Scene, stage: Stage, size: tuple[int, int]) -> None:
    cramped = [label.words for label in visible(stage.app, FitLabel) if label.cramped]
    assert (scene.name, cramped) == (scene.name, [])
    keys = [key for key in touchable(stage.app) if key.opacity]
    small = [key for key in keys if min(key.width, key.height) < mm(20) - ROUNDING]
    assert (scene.name, [(key.size, key) for key in small]) == (scene.name, [])
    for one, other in itertools.combinations(keys, 2):
        across = max(one.x, other.x) - min(one.right, other.right)
        along = max(one.y, other.y) - min(one.top, other.top)
        assert max(across, along) >= mm(3) - ROUNDING, (scene.name, one, other)
    for key in keys:
        assert key.x >= 0 and key.y >= 0 and key.right <= size[0] and key.top <= size[1], (scene.name, key)


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
def test_every_choice_of_a_page_is_on_it(size: tuple[int, int]) -> None:
    """Choices have no second page: all six pictograms and all eight ways of comfort are there at once."""
    for name, number in (("comfort", 8), ("sheet-report", 6), ("sheet-machine-first", 4)):
        with staged("fr", size) as (story, stage):
            next(scene for scene in SCENES if scene.name == name).act(story, stage.app)
            stage.settle()
            middle = [key for key in visible(stage.app, ChoiceKey) if key.large > 6]
            assert len(middle) == number


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_lone_choice_stands_where_reading_begins(language: str) -> None:
    """The one thing that can be chosen begins where its question does: at the right in Arabic, else at the left."""
    with staged(language, SMALL) as (story, stage):
        next(scene for scene in SCENES if scene.name == "sheet-coming").act(story, stage.app)
        stage.settle()
        (lone,) = [key for key in visible(stage.app, ChoiceKey) if key.large > 6]
        edges = (lone.x, SMALL[0] - lone.right)[:: -1 if language == "ar" else 1]
        assert edges[0] == pytest.approx(mm(3), abs=ROUNDING) and edges[1] > SMALL[0] / 2


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_booking_of_ones_own_is_as_wide_as_the_machines(language: str) -> None:
    """The line of what is one's own ends where the last machine under it does, on both sides."""
    with staged(language, BIG) as (story, stage):
        next(scene for scene in SCENES if scene.name == "member").act(story, stage.app)
        stage.settle()
        (line,), tiles = visible(stage.app, EntryCard), visible(stage.app, TileCard)
        assert line.x == pytest.approx(min(tile.x for tile in tiles), abs=4 * ROUNDING)
        assert line.right == pytest.approx(max(tile.right for tile in tiles), abs=4 * ROUNDING)


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_fits_a_tile_of_the_board(language: str, size: tuple[int, int]) -> None:
    """The longest refusal and the worst fault can be read whole among other machines' tiles."""
    say = catalogue(language)
    with staged(language, size) as (_, stage):
        stage.settle()
        screen = stage.app.root.current_screen
        view = screen.view
        for word in (*Reason, *Refusal, *Fault):
            what, do = what_and_do(say, word)
            for told in (True, False):
                tile = Tile("m", "Ciseaux électriques", Look.FAULT, say("look.fault"), "", what, do, told)
                screen.show(replace(view, tiles=(tile, *view.tiles[1:])))
                stage.settle(2)
                labels = visible(stage.app, FitLabel)
                assert do in {label.words for label in labels}
                assert [label.words for label in labels if label.cramped] == []


def test_sizes_are_of_the_screen_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finger's 20 mm are worked out from the density of the screens we know, or from the one we are told."""
    assert {size: dots_per_inch(size) for size in SCREENS} == dict(SCREENS)
    monkeypatch.setitem(os.environ, "KIVY_DPI", "180")
    assert dots_per_inch(BIG) == 180


def test_state_words_and_shapes_carry_across_a_room() -> None:
    """On the board each state is a shape of 10 mm, its word's capitals are 4 mm and its hour's 3.4 mm at least."""
    with staged("fr", BIG) as (_, stage):
        for card in visible(stage.app, TileCard):
            if card.tile.wordy:
                continue
            (sign,) = [w for w in card.walk(restrict=True) if isinstance(w, StateSign) and w.opacity]
            labels = {w.words: w for w in card.walk(restrict=True) if isinstance(w, FitLabel)}
            assert min(sign.size) >= mm(10)
            word, hour = labels[card.tile.word], labels[card.tile.line]
            assert word.font_size * 0.71 >= mm(4)  # a capital is 0.71 of the size in this font
            assert hour.font_size * 0.71 >= mm(3.4)


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
def test_every_booking_of_the_day_has_its_name(size: tuple[int, int], language: str) -> None:
    """Within its place in the day or beside it, if that is too short: nobody's booking is nameless."""
    with staged(language, size) as (story, stage):
        next(scene for scene in SCENES if scene.name == "plan").act(story, stage.app)
        stage.settle()
        for strip in visible(stage.app, DayStrip):
            shown = {label.words for label in visible(stage.app, FitLabel) if label.parent is strip}
            assert {block.who for block in strip.strip.blocks} <= shown
