"""Today's bookings of every machine: a strip each, under one row of hours."""

from pathlib import Path

from kivy.graphics import Color, Rectangle
from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import NumericProperty, ObjectProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from kiosk import (
    colours,
    direction,
    panel,  # noqa: F401  # its header is used by this screen's rule
)
from kiosk.desk import Desk
from kiosk.direction import Row
from kiosk.keys import Grid
from kiosk.views.team.plan import Block, Plan, Strip
from kiosk.writing import FitLabel, fitting, room_for, smallest

STRIP_MM = (120.0, 10.6)
"""The smallest strip; there is never more than one beside another."""
SIDE = 4
"""Pixels between a booking and words beside it."""
_NOTHING = Plan("", "", (), (), (), 0.0)


def beside(width: float) -> int:
    """The room for the machines' names, in pixels."""
    return int(max(mm(32), min(mm(41), width * 0.19)) + 0.5)


class _Day(Widget):
    """A stretch of the day, as wide as the widget; it goes the way in which one reads."""

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw)

    def _draw(self, *_: object) -> None:
        """Draw it afresh."""

    def _at(self, share: float) -> int:
        """Where a share of the day lies, in pixels."""
        return int(self.x + self.width * (1 - share if direction.right_to_left else share) + 0.5)

    def _write(self, words: str, place: tuple[int, int, int, int], **looks: object) -> None:
        """Not while something is drawn: what is made then stays in the drawing."""
        x, y, width, height = place
        label = FitLabel(words=words, side="middle", **looks)
        self.add_widget(label)
        label.size, label.pos = (width, height), (x, y)


class DayHours(_Day):
    """The full hours over the strips."""

    ticks = ObjectProperty(())

    def on_ticks(self, *_: object) -> None:
        """Other hours."""
        self._draw()

    def _draw(self, *_: object) -> None:
        self.clear_widgets()
        wide = round(mm(9))
        for share, words in self.ticks:
            place = self._at(share) - wide // 2, round(self.y), wide, round(self.height)
            self._write(words, place, biggest=4.2, color=(*colours.now.soft, 1))


class DayStrip(_Day):
    """One machine's bookings."""

    strip = ObjectProperty(Strip("", ()))
    now = NumericProperty(0.0)

    def on_strip(self, *_: object) -> None:
        """Other bookings."""
        self._draw()

    def on_now(self, *_: object) -> None:
        """Time passes."""
        self._draw()

    def _draw(self, *_: object) -> None:
        self.clear_widgets()
        self.canvas.before.clear()
        if self.width < mm(20):
            return
        with self.canvas.before:
            Color(*colours.now.card)
            Rectangle(pos=(round(self.x), round(self.y)), size=(round(self.width), round(self.height)))
            Color(*colours.now.alarm)
            Rectangle(pos=(self._at(self.now) - 1, round(self.y)), size=(3, round(self.height)))
            for block in self.strip.blocks:
                self._block(block)
        if self.strip.note:
            place = round(self.x), round(self.y), round(self.width), round(self.height)
            self._write(self.strip.note, place, biggest=4.4, color=(*colours.now.soft, 1))
        self._names()

    def _extent(self, block: Block) -> tuple[int, int]:
        """Where a booking begins and ends, from the left, in pixels."""
        one, other = sorted((self._at(block.start), self._at(block.end)))
        return one + 1, max(one + 3, other - 1)

    def _block(self, block: Block) -> None:
        left, right = self._extent(block)
        y, height = round(self.y) + 2, round(self.height) - 4
        Color(*colours.now.main)
        Rectangle(pos=(left, y), size=(right - left, height))
        if not block.now:
            Color(*colours.now.card)
            Rectangle(pos=(left + 2, y + 2), size=(max(0, right - left - 4), height - 4))

    def _names(self) -> None:
        """Who has each: within it, or beside it where it is too short."""
        taken = [self._extent(block) for block in self.strip.blocks]
        for block, (left, right) in zip(self.strip.blocks, tuple(taken), strict=True):
            if not self._within(block, left + 3, right - 3):
                taken += self._beside(block, left, right, taken)

    def _within(self, block: Block, left: int, right: int) -> bool:
        """Write who it is, and under it the hours, as far as there is room; False when there is none."""
        y, width, height = round(self.y) + 2, right - left, round(self.height) - 4
        if not _fits(block.who, width, height):
            return False
        ink = (*(colours.now.on_main if block.now else colours.now.ink), 1)
        half = height // 2
        if _fits(block.hours, width, half) and _fits(block.who, width, half):
            self._write(block.hours, (left, y, width, half), biggest=4.2, color=ink)
            y, height = y + half, height - half
        self._write(block.who, (left, y, width, height), biggest=4.2, bold=True, color=ink)
        return True

    def _beside(self, block: Block, left: int, right: int, taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Write who it is after it, or before it; the room that was taken, from the left, in pixels."""
        y, height = round(self.y) + 2, round(self.height) - 4
        after = min([one for one, _ in taken if one >= right], default=round(self.right)) - right
        before = left - max([other for _, other in taken if other <= left], default=round(self.x))
        gaps = ((after, lambda width: right), (before, lambda width: left - width))
        for gap, place in gaps[::-1] if direction.right_to_left else gaps:
            width = room_for(block.who, True, gap, smallest())[0] + 2 * SIDE
            if width <= gap and _fits(block.who, width, height):
                x = place(width)
                self._write(block.who, (x, y, width, height), biggest=4.2, bold=True, color=(*colours.now.ink, 1))
                return [(x, x + width)]
        return []


def _fits(words: str, width: int, height: int) -> bool:
    """Whether words can be read in so much room."""
    return not fitting(words, True, (width, height), (smallest(), smallest()))[1]


class StripRow(Row):
    """A machine's name, and its day."""

    strip = ObjectProperty(Strip("", ()), rebind=True)
    now = NumericProperty(0.0)
    desk = ObjectProperty(None, allownone=True)


class StripGrid(Grid):
    """The machines, on as many pages as they need."""

    kind, slot, least, tallest, gap = StripRow, "strip", STRIP_MM, 13.0, 2.5
    now = NumericProperty(0.0)

    def _put(self, widget: Widget, place: int, columns: int, rows: int) -> None:
        super()._put(widget, place, columns, rows)
        widget.now = self.now


class PlanScreen(Screen):
    """Shows a `Plan`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    desk: Desk

    def show(self, view: Plan) -> None:
        """Show this."""
        self.ids.grid.now = view.now
        self.view = view

    def leave(self) -> None:
        """Nobody's name stays on a screen they have left."""
        self.show(_NOTHING)
        self.ids.grid.page = 0


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
