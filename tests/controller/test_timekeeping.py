"""What time it is on a unit, and when that may be trusted."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.times import ClockReading, ClockState, RawClock
from controller.timekeeping import Anchor, Timekeeper, differs, keep, kept
from hardware.clock import SimulatedClock
from tests.access.workshop import NOON

SECOND = timedelta(seconds=1)


def keeper(clock: SimulatedClock, trusted: bool = True) -> Timekeeper:
    """A timekeeper that knows its clock from an earlier exchange."""
    return Timekeeper(clock, Anchor(clock.read()), trusted)


@pytest.mark.parametrize(
    ("seconds", "trusted"), [(2, True), (-2, True), (2.001, False), (-2.001, False), (9e6, False)]
)
def test_a_step_is_noticed(seconds: float, trusted: bool) -> None:
    """A wall clock that parts from the monotonic one by more than two seconds is not trusted any more."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    clock.advance(60_000)
    clock.set_wall(clock.read().wall + timedelta(seconds=seconds))
    assert time.read().trusted is trusted


def test_a_stepped_clock_tells_the_time_it_would_have_told() -> None:
    """After a step the unit goes on counting from the last known time, and is not trusted whatever steps back."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    clock.set_wall(NOON + 3600 * SECOND)
    assert time.read().wall == NOON
    clock.advance(1000)
    clock.set_wall(NOON + SECOND)
    reading = time.read()
    assert reading.wall == NOON + SECOND and not reading.trusted


def test_an_exchange_brings_the_time_back() -> None:
    """The twin's time is taken at the middle of the exchange, and makes the clock trusted."""
    clock = SimulatedClock(NOON)
    time = keeper(clock, trusted=False)
    clock.set_wall(NOON - timedelta(days=9))
    time.read()
    clock.advance(4_000)
    time.take(NOON, sent_ms=1_000, received_ms=3_000)
    reading = time.read()
    assert reading.trusted and reading.wall == NOON + 2 * SECOND
    assert reading.uncertainty_s == 1.0


def test_a_slow_answer_moves_no_clock_that_knows_better() -> None:
    """An answer that took 20 seconds says the time to within ten. It is not taken by a clock that is less uncertain
    and agrees with it; it is by one that is more uncertain, that cannot be right, or that is not trusted."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    time.take(NOON, 0, 0)
    clock.advance(20_000)
    time.take(NOON, sent_ms=0, received_ms=20_000)
    reading = time.read()
    assert reading.wall == NOON + 20 * SECOND and reading.uncertainty_s == pytest.approx(0.002)
    time.take(NOON + 600 * SECOND, sent_ms=0, received_ms=20_000)
    assert time.read().wall == NOON + 610 * SECOND and time.read().uncertainty_s == 10
    clock.advance(86_400_000)
    time.take(NOON + 86_990 * SECOND, sent_ms=86_400_000, received_ms=86_420_000)
    assert time.read().uncertainty_s == 10


def test_a_slow_answer_leaves_no_clock_below_the_time_that_it_signs() -> None:
    """A clock that was alone for a day, and is four seconds slow, knows the time better than an answer that took 18
    seconds; but it is no earlier than the twin has signed."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    time.take(NOON, 0, 0)
    clock.advance(86_400_000)
    signed = NOON + 86_404 * SECOND
    time.take(signed, sent_ms=86_382_000, received_ms=86_400_000)
    reading = time.read()
    assert reading.wall == signed and reading.uncertainty_s == pytest.approx(8.64)


