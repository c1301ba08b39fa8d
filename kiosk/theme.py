"""The kiosk's look: cloth, thread and ink. Colours, sizes in millimetres, and the few widgets there are.

The selvedge, the woven edge that keeps a cloth from unravelling, runs under every header and down the side of
every machine's tile, there in the colour of its state.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, pi, sin
from pathlib import Path

from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, Ellipse, Line, Mesh, Rectangle
from kivy.graphics.texture import Texture
from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    NumericProperty,
    ObjectProperty,
    StringProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from kiosk.status import Look, Tile

Rgb = tuple[float, float, float]


def rgb(hexed: str) -> Rgb:
    """A colour out of six hex digits."""
    red, green, blue = (int(hexed[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mixed(colour: Rgb, share: float, other: Rgb) -> Rgb:
    """A share of one colour in another."""
    red, green, blue = (share * a + (1 - share) * b for a, b in zip(colour, other, strict=True))
    return red, green, blue


WHITE = rgb("ffffff")
LINEN = rgb("f6f2ea")
"""The ground of every screen."""
DUSK = rgb("ebe5d8")
"""The ground of what cannot be had."""
INK = rgb("1d2230")
SOFT = rgb("50556a")
INDIGO = rgb("26386b")
MADDER = rgb("a3272b")
"""The red thread."""
SEAM = rgb("d5cdbc")
"""Thin lines."""

LOOKS: dict[Look, Rgb] = {
    Look.FREE: rgb("17663f"),
    Look.RESERVED: rgb("7d4a00"),
    Look.STARTING: rgb("26386b"),
    Look.BUSY: rgb("26386b"),
    Look.YOURS: rgb("6b2a70"),
    Look.LOCKED: rgb("464b57"),
    Look.FAULT: rgb("a3272b"),
    Look.ESTOP: rgb("a3272b"),
    Look.SILENT: rgb("50556a"),
    Look.CLOSED: rgb("50556a"),
    Look.WAITING: rgb("50556a"),
}

TILE_MM = (46.0, 24.0)
"""The smallest tile: its words are to be read from a step away."""
GAP_MM = 2.5


def ground(look: Look, barred: bool) -> Rgb:
    """What a tile is written on: white invites, a tint tells."""
    if barred:
        return DUSK
    return WHITE if look in (Look.FREE, Look.YOURS) else mixed(LOOKS[look], 0.07, WHITE)


@lru_cache(maxsize=32)
def twill(colour: Rgb) -> Texture:
    """Cloth of one colour, close up: diagonals of two shades."""
    light = mixed(colour, 0.62, WHITE)
    return _woven(8, lambda x, y: colour if (x + y) % 4 < 2 else light)


@lru_cache(maxsize=1)
def selvedge() -> Texture:
    """The edge of the cloth: indigo twill with the red thread through it."""
    light, thread = mixed(INDIGO, 0.55, WHITE), mixed(MADDER, 0.75, WHITE)

    def at(x: int, y: int) -> Rgb:
        if y in (0, 15):
            return LINEN
        if 6 <= y <= 9:
            return WHITE if y in (6, 9) else (MADDER if x % 8 < 6 else thread)
        return INDIGO if (x + y) % 4 < 2 else light

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


class FitLabel(Label):
    """Words that fill their place without leaving it: as big as `biggest` mm, and no smaller than `least`."""

    biggest = NumericProperty(4.6)
    least = NumericProperty(2.8)
    clipped = BooleanProperty(False)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(size=self._fit, text=self._fit, biggest=self._fit, bold=self._fit)

    def _fit(self, *_: object) -> None:
        self.text_size = self.size
        self.font_size, self.clipped = fitting(
            self.text,
            bool(self.bold),
            (round(self.width), round(self.height)),
            (round(mm(self.biggest)), round(mm(self.least))),
        )


@lru_cache(maxsize=2048)
def fitting(text: str, bold: bool, place: tuple[int, int], bounds: tuple[int, int]) -> tuple[int, bool]:
    """The biggest size at which a text fits its place, in pixels; and whether even the least is too big."""
    biggest, least = bounds
    for size in range(biggest, least, -1):
        if _fits(text, bold, place, size):
            return size, False
    return least, bool(text) and not _fits(text, bold, place, least)


def _fits(text: str, bold: bool, place: tuple[int, int], size: int) -> bool:
    label = CoreLabel(text=text, bold=bold, font_size=size, text_size=(place[0], None))
    _, height = label.render()
    words = [label.get_extents(word)[0] for word in text.replace("\n", " ").split(" ")]
    return height <= place[1] and max(words, default=0) <= place[0]


class StateSign(Widget):
    """A state as a shape: it is told without its colour too."""

    look = ObjectProperty(Look.WAITING)
    colour = ColorProperty(SOFT)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw, look=self._draw, colour=self._draw)

    def _draw(self, *_: object) -> None:
        side = min(self.width, self.height)
        self.canvas.clear()
        with self.canvas:
            Color(*self.colour)
            draw_shape(self.look, *middle(self), side / 2)


def middle(widget: Widget) -> tuple[float, float]:
    """A widget's centre. Kivy's own `center_x` may still be the old one while a new size is being told."""
    return widget.x + widget.width / 2, widget.y + widget.height / 2


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
            Color(*WHITE)
            Rectangle(pos=(x - r * 0.08, y - r * 0.2), size=(r * 0.16, r * 0.5))
            Rectangle(pos=(x - r * 0.08, y - r * 0.5), size=(r * 0.16, r * 0.18))
        case Look.ESTOP:
            _polygon(x, y, r * 0.95, 8, turn=pi / 8)
        case Look.CLOSED:
            Rectangle(pos=(x - r * 0.8, y - r * 0.2), size=(r * 1.6, r * 0.4))
        case Look.SILENT | Look.WAITING:
            for step in (-0.62, 0, 0.62):
                Ellipse(pos=(x + r * (step - 0.2), y - r * 0.2), size=(r * 0.4, r * 0.4))


def _polygon(x: float, y: float, r: float, corners: int, turn: float) -> None:
    points: list[float] = []
    for corner in range(corners):
        angle = turn + 2 * pi * corner / corners
        points += [x + r * cos(angle), y + r * sin(angle), 0, 0]
    Mesh(vertices=points, indices=list(range(corners)), mode="triangle_fan")


class Key(ButtonBehavior, BoxLayout):
    """Something to touch: a face that darkens under the finger. It acts when the finger is lifted."""

    face = ColorProperty(WHITE)
    edge = ColorProperty(SEAM)


class WordKey(Key):
    """A key with a word on it; without one it is not there."""

    text = StringProperty("")
    wide = NumericProperty(34.0)
    colour = ColorProperty(INK)
    biggest = NumericProperty(5.0)


class TileCard(Key):
    """One machine."""

    tile = ObjectProperty(Tile("", "", Look.WAITING, ""), rebind=True)
    colour = ColorProperty(SOFT)
    cloth = ObjectProperty(None, allownone=True)

    def on_tile(self, _: object, tile: Tile) -> None:
        """Take the tile's colours."""
        refused = tile.told and not tile.barred
        self.face = mixed(MADDER, 0.08, WHITE) if refused else ground(tile.look, tile.barred)
        self.edge = MADDER if refused else SEAM
        self.colour = LOOKS[tile.look] if not tile.barred else SOFT
        self.cloth = twill(LOOKS[tile.look] if not tile.barred else SOFT)


