"""Readings of a unit's clock: instants, the monotonic count, and how the two are told from each other."""

from datetime import UTC, datetime, timedelta

from access.times import ClockReading


def test_a_deadline_is_never_before_its_instant() -> None:
    """Half a millisecond before an instant, the reading that shows it is the next one, not this one."""
    due = datetime(2027, 6, 19, 15, 13, tzinfo=UTC)
    reading = ClockReading(due - timedelta(microseconds=500), 1_000)
    assert reading.mono_at(due) == 1_001
    assert reading.wall_at(reading.mono_at(due)) >= due
