"""One machine: until when it may be had, each end a key; or one's own booking of it; or what came of asking."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import BooleanProperty, ColorProperty, ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import (
    colours,
    keys,  # noqa: F401  # its rules are used by this screen's
)
from kiosk.desk import Desk
from kiosk.direction import Row
from kiosk.views.result import Result
from kiosk.views.sheet import Sheet
from kiosk.views.tile import Look, Tile

_NO_RESULT = Result(None, "")
_NOTHING = Sheet(Tile("", "", Look.WAITING, ""), "", (), "", ())


class ResultPanel(Row):
    """What came of it, in words, a colour and a sign."""

    result = ObjectProperty(_NO_RESULT, rebind=True)
    colour = ColorProperty((0, 0, 0, 1))

    def on_result(self, _: object, result: Result) -> None:
        """Green for yes, red for no, the workshop's colour while nobody knows."""
        palette = colours.now
        self.colour = {True: palette.looks[Look.FREE], False: palette.alarm, None: palette.main}[result.good]


class SheetScreen(Screen):
    """Shows a `Sheet`.

    On a `low` screen the question stands under the machine's name if its choices have signs (`signed`): so there
    are two rows of them. The hint stands over the keys if these are too many to leave room beside them (`crowded`).
    """

    view = ObjectProperty(_NOTHING, rebind=True)
    result = ObjectProperty(_NO_RESULT, rebind=True)
    low = BooleanProperty(False)
    signed = BooleanProperty(False)
    crowded = BooleanProperty(False)
    desk: Desk

    def show(self, view: Sheet) -> None:
        """Show this."""
        self.view = view
        self.result = view.result or _NO_RESULT
        self.signed = any(choice.sign for choice in view.choices)

    def leave(self) -> None:
        """Nothing of a person stays on a screen they have left."""
        self.show(_NOTHING)


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