def test_uncertainty_grows_with_time() -> None:
    """A day after an exchange the clock is uncertain by 8.64 seconds more, and still trusted."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    time.take(NOON, 0, 0)
    clock.advance(86_400_000)
    assert time.read().uncertainty_s == pytest.approx(8.64)
    assert time.read().trusted


@pytest.mark.parametrize(
    ("rtc", "was_trusted", "expected"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_after_a_power_cut_only_a_real_time_clock_is_trusted(rtc: bool, was_trusted: bool, expected: bool) -> None:
    """A new boot trusts its clock only if that went on through the cut, and was trusted before."""
    clock = SimulatedClock(NOON, has_rtc=rtc)
    anchor = Anchor(clock.read())
    clock.power_cut()
    clock.power_back(3_600_000)
    reading = Timekeeper(clock, anchor, was_trusted).read()
    assert reading.trusted is expected
    assert not rtc or reading.wall == NOON + timedelta(hours=1)


def test_a_restart_of_the_program_keeps_the_clock() -> None:
    """In the same boot a new program takes the old anchor over: a step while it was dead is noticed."""
    clock = SimulatedClock(NOON)
    anchor = Anchor(clock.read())
    clock.advance(10_000)
    assert Timekeeper(clock, anchor, True).read().trusted
    clock.set_wall(NOON + timedelta(hours=1))
    assert not Timekeeper(clock, anchor, True).read().trusted


def test_without_an_anchor_no_clock_is_trusted() -> None:
    """A unit that was never told the time does not trust its clock."""
    assert not Timekeeper(SimulatedClock(NOON, has_rtc=True), None, True).read().trusted


def test_an_anchor_is_kept(tmp_path: Path) -> None:
    """An anchor written down is read back as it was; what is not one is none."""
    anchor = Anchor(RawClock(NOON, 1234, "boot"), timedelta(milliseconds=-5678), 0.25)
    path = tmp_path / "clock.json"
    assert kept(path) is None
    keep(anchor, path)
    assert kept(path) == anchor
    for text in ("", "{}", '{"wall": 3}', '{"wall": "2026-01-01T00:00:00"}', "[]", "\x00"):
        path.write_text(text)
        assert kept(path) is None


def test_an_anchor_is_kept_again_only_when_it_says_something_else() -> None:
    """An anchor is worth a write when its boot is another or its correction moved by more than half a second."""
    anchor = Anchor(RawClock(NOON, 0, "boot"))
    assert differs(anchor, None)
    assert differs(anchor, anchor._replace(raw=RawClock(NOON, 0, "other")))
    assert not differs(anchor, anchor._replace(correction=timedelta(seconds=0.5)))
    assert differs(anchor, anchor._replace(correction=timedelta(seconds=0.501)))


happening = st.tuples(st.integers(0, 10**7), st.integers(-(10**7), 10**7) | st.just(0), st.booleans())


@given(st.lists(happening, max_size=12))
def test_the_time_told_follows_the_monotonic_clock(happenings: list[tuple[int, int, bool]]) -> None:
    """Whatever steps the wall clock, between two exchanges the unit's time advances as its monotonic clock does, to
    within the two seconds that no step is told by."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    base, since = NOON, 0
    for ms, step_ms, exchange in happenings:
        clock.advance(ms)
        clock.set_wall(clock.read().wall + timedelta(milliseconds=step_ms))
        reading = time.read()
        expected = base + timedelta(milliseconds=reading.mono_ms - since)
        assert abs((reading.wall - expected).total_seconds() * 1000) <= 2000
        if exchange:
            time.take(NOON, reading.mono_ms, reading.mono_ms)
            base, since = NOON, reading.mono_ms
            assert time.read().trusted and time.read().wall == NOON


def test_an_hour_after_the_twins_word_the_clock_only_goes_on() -> None:
    """For an hour after an exchange the clock is synced; then it is in holdover, and trusted all the same."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    assert time.read().state is ClockState.HOLDOVER
    time.take(NOON, 0, 0)
    clock.advance(3_600_000)
    assert time.read().state is ClockState.SYNCED
    clock.advance(1)
    assert time.read().state is ClockState.HOLDOVER and time.trusted


def test_the_twins_time_never_goes_back() -> None:
    """A time well before one that the twin has signed already is not taken, and trust is lost until a later one."""
    clock = SimulatedClock(NOON)
    time = keeper(clock)
    time.take(NOON, 0, 0)
    clock.advance(60_000)
    time.take(NOON - SECOND, 60_000, 60_000)
    assert time.trusted
    time.take(NOON - 3 * SECOND, 60_000, 60_000)
    assert time.read().state is ClockState.INSANE and time.read().wall == NOON - SECOND
    time.take(NOON + 60 * SECOND, 60_000, 60_000)
    assert time.read() == ClockReading(NOON + 60 * SECOND, 60_000)


@pytest.mark.parametrize("seconds", [0, 1, 9e6])
def test_a_clock_starts_at_the_twins_last_word_at_the_least(seconds: float) -> None:
    """A new boot goes on from the latest signed time where its own is earlier, and says that it may be later."""
    signed = NOON + timedelta(seconds=seconds)
    reading = Timekeeper(SimulatedClock(NOON), Anchor(RawClock(NOON, 0, "before")), True, signed).read()
    assert reading.wall == signed and reading.state is ClockState.LOWER_BOUND


def test_a_real_time_clock_is_uncertain_by_the_time_it_was_alone() -> None:
    """A day without mains costs a real-time clock 8.64 seconds, as a day with them."""
    clock = SimulatedClock(NOON, has_rtc=True)
    anchor = Anchor(clock.read())
    clock.power_cut()
    clock.power_back(86_400_000)
    assert Timekeeper(clock, anchor, True).read().uncertainty_s == pytest.approx(8.64)


@pytest.mark.parametrize(("late_s", "trusted"), [(-1.9, True), (-2.1, False)])
def test_a_real_time_clock_behind_the_twins_word_is_insane(late_s: float, trusted: bool) -> None:
    """A real-time clock may be two seconds behind the latest signed time; beyond that its battery is empty."""
    signed = NOON - timedelta(seconds=late_s)
    time = Timekeeper(SimulatedClock(NOON, True), Anchor(RawClock(NOON, 0, "before")), True, signed)
    assert time.trusted is trusted
    assert trusted or time.read().state is ClockState.INSANE
