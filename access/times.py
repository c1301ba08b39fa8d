"""Instants, clock readings and opening hours.

Instants are aware datetimes in UTC and intervals are half-open; a local hour only exists in `Opening`.
Durations on a unit are whole milliseconds of its monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MS = timedelta(milliseconds=1)
_AHEAD = timedelta(days=8)
"""So far ahead opening and closing are looked for: hours are given by the day of the week."""


def milliseconds(duration: timedelta) -> int:
    """A duration in whole milliseconds, rounded down."""
    return duration // MS


def on_the_wall(instant: datetime, zone: ZoneInfo) -> str:
    """The hour and minute of an instant as clocks on the wall show it; in the hour that comes twice, with the name
    of the time that tells which of the two it is."""
    local = instant.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M %Z}" if twice else f"{local:%H:%M}"


class RawClock(NamedTuple):
    """An uncorrected clock reading: wall time in UTC, monotonic milliseconds, and the boot it belongs to."""

    wall: datetime
    mono_ms: int
    boot_id: str


class ClockState(StrEnum):
    """What is known of a unit's wall clock.

    `synced`: the twin said the time within the last hour; `holdover`: longer ago, and the clock goes on since.
    `lower_bound`: started without anybody to ask, it is this late at the least. `insane`: it was stepped, or
    says what cannot be. The last two are not trusted.
    """

    SYNCED = "synced"
    HOLDOVER = "holdover"
    LOWER_BOUND = "lower_bound"
    INSANE = "insane"

    @property
    def trusted(self) -> bool:
        """True when dates may be judged by the clock."""
        return self in _TRUSTED


_TRUSTED = (ClockState.SYNCED, ClockState.HOLDOVER)


class ClockReading(NamedTuple):
    """What a unit's clock says: UTC wall time, monotonic milliseconds, what is known of the wall time, and its
    uncertainty in seconds (journalled with every row; it decides nothing)."""

    wall: datetime
    mono_ms: int
    state: ClockState = ClockState.SYNCED
    uncertainty_s: float = 0.0

    @property
    def trusted(self) -> bool:
        """True when dates may be judged by this reading."""
        return self.state in _TRUSTED

    def mono_at(self, instant: datetime) -> int:
        """The monotonic reading at which the wall clock will show `instant`: the first that is not before it."""
        return self.mono_ms - milliseconds(self.wall - instant)

    def wall_at(self, mono_ms: int) -> datetime:
        """The wall time at a monotonic reading."""
        return self.wall + (mono_ms - self.mono_ms) * MS


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours on some days of the week, in local wall-clock time; `to` may be 24:00 (as `time.max`)."""

    days: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Opening:
    """When the workshop is open. No hours at all means always."""

    timezone: str = "Europe/Paris"
    hours: tuple[Hours, ...] = ()

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open intervals that touch [start, end), in UTC, merged, in order, not clipped."""
        if not self.hours:
            yield start, end
            return
        current: tuple[datetime, datetime] | None = None
        for opens, closes in self._days(start, end):
            if current and opens <= current[1]:
                current = current[0], max(current[1], closes)
                continue
            if current:
                yield current
            current = opens, closes
        if current:
            yield current

    def _days(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.timezone)
        day = start.astimezone(zone).date() - timedelta(days=1)
        last = end.astimezone(zone).date() + timedelta(days=1)
        found: list[tuple[datetime, datetime]] = []
        while day <= last:
            found += (span for span in _opening_of_day(self, day) if span[1] > start and span[0] < end)
            day += timedelta(days=1)
        return sorted(found)

    def covers(self, start: datetime, end: datetime) -> bool:
        """True when the workshop is open during the whole of [start, end)."""
        return any(opens <= start and end <= closes for opens, closes in self.intervals(start, end))

    def closes_after(self, instant: datetime) -> datetime | None:
        """When the workshop, open at `instant`, closes next; `instant` itself when it is closed;
        None when it never closes (within eight days)."""
        if not self.hours:
            return None
        far = instant + _AHEAD
        for opens, closes in self.intervals(instant, far):
            if opens <= instant < closes:
                return None if closes >= far else closes
        return instant

    def opens_after(self, instant: datetime) -> datetime | None:
        """When the workshop opens next, later than `instant`, also when it is open then; None when it does not
        (within eight days)."""
        spans = self.intervals(instant, instant + _AHEAD)
        return next((opens for opens, _ in spans if opens > instant), None)


@lru_cache(maxsize=4096)
def _opening_of_day(opening: Opening, day: date) -> tuple[tuple[datetime, datetime], ...]:
    zone = ZoneInfo(opening.timezone)

    def instant(at: time) -> datetime:
        if at == time.max:
            return datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
        return datetime.combine(day, at, zone).astimezone(UTC)

    return tuple(
        (instant(hours.start), instant(hours.end)) for hours in opening.hours if day.weekday() in hours.days
    )
