"""The spoken mode: what a screen says aloud, and the way through it with two buttons. The words are pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from kiosk.deeds import Deed
from kiosk.deeds import Voice as Toggle
from kiosk.desk import Desk
from kiosk.languages import LANGUAGES
from kiosk.ports import Buttons, Voice
from kiosk.views import Shown, View
from kiosk.views.board import Board
from kiosk.views.comfort import Comfort
from kiosk.views.member import MemberPage
from kiosk.views.scene import Choice
from kiosk.views.sheet import Sheet
from kiosk.views.team.panel import Panel, Table
from kiosk.views.team.plan import Plan
from kiosk.views.team.record import RecordPage
from kiosk.views.tile import Tile
from kiosk.words import Say, unmarked


@dataclass(frozen=True, slots=True)
class Reading:
    """A screen for the ear: what it says first, then what there is to choose, in order."""

    lead: str
    choices: tuple[tuple[str, Deed], ...]


def reading(view: View, say: Say) -> Reading:
    """A view as it is read out."""
    match view:
        case Board():
            told = view.notice if view.notice is not None else (view.title, view.invite)
            return Reading(_sentences(*told), (*_machines(view.tiles, say), *_keys(view.keys)))
        case MemberPage():
            own = tuple(
                (_sentences(entry.name, entry.line, choice.big, choice.caption), choice.deed)
                for entry in view.entries
                for choice in (entry.choices or (Choice(entry.deed, ""),))
            )
            choices = (*own, *_machines(view.tiles, say), *_keys(view.keys))
            return Reading(_sentences(view.hello, view.lead, *(view.notice or ())), choices)
        case Sheet():
            result = view.result
            came = (result.title, result.what, result.do, result.asks) if result else ()
            lead = _sentences(view.tile.name, view.question, *came, view.hint)
            return Reading(lead, _keys((*view.choices, *(result.choices if result else ()), *view.keys)))
        case Comfort():
            return Reading(view.title, _keys((*view.choices, *view.keys)))
        case Panel():
            told_so = (view.result.title, view.result.what, view.result.do) if view.result else ()
            lead = _sentences(view.title, view.lead, view.lay, *told_so)
            return Reading(lead, _keys((*view.choices, *view.foot, *view.keys)))
        case Table():
            rows = [", ".join(cell for cell in row if cell) for row in view.rows]
            lead = _sentences(view.title, view.lead, *(rows or [view.empty]))
            return Reading(lead, _keys((*view.foot, *view.keys)))
        case RecordPage():
            figures = [f"{figure.label}: {figure.value}" for figure in view.figures]
            lead = _sentences(view.tile.name, view.tile.word, *(view.notice or ()), *figures)
            return Reading(lead, _keys((*view.foot, *view.keys)))
        case Plan():
            days = [
                f"{strip.name}: {', '.join(f'{block.hours} {block.who}' for block in strip.blocks)}"
                for strip in view.strips
                if strip.blocks
            ]
            return Reading(_sentences(view.title, view.lead, *days), _keys(view.keys))
        case _:
            assert_never(view)


def _machines(tiles: tuple[Tile, ...], say: Say) -> tuple[tuple[str, Deed], ...]:
    return tuple(
        (say("spoken.machine", name=tile.name, word=tile.big, line=tile.small), tile.deed) for tile in tiles
    )


def _keys(choices: tuple[Choice, ...]) -> tuple[tuple[str, Deed], ...]:
    return tuple((choice.aloud or _sentences(choice.big, choice.caption), choice.deed) for choice in choices)


def _sentences(*parts: str) -> str:
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in parts if part)


class Aloud:
    """Reads the screen out while somebody wants it, and follows two buttons. Without a voice it is silent."""

    def __init__(
        self, desk: Desk, say: Callable[[str], Say], voice: Voice | None = None, buttons: Buttons | None = None
    ) -> None:
        self._desk = desk
        self._words = say
        self._voice = voice
        self._buttons = buttons
        self._read: Reading | None = None
        self._good: bool | None = None
        self._warned = False
        self._place = -1
        self._language = ""

    def start(self) -> None:
        """Begin to listen to the buttons."""
        if self._buttons is not None:
            self._buttons.start(lambda: self._desk.post(self.next), lambda: self._desk.post(self.this))

    def close(self) -> None:
        """Be silent."""
        if self._buttons is not None:
            self._buttons.close()
        if self._voice is not None:
            self._voice.close()

    def show(self, shown: Shown) -> None:
        """A screen is shown: sound what came of it, and read it out if somebody listens."""
        self._language = LANGUAGES[shown.language].voice
        self._sound(shown)
        former, self._read = self._read, None
        if not shown.spoken:
            return
        say = self._words(shown.language)
        self._read = reading(shown.view, say)
        if former is None:
            self._say(" ".join((say("spoken.help"), self._read.lead)))
        elif _differ(former, self._read):
            self._say(self._read.lead)
        else:
            return
        self._place = -1

    def next(self) -> None:
        """The first button: the next thing to choose. It also starts the spoken mode, for who cannot see it."""
        self._desk.touch()
        if self._read is None:
            self._desk.do(Toggle())
        elif self._read.choices:
            self._place = (self._place + 1) % len(self._read.choices)
            self._say(self._read.choices[self._place][0])

    def this(self) -> None:
        """The second button: this one. Before the first it says the screen again."""
        self._desk.touch()
        if self._read is None:
            self._desk.do(Toggle())
        elif 0 <= self._place < len(self._read.choices):
            self._desk.do(self._read.choices[self._place][1])
        else:
            self._say(self._read.lead)

    def _say(self, text: str) -> None:
        if self._voice is not None:
            self._voice.say(unmarked(text), self._language)

    def _sound(self, shown: Shown) -> None:
        """Two tones when something has come out well or badly, and when the board is coming back soon."""
        result = shown.view.result if isinstance(shown.view, Sheet) else None
        good = result.good if result is not None else None
        warned = bool(shown.warning)
        if self._voice is not None and warned and not self._warned:
            self._voice.tone(False)
        if warned and not self._warned and self._read is not None:
            self._say(shown.warning)
        if self._voice is not None and good is not None and good is not self._good:
            self._voice.tone(good)
        self._good, self._warned = good, warned


def _differ(one: Reading, other: Reading) -> bool:
    """True when it is another screen; a minute that has passed makes none."""
    return one.lead != other.lead or [deed for _, deed in one.choices] != [deed for _, deed in other.choices]
