"""The team's tables: runs, faults, and what became of a class."""

from dataclasses import dataclass
from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import panel  # noqa: F401  # its header is used by this screen's rule
from kiosk.desk import Desk
from kiosk.direction import Row
from kiosk.keys import Grid
from kiosk.views.team.panel import Table
from kiosk.writing import FitLabel, room_for, smallest

LINE_MM = 8.5
"""The lowest line."""
BESIDE_MM = 2.0
"""Between two words of a line, and at its ends."""
_NOTHING = Table("", "", (), (), (), ())


@dataclass(frozen=True, slots=True)
class Cells:
    """One line's words, and how wide each of its columns is."""

    words: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()


class Line(Row):
    """One line of a table."""

    cells = ObjectProperty(Cells())
    desk = ObjectProperty(None, allownone=True)
    bold = False

    def on_cells(self, _: object, cells: Cells) -> None:
        """As many words side by side as there are columns."""
        self.clear_widgets()
        for words, share in zip(cells.words, cells.shares, strict=True):
            self.add_widget(FitLabel(words=words, size_hint_x=share, biggest=4.4, bold=self.bold))


class HeadLine(Line):
    """The words over the columns."""

    bold = True


class LineGrid(Grid):
    """The lines, one under another, on as many pages as they need."""

    kind, slot, tallest, gap = Line, "cells", 24.0, 2.0

    def columns_and_rows(self) -> tuple[int, int]:
        """As many as leave room for the words of each."""
        gap, width = round(mm(self.gap)), round(self.width)
        tallest = max((_need(cells, width) for cells in self.items), default=0)
        self.tallest = max(12.0, tallest / mm(1))
        return 1, max(1, (round(self.height) + gap) // (max(tallest, round(mm(LINE_MM))) + gap))


def _need(cells: Cells, width: int) -> int:
    """How high a line of this width has to be, in pixels."""
    free = width - mm(BESIDE_MM) * (len(cells.words) + 1)
    places = (int(free * share / sum(cells.shares)) for share in cells.shares)
    return max(
        room_for(words, False, place, smallest())[1] for words, place in zip(cells.words, places, strict=True)
    )


class TableScreen(Screen):
    """Shows a `Table`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    lines = ObjectProperty(())
    heads = ObjectProperty(Cells())
    desk: Desk

    def show(self, view: Table) -> None:
        """Show this."""
        self.view = view
        self.heads = Cells(view.heads, view.shares) if view.rows else Cells()
        self.lines = tuple(Cells(row, view.shares) for row in view.rows)

    def leave(self) -> None:
        """Nothing of a person stays on a screen they have left."""
        self.show(_NOTHING)
        self.ids.grid.page = 0


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
