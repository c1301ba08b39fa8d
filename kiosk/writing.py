"""Words on the screen: as big as their place allows, in the direction in which they are read.

Kivy writes from left to right and joins no letters. Arabic is broken into lines first, then joined, then each
line is put in the order of the eye; machine names, hours and figures come out as they went in.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from pathlib import Path

from arabic_reshaper import reshape
from bidi import get_display
from kivy.core.text import Label as CoreLabel
from kivy.core.text import LabelBase
from kivy.metrics import mm
from kivy.properties import BooleanProperty, NumericProperty, ReferenceListProperty, StringProperty
from kivy.uix.label import Label

from kiosk import direction
from kiosk.words import APART, TOGETHER, unmarked

_FONTS = Path(__file__).with_name("fonts")
FONT = "Lisiere Sans"
LabelBase.register(FONT, str(_FONTS / "LisiereSans-Regular.ttf"), fn_bold=str(_FONTS / "LisiereSans-Bold.ttf"))

BODY_MM, STATE_MM = 3.0, 4.0
"""How tall a capital is at the least, for an arm's length: in all that is told, and in the word of a state."""
CAPITAL = 0.714
"""A capital's height, as a share of the size of its letters: the font file says it."""

NOTHING = 0.01
"""What words that are not there need: a box shares its room by need, and takes 0 for 'as it is'."""

SLACK = 3
"""Pixels of a line's width left free: what a line measures alone and within a text differs by as much."""

_ARABIC = re.compile("[\u0600-\u06ff]")


class FitLabel(Label):
    """Words that fill their place without leaving it: letters of `biggest` mm, and capitals of `capitals` mm at the
    least. Words for which even those are too big are `cramped`; `need` is the height for which they would not be.

    `most`: in so many lines, if they fit so; 0: in any number. `side` is where they stand: `start`, `middle` or
    `end` of the line, whichever way it is read. The texture is no larger than the words, which stand at `left` and
    `foot`: where a processor draws, every pixel of it costs time.
    """

    words = StringProperty("")
    biggest = NumericProperty(4.6)
    capitals = NumericProperty(BODY_MM)
    most = NumericProperty(0)
    side = StringProperty("start")
    need = NumericProperty(NOTHING)
    cramped = BooleanProperty(False)
    left = NumericProperty(0)
    foot = NumericProperty(0)
    corner = ReferenceListProperty(left, foot)

    def __init__(self, **properties: object) -> None:
        super().__init__(font_name=FONT, **properties)
        for name in ("size", "words", "biggest", "capitals", "most", "bold", "side"):
            self.fbind(name, self._fit)
        self.bind(texture_size=self._stand, pos=self._stand)
        self._fit()

    def _fit(self, *_: object) -> None:
        place = round(self.width), round(self.height)
        least = smallest(self.capitals)
        bounds = max(least, round(mm(self.biggest))), least
        self.halign = direction.side(self.side)
        self.font_size, self.cramped = fitting(self.words, bool(self.bold), place, bounds, int(self.most))
        self.line_height = _spacing(self.words)
        self.text = for_the_eye(self.words, bool(self.bold), place[0] - SLACK, int(self.font_size))
        self._stand()
        # Last: whoever hears of it may change the size, and all this is done again within.
        self.need = room_for(self.words, bool(self.bold), place[0], least)[1] if self.words else NOTHING

    def _stand(self, *_: object) -> None:
        """Whole pixels, so that no letter is blurred."""
        width, height = int(self.width), int(self.height)
        under = blank(self.words, int(self.font_size))
        free = width - self.texture_size[0], height - self.texture_size[1] + under
        along = {"left": 0, "center": int(free[0] / 2), "right": free[0]}[direction.side(self.side)]
        self.left = int(self.x + self.width / 2 - width / 2) + along
        self.foot = int(self.y + self.height / 2 - height / 2) + free[1] - int(free[1] / 2) - under


def smallest(capitals: float = BODY_MM) -> int:
    """The size of letters whose capitals are so many mm tall, in pixels; a hundredth of one is nothing."""
    return ceil(float(mm(capitals)) / CAPITAL - 0.01)


