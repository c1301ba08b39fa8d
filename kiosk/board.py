"""The idle screen: every machine, and what became of the last tap at it."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import tiles  # noqa: F401  # its rules are used by this screen's
from kiosk.desk import Desk
from kiosk.views.board import Board

_NOTHING = Board("", "", "", "", ())


class BoardScreen(Screen):
    """Shows a `Board`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    desk: Desk

    def show(self, view: Board) -> None:
        """Show this, and the page of a machine that has just refused somebody."""
        told = {tile.machine for tile in self.view.tiles if tile.told}
        self.view = view
        grid = self.ids.grid
        for place, tile in enumerate(view.tiles):
            if tile.told and tile.machine not in told:
                grid.page = place // max(1, len(grid.children))

    def leave(self) -> None:
        """The next person begins at the first page."""
        self.ids.grid.page = 0


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
