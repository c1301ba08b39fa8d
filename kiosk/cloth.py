"""Woven textures: the selvedge, the edge that keeps a cloth from unravelling, runs under every header and, in the
colour of its state, down the side of every machine's tile."""

from collections.abc import Callable
from functools import lru_cache

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import ObjectProperty
from kivy.uix.widget import Widget

from kiosk import colours
from kiosk.colours import Rgb, mixed


@lru_cache(maxsize=64)
def twill(colour: Rgb) -> Texture:
    """Cloth of one colour, close up: diagonals of two shades."""
    light = mixed(colour, 0.62, (1, 1, 1))
    return _woven(8, lambda x, y: colour if (x + y) % 4 < 2 else light)


def selvedge() -> Texture:
    """The edge of the cloth: twill of the workshop's colour with the red thread through it."""
    palette = colours.now
    return _selvedge(palette.main, palette.alarm, palette.paper)


@lru_cache(maxsize=8)
def _selvedge(main: Rgb, alarm: Rgb, paper: Rgb) -> Texture:
    light, thread = mixed(main, 0.55, (1, 1, 1)), mixed(alarm, 0.75, (1, 1, 1))

    def at(x: int, y: int) -> Rgb:
        if y in (0, 15):
            return paper
        if 6 <= y <= 9:
            return (1, 1, 1) if y in (6, 9) else (alarm if x % 8 < 6 else thread)
        return main if (x + y) % 4 < 2 else light

    return _woven(16, at)


def _woven(side: int, at: Callable[[int, int], Rgb]) -> Texture:
    pixels = bytes(round(255 * part) for y in range(side) for x in range(side) for part in at(x, y))
    texture = Texture.create(size=(side, side), colorfmt="rgb")
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    texture.mag_filter = texture.min_filter = "nearest"
    texture.wrap = "repeat"
    return texture


class Cloth(Widget):
    """A strip of a woven texture, repeated whole pixel by whole pixel."""

    weave = ObjectProperty(None, allownone=True)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw, weave=self._draw)

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        if self.weave is None:
            return
        width, height = round(self.width), round(self.height)
        u, v = width / self.weave.width, height / self.weave.height
        with self.canvas:
            Color(1, 1, 1)
            Rectangle(
                texture=self.weave,
                pos=(round(self.x), round(self.y)),
                size=(width, height),
                tex_coords=(0, 0, u, 0, u, v, 0, v),
            )
