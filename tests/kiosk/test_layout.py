"""What the screens look like, measured: nothing cut off, too small for a finger, or on top of another."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from kivy.metrics import mm

from access.vocabulary import Reason, Refusal
from kiosk.app import KioskApp
from kiosk.pictures import scenes, take, take_one
from kiosk.stage import Stage
from kiosk.status import Look, Tile
from kiosk.story import Story
from kiosk.theme import FitLabel, Key, TileCard
from kiosk.words import Catalogue, what_and_do

SIZES = [(1280, 800), (800, 480)]
SCENES = list(scenes())


def visible(app: Any, kind: type) -> list[Any]:
    found = [widget for widget in app.root.current_screen.walk(restrict=True) if isinstance(widget, kind)]
    return [w for w in found if w.width and w.height and not (isinstance(w, FitLabel) and not w.text.strip())]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene[1])
def test_every_screen_fits(scene: Any, size: tuple[int, int]) -> None:
    """On either screen no text is cut off, every key takes a finger of 20 mm, and no key lies on another."""
    story = Story()
    app = KioskApp(story.units, story, story.reader, story.clock, draw=story.draw)
    stage = Stage(app, size)
    try:
        scene[2](story, app)
        stage.settle()
        assert [label.text for label in visible(app, FitLabel) if label.clipped] == []
        keys = [key for key in visible(app, Key) if not key.disabled]
        assert [key for key in keys if min(key.width, key.height) < mm(20)] == []
        for one, other in itertools.combinations(keys, 2):
            assert not one.collide_widget(other)
        for key in keys:
            assert key.x >= 0 and key.y >= 0 and key.right <= size[0] and key.top <= size[1]
    finally:
        stage.close()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_refusal_fits_a_tile_of_the_board(size: tuple[int, int]) -> None:
    """The longest refusal can be read whole on the smallest tile."""
    story = Story()
    stage = Stage(KioskApp(story.units, story, story.reader, story.clock), size)
    try:
        card = next(w for w in stage.app.root.walk() if isinstance(w, TileCard))
        for word in (*Reason, *Refusal):
            what, do = what_and_do(Catalogue(), word)
            card.tile = Tile("m", "Ciseaux électriques", Look.FREE, "", what=what, do=do, told=True)
            stage.settle(2)
            labels = [w for w in card.walk(restrict=True) if isinstance(w, FitLabel)]
            assert [label.text for label in labels if label.clipped] == []
    finally:
        stage.close()


def test_pictures_are_written_with_an_index_and_are_the_same_each_time(tmp_path: Path) -> None:
    """The story's pictures are one file a screen, listed, and the same to the last byte when drawn again."""
    files = take(tmp_path, (800, 480))
    index = json.loads((tmp_path / "index.json").read_text())
    assert [entry["file"] for entry in index] == [path.name for path in files]
    assert {entry["screen"] for entry in index} == {"board", "member", "durations"}
    for (_, _, act), path in list(zip(SCENES, files, strict=True))[1::5]:
        take_one(act, (800, 480), tmp_path / "again.png")
        assert (tmp_path / "again.png").read_bytes() == path.read_bytes()
        assert len(path.read_bytes()) > 5000
