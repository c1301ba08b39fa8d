"""What touching a key asks for, one value each: screens carry them, the spoken mode reads them out, the session
and the desk act on them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access.bookings import Booking
from kiosk.team import TeamDeed


class Page(StrEnum):
    """A page that lies over where one stands."""

    REPORT = "report"
    COMFORT = "comfort"


class Trouble(StrEnum):
    """What may be the matter with a machine, each with a pictogram."""

    START = "start"
    THREAD = "thread"
    NEEDLE = "needle"
    NOISE = "noise"
    SMELL = "smell"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pick:
    """A machine; with `booking`, one's own booking of it."""

    machine: str
    booking: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """The machine that was picked, from now."""

    minutes: float


@dataclass(frozen=True, slots=True)
class Later:
    """The machine that was picked, once it is free."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Begin:
    """One's own booking, now."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class Lengthen:
    """One's own booking, longer."""

    booking: Booking
    minutes: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The run under way is to end; `booking` is the one it runs under, if any."""

    machine: str
    booking: Booking | None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One's own booking is not needed."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class Report:
    """Something is wrong with the machine that was picked."""

    what: Trouble


@dataclass(frozen=True, slots=True)
class Undo:
    """The last thing was a mistake."""


@dataclass(frozen=True, slots=True)
class Again:
    """Ask once more."""


@dataclass(frozen=True, slots=True)
class Back:
    """One step back."""


@dataclass(frozen=True, slots=True)
class Open:
    """A page over where one stands."""

    page: Page


@dataclass(frozen=True, slots=True)
class Rate:
    """How it went, from 1 (badly) to 3 (well)."""

    face: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of this place (from 0) to the association's question."""

    place: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Another language on the screen."""

    language: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """High contrast, or no longer."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The spoken mode, or no longer."""


Wish = Take | Later | Begin | Lengthen | Stop | GiveBack | Report
"""What a unit is asked for."""

Deed = Wish | Pick | Undo | Again | Back | Open | Rate | Reply | Speak | Contrast | Voice | TeamDeed
