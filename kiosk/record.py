"""One machine for whoever looks after it: figures at one side, its last days at the other, what to do below."""

from pathlib import Path

from kivy.lang import Builder
from kivy.properties import ColorProperty, ObjectProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from kiosk import chart, panel  # noqa: F401  # their widgets are used by this screen's rule
from kiosk.desk import Desk
from kiosk.direction import Row
from kiosk.views.team.record import Chart, Figure, RecordPage
from kiosk.views.tile import Look, Tile

_NO_CHART = Chart("", (), 1.0, ())
_NOTHING = RecordPage(Tile("", "", Look.WAITING, ""), (), (), None, None, ())


class FigureLine(Row):
    """One figure: what it is, and how much."""

    figure = ObjectProperty(Figure("", ""), rebind=True)


class Swatch(Widget):
    """A colour of the chart, beside its word."""

    edge = ColorProperty((0, 0, 0, 1))
    fill = ColorProperty((1, 1, 1, 1))


class FigureList(BoxLayout):
    """The figures, one above another."""

    figures = ObjectProperty(())

    def on_figures(self, _: object, figures: tuple[Figure, ...]) -> None:
        """A line for each."""
        self.clear_widgets()
        for figure in figures:
            self.add_widget(FigureLine(figure=figure))


class RecordScreen(Screen):
    """Shows a `RecordPage`."""

    view = ObjectProperty(_NOTHING, rebind=True)
    chart = ObjectProperty(_NO_CHART, rebind=True)
    desk: Desk

    def show(self, view: RecordPage) -> None:
        """Show this."""
        self.view = view
        self.chart = view.chart or _NO_CHART

    def leave(self) -> None:
        """Nothing of a machine's people stays on a screen they have left."""
        self.show(_NOTHING)


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
