"""The pictures: the same each time, the same as the ones that were looked at, and legible by their pixels."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kivy.base import EventLoop
from kivy.graphics import Color, Fbo
from kivy.metrics import mm
from PIL import Image, ImageChops

from kiosk.keys import Key
from kiosk.pictures import scenes, story_app, take
from kiosk.signs import Sign, draw_shape
from kiosk.stage import Stage
from kiosk.story import Story
from kiosk.views.tile import Look
from kiosk.writing import FitLabel
from tests.kiosk.drawn import SIZE

SCENES = {scene.name: scene for scene in scenes()}
GOLDENS = Path(__file__).with_name("goldens")
KEPT = [
    ("board", "fr"),
    ("sheet-refused", "en"),
    ("board-contrast", "fr"),
    ("comfort", "fr"),
    ("member-own", "de"),
    ("member", "ar"),
    ("sheet", "ar"),
    ("sheet-on", "fr"),
    ("sheet-report", "tr"),
    ("sheet-faces", "fr"),
    ("record", "fr"),
    ("plan", "de"),
    ("panel-menu", "ar"),
    ("table-faults", "tr"),
]


@pytest.mark.parametrize(("name", "language"), KEPT, ids=lambda part: str(part))
def test_a_screen_looks_as_it_did(name: str, language: str, tmp_path: Path) -> None:
    """To the last pixel. `KIOSK_GOLDENS=write` takes new ones, to be looked at before they are kept."""
    golden, drawn = GOLDENS / f"{name}_{language}.png", tmp_path / f"{name}_{language}.png"
    subprocess.run([sys.executable, "-m", "tests.kiosk.drawn", name, language, str(drawn)], check=True, timeout=300)
    if _write():
        GOLDENS.mkdir(exist_ok=True)
        golden.write_bytes(drawn.read_bytes())
    differ = ImageChops.difference(Image.open(golden).convert("RGB"), Image.open(drawn).convert("RGB")).getbbox()
    assert differ is None, f"{drawn} differs from {golden} within {differ}"
    assert golden.stat().st_size < 50_000


def _write() -> bool:
    return os.environ.get("KIOSK_GOLDENS") == "write"


def test_pictures_are_written_with_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file a screen, named for its place, language and size; a second language joins the same index."""
    three = [SCENES[name] for name in ("board", "member", "comfort")]
    monkeypatch.setattr("kiosk.pictures.scenes", lambda: iter(three))
    files = [*take(tmp_path, SIZE), *take(tmp_path, SIZE, "ar")]
    assert sorted(path.name for path in files)[:2] == ["01-board_ar_800x480.png", "01-board_fr_800x480.png"]
    index = json.loads((tmp_path / "index.json").read_text())
    assert [entry["file"] for entry in index] == sorted(path.name for path in files)
    assert {(entry["screen"], entry["lang"]) for entry in index} >= {("board", "ar"), ("member", "fr")}
    assert Image.open(files[0]).size == SIZE


@pytest.mark.parametrize(
    ("name", "least"),
    [("board", 4.5), ("board-refused", 4.5), ("member", 4.5), ("sheet", 4.5), ("sheet-on", 4.5)]
    + [("record", 4.5), ("plan", 4.5), ("table-faults", 4.5), ("panel-lesson", 4.5), ("panel-lend", 4.5)]
    + [("board-contrast", 7.0), ("sheet-contrast", 7.0), ("record-contrast", 7.0)],
)
def test_words_stand_out_from_their_ground(name: str, least: float, tmp_path: Path) -> None:
    """Measured on the pixels: every word 4.5 to 1 or more, and 7 to 1 in high contrast; every sign 3 to 1."""
    with _taken(name, tmp_path) as (screen, picture):
        shown = [w for w in screen.walk() if isinstance(w, FitLabel) and w.words]
        assert len(shown) > 2
        for label in shown:
            assert contrast(_crop(picture, label)) >= least, label.words
        drawn = [w for w in screen.walk() if isinstance(w, Sign) and w.opacity]
        for sign in (w for w in drawn if min(w.size) > mm(1)):
            assert contrast(_place_of(picture, sign)) >= 3, sign


@pytest.mark.parametrize("name", ["board", "board-refused", "board-contrast", "member-own", "sheet", "comfort"])
def test_keys_stand_out_from_their_ground(name: str, tmp_path: Path) -> None:
    """Measured on the pixels: the edge of whatever can be touched is 3 to 1 against what lies around it."""
    with _taken(name, tmp_path) as (screen, picture):
        shown = [w for w in screen.walk() if isinstance(w, Key) and w.opacity and w.width]
        assert len(shown) > 2
        for key in shown:
            middle, top = int(key.center_x), 800 - round(key.y) - round(key.height)
            assert _ratio(picture.getpixel((middle, top)), picture.getpixel((middle, top - 3))) >= 3, key


@contextmanager
def _taken(name: str, folder: Path) -> Iterator[tuple[Any, Image.Image]]:
    """A screen of the story while it stands there, and its picture."""
    story = Story()
    stage = Stage(story_app(story), (1280, 800))
    try:
        SCENES[name].act(story, stage.app)
        stage.settle()
        stage.save(folder / "screen.png")
        yield stage.app.root.current_screen, Image.open(folder / "screen.png").convert("RGB")
    finally:
        stage.close()


def _crop(picture: Image.Image, label: Any) -> Image.Image:
    """The words and the ground just around them, without the edge of their key."""
    x, y = label.to_window(*label.corner)
    width, height = label.texture_size
    return picture.crop((int(x), int(800 - y - height), int(x + width), int(800 - y)))


def _place_of(picture: Image.Image, sign: Any) -> Image.Image:
    x, y = sign.to_window(*sign.pos)
    return picture.crop((int(x), int(800 - y - sign.height), int(x + sign.width), int(800 - y)))


def contrast(crop: Image.Image) -> float:
    """Between the commonest colour, which is the ground, and the one that stands out most among the common."""
    colours = Counter(crop.get_flattened_data())
    (ground, _), *others = colours.most_common()
    enough = max(12, sum(colours.values()) // 2000)
    return max((_ratio(ground, colour) for colour, count in others if count >= enough), default=1.0)


def _ratio(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    parts = [c / 255 for c in colour[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_no_two_states_share_a_shape() -> None:
    """Without any colour the states are still told apart; only silent and not yet heard look alike."""
    drawn = {look: _drawn(look) for look in Look}
    assert drawn.pop(Look.WAITING) == drawn[Look.SILENT]
    assert len(set(drawn.values())) == len(drawn)
    assert bytes(len(drawn[Look.FREE])) not in drawn.values()


def _drawn(look: Look) -> bytes:
    EventLoop.ensure_window()
    sign = Fbo(size=(48, 48))
    with sign:
        Color(1, 1, 1)
        draw_shape(look, 24, 24, 24)
    sign.draw()
    return bytes(sign.pixels)
