"""Signs, drawn: a machine's state, what may be the matter, how it went. Each is told without its colour too."""

from math import cos, pi, sin

from kivy.graphics import Color, Ellipse, Line, Mesh, Rectangle
from kivy.metrics import mm
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.widget import Widget

from kiosk import colours
from kiosk.tools import TOOLS
from kiosk.views.tile import Look


class Sign(Widget):
    """A sign that fills its place, drawn afresh with every change. Its kinds say how in `draw`."""

    colour = ColorProperty((0, 0, 0, 1))

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._redraw, size=self._redraw, colour=self._redraw)

    def _redraw(self, *_: object) -> None:
        # Kivy's own `center_x` may still be the old one while a new size is being told.
        x, y = round(self.x + self.width / 2), round(self.y + self.height / 2)
        self.canvas.clear()
        with self.canvas:
            Color(*self.colour)
            self.draw(x, y, min(self.width, self.height) / 2)

    def draw(self, x: float, y: float, r: float) -> None:
        """Draw around a point, within a radius, in the current colour."""


class StateSign(Sign):
    """A state as a shape."""

    look = ObjectProperty(Look.WAITING)

    def on_look(self, *_: object) -> None:
        """Another state, another shape."""
        self._redraw()

    def draw(self, x: float, y: float, r: float) -> None:
        """See `Sign`."""
        draw_shape(self.look, x, y, r)


def draw_shape(look: Look, x: float, y: float, r: float) -> None:
    """Draw a state's shape around a point, within a radius, in the current colour."""
    match look:
        case Look.FREE:
            Line(circle=(x, y, r * 0.8), width=r * 0.17)
        case Look.RESERVED:
            Line(circle=(x, y, r * 0.8), width=r * 0.13)
            Ellipse(pos=(x - r * 0.8, y - r * 0.8), size=(r * 1.6, r * 1.6), angle_start=0, angle_end=180)
        case Look.STARTING:
            _polygon(x, y, r * 0.95, 3, turn=0)
        case Look.BUSY:
            Rectangle(pos=(x - r * 0.75, y - r * 0.75), size=(r * 1.5, r * 1.5))
        case Look.YOURS:
            Ellipse(pos=(x - r * 0.85, y - r * 0.85), size=(r * 1.7, r * 1.7))
        case Look.LOCKED:
            Line(circle=(x, y, r * 0.8), width=r * 0.13)
            Line(points=(x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), width=r * 0.13, cap="none")
        case Look.FAULT:
            _polygon(x, y - r * 0.15, r, 3, turn=pi / 2)
            Color(*colours.now.card)
            Rectangle(pos=(x - r * 0.08, y - r * 0.2), size=(r * 0.16, r * 0.5))
            Rectangle(pos=(x - r * 0.08, y - r * 0.5), size=(r * 0.16, r * 0.18))
        case Look.ESTOP:
            _polygon(x, y, r * 0.95, 8, turn=pi / 8)
        case Look.CLOSED:
            Rectangle(pos=(x - r * 0.8, y - r * 0.2), size=(r * 1.6, r * 0.4))
        case Look.SILENT | Look.WAITING:
            _dots(x, y, r)


def _dots(x: float, y: float, r: float) -> None:
    for step in (-0.62, 0, 0.62):
        Ellipse(pos=(x + r * (step - 0.2), y - r * 0.2), size=(r * 0.4, r * 0.4))


def _polygon(x: float, y: float, r: float, corners: int, turn: float) -> None:
    points: list[float] = []
    for corner in range(corners):
        angle = turn + 2 * pi * corner / corners
        points += [x + r * cos(angle), y + r * sin(angle), 0, 0]
    Mesh(vertices=points, indices=list(range(corners)), mode="triangle_fan")


class WordSign(Sign):
    """The sign of a choice, by its name."""

    name = StringProperty("")

    def on_name(self, *_: object) -> None:
        """Another sign."""
        self._redraw()

    def draw(self, x: float, y: float, r: float) -> None:
        """See `Sign`."""
        if self.name.startswith("face."):
            _face(int(self.name[-1]), x, y, r)
        elif self.name in _SIGNS:
            _SIGNS[self.name](x, y, r)


