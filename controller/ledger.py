"""The unit's bookings as it knows them: the twin's, and on top of them its own that the twin has not taken yet.

A pull never overwrites what the twin has not acknowledged: `own` entries lie over the replica's bookings until
the replica says (`acked`) that it already knows the journal row they came from.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from access.book import no_show_at
from access.bookings import Booking, BookingState
from access.facts import BookingChanged, RequestAccepted
from access.replica import Replica
from access.vocabulary import BookingOutcome
from controller.events import NewEpoch

_STATES = {
    BookingOutcome.ACCEPTED: BookingState.ACCEPTED,
    BookingOutcome.EXTENDED: BookingState.ACCEPTED,
    BookingOutcome.RELEASED: BookingState.RELEASED,
    BookingOutcome.CANCELLED: BookingState.CANCELLED,
}


UNWRITTEN = (1 << 62, 0)
"""The key of an entry whose row is not on disk yet: later than any row the twin can know."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that the unit made itself, and the (epoch, seq) of its journal row."""

    fact: BookingChanged | RequestAccepted
    booking: Booking
    row: tuple[int, int] = UNWRITTEN


@dataclass(frozen=True, slots=True)
class Ledger:
    """All bookings of one machine. `effective` is what every rule looks at; `no_shows` are those that nobody has
    started, each behind the instant of its release, the earliest first."""

    replica: Replica
    own: tuple[Entry, ...] = ()
    started: frozenset[str] = frozenset()
    effective: tuple[Booking, ...] = field(default=(), compare=False)
    no_shows: tuple[tuple[datetime, Booking], ...] = field(default=(), compare=False)

    def with_replica(self, replica: Replica) -> "Ledger":
        """The twin's word taken over; own entries that it knows are dropped."""
        return replace(self, replica=replica, own=tuple(e for e in self.own if not known(e, replica))).laid()

    def with_entry(self, entry: Entry) -> "Ledger":
        """One more change of our own."""
        return replace(self, own=(*self.own, entry)).laid()

    def written(self, fact: BookingChanged | RequestAccepted, row: tuple[int, int]) -> "Ledger":
        """The fact is on disk as this row: its entry stands, or is made now."""
        if any(entry.fact is fact for entry in self.own):
            own = tuple(replace(e, row=row) if e.fact is fact else e for e in self.own)
            return replace(self, own=own)
        entry = entry_of(fact)
        return self if entry is None else self.with_entry(replace(entry, row=row))

    def moved(self, new: NewEpoch) -> "Ledger":
        """The journal has begun a new epoch: the rows that went with it have other keys now."""

        def key(row: tuple[int, int]) -> tuple[int, int]:
            carried = row[0] == new.left and row[1] > new.after
            return (new.begun, row[1] - new.after) if carried else row

        return replace(self, own=tuple(replace(entry, row=key(entry.row)) for entry in self.own))

    def with_started(self, booking: str) -> "Ledger":
        """A run was granted for the booking: it will not be released as a no-show."""
        return replace(self, started=self.started | {booking}).laid()

    def laid(self) -> "Ledger":
        """The effective bookings worked out afresh: held ones block, but are nobody's to start."""
        bookings = {booking.id: booking for booking in self.replica.bookings}
        for entry in self.own:
            held = entry.booking.state is BookingState.HELD
            bookings[f"held:{entry.booking.id}" if held else entry.booking.id] = entry.booking
        marked = (replace(b, started=True) if b.id in self.started else b for b in bookings.values())
        effective = tuple(sorted(marked, key=lambda b: (b.start, b.id)))
        due = ((no_show_at(booking, self.replica.policy), booking) for booking in effective)
        no_shows = tuple((at, booking) for at, booking in due if at is not None)
        return replace(self, effective=effective, no_shows=no_shows)

    @property
    def firm(self) -> tuple[Booking, ...]:
        """Every booking as it stands, held ones left out: they are not promised yet."""
        return tuple(booking for booking in self.effective if booking.state is not BookingState.HELD)

    def find(self, id: str) -> Booking | None:
        """The booking with this id, held ones left out."""
        return next((booking for booking in self.firm if booking.id == id), None)


def known(entry: Entry, replica: Replica) -> bool:
    """True when the replica was made knowing the entry's journal row."""
    return entry.row <= replica.acked


def entry_of(fact: BookingChanged | RequestAccepted) -> Entry | None:
    """The ledger entry that a fact makes; None for a refusal or a cancellation still to be confirmed.

    What a web request takes is only held until the twin confirms it: the hours are blocked, nothing more.
    """
    if fact.outcome is BookingOutcome.REFUSED:
        return None
    if isinstance(fact, RequestAccepted):
        if fact.outcome is BookingOutcome.CANCELLED:
            return None
        held = Booking(fact.id, fact.machine, fact.member, fact.start, fact.end, state=BookingState.HELD)
        return Entry(fact, held)
    state = _STATES[fact.outcome]
    booking = Booking(fact.id, fact.machine, fact.member, fact.start, fact.end, fact.source, state)
    return Entry(fact, booking)