def columns_and_rows(number: int, room: tuple[float, float]) -> tuple[int, int]:
    """How many tiles stand side by side and one above another, for so many in so much room (in mm)."""
    most_columns = max(1, int((room[0] + GAP_MM) // (TILE_MM[0] + GAP_MM)))
    most_rows = max(1, int((room[1] + GAP_MM) // (TILE_MM[1] + GAP_MM)))
    rows = min(most_rows, max(-(-number // most_columns), 2 if number > 3 else 1))
    return max(1, min(most_columns, -(-number // rows))), rows


class TileGrid(Widget):
    """All tiles that fit, the rest on further pages: a finger that scrolls is a finger that misses."""

    tiles = ObjectProperty(())
    page = NumericProperty(0)
    pages = NumericProperty(1)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.register_event_type("on_machine")
        self.bind(pos=self._lay_out, size=self._lay_out, tiles=self._lay_out, page=self._lay_out)

    def on_machine(self, machine: str) -> None:
        """A tile was touched."""

    def turn_page(self) -> None:
        """The next page, or the first again."""
        self.page = (self.page + 1) % self.pages

    def _lay_out(self, *_: object) -> None:
        room = self.width / mm(1), self.height / mm(1)
        columns, rows = columns_and_rows(len(self.tiles), room)
        self.pages = max(1, -(-len(self.tiles) // (columns * rows)))
        self.page = min(self.page, self.pages - 1)
        shown = self.tiles[self.page * columns * rows :][: columns * rows]
        self._have_cards(len(shown))
        for place, (card, tile) in enumerate(zip(reversed(self.children), shown, strict=True)):
            self._put(card, place, columns, rows)
            card.tile = tile

    def _have_cards(self, number: int) -> None:
        while len(self.children) > number:
            self.remove_widget(self.children[0])
        while len(self.children) < number:
            card = TileCard()
            card.bind(on_release=lambda card: self.dispatch("on_machine", card.tile.machine))
            self.add_widget(card)

    def _put(self, card: TileCard, place: int, columns: int, rows: int) -> None:
        gap = round(mm(GAP_MM))
        width = (round(self.width) - gap * (columns - 1)) // columns
        height = min((round(self.height) - gap * (rows - 1)) // rows, round(mm(46)))
        row, column = divmod(place, columns)
        card.size = width, height
        card.pos = round(self.x) + column * (width + gap), round(self.top) - height - row * (height + gap)


class PageKey(WordKey):
    """Turns the pages of a grid; not there while there is only one."""

    word = StringProperty("")
    page = NumericProperty(0)
    pages = NumericProperty(1)
    grid = ObjectProperty(None, allownone=True)
    desk = ObjectProperty(None, allownone=True)

    def on_release(self) -> None:
        """Turn the page; somebody is there."""
        self.desk.touch()
        self.grid.turn_page()


class BadgeSign(Widget):
    """A badge held to a reader; red when there is something to be told."""

    alarm = BooleanProperty(False)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw, alarm=self._draw)

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        width, height = mm(9), mm(12)
        x, y = (at - side / 2 for at, side in zip(middle(self), (width, height), strict=True))
        with self.canvas:
            Color(*(MADDER if self.alarm else INDIGO))
            Line(rounded_rectangle=(x, y, width, height, mm(1.4)), width=mm(0.35))
            Line(points=(x + mm(3), y + height - mm(2), x + width - mm(3), y + height - mm(2)), width=mm(0.3))
            for radius in (1.4, 2.8):
                source = x + width / 2 - mm(1.6), y + height / 2 - mm(0.8)
                Line(circle=(*source, mm(radius), 30, 150), width=mm(0.35))
            Ellipse(pos=(x + width / 2 - mm(2.2), y + height / 2 - mm(1.4)), size=(mm(1.2), mm(1.2)))


class ResultSign(Widget):
    """Yes, no, or not known yet: a tick, a cross, three dots."""

    good = ObjectProperty(None, allownone=True)
    colour = ColorProperty(INK)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.bind(pos=self._draw, size=self._draw, good=self._draw, colour=self._draw)

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        x, y = middle(self)
        r = min(self.width, self.height) / 2
        with self.canvas:
            Color(*self.colour)
            Ellipse(pos=(x - r, y - r), size=(2 * r, 2 * r))
            Color(*WHITE)
            if self.good is None:
                draw_shape(Look.WAITING, x, y, r * 0.75)
            elif self.good:
                tick = (x - r * 0.45, y - r * 0.02, x - r * 0.12, y - r * 0.36, x + r * 0.48, y + r * 0.34)
                Line(points=tick, width=r * 0.1, joint="miter", cap="square")
            else:
                for way in (-1, 1):
                    arm = (x - r * 0.36, y - way * r * 0.36, x + r * 0.36, y + way * r * 0.36)
                    Line(points=arm, width=r * 0.1, cap="square")


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