def _face(how: int, x: float, y: float, r: float) -> None:
    """A face: 3 smiles, 2 does not, 1 is sad."""
    w = r * 0.07
    Line(circle=(x, y, r * 0.9), width=w)
    for side in (-1, 1):
        Ellipse(pos=(x + side * r * 0.34 - r * 0.1, y + r * 0.14), size=(r * 0.2, r * 0.26))
    if how == 2:
        Line(points=(x - r * 0.38, y - r * 0.34, x + r * 0.38, y - r * 0.34), width=w)
    elif how == 3:
        Line(circle=(x, y - r * 0.02, r * 0.52, 115, 245), width=w)
    else:
        Line(circle=(x, y - r * 0.78, r * 0.52, -50, 50), width=w)


def _start(x: float, y: float, r: float) -> None:
    """The power sign, crossed out."""
    w = r * 0.08
    Line(circle=(x, y - r * 0.08, r * 0.62, 35, 325), width=w)
    Line(points=(x, y + r * 0.1, x, y + r * 0.75), width=w)
    Line(points=(x - r * 0.8, y - r * 0.8, x + r * 0.8, y + r * 0.8), width=w * 0.8)


def _thread(x: float, y: float, r: float) -> None:
    """A spool, with a thread that tangles."""
    w = r * 0.07
    for edge in (-0.7, 0.62):
        Line(points=(x - r * 0.75, y + r * edge, x + r * 0.05, y + r * edge), width=w * 1.3)
    for turn in range(5):
        height = y - r * 0.5 + turn * r * 0.23
        Line(points=(x - r * 0.62, height, x - r * 0.08, height + r * 0.1), width=w)
    Line(
        bezier=(x - r * 0.08, y + r * 0.4, x + r, y + r * 0.9, x + r * 0.1, y - r * 0.2, x + r * 0.8, y - r * 0.1),
        width=w,
    )
    Line(circle=(x + r * 0.55, y - r * 0.3, r * 0.24), width=w)


def _needle(x: float, y: float, r: float) -> None:
    """A machine's needle in two pieces."""
    w = r * 0.08
    Line(points=(x - r * 0.2, y + r * 0.9, x - r * 0.2, y + r * 0.1, x - r * 0.05, y - r * 0.02), width=w)
    Line(points=(x - r * 0.34, y + r * 0.9, x - r * 0.06, y + r * 0.9), width=w * 1.8)
    Line(points=(x + r * 0.3, y + r * 0.1, x + r * 0.12, y - r * 0.12, x + r * 0.12, y - r * 0.9), width=w)
    Line(ellipse=(x + r * 0.02, y - r * 0.72, r * 0.2, r * 0.34), width=w * 0.6)


def _noise(x: float, y: float, r: float) -> None:
    """A loudspeaker with three waves."""
    _speaker(x - r * 0.35, y, r * 0.9)
    for wave in (0.45, 0.75, 1.05):
        Line(circle=(x - r * 0.1, y, r * wave * 0.9, 50, 130), width=r * 0.06)


def _speaker(x: float, y: float, r: float) -> None:
    Rectangle(pos=(x - r * 0.5, y - r * 0.25), size=(r * 0.32, r * 0.5))
    corners = ((-0.2, -0.25), (0.2, -0.6), (0.2, 0.6), (-0.2, 0.25))
    flat = [part for across, up in corners for part in (x + r * across, y + r * up, 0, 0)]
    Mesh(vertices=flat, indices=[0, 1, 2, 3], mode="triangle_fan")


def _smell(x: float, y: float, r: float) -> None:
    """Three plumes of smoke."""
    for place in (-0.5, 0.0, 0.5):
        x0 = x + r * place
        curve = (x0, y - r * 0.8, x0 + r * 0.55, y - r * 0.25, x0 - r * 0.55, y + r * 0.25, x0, y + r * 0.8)
        Line(bezier=curve, width=r * 0.08)


def _other(x: float, y: float, r: float) -> None:
    Line(circle=(x, y, r * 0.85), width=r * 0.07)
    _dots(x, y, r * 0.62)


