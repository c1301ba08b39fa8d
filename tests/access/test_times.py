"""Opening hours on ordinary days and on those with 23 and 25 hours, and clock readings."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.times import ClockReading, Hours, Opening, milliseconds

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = frozenset(range(7))
H24 = time.max


def opening(*spans: tuple[time, time], days: frozenset[int] = EVERY_DAY) -> Opening:
    """Open every day during these local hours."""
    return Opening(hours=tuple(Hours(days, start, end) for start, end in spans))


def utc(text: str) -> datetime:
    """An instant of 2027."""
    return datetime.fromisoformat(f"2027-{text}Z")


DAY = opening((time(9), time(18)))
NIGHT = opening((time(20), H24), (time(0), time(4)))


def test_without_hours_it_is_always_open() -> None:
    """An opening without hours covers everything and never closes."""
    always = Opening()
    assert always.covers(utc("01-01T00:00"), utc("12-31T00:00"))
    assert always.closes_after(utc("06-01T12:00")) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("06-01T07:00", "06-01T16:00", True),
        ("06-01T06:59", "06-01T08:00", False),
        ("06-01T15:00", "06-01T16:01", False),
        ("06-01T15:00", "06-02T08:00", False),
        ("12-01T08:00", "12-01T17:00", True),
        ("12-01T07:59", "12-01T17:00", False),
    ],
)
def test_hours_are_local_and_half_open(start: str, end: str, expected: bool) -> None:
    """Nine to eighteen is that hour on the wall, in summer and winter, to the minute at both ends."""
    assert DAY.covers(utc(start), utc(end)) is expected


def test_the_days_on_which_the_clocks_change_keep_their_hours() -> None:
    """The workshop opens at nine by the wall on both changing days, and a span over the change is as long as it
    really is."""
    for day in ("03-28", "10-31"):
        offset = datetime.fromisoformat(f"2027-{day}T12:00").replace(tzinfo=PARIS).utcoffset()
        assert offset is not None
        nine = utc(f"{day}T09:00") - offset
        assert DAY.covers(nine, nine + timedelta(hours=9))
        assert not DAY.covers(nine - timedelta(minutes=1), nine)
    for day, hours in (("03-28", 4), ("10-31", 6)):
        early = opening((time(0), time(5)))
        local = datetime.fromisoformat(f"2027-{day}T00:00").replace(tzinfo=PARIS).astimezone(UTC)
        assert early.closes_after(local) == local + timedelta(hours=hours)


def test_a_day_ends_at_24_and_goes_on_into_the_next() -> None:
    """Hours to 24:00 and hours from 00:00 make one open interval, in which a booking may lie over midnight."""
    assert NIGHT.covers(utc("06-01T18:00"), utc("06-02T02:00"))
    assert NIGHT.closes_after(utc("06-01T20:00")) == utc("06-02T02:00")
    assert NIGHT.closes_after(utc("06-02T02:00")) == utc("06-02T02:00")
    only_to_midnight = opening((time(20), H24))
    assert only_to_midnight.closes_after(utc("06-01T20:00")) == utc("06-01T22:00")


def test_spans_that_meet_or_overlap_are_one() -> None:
    """Overlapping, nested and touching spans are merged, those with a gap are not."""
    merged = opening((time(8), time(12)), (time(9), time(10)), (time(12), time(14)), (time(15), time(16)))
    day = (utc("06-01T00:00"), utc("06-01T22:00"))
    assert list(merged.intervals(*day)) == [
        (utc("06-01T06:00"), utc("06-01T12:00")),
        (utc("06-01T13:00"), utc("06-01T14:00")),
    ]


def test_open_round_the_clock_never_closes() -> None:
    """Every day from 00:00 to 24:00 is the same as no hours at all."""
    assert opening((time(0), H24)).closes_after(utc("03-27T12:00")) is None


def test_a_weekday_is_the_local_one() -> None:
    """A span belongs to the day it begins on by the wall, whatever day it is in UTC."""
    mondays = opening((time(0), time(1)), days=frozenset({0}))
    monday = utc("06-06T22:00")
    assert mondays.closes_after(monday) == monday + timedelta(hours=1)
    assert mondays.closes_after(monday + timedelta(days=1)) == monday + timedelta(days=1)


def test_when_closed_it_closes_now() -> None:
    """`closes_after` of an instant at which the workshop is closed is that instant."""
    assert DAY.closes_after(utc("06-01T05:00")) == utc("06-01T05:00")


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("06-01T05:00", "06-01T07:00"),
        ("06-01T06:59", "06-01T07:00"),
        ("06-01T07:00", "06-02T07:00"),
        ("06-01T16:00", "06-02T07:00"),
        ("03-27T20:00", "03-28T07:00"),
    ],
)
def test_it_opens_at_the_next_beginning_of_its_hours(instant: str, opens: str) -> None:
    """Later than the instant, also when it is open already, and by the wall on the day when the clocks change."""
    assert DAY.opens_after(utc(instant)) == utc(opens)


def test_hours_that_meet_are_opened_once() -> None:
    """Between hours to 24:00 and hours from 00:00 nothing opens: the next opening is that of the next evening."""
    assert NIGHT.opens_after(utc("06-01T18:00")) == utc("06-02T18:00")


def test_what_never_closes_never_opens() -> None:
    """Without hours, or with hours round the clock, there is no next opening."""
    assert Opening().opens_after(utc("06-01T12:00")) is None
    assert opening((time(0), H24)).opens_after(utc("06-01T12:00")) is None


def test_who_opens_once_a_week_opens_again_in_a_week() -> None:
    """From the beginning of Monday's hours the next is that of the Monday after."""
    mondays = opening((time(9), time(18)), days=frozenset({0}))
    assert mondays.opens_after(utc("06-07T07:00")) == utc("06-14T07:00")


