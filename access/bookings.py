"""A booking, and questions about a machine's bookings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access.vocabulary import Refusal, Source


class BookingState(StrEnum):
    """`accepted` is live; `held` blocks its hours for a request the twin has not confirmed yet."""

    ACCEPTED = "accepted"
    HELD = "held"
    RELEASED = "released"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Booking:
    """Somebody's hours on a machine, [start, end). `started` says that a run was once granted for it."""

    id: str
    machine: str
    member: str
    start: datetime
    end: datetime
    source: Source = Source.WEB
    state: BookingState = BookingState.ACCEPTED
    started: bool = False

    @property
    def live(self) -> bool:
        """True while the booking stands: neither released, cancelled nor merely held."""
        return self.state is BookingState.ACCEPTED

    @property
    def blocks(self) -> bool:
        """True when nobody else may have these hours."""
        return self.state in (BookingState.ACCEPTED, BookingState.HELD)

    def covers(self, instant: datetime) -> bool:
        """True when the instant lies in [start, end)."""
        return self.start <= instant < self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """True when the booking shares any time with [start, end)."""
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class WebRequest:
    """Something asked of the twin for hours that the unit owns: `kind` is book, extend or cancel."""

    id: str
    kind: str
    asked: datetime
    booking: Booking
    minutes: float = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """The unit's refusal of a web request."""

    request: str
    reasons: tuple[Refusal, ...]


def blocking(bookings: Iterable[Booking], start: datetime, end: datetime) -> list[Booking]:
    """The bookings that take some of [start, end)."""
    return [booking for booking in bookings if booking.blocks and booking.overlaps(start, end)]


def next_start(bookings: Iterable[Booking], after: datetime, but: str | None = None) -> datetime | None:
    """When the first blocking booking at or after an instant starts, leaving out the one called `but`."""
    starts = [b.start for b in bookings if b.blocks and b.start >= after and b.id != but]
    return min(starts, default=None)
