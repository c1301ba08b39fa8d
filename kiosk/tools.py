"""The team's signs, drawn: what can be done to a machine, why it is out of service, and badges."""

from collections.abc import Callable
from math import cos, pi, sin

from kivy.graphics import Ellipse, Line, Mesh, Rectangle

Draw = Callable[[float, float, float], None]
"""Draws around a point, within a radius, in the current colour."""


def _spanner(x: float, y: float, r: float) -> None:
    """A spanner, slanting."""
    Line(points=(x - r * 0.6, y - r * 0.6, x + r * 0.3, y + r * 0.3), width=r * 0.13, cap="round")
    Line(circle=(x + r * 0.5, y + r * 0.5, r * 0.32, 90, 360), width=r * 0.12, cap="none")
    Line(circle=(x - r * 0.66, y - r * 0.66, r * 0.16), width=r * 0.1)


def _team(x: float, y: float, r: float) -> None:
    """Two people."""
    for across, size in ((-0.34, 1.0), (0.42, 0.8)):
        cx, top = x + r * across, y + r * 0.36 * size
        Line(circle=(cx, top, r * 0.26 * size), width=r * 0.07)
        Line(ellipse=(cx - r * 0.44 * size, y - r * 1.2, r * 0.88 * size, r * 1.2, -90, 90), width=r * 0.07)
    Line(points=(x - r * 0.82, y - r * 0.6, x + r * 0.82, y - r * 0.6), width=r * 0.07)


def _plan(x: float, y: float, r: float) -> None:
    """A day's strips."""
    Line(rectangle=(x - r * 0.85, y - r * 0.8, r * 1.7, r * 1.6), width=r * 0.06)
    for up, start, end in ((0.42, -0.65, 0.1), (-0.02, -0.2, 0.65), (-0.46, -0.65, -0.15)):
        Rectangle(pos=(x + r * start, y + r * (up - 0.14)), size=(r * (end - start), r * 0.28))


def _lesson(x: float, y: float, r: float) -> None:
    """One who shows, three who look."""
    Line(rectangle=(x - r * 0.8, y + r * 0.05, r * 1.6, r * 0.8), width=r * 0.06)
    Line(points=(x - r * 0.5, y + r * 0.3, x - r * 0.05, y + r * 0.6, x + r * 0.5, y + r * 0.4), width=r * 0.06)
    for across in (-0.6, 0.0, 0.6):
        Ellipse(pos=(x + r * (across - 0.16), y - r * 0.42), size=(r * 0.32, r * 0.32))
        Rectangle(pos=(x + r * (across - 0.22), y - r * 0.85), size=(r * 0.44, r * 0.34))


def _badge(x: float, y: float, r: float) -> None:
    Line(rounded_rectangle=(x - r * 0.75, y - r * 0.85, r * 1.0, r * 1.6, r * 0.12), width=r * 0.07)
    Line(points=(x - r * 0.42, y + r * 0.48, x - r * 0.08, y + r * 0.48), width=r * 0.06)


def _lend(x: float, y: float, r: float) -> None:
    """A badge, and a clock."""
    _badge(x, y, r)
    cx, cy = x + r * 0.5, y - r * 0.35
    Line(circle=(cx, cy, r * 0.4), width=r * 0.08)
    Line(points=(cx, cy + r * 0.24, cx, cy, cx + r * 0.18, cy), width=r * 0.06)


def _enrol(x: float, y: float, r: float) -> None:
    """A badge, and one more."""
    _badge(x, y, r)
    cx, cy = x + r * 0.58, y + r * 0.3
    Line(points=(cx - r * 0.3, cy, cx + r * 0.3, cy), width=r * 0.1, cap="none")
    Line(points=(cx, cy - r * 0.3, cx, cy + r * 0.3), width=r * 0.1, cap="none")


def _padlock(turned: bool) -> Draw:
    def draw(x: float, y: float, r: float) -> None:
        Rectangle(pos=(x - r * 0.6, y - r * 0.8), size=(r * 1.2, r * 0.9))
        across = r * 0.38 if turned else 0.0
        Line(circle=(x + across, y + r * 0.36, r * 0.38, -90, 90), width=r * 0.09, cap="none")
        Line(points=(x + across - r * 0.38, y + r * 0.36, x + across - r * 0.38, y + r * 0.1), width=r * 0.09)
        if not turned:
            Line(points=(x + r * 0.38, y + r * 0.36, x + r * 0.38, y + r * 0.1), width=r * 0.09)

    return draw


def _drop(x: float, y: float, r: float) -> None:
    """A drop of oil."""
    left = (x, y + r * 0.9, x - r * 0.3, y + r * 0.3, x - r * 0.62, y, x - r * 0.55, y - r * 0.4)
    right = tuple(2 * x - part if place % 2 == 0 else part for place, part in enumerate(left))
    for side in (left, right):
        Line(bezier=side, width=r * 0.08)
    Line(circle=(x, y - r * 0.36, r * 0.55, 85, 275), width=r * 0.08)


def _sliders(x: float, y: float, r: float) -> None:
    """Three sliders."""
    for across, up in ((-0.6, 0.35), (0.0, -0.3), (0.6, 0.1)):
        cx = x + r * across
        Line(points=(cx, y - r * 0.8, cx, y + r * 0.8), width=r * 0.06)
        Rectangle(pos=(cx - r * 0.2, y + r * (up - 0.12)), size=(r * 0.4, r * 0.24))


