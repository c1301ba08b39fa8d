"""When a unit's rows really happened, as far as anybody can tell.

A row of a trusted clock says it itself, give or take its uncertainty. Any other happened after the row before it
and before the twin had it; a clock that only started too low adds that it was not before its own word.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from access.facts import imaginable, instant
from access.times import ClockState
from server_sync.wire import Row

LONG_AGO = datetime.fromtimestamp(0, UTC)
"""What is after the row before, where there is none."""


def within(rows: Iterable[Row], since: datetime, received: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The earliest and latest instant of each row, in order; `since` is the earliest of the row before them."""
    for row in rows:
        said = _said(row)
        if said is not None and row.clock in (ClockState.SYNCED, ClockState.HOLDOVER):
            since, latest = said
        else:
            since, latest = max(since, said[0]) if said and row.clock == ClockState.LOWER_BOUND else since, received
        yield since, latest


def _said(row: Row) -> tuple[datetime, datetime] | None:
    """What the row says itself, with its uncertainty; None where that makes no sense."""
    try:
        at, either_way = instant(row.at), timedelta(milliseconds=row.uncertainty_ms)
        return imaginable(at - either_way), imaginable(at + either_way)
    except (ValueError, OverflowError):
        return None
