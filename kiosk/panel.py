"""The team's plain pages: choices, or a badge to be laid down, or what came of it."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import BooleanProperty, ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import sheet  # noqa: F401  # its panel of results is used by this screen's rule
from kiosk.desk import Desk
from kiosk.keys import CHOICE_MM, ChoiceGrid
from kiosk.views.result import Result
from kiosk.views.team.panel import Panel

NAME_MM = (33.0, 20.0)
"""The smallest key with somebody's name on it, or a machine's."""
_NO_RESULT = Result(None, "")
_NOTHING = Panel("", "", ())


class PanelGrid(ChoiceGrid):
    """The choices; letters may stand closer together than names."""

    small = BooleanProperty(False)
    tallest = 42.0

    def on_small(self, *_: object) -> None:
        """Letters, or names."""
        self.least = CHOICE_MM if self.small else NAME_MM
        self._lay_out()

    least = NAME_MM


class PanelScreen(Screen):
    """Shows a `Panel`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    result = ObjectProperty(_NO_RESULT, rebind=True)
    desk: Desk

    def show(self, view: Panel) -> None:
        """Show this."""
        if [choice.deed for choice in view.choices] != [choice.deed for choice in self.view.choices]:
            self.ids.grid.page = 0
        self.view = view
        self.result = view.result or _NO_RESULT

    def leave(self) -> None:
        """Nothing of a person stays on a screen they have left."""
        self.show(_NOTHING)


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
