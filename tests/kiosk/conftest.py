"""A kiosk without a screen, a hand to touch it with, and a clock that only the test moves."""

import os
import tempfile

os.environ["SDL_VIDEODRIVER"] = "offscreen"
os.environ.pop("KIVY_DPI", None)
os.environ["KIVY_HOME"] = tempfile.mkdtemp()  # nobody's settings, and nobody's home

from collections.abc import Callable, Iterator

import pytest

from kiosk.app import KioskApp
from kiosk.keys import Key, PageKey
from kiosk.stage import Stage
from kiosk.story import Story
from kiosk.tiles import TileCard, TileGrid
from kiosk.words import unmarked
from kiosk.writing import FitLabel

BIG = (1280, 800)
SMALL = (800, 480)


class Recorded:
    """A voice that only remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.raw: list[tuple[str, str]] = []
        self.tones: list[bool] = []

    def say(self, text: str, language: str) -> None:
        self.said.append((plain(text), language))
        self.raw.append((text, language))

    def tone(self, good: bool) -> None:
        self.tones.append(good)

    def close(self) -> None:
        pass


class TwoButtons:
    """The two buttons of the spoken mode."""

    def start(self, on_next: Callable[[], None], on_this: Callable[[], None]) -> None:
        self.next, self.this = on_next, on_this

    def close(self) -> None:
        pass


class Robot:
    """Somebody before the kiosk, who counts what they do: badges shown and touches."""

    def __init__(self, size: tuple[int, int] = BIG) -> None:
        self.story = Story()
        self.voice = Recorded()
        self.buttons = TwoButtons()
        app = KioskApp(
            self.story.units,
            self.story,
            self.story.reader,
            self.story.clock,
            draw=self.story.draw,
            voice=self.voice,
            buttons=self.buttons,
            office=self.story.office,
            writer=self.story.writer,
        )
        self.open_app(app, size)

    def open_app(self, app: KioskApp, size: tuple[int, int] = BIG) -> None:
        """Stand before a kiosk that has just been switched on."""
        self.app = app
        self.stage = Stage(app, size)
        self.acts = 0

    @property
    def screen(self) -> str:
        return str(self.app.root.current)

    def labels(self) -> list[FitLabel]:
        """The labels with words on the screen that is shown."""
        shown = self.app.root.current_screen.walk(restrict=True)
        return [widget for widget in shown if isinstance(widget, FitLabel) and widget.words.strip()]

    def keys(self) -> list[Key]:
        """What can be touched."""
        shown = self.app.root.current_screen.walk(restrict=True)
        return [widget for widget in shown if isinstance(widget, Key) and not widget.disabled]

    def words(self) -> str:
        """All that is to be read, a label a line, with plain spaces and apostrophes."""
        return plain("\n".join(label.words for label in self.labels()))

    def tile(self, machine: str) -> str:
        """What is to be read on a machine's tile."""
        return words_on(self.card(machine))

    def badge(self, tag: str) -> None:
        self.acts += 1
        self.story.reader.show(tag)
        self.stage.settle()

    def touch_machine(self, machine: str) -> None:
        self._touch(self.card(machine))

    def touch(self, word: str) -> None:
        """Touch the key with this word on it."""
        self._touch(self.key(word))

    def key(self, word: str) -> Key:
        """The key with this word on it."""
        return next(key for key in self.keys() if word in words_on(key))

    def press(self, button: Callable[[], None]) -> None:
        """Press one of the two buttons."""
        self.acts += 1
        button()
        self.stage.settle()

    def wait(self, seconds: float) -> None:
        """Let the story's time pass."""
        self.story.pass_time(seconds)
        self.stage.settle()

    def card(self, machine: str) -> TileCard:
        """The machine's tile; where it is on a further page, that page is turned to, which counts as acts."""
        for _ in range(12):
            cards = [key for key in self.keys() if isinstance(key, TileCard)]
            found = next((card for card in cards if card.tile.machine == machine), None)
            if found is not None:
                return found
            self._touch(
                next(key for key in self.keys() if isinstance(key, PageKey) and isinstance(key.grid, TileGrid))
            )
        raise AssertionError(f"no tile of {machine}")

    def _touch(self, key: Key) -> None:
        self.acts += 1
        self.pass_a_moment()
        self.stage.touch(key)
        self.after_a_touch()

    def pass_a_moment(self) -> None:
        """Nobody is quicker."""
        self.story.pass_time(0.5)

    def after_a_touch(self) -> None:
        """What follows by itself."""


def take(robot: Robot, machine: str = "piqueuse-1", until: str = "15:02") -> None:
    """Zoé badges, and takes a machine from now until this hour."""
    robot.badge("tag-zoé")
    robot.touch_machine(machine)
    robot.touch(until)


def plain(text: str) -> str:
    return unmarked(text).replace("\N{NO-BREAK SPACE}", " ").replace("’", "'")


def words_on(key: Key) -> str:
    labels = (widget for widget in key.walk(restrict=True) if isinstance(widget, FitLabel))
    return plain("\n".join(label.words for label in labels if label.words))


@pytest.fixture
def robot() -> Iterator[Robot]:
    robot = Robot()
    yield robot
    robot.stage.close()


@pytest.fixture
def small_robot() -> Iterator[Robot]:
    robot = Robot(SMALL)
    yield robot
    robot.stage.close()
