"""After a badge: one's own hours, the machines one may have, and those one may not, with why."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from kiosk import tiles  # noqa: F401  # its rules are used by this screen's
from kiosk.desk import Desk
from kiosk.views.member import MemberPage

_NOTHING = MemberPage("", "", (), (), ())


class MemberScreen(Screen):
    """Shows a `MemberPage`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    desk: Desk

    def show(self, view: MemberPage) -> None:
        """Show this."""
        self.view = view

    def leave(self) -> None:
        """Nothing of a person stays on a screen they have left."""
        self.view = _NOTHING
        self.ids.grid.page = 0
        self.ids.entries.page = 0


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
