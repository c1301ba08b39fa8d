"""What a busy day costs the card: bytes written and syncs, counted by the disk itself."""

from controller.events import MotorChanged
from hardware.clock import SimulatedClock
from tests.durability.disk import CrashDisk
from tests.durability.unit import START, STRANGER, Unit, booked

SESSIONS = 20
MINUTES = 30.0
MB = 1_000_000


def test_a_busy_day_stays_within_what_a_card_bears(disk: CrashDisk) -> None:
    """Ten powered hours in twenty sessions, a hundred taps: at most 50 MB and 6,000 syncs."""
    sessions = tuple(booked(f"b{n}", n * MINUTES, MINUTES) for n in range(SESSIONS))
    unit = Unit(SimulatedClock(START, has_rtc=True), sessions)
    for _ in range(SESSIONS):
        unit.tap()
        unit.handle(MotorChanged(2.0))
        for _ in range(3):
            unit.pass_time(MINUTES * 15)
            assert unit.live
            unit.tap(STRANGER)
        unit.pass_time(MINUTES * 60 - 3 * MINUTES * 15 - 1)
        unit.tap()
        assert not unit.live
        unit.pass_time(1)
    unit.close()
    print(disk.writes, disk.syncs, disk.bytes_written)
    assert disk.bytes_written <= 50 * MB and disk.syncs <= 6_000
