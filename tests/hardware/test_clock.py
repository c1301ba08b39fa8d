"""The simulated clock's cuts and steps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware.clock import SimulatedClock, SystemClock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_step_moves_the_wall_clock_only() -> None:
    """Setting the wall clock leaves the monotonic count as it was."""
    clock = SimulatedClock(NOON)
    clock.advance(1500)
    clock.set_wall(NOON - timedelta(days=1))
    assert clock.read().wall == NOON - timedelta(days=1) and clock.read().mono_ms == 1500


@pytest.mark.parametrize(("has_rtc", "slept_s"), [(True, 3600), (False, 0)])
def test_a_power_cut_freezes_a_clock_without_rtc(has_rtc: bool, slept_s: int) -> None:
    """After an hour without mains, a clock with an RTC is right, and any other is an hour late."""
    clock = SimulatedClock(NOON, has_rtc)
    clock.power_cut()
    clock.power_back(3_600_000)
    assert clock.read().wall == NOON + timedelta(seconds=slept_s)


def test_a_power_cut_begins_a_new_boot() -> None:
    """After a power cut the boot id is another, and the monotonic count begins again."""
    clock = SimulatedClock(NOON)
    clock.advance(5)
    before = clock.read()
    clock.power_cut()
    clock.power_back(1)
    assert clock.read().boot_id != before.boot_id and clock.read().mono_ms == 0


def test_a_clock_without_power_cannot_be_used() -> None:
    """Reading or moving the clock between the cut and the return of the mains is an error."""
    clock = SimulatedClock(NOON)
    clock.power_cut()
    for use in (clock.read, lambda: clock.advance(1), lambda: clock.set_wall(NOON)):
        with pytest.raises(RuntimeError, match="power is off"):
            use()


def test_the_same_seed_gives_the_same_boots() -> None:
    """Two clocks of one seed have the same boot ids, and clocks of two seeds have not."""
    ids = [SimulatedClock(NOON, seed=seed).read().boot_id for seed in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_an_rtc_is_what_the_system_shows(tmp_path: Path) -> None:
    """A computer has an RTC if its device is there."""
    (tmp_path / "rtc0").touch()
    assert SystemClock(rtc=tmp_path / "rtc0").has_rtc
    assert not SystemClock(rtc=tmp_path / "rtc1").has_rtc
