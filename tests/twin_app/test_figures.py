"""The figures: what is counted never exceeds what was open, and changes of the clock change nothing."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from access.times import Hours, Opening
from twin.figures import Counted, OpenHours, Run, Span, Usage, seconds, usage

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = frozenset(range(7))
OFFICE = Opening("Europe/Paris", (Hours(EVERY_DAY, time(9), time(18)),))
NIGHTS = Opening("Europe/Paris", (Hours(EVERY_DAY, time(0), time(5)), Hours(EVERY_DAY, time(20), time.max)))
ORIGIN = datetime(2026, 3, 20, tzinfo=UTC)

HOUR = 3_600_000


def at(text: str) -> datetime:
    """A local time in Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def span(start: str, end: str) -> Span:
    """Local times in Paris, as a span."""
    return Span(at(start), at(end))


instants = st.integers(0, 30 * 24 * 3600 * 1000).map(lambda ms: ORIGIN + timedelta(milliseconds=ms))
spans = st.tuples(instants, instants).map(lambda pair: Span(min(pair), max(pair)))
openings = st.sampled_from([OFFICE, NIGHTS, Opening()])


@st.composite
def disjoint_runs(draw: st.DrawFn) -> list[Run]:
    """Runs of one machine, one after another, none longer than its wall time."""
    edges = sorted(draw(st.lists(instants, max_size=16, unique=True)))
    runs = []
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        powered = draw(st.integers(0, Span(start, end).ms))
        runs.append(Run(Span(start, end), powered, draw(st.integers(0, powered))))
    return runs


@given(openings, spans, disjoint_runs())
def test_no_more_is_counted_than_was_open(opening: Opening, period: Span, runs: list[Run]) -> None:
    """running <= powered <= open and booked <= open, whatever the runs, the period and the opening hours."""
    hours = OpenHours.of(opening, period)
    sums = usage(hours, [run.span for run in runs], runs)
    assert 0 <= sums.running_ms <= sums.powered_ms <= sums.open_ms <= period.ms
    assert sums.powered_ms <= sums.booked_ms <= sums.open_ms


@given(openings, spans, instants, disjoint_runs())
def test_two_halves_make_the_whole(opening: Opening, period: Span, cut: datetime, runs: list[Run]) -> None:
    """A period cut in two counts the same, to the rounding of the one run that is cut."""
    cut = max(period.start, min(cut, period.end))
    whole = usage(OpenHours.of(opening, period), [run.span for run in runs], runs)
    halves = [Span(period.start, cut), Span(cut, period.end)]
    parts = [usage(OpenHours.of(opening, half), [run.span for run in runs], runs) for half in halves]
    both = parts[0] + parts[1]
    assert both.open_ms == whole.open_ms
    assert both.booked_ms == whole.booked_ms
    assert abs(both.powered_ms - whole.powered_ms) <= 1
    assert abs(both.running_ms - whole.running_ms) <= 1


@given(openings, spans, spans)
def test_what_is_inside_is_never_longer_than_the_span(opening: Opening, period: Span, some: Span) -> None:
    """The clipped part of a span is at most the span, and at most the opening hours."""
    hours = OpenHours.of(opening, period)
    assert 0 <= hours.ms_of(some) <= min(some.ms, hours.ms)


def test_the_days_of_the_clock_changes_have_23_and_25_hours() -> None:
    """Always open: the last Sunday of March counts 23 hours, that of October 25."""
    assert OpenHours.of(Opening(), span("2026-03-29", "2026-03-30")).ms == 23 * HOUR
    assert OpenHours.of(Opening(), span("2026-10-25", "2026-10-26")).ms == 25 * HOUR


def test_opening_hours_over_a_clock_change_count_what_the_clock_skips_or_repeats() -> None:
    """Open from midnight to 05:00 local: four hours in March, six in October."""
    nights = Opening("Europe/Paris", (Hours(EVERY_DAY, time(0), time(5)),))
    assert OpenHours.of(nights, span("2026-03-29", "2026-03-30")).ms == 4 * HOUR
    assert OpenHours.of(nights, span("2026-10-25", "2026-10-26")).ms == 6 * HOUR


def test_intervals_are_half_open() -> None:
    """A booking from closing time counts nothing; one up to opening time neither."""
    hours = OpenHours.of(OFFICE, span("2026-03-10", "2026-03-11"))
    assert hours.ms == 9 * HOUR
    assert hours.ms_of(span("2026-03-10T18:00", "2026-03-10T19:00")) == 0
    assert hours.ms_of(span("2026-03-10T08:00", "2026-03-10T09:00")) == 0
    assert hours.ms_of(span("2026-03-10T17:59", "2026-03-10T19:00")) == 60_000


def test_a_run_across_closing_time_counts_in_proportion() -> None:
    """An hour with the motor running half of it, half of it after closing: half of each is counted."""
    hours = OpenHours.of(OFFICE, span("2026-03-10", "2026-03-11"))
    run = Run(span("2026-03-10T17:30", "2026-03-10T18:30"), HOUR, HOUR // 2)
    assert hours.counted(run) == Counted(HOUR // 2, HOUR // 4)


def test_a_run_inside_counts_what_its_monotonic_clock_measured() -> None:
    """Neither a clock step nor the hour that March skips changes the counted duration."""
    hours = OpenHours.of(Opening(), span("2026-03-29", "2026-03-30"))
    assert hours.counted(Run(span("2026-03-29T01:30", "2026-03-29T03:30"), HOUR, HOUR)) == Counted(HOUR, HOUR)
    stepped = Run(span("2026-03-29T10:00", "2026-03-29T09:00"), HOUR, 60_000)
    assert hours.counted(stepped) == Counted(HOUR, 60_000)
    closed = OpenHours.of(OFFICE, span("2026-03-29", "2026-03-30"))
    before = Run(span("2026-03-29T08:00", "2026-03-29T07:00"), HOUR, 60_000)
    assert closed.counted(before) == Counted(0, 0)


def test_a_period_that_ends_before_it_starts_is_empty() -> None:
    """Nothing was open, nothing counts, and there is no rate."""
    nothing = usage(OpenHours.of(OFFICE, span("2026-03-11", "2026-03-10")), [], [])
    assert nothing == Usage()
    assert nothing.rate(nothing.running_ms) is None


def test_a_total_is_a_ratio_of_sums() -> None:
    """Two machines with different opening hours are not averaged."""
    total = Usage(100, 0, 0, 100) + Usage(300, 0, 0, 0)
    assert total.rate(total.running_ms) == 0.25


def test_seconds_are_rounded_half_up() -> None:
    """499 ms are none, 500 ms are one."""
    assert [seconds(ms) for ms in (0, 499, 500, 1499, 1500)] == [0, 0, 1, 1, 2]
