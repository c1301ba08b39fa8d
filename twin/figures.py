"""The figures of a period, worked out from rows and from nothing else. No database, no clock, no web.

Every interval is half-open and is clipped to the opening hours inside the period before anything is summed;
sums are whole milliseconds, and a rate is a ratio of sums. A day of 23 or 25 hours counts what it has.

    booked rate   U_book = T(booked)  / T(open)
    powered rate  U_pow  = T(powered) / T(open)
    usage rate    U_run  = T(running) / T(open)
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from access.times import Opening, milliseconds

FORMULAS = {
    "booked": "U_book = T(booked) / T(open)",
    "powered": "U_pow = T(powered) / T(open)",
    "running": "U_run = T(running) / T(open)",
}


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) in UTC."""

    start: datetime
    end: datetime

    @property
    def ms(self) -> int:
        """Its length; nothing when it ends before it starts."""
        return max(0, milliseconds(self.end - self.start))

    def clipped(self, to: "Span") -> "Span":
        """The part inside `to`; of no length when there is none."""
        start = max(self.start, to.start)
        return Span(start, max(start, min(self.end, to.end)))


@dataclass(frozen=True, slots=True)
class Run:
    """What a closed run says: when, by the wall clock, and for how long, by the monotonic one."""

    span: Span
    powered_ms: int
    running_ms: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of a run falls inside the opening hours of a period."""

    powered_ms: int
    running_ms: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The sums of one machine, or of several, over a period."""

    open_ms: int = 0
    booked_ms: int = 0
    powered_ms: int = 0
    running_ms: int = 0

    def rate(self, ms: int) -> float | None:
        """One of the sums over the opening hours; None where the workshop was never open."""
        return ms / self.open_ms if self.open_ms else None

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.open_ms + other.open_ms,
            self.booked_ms + other.booked_ms,
            self.powered_ms + other.powered_ms,
            self.running_ms + other.running_ms,
        )


@dataclass(frozen=True)
class OpenHours:
    """The opening hours inside a period: spans in order that do not touch."""

    spans: Sequence[Span]
    _starts: Sequence[datetime] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", [span.start for span in self.spans])

    @classmethod
    def of(cls, opening: Opening, period: Span) -> "OpenHours":
        """The opening hours of a site inside [period.start, period.end)."""
        if period.end <= period.start:
            return cls(())
        found = (Span(*hours).clipped(period) for hours in opening.intervals(period.start, period.end))
        return cls(tuple(span for span in found if span.ms))

    @property
    def ms(self) -> int:
        """How long the workshop was open."""
        return sum(span.ms for span in self.spans)

    def ms_of(self, span: Span) -> int:
        """How much of a span falls inside."""
        total = 0
        for hours in self.spans[max(0, bisect_right(self._starts, span.start) - 1) :]:
            if hours.start >= span.end:
                break
            total += span.clipped(hours).ms
        return total

    def counted(self, run: Run) -> Counted:
        """A run's durations inside, in proportion of its wall time that is inside.

        The durations are those of the monotonic clock. Where the wall clock was set back during the run, so
        that it seems to have no length, the whole of it counts at the instant it started.
        """
        length = run.span.ms
        if not length:
            instant = Span(run.span.start, run.span.start + timedelta(milliseconds=1))
            inside = length = 1
            if not self.ms_of(instant):
                inside = 0
        else:
            inside = self.ms_of(run.span)
        return Counted(_part(run.powered_ms, inside, length), _part(run.running_ms, inside, length))


def usage(hours: OpenHours, booked: Iterable[Span], runs: Iterable[Run]) -> Usage:
    """The sums of one machine, whose bookings do not overlap and whose runs do not either."""
    counted = [hours.counted(run) for run in runs]
    return Usage(
        hours.ms,
        sum(hours.ms_of(span) for span in booked),
        sum(part.powered_ms for part in counted),
        sum(part.running_ms for part in counted),
    )


def seconds(ms: int) -> int:
    """Whole seconds, rounded half up."""
    return (ms + 500) // 1000


def _part(ms: int, inside: int, length: int) -> int:
    """ms * inside / length, rounded half up, in whole numbers only."""
    return (2 * ms * inside + length) // (2 * length)
