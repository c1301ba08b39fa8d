"""Languages by their own names, high contrast, the spoken mode."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import keys  # noqa: F401  # its rules are used by this screen's
from kiosk.desk import Desk
from kiosk.views.comfort import Comfort

_NOTHING = Comfort("", (), ())


class ComfortScreen(Screen):
    """Shows a `Comfort`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    desk: Desk

    def show(self, view: Comfort) -> None:
        """Show this."""
        self.view = view

    def leave(self) -> None:
        """Nothing is left to be touched."""
        self.view = _NOTHING


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