@lru_cache(maxsize=4096)
def fitting(
    words: str, bold: bool, place: tuple[int, int], bounds: tuple[int, int], most: int = 0
) -> tuple[int, bool]:
    """The biggest size at which words fit their place, in pixels; and whether even the least is too big for them.

    Then they are smaller, for a workshop's own names may be long and are to be read whole. `most`: in so many
    lines, or in more where they would be too small; 0: in any number.
    """
    biggest, least = bounds
    if most and _fits(words, bold, place, least, most):
        return _biggest(words, bold, place, (least, biggest), most), False
    if not words or _fits(words, bold, place, least):
        return _biggest(words, bold, place, (least, biggest)), False
    return _biggest(words, bold, place, (least // 2, least)), True


def _biggest(words: str, bold: bool, place: tuple[int, int], bounds: tuple[int, int], most: int = 0) -> int:
    """The biggest size at which words fit, which they do at the least of the two bounds."""
    low, high = bounds
    if not words or low >= high or _fits(words, bold, place, high, most):
        return max(low, high)
    while high - low > 1:
        size = (low + high) // 2
        low, high = (size, high) if _fits(words, bold, place, size, most) else (low, size)
    return low


def _fits(words: str, bold: bool, place: tuple[int, int], size: int, most: int = 0) -> bool:
    if most and for_the_eye(words, bold, place[0] - SLACK, size).count("\n") >= most:
        return False
    across, along = room_for(words, bold, place[0], size)
    return across <= place[0] and along <= place[1]


@lru_cache(maxsize=8192)
def room_for(words: str, bold: bool, width: int, size: int) -> tuple[int, int]:
    """How much room words of this size need where they may be so wide, in pixels; a long one may need more."""
    text = for_the_eye(words, bold, width - SLACK, size)
    label = CoreLabel(text=text, bold=bold, font_size=size, font_name=FONT, line_height=_spacing(words))
    across, along = label.render()
    return int(across) + SLACK, int(along) - blank(words, size)


def narrowest(words: str, bold: bool, size: int) -> int:
    """The least width in which words of this size can be broken into lines, in pixels."""
    return SLACK + max(_width(word, bold, size) for word in re.split("[ \n]", words))


def _spacing(words: str) -> float:
    """The font's own line leaves room for the deepest letters of Arabic; other words need less."""
    return 0.95 if _ARABIC.search(words) else 0.86


def blank(words: str, size: int) -> int:
    """What stays empty under the last line for the same reason, in pixels."""
    return 0 if _ARABIC.search(words) else int(0.17 * size)


@lru_cache(maxsize=4096)
def for_the_eye(words: str, bold: bool, width: int, size: int) -> str:
    """Words as Kivy is to write them: in lines of this width; those read from right to left in the eye's order."""
    lines = _lines(words, bold, width, size)
    return "\n".join(map(_ordered, _apart(lines)) if _ARABIC.search(words) else map(unmarked, lines))


def _lines(words: str, bold: bool, width: int, size: int) -> list[str]:
    """Broken into lines that fit, in the order in which they are spoken."""
    lines: list[str] = []
    for paragraph in words.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and _width(longer, bold, size) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _apart(lines: list[str]) -> Iterator[str]:
    """Lines of which each sets apart what was set apart, and not yet at its end, in the line before."""
    for place, line in enumerate(lines):
        before = "".join(lines[:place])
        yield APART * (before.count(APART) - before.count(TOGETHER)) + line


def _ordered(line: str) -> str:
    """One line, its letters joined and in the order of the eye."""
    return unmarked(str(get_display(reshape(line), base_dir="R")))


@lru_cache(maxsize=16384)
def _width(words: str, bold: bool, size: int) -> int:
    shown = _ordered(words) if _ARABIC.search(words) else unmarked(words)
    label = CoreLabel(text=shown, bold=bold, font_size=size, font_name=FONT)
    return int(label.get_extents(shown)[0])
