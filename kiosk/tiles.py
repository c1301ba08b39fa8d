"""The machines, each on a tile: as many as can be read stand side by side, the rest on further pages."""

from functools import lru_cache
from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import BooleanProperty, ColorProperty, ListProperty, NumericProperty, ObjectProperty

from kiosk import cloth, colours
from kiosk.deeds import Deed
from kiosk.keys import Grid, Key
from kiosk.views.tile import Look, Tile
from kiosk.writing import STATE_MM, room_for, smallest

NARROWEST_MM, LOWEST_MM = 46.0, 20.0
SIDE_MM, BRIM_MM = 1.4, 0.5
"""What is left free beside the words of a tile, and over and under them."""
SIGN_MM, SIGN_GAP_MM = 5.0, 1.2
"""A state's sign beside words."""
SHAPE_MM, SHAPE_GAP_MM = 10.0, 2.0
"""The same where it stands for itself, to be told across a room: no smaller than this."""
HOUR_MM = 3.4
"""A capital of the hour under it, no smaller than this."""

_NO_TILE = Tile("", "", Look.WAITING, "")


def edge(width: float) -> int:
    """How wide the cloth at the edge of a tile is: whole repeats of its weave, in pixels."""
    return 16 if width > mm(60) else 8


@lru_cache(maxsize=4096)
def least_heights(tile: Tile, width: int, unit: float) -> tuple[int, int, int]:
    """How much room a tile's name, what is read first and what is read next need, one under another.

    In pixels, as `width`; `unit` are those of a mm, and are here because the screen may become another.
    """
    inner = width - edge(width) - round(2 * SIDE_MM * unit) - 2
    sign = round((SIGN_MM + SIGN_GAP_MM) * unit)
    beside = 0 if tile.told else sign if tile.wordy else shape_width(width) + round(SHAPE_GAP_MM * unit)
    _, name = room_for(tile.name, True, inner - (sign if tile.told else 0), smallest())
    size = smallest() if tile.told else smallest(STATE_MM)
    across, big = room_for(tile.big, not tile.told, inner - beside, size)
    if not tile.wordy:
        big = max(big, round(SHAPE_MM * unit))
    small = room_for(tile.small, False, inner, smallest() if tile.wordy else smallest(HOUR_MM))[1]
    return name, big if across <= inner - beside else 1 << 16, small if tile.small else 0


def shape_width(width: float) -> int:
    """How wide a state's shape is on a tile of this width, in pixels."""
    return int(max(mm(SHAPE_MM), min(mm(16), width * 0.22)) + 0.5)


class TileCard(Key):
    """One machine. `told`: its sign stands at its name; `beside`: how wide it is where it stands at its state."""

    tile = ObjectProperty(_NO_TILE, rebind=True)
    colour = ColorProperty((0, 0, 0, 1))
    cloth = ObjectProperty(None, allownone=True)
    told = BooleanProperty(False)
    beside = NumericProperty(0)
    heights = ListProperty((1, 1, 1))

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self.fbind("width", self._divide)

    def on_tile(self, _: object, tile: Tile) -> None:
        """Take the tile's colours."""
        palette = colours.now
        refused = tile.told and not tile.barred
        self.face = palette.refused if refused else palette.ground(tile.look, tile.barred)
        self.edge = palette.alarm if refused else palette.edge
        self.colour = palette.soft if tile.barred else palette.looks[tile.look]
        self.cloth = cloth.twill(tuple(self.colour[:3]))
        self._divide()

    def _divide(self, *_: object) -> None:
        """Give each of its words the room they need, and more where there is more."""
        self.told = self.tile.told
        self.beside = 0 if self.told else mm(SIGN_MM) if self.tile.wordy else shape_width(self.width)
        self.heights = least_heights(self.tile, round(self.width), mm(1))

    @property
    def deed(self) -> Deed:
        """Pick the machine."""
        tile: Tile = self.tile
        return tile.deed


class TileGrid(Grid):
    """The machines: as many on a page as leaves each word the room it needs."""

    kind, slot = TileCard, "tile"

    def columns_and_rows(self) -> tuple[int, int]:
        """The most that there are room for; where it comes to the same, side by side."""
        gap = round(mm(self.gap))
        most = max(1, int((self.width + gap) // (mm(NARROWEST_MM) + gap)))
        shapes = [(columns, self._rows(columns, gap)) for columns in range(most, 0, -1)]
        number = len(self.items)
        roomy = [shape for shape in shapes if shape[1]] or [(1, 1)]
        columns, rows = max(roomy, key=lambda shape: min(number, shape[0] * shape[1]))
        rows = min(rows, max(-(-number // columns), 2 if number > 4 else 1))
        return max(1, min(columns, -(-number // rows))), rows

    def _rows(self, columns: int, gap: int) -> int:
        width = (round(self.width) - gap * (columns - 1)) // columns
        needed = [sum(least_heights(tile, width, mm(1))) for tile in self.items]
        height = max([round(mm(LOWEST_MM)), *(need + round(2 * BRIM_MM * mm(1)) for need in needed)])
        return int((round(self.height) + gap) // (height + gap))


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
