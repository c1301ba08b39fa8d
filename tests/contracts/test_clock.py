"""What every clock promises: the system's and the simulated one."""

from datetime import UTC, datetime, timedelta

import pytest

from hardware.clock import SimulatedClock, SystemClock

Clock = SystemClock | SimulatedClock


@pytest.fixture(params=["system", "simulated"])
def clock(request: pytest.FixtureRequest) -> Clock:
    """Each clock in turn."""
    if request.param == "system":
        return SystemClock()
    return SimulatedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))


def test_the_wall_time_is_in_utc(clock: Clock) -> None:
    """A reading's wall time carries its offset, which is none."""
    assert clock.read().wall.utcoffset() == timedelta(0)


def test_the_count_never_goes_back(clock: Clock) -> None:
    """Of two readings the later has no smaller monotonic count."""
    assert clock.read().mono_ms <= clock.read().mono_ms


def test_one_boot_has_one_id(clock: Clock) -> None:
    """Two readings in one boot carry the same boot id, and it is not empty."""
    assert clock.read().boot_id == clock.read().boot_id != ""


def test_it_says_whether_it_has_an_rtc(clock: Clock) -> None:
    """A clock says whether its wall time goes on through a power cut."""
    assert clock.has_rtc in (True, False)
