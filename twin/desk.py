"""One transaction in which bookings change: what it writes, and what is to be told once it is on disk."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam

from access.bookings import Booking
from access.facts import stamp
from access.vocabulary import BookingOutcome, Refusal, Source
from twin import tables
from twin.prepared import NewRow, Prepared

OUTCOMES = {
    "book": BookingOutcome.ACCEPTED,
    "extend": BookingOutcome.EXTENDED,
    "cancel": BookingOutcome.CANCELLED,
}
"""What becomes of a booking when what is asked of it is granted."""

_STANDS = Prepared(
    tables.bookings.update()
    .where(tables.bookings.c.id == bindparam("of"), tables.bookings.c.machine == bindparam("on"))
    .values(end=bindparam("until"), state=bindparam("now_is"))
)
_NEW = NewRow(tables.bookings)
_LOG = NewRow(
    tables.booking_log,
    *("at", "booking", "outcome", "reasons", "source", "machine", "member", "start", "end"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a booking, or was refused. `start` and `end` are its hours from now on; of a refusal,
    those it keeps, or those that were asked."""

    at: datetime
    id: str
    outcome: BookingOutcome
    reasons: tuple[Refusal, ...]
    source: Source
    machine: str
    member: str
    start: datetime
    end: datetime


class Desk:
    """Where bookings are written down. `told` is what the twin itself decided or confirmed, in order."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self.conn = conn
        self.now = now
        self.told: list[Change] = []

    def settle(self, kind: str, booking: Booking) -> None:
        """What was asked from the web is granted: this is how the booking stands from now on."""
        self.write(booking)
        self.tell(OUTCOMES[kind], booking)

    def write(self, booking: Booking) -> None:
        """Keep a booking's end and state; the whole booking if it is new."""
        where = {"of": booking.id, "on": booking.machine}
        stands = {"until": stamp(booking.end), "now_is": booking.state.value}
        if _STANDS.change(self.conn, where | stands) == 0:
            _NEW.change(self.conn, _columns(booking))

    def tell(self, outcome: BookingOutcome, booking: Booking, reasons: tuple[Refusal, ...] = ()) -> None:
        """The twin's own word on what was asked from the web."""
        hours = (booking.machine, booking.member, booking.start, booking.end)
        change = Change(self.now, booking.id, outcome, reasons, Source.WEB, *hours)
        self.log(change)
        self.told.append(change)

    def log(self, change: Change) -> None:
        """Write down for good what happened."""
        _LOG.change(
            self.conn,
            {
                "at": stamp(change.at),
                "booking": change.id,
                "outcome": change.outcome.value,
                "reasons": json.dumps(change.reasons),
                "source": change.source.value,
                "machine": change.machine,
                "member": change.member,
                "start": stamp(change.start),
                "end": stamp(change.end),
            },
        )


def _columns(booking: Booking) -> dict[str, object]:
    return {
        "id": booking.id,
        "machine": booking.machine,
        "member": booking.member,
        "start": stamp(booking.start),
        "end": stamp(booking.end),
        "source": booking.source.value,
        "state": booking.state.value,
        "started": booking.started,
    }
