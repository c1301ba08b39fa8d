"""One machine: until when it may be had, each end a button; then what came of it."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ColorProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.screenmanager import Screen

from kiosk.desk import Desk
from kiosk.status import Look, Offer, Result, Sheet, Tile
from kiosk.theme import INDIGO, INK, LOOKS, MADDER, SOFT, WHITE, Key

_NOTHING = Sheet(Tile("", "", Look.WAITING, ""), "", "", (), "", "")


class OfferKey(Key):
    """An end time."""

    offer = ObjectProperty(Offer(0, "", ""), rebind=True)
    ink = ColorProperty(INK)
    soft = ColorProperty(SOFT)

    def on_offer(self, _: object, offer: Offer) -> None:
        """The chosen one is dyed."""
        self.face, self.edge = (INDIGO, INDIGO) if offer.chosen else (WHITE, INDIGO)
        self.ink, self.soft = (WHITE, WHITE) if offer.chosen else (INDIGO, SOFT)


class ResultPanel(BoxLayout):
    """What came of it, in words, a colour and a sign."""

    result = ObjectProperty(Result(None, ""), rebind=True)
    colour = ColorProperty(INK)
    hint = StringProperty("")

    def on_result(self, _: object, result: Result) -> None:
        """Green for yes, red for no, ink while nobody knows."""
        self.colour = {True: LOOKS[Look.FREE], False: MADDER, None: INDIGO}[result.good]


class DurationsScreen(Screen):
    """Shows a `Sheet`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    desk: Desk

    def show(self, view: Sheet) -> None:
        """Show this."""
        self.view = view
        self._fill(view)

    def leave(self) -> None:
        """Nothing of a person stays on a screen they have left."""
        self.show(_NOTHING)

    def _fill(self, view: Sheet) -> None:
        """Either the hours or the result takes the middle of the screen."""
        place = self.ids.middle
        wanted = (ResultPanel,) if view.result else tuple(OfferKey for _ in view.offers)
        if tuple(type(child) for child in place.children) != wanted:
            place.clear_widgets()
            for kind in wanted:
                place.add_widget(kind())
        for child in place.children:
            if view.result:
                child.result = view.result
        if not view.result:
            for key, offer in zip(reversed(place.children), view.offers, strict=True):
                key.offer = offer
                key.desk = self.desk


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