def _comfort(x: float, y: float, r: float) -> None:
    """A globe."""
    w = r * 0.06
    Line(circle=(x, y, r * 0.88), width=w)
    Line(ellipse=(x - r * 0.4, y - r * 0.88, r * 0.8, r * 1.76), width=w)
    for height in (-0.4, 0.0, 0.4):
        half = 0.88 if height == 0 else 0.78
        Line(points=(x - r * half, y + r * height, x + r * half, y + r * height), width=w)


def _contrast(x: float, y: float, r: float) -> None:
    Line(circle=(x, y, r * 0.85), width=r * 0.07)
    Ellipse(pos=(x - r * 0.85, y - r * 0.85), size=(r * 1.7, r * 1.7), angle_start=0, angle_end=180)


def _report(x: float, y: float, r: float) -> None:
    """A triangle with an exclamation mark."""
    corners = [x, y + r * 0.85, x + r * 0.95, y - r * 0.75, x - r * 0.95, y - r * 0.75]
    Line(points=corners, width=r * 0.08, close=True, joint="round")
    Rectangle(pos=(x - r * 0.07, y - r * 0.2), size=(r * 0.14, r * 0.55))
    Rectangle(pos=(x - r * 0.07, y - r * 0.52), size=(r * 0.14, r * 0.16))


_SIGNS = TOOLS | {
    "service.needle": _needle,
    "why.other": _other,
    "unlocked.other": _other,
    "trouble.start": _start,
    "trouble.thread": _thread,
    "trouble.needle": _needle,
    "trouble.noise": _noise,
    "trouble.smell": _smell,
    "trouble.other": _other,
    "comfort": _comfort,
    "contrast": _contrast,
    "voice": _noise,
    "report": _report,
}


class BadgeSign(Sign):
    """A badge held to a reader, 9 mm wide and `scale` times as much."""

    alarm = BooleanProperty(False)
    scale = NumericProperty(1)

    def on_scale(self, *_: object) -> None:
        """Larger, or smaller."""
        self._redraw()

    def on_alarm(self, *_: object) -> None:
        """Red when there is something to be told."""
        self.colour = colours.now.alarm if self.alarm else colours.now.main

    def draw(self, x: float, y: float, r: float) -> None:
        """See `Sign`."""
        unit = mm(1) * self.scale
        width, height = 9 * unit, 12 * unit
        left, foot = round(x - width / 2), round(y - height / 2)
        Line(rounded_rectangle=(left, foot, width, height, 1.4 * unit), width=0.35 * unit)
        slot = foot + height - 2 * unit
        Line(points=(left + 3 * unit, slot, left + width - 3 * unit, slot), width=0.3 * unit)
        for radius in (1.4, 2.8):
            source = left + width / 2 - 1.6 * unit, foot + height / 2 - 0.8 * unit
            Line(circle=(*source, radius * unit, 30, 150), width=0.35 * unit)
        Ellipse(pos=(left + width / 2 - 2.2 * unit, foot + height / 2 - 1.4 * unit), size=(1.2 * unit, 1.2 * unit))


class ResultSign(Sign):
    """Yes, no, or not known yet: a tick, a cross, three dots."""

    good = ObjectProperty(None, allownone=True)

    def on_good(self, *_: object) -> None:
        """Another answer, another sign."""
        self._redraw()

    def draw(self, x: float, y: float, r: float) -> None:
        """See `Sign`."""
        Ellipse(pos=(x - r, y - r), size=(2 * r, 2 * r))
        Color(*colours.now.paper)
        if self.good is None:
            _dots(x, y, r * 0.75)
        elif self.good:
            tick = (x - r * 0.45, y - r * 0.02, x - r * 0.12, y - r * 0.36, x + r * 0.48, y + r * 0.34)
            Line(points=tick, width=r * 0.1, joint="miter", cap="square")
        else:
            for way in (-1, 1):
                arm = (x - r * 0.36, y - way * r * 0.36, x + r * 0.36, y + way * r * 0.36)
                Line(points=arm, width=r * 0.1, cap="square")
