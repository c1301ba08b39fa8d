"""Bars, drawn on the canvas: each day's hours under power, and over them those in which the motor ran."""

from kivy.graphics import Color, Rectangle
from kivy.metrics import mm
from kivy.properties import ObjectProperty
from kivy.uix.widget import Widget

from kiosk import cloth, colours, direction
from kiosk.views.team.record import Chart
from kiosk.writing import FitLabel

SIDE_MM, FOOT_MM, LINE_MM = 14.0, 7.0, 6.2
"""The room for the hours beside the bars, for the days under them, and for a line of either."""
BAR_SHARE = 0.68
"""How much of a day's width its bar takes."""


class BarChart(Widget):
    """Shows a `Chart`; days go the way in which one reads. Its words are labels, so that they are measured too."""

    chart = ObjectProperty(None, allownone=True)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw, chart=self._draw)

    def _draw(self, *_: object) -> None:
        self.canvas.before.clear()
        self.clear_widgets()
        if self.chart is None or self.width < mm(40):
            return
        side, foot = round(mm(SIDE_MM)), round(mm(FOOT_MM))
        left = round(self.x) + (0 if direction.right_to_left else side)
        width, height = round(self.width) - side, round(self.height) - foot - round(mm(2))
        base = round(self.y) + foot
        with self.canvas.before:
            self._lines(self.chart, left, base, width, height)
            self._bars(self.chart, left, base, width, height)
        self._hours(self.chart, left, base, width, height, side)
        self._days(self.chart, left, base, width)

    def _lines(self, chart: Chart, left: int, base: int, width: int, height: int) -> None:
        Color(*colours.now.soft)
        Rectangle(pos=(left, base - 1), size=(width, 2))
        for hours, _ in chart.lines:
            y = base + round(height * hours / chart.top)
            Color(*colours.now.seam)
            Rectangle(pos=(left, y), size=(width, 1))

    def _bars(self, chart: Chart, left: int, base: int, width: int, height: int) -> None:
        step = width / len(chart.bars)
        weave = cloth.twill(tuple(colours.now.main[:3]))
        for place, bar in enumerate(chart.bars):
            column = len(chart.bars) - 1 - place if direction.right_to_left else place
            x, thick = left + round(column * step), round(step * BAR_SHARE)
            at = x + (round(step) - thick) // 2
            full = round(height * bar.powered / chart.top)
            Color(*colours.now.soft)
            Rectangle(pos=(at, base + 1), size=(thick, full))
            Color(*colours.now.card)
            Rectangle(pos=(at + 2, base + 1), size=(thick - 4, max(0, full - 2)))
            tall = round(height * bar.running / chart.top)
            Color(1, 1, 1)
            Rectangle(
                texture=weave,
                pos=(at, base + 1),
                size=(thick, tall),
                tex_coords=(0, 0, thick / 8, 0, thick / 8, tall / 8, 0, tall / 8),
            )

    def _hours(self, chart: Chart, left: int, base: int, width: int, height: int, side: int) -> None:
        x = left + width if direction.right_to_left else left - side
        for hours, words in chart.lines:
            self._write(words, x, base + round(height * hours / chart.top) - round(mm(LINE_MM / 2)), side, "end")

    def _days(self, chart: Chart, left: int, base: int, width: int) -> None:
        """Under each bar, or under every other one: today's always."""
        step = width / len(chart.bars)
        every = 1 if step >= mm(6) else 2
        for place, bar in enumerate(chart.bars):
            column = len(chart.bars) - 1 - place if direction.right_to_left else place
            if (len(chart.bars) - 1 - place) % every == 0:
                x = left + round((column + 0.5 - every / 2) * step)
                self._write(bar.day, x - 2, base - round(mm(FOOT_MM)), round(every * step) + 4, "middle")

    def _write(self, words: str, x: int, y: int, width: int, side: str) -> None:
        """Not while something is drawn: what is made then stays in the drawing."""
        label = FitLabel(words=words, side=side, biggest=4.2, color=(*colours.now.soft, 1))
        self.add_widget(label)
        label.size = width, round(mm(LINE_MM))
        label.pos = x, y