times = st.integers(0, 24 * 60).map(lambda m: H24 if m == 24 * 60 else time(m // 60, m % 60))
hours = st.builds(Hours, st.frozensets(st.integers(0, 6)), times, times).filter(lambda h: h.start < h.end)
openings = st.lists(hours, min_size=1, max_size=4).map(lambda found: Opening(hours=tuple(found)))
instants = st.integers(0, 500 * 1440).map(lambda m: utc("01-01T00:00") + timedelta(minutes=m))


def open_by_the_wall(opened: Opening, instant: datetime) -> bool:
    """Whether somebody who reads the hours on the door and the clock on the wall finds it open.

    Not asked in the hour that the clocks skip or repeat: there the door does not say.
    """
    local = instant.astimezone(PARIS)
    return any(local.weekday() in h.days and h.start <= local.time() < h.end for h in opened.hours)


@given(openings, instants)
def test_open_is_what_the_door_says(opened: Opening, instant: datetime) -> None:
    """At any instant the workshop is open exactly when the local time lies in the hours of the local day."""
    changing = {utc("03-28T01:00").date(), utc("10-31T01:00").date(), datetime(2028, 3, 26).date()}
    if instant.astimezone(PARIS).date() in changing:
        return
    minute = timedelta(minutes=1)
    assert opened.covers(instant, instant + minute) is open_by_the_wall(opened, instant)
    closes = opened.closes_after(instant)
    assert (closes == instant) is not open_by_the_wall(opened, instant)


@given(openings, instants, st.integers(1, 3000))
def test_intervals_are_in_order_and_apart(opened: Opening, start: datetime, length: int) -> None:
    """The open intervals come in order, with a gap between each two, and each touches what was asked for."""
    end = start + timedelta(minutes=length)
    found = list(opened.intervals(start, end))
    assert all(opens < closes and opens < end and closes > start for opens, closes in found)
    assert all(before[1] < after[0] for before, after in zip(found, found[1:], strict=False))


@given(openings, instants)
def test_it_stays_open_until_it_closes(opened: Opening, instant: datetime) -> None:
    """From any open instant until `closes_after` the workshop is open throughout, and no moment longer."""
    closes = opened.closes_after(instant)
    if closes is None or closes == instant:
        return
    assert opened.covers(instant, closes)
    assert not opened.covers(instant, closes + timedelta(minutes=1))


@given(st.integers(-(10**10), 10**10), instants, st.integers(0, 10**10))
def test_wall_and_monotonic_readings_are_each_others_inverse(ahead: int, wall: datetime, mono_ms: int) -> None:
    """`wall_at` undoes `mono_at`, to the millisecond."""
    reading = ClockReading(wall, mono_ms)
    assert reading.mono_at(reading.wall_at(mono_ms + ahead)) == mono_ms + ahead


@pytest.mark.parametrize(("microseconds", "expected"), [(999, 0), (1000, 1), (1999, 1), (-1, -1)])
def test_milliseconds_round_down(microseconds: int, expected: int) -> None:
    """A duration counts whole milliseconds, rounded down."""
    assert milliseconds(timedelta(microseconds=microseconds)) == expected
