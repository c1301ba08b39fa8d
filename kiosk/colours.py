"""The colours: cloth, thread and ink; and the same screen in high contrast. `now` is the one in use."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from kiosk.views.tile import Look

Rgb = tuple[float, float, float]
HEX = re.compile("[0-9A-Fa-f]{6}")


def rgb(hexed: str) -> Rgb:
    """A colour out of six hex digits."""
    red, green, blue = (int(hexed[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mixed(colour: Rgb, share: float, other: Rgb) -> Rgb:
    """A share of one colour in another."""
    red, green, blue = (share * a + (1 - share) * b for a, b in zip(colour, other, strict=True))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Palette:
    """One way to colour every screen.

    `paper` is the ground, `card` what can be touched, `dusk` what cannot be had; `ink` and `soft` write on all
    three. `main` is the workshop's colour and `on_main` writes on it; `alarm` is the red thread; `edge` surrounds
    what can be touched, `seam` are the lines that only help. `tint` is how much of a state's colour lies in its
    tile.
    """

    paper: Rgb
    card: Rgb
    dusk: Rgb
    ink: Rgb
    soft: Rgb
    main: Rgb
    on_main: Rgb
    alarm: Rgb
    edge: Rgb
    seam: Rgb
    looks: MappingProxyType[Look, Rgb]
    tint: float

    def ground(self, look: Look, barred: bool) -> Rgb:
        """What a tile is written on: a plain one invites, a tint tells."""
        if barred:
            return self.dusk
        plain = look in (Look.FREE, Look.YOURS)
        return self.card if plain else mixed(self.looks[look], self.tint, self.card)

    @property
    def refused(self) -> Rgb:
        """The ground of a tile that has just refused somebody."""
        return mixed(self.alarm, self.tint, self.card)


def _looks(
    free: str, reserved: str, busy: str, yours: str, locked: str, broken: str, quiet: str
) -> MappingProxyType[Look, Rgb]:
    return MappingProxyType(
        {
            Look.FREE: rgb(free),
            Look.RESERVED: rgb(reserved),
            Look.STARTING: rgb(busy),
            Look.BUSY: rgb(busy),
            Look.YOURS: rgb(yours),
            Look.LOCKED: rgb(locked),
            Look.FAULT: rgb(broken),
            Look.ESTOP: rgb(broken),
            Look.SILENT: rgb(quiet),
            Look.CLOSED: rgb(quiet),
            Look.WAITING: rgb(quiet),
        }
    )


LINEN = Palette(
    paper=rgb("f6f2ea"),
    card=rgb("ffffff"),
    dusk=rgb("ebe5d8"),
    ink=rgb("1d2230"),
    soft=rgb("50556a"),
    main=rgb("26386b"),
    on_main=rgb("ffffff"),
    alarm=rgb("a3272b"),
    edge=rgb("857c69"),
    seam=rgb("d5cdbc"),
    looks=_looks("17663f", "7d4a00", "26386b", "6b2a70", "464b57", "a3272b", "50556a"),
    tint=0.07,
)
"""Unbleached cloth, indigo and the red thread."""

NIGHT = Palette(
    paper=rgb("000000"),
    card=rgb("000000"),
    dusk=rgb("1c1c1c"),
    ink=rgb("ffffff"),
    soft=rgb("e6e6e6"),
    main=rgb("ffd83d"),
    on_main=rgb("000000"),
    alarm=rgb("ffa0a0"),
    edge=rgb("ffffff"),
    seam=rgb("ffffff"),
    looks=_looks("6dff9e", "ffc14d", "a8c8ff", "f7b0ff", "ffffff", "ffa0a0", "e6e6e6"),
    tint=0.0,
)
"""High contrast: light on black, at 7 to 1 or more."""

now = LINEN


@lru_cache(maxsize=8)
def linen(main: str) -> Palette:
    """The everyday colours with the association's own, six hex digits; the twin has seen that it can be read."""
    return replace(LINEN, main=rgb(main)) if HEX.fullmatch(main) else LINEN


def use(palette: Palette) -> None:
    """Draw with this one from now on; what is drawn already stays as it is."""
    global now
    now = palette
