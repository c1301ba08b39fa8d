"""What a view is made of: what is known of the workshop and of its units, at an instant, in a language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from access.times import on_the_wall
from access.vocabulary import Outcome
from controller.link import LastTap, UnitAnswer, UnitState
from kiosk.deeds import Deed
from kiosk.ports import Site
from kiosk.words import Say, unmarked

SILENT_S = 4.5
"""After this long without a word a unit is shown as silent: its next word was due after 4 (see `courier`)."""
TOLD_S = 15
"""How long the refusal of a tap stands on its machine's tile."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kiosk last heard from a unit, and when, on its own monotonic clock.

    `refused_at`: when it saw the refusal that the state's last tap is; None when there is nothing to tell.
    """

    state: UnitState | None = None
    heard_at: float = 0.0
    refused_at: float | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A walk-up that has no power yet.

    `late`: it should have; `withdrawn`: so the kiosk gives it back; `told`: what the unit said to that, or None.
    """

    machine: str
    late: bool = False
    withdrawn: bool = False
    told: UnitAnswer | None = None


def hear(seen: Seen, state: UnitState | None, monotonic: float) -> Seen:
    """What is known of a unit after it said this; None: that there is nothing new."""
    if state is None:
        return replace(seen, heard_at=monotonic)
    refused_at = seen.refused_at
    if state.last != (seen.state.last if seen.state else None):
        refused_at = monotonic if state.last is not None and _worth_telling(state.last, state.now) else None
    return Seen(state, monotonic, refused_at)


def _worth_telling(tap: LastTap, now: datetime) -> bool:
    """Also not what happened long before this screen was switched on."""
    return tap.outcome is Outcome.REFUSED and now - tap.at < timedelta(seconds=TOLD_S)


def powered(state: UnitState | None, booking: str) -> bool:
    """True while the unit says that the machine is on for this booking."""
    return state is not None and state.booking == booking and state.phase in ("running", "finishing")


@dataclass(frozen=True)
class Scene:
    """Everything a view is made of. `starts`: the walk-ups without power, by their bookings' ids."""

    site: Site
    seen: Mapping[str, Seen]
    now: datetime
    monotonic: float
    say: Say
    reader_lost: bool = False
    starts: Mapping[str, Start] = field(default_factory=dict)

    def state(self, machine: str) -> UnitState | None:
        """How the unit stood when it was last heard."""
        return self.seen[machine].state

    def silent(self, machine: str) -> bool:
        """True when the unit has not been heard for too long."""
        return self.monotonic - self.seen[machine].heard_at >= SILENT_S

    def fresh_refusal(self, machine: str) -> LastTap | None:
        """The refusal of the last tap at the machine, while it is to be told."""
        seen = self.seen[machine]
        fresh = seen.refused_at is not None and self.monotonic - seen.refused_at < TOLD_S
        return seen.state.last if fresh and seen.state is not None else None

    def hour(self, instant: datetime) -> str:
        """An instant as the clock on the wall shows it."""
        return on_the_wall(instant, ZoneInfo(self.site.opening.timezone))

    def date(self, instant: datetime) -> str:
        """The day of an instant as it is written, with its year, in the order of the language."""
        local = self.local(instant)
        month = self.say(f"month.{local.month}")
        return unmarked(self.say("date.full", number=self.number(local.day), month=month, year=local.year))

    def number(self, day: int) -> str:
        """A day of the month as it is written: the first has a form of its own in some languages."""
        return self.say("date.first") if day == 1 else str(day)

    def until(self, end: datetime | None) -> str:
        """Until when, in words; empty when nobody knows."""
        return self.say("until", at=self.hour(end)) if end is not None else ""

    def local(self, instant: datetime) -> datetime:
        """An instant in the workshop's own time."""
        return instant.astimezone(ZoneInfo(self.site.opening.timezone))

    def today(self, instant: datetime) -> bool:
        """True for an instant of this day, its end included."""
        return self.local(instant - timedelta(microseconds=1)).date() == self.local(self.now).date()


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be touched: what it does, what is written on it, and the sign beside it.

    `main`: it is what most people want here. `aloud`: what the spoken mode says instead of the writing.
    """

    deed: Deed
    big: str
    caption: str = ""
    sign: str = ""
    chosen: bool = False
    main: bool = False
    aloud: str = ""
