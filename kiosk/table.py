"""The team's tables: runs, faults, and what became of a class."""

from dataclasses import dataclass
from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import panel  # noqa: F401  # its header is used by this screen's rule
from kiosk.desk import Desk
from kiosk.direction import Row
from kiosk.keys import Grid
from kiosk.views.team.panel import Table
from kiosk.writing import FitLabel

LINE_MM = (120.0, 8.5)
"""The smallest line; there is never more than one beside another."""
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
    """The lines, on as many pages as they need."""

    kind, slot, least, tallest, gap = Line, "cells", LINE_MM, 12.0, 2.5


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