def _list(tick: bool) -> Draw:
    """A list: of what was, or of what was ticked."""

    def draw(x: float, y: float, r: float) -> None:
        for up in (0.6, 0.0, -0.6):
            cy = y + r * up
            if tick:
                arm = (x - r * 0.85, cy, x - r * 0.66, cy - r * 0.18, x - r * 0.36, cy + r * 0.2)
                Line(points=arm, width=r * 0.08, cap="none", joint="miter")
            else:
                Rectangle(pos=(x - r * 0.82, cy - r * 0.12), size=(r * 0.24, r * 0.24))
            Line(points=(x - r * 0.2, cy, x + r * 0.85, cy), width=r * 0.08, cap="none")

    return draw


def _parts(x: float, y: float, r: float) -> None:
    """A box."""
    Line(rectangle=(x - r * 0.75, y - r * 0.8, r * 1.5, r * 1.15), width=r * 0.08)
    lid = ((-0.75, 0.35), (-0.5, 0.8), (0.5, 0.8), (0.75, 0.35))
    Line(points=[part for a, u in lid for part in (x + r * a, y + r * u)], width=r * 0.08, joint="round")
    Line(points=(x, y + r * 0.8, x, y), width=r * 0.08)


def _bolt(x: float, y: float, r: float) -> None:
    """Lightning."""
    corners = ((0.25, 0.95), (-0.55, -0.1), (-0.05, -0.1), (-0.25, -0.95), (0.55, 0.15), (0.05, 0.15))
    Line(points=[part for a, u in corners for part in (x + r * a, y + r * u)], width=r * 0.08, close=True)


def _broken(x: float, y: float, r: float) -> None:
    """A wheel with a tooth out."""
    for tooth in range(7):
        angle = pi / 2 + 2 * pi * (tooth + 1) / 8
        cx, cy = x + r * 0.72 * cos(angle), y + r * 0.72 * sin(angle)
        Ellipse(pos=(cx - r * 0.17, cy - r * 0.17), size=(r * 0.34, r * 0.34))
    Line(circle=(x, y, r * 0.52), width=r * 0.1)
    Line(points=(x, y, x - r * 0.1, y + r * 0.3, x + r * 0.12, y + r * 0.45, x, y + r * 0.95), width=r * 0.06)


def _mended(x: float, y: float, r: float) -> None:
    """A tick in a wheel."""
    Line(circle=(x, y, r * 0.8), width=r * 0.09)
    arm = (x - r * 0.4, y, x - r * 0.1, y - r * 0.3, x + r * 0.42, y + r * 0.32)
    Line(points=arm, width=r * 0.1, cap="none", joint="miter")


def _polished(x: float, y: float, r: float) -> None:
    """A brush."""
    Line(points=(x + r * 0.75, y + r * 0.85, x + r * 0.05, y + r * 0.05), width=r * 0.1, cap="round")
    corners = ((-0.2, 0.25), (0.25, -0.2), (-0.3, -0.85), (-0.85, -0.3))
    flat = [part for across, up in corners for part in (x + r * across, y + r * up, 0, 0)]
    Mesh(vertices=flat, indices=[0, 1, 2, 3], mode="triangle_fan")


def _swapped(x: float, y: float, r: float) -> None:
    """One goes, another comes."""
    for way in (1, -1):
        cy, tip = y + way * r * 0.4, x + way * r * 0.85
        Line(points=(x - way * r * 0.85, cy, tip, cy), width=r * 0.1, cap="none")
        head = (tip - way * r * 0.42, cy + r * 0.36, tip, cy, tip - way * r * 0.42, cy - r * 0.36)
        Line(points=head, width=r * 0.1, cap="none", joint="miter")


def _glass(x: float, y: float, r: float) -> None:
    """A magnifying glass."""
    Line(circle=(x - r * 0.2, y + r * 0.2, r * 0.55), width=r * 0.09)
    Line(points=(x + r * 0.22, y - r * 0.22, x + r * 0.78, y - r * 0.78), width=r * 0.13, cap="round")


def _turned_back(x: float, y: float, r: float) -> None:
    """An arrow that turns back."""
    Line(circle=(x, y - r * 0.05, r * 0.66, -60, 200), width=r * 0.1, cap="none")
    tip_x, tip_y = x - r * 0.57, y + r * 0.28
    head = (tip_x - r * 0.28, tip_y + r * 0.42, tip_x, tip_y - r * 0.04, tip_x + r * 0.44, tip_y + r * 0.2)
    Line(points=head, width=r * 0.1, cap="none", joint="miter")


TOOLS: dict[str, Draw] = {
    "team": _team,
    "upkeep": _spanner,
    "plan": _plan,
    "lesson": _lesson,
    "lend": _lend,
    "enrol": _enrol,
    "runs": _list(tick=False),
    "lock": _padlock(turned=False),
    "unlock": _padlock(turned=True),
    "mended": _mended,
    "service.cleaned": _drop,
    "service.adjusted": _sliders,
    "service.full": _list(tick=True),
    "why.broken": _broken,
    "why.service": _spanner,
    "why.parts": _parts,
    "why.danger": _bolt,
    "why.cleaning": _polished,
    "unlocked.repaired": _mended,
    "unlocked.replaced": _swapped,
    "unlocked.serviced": _drop,
    "unlocked.checked": _glass,
    "unlocked.mistake": _turned_back,
}
"""The signs by their names; the others of the team's are those of `signs`."""
