"""A unit whose disk fails at the N-th call, for every N until nothing fails any more."""

import itertools

import pytest

from access.bookings import Booking
from controller.journal_file import JournalDamaged, JournalError
from hardware.clock import SimulatedClock
from tests.durability.disk import CrashDisk, Fault
from tests.durability.unit import START, STRANGER, Unit, booked, told_and_kept

BOOKINGS = (booked("b1", 0, 60),)


def started(clock: SimulatedClock, bookings: tuple[Booking, ...] = BOOKINGS) -> Unit | None:
    """A unit, as its supervisor tries it once; None where it could not begin."""
    try:
        return Unit(clock, bookings)
    except JournalDamaged as damage:
        raise AssertionError("a failing disk was taken for a damaged journal") from damage
    except JournalError:
        return None


def never_on_without_a_log(disk: CrashDisk, unit: Unit) -> None:
    """Power only with its grant on disk."""
    if unit.live:
        with disk.paused():
            assert unit.granted_on_disk()


def sew(disk: CrashDisk, unit: Unit) -> None:
    """Start, sew, be gaped at, stop, start again: whatever the disk does, off is off."""
    for _ in range(2):
        unit.tap()
        never_on_without_a_log(disk, unit)
        unit.pass_time(25)
        never_on_without_a_log(disk, unit)
        unit.tap(STRANGER)
        if unit.live:
            unit.tap()
        assert not unit.live


def recovered(disk: CrashDisk, unit: Unit) -> None:
    """The disk is well again: nothing that only waited is lost, and a tap is granted."""
    disk.mend()
    unit.pass_time(10)
    told, kept = told_and_kept(unit)
    assert kept == told
    unit.tap()
    assert unit.live and unit.granted_on_disk()


def yesterday(clock: SimulatedClock) -> None:
    """A journal of some pages, written while the disk was well."""
    unit = Unit(clock, ())
    for _ in range(12):
        unit.tap(STRANGER)
    unit.close()


def shift(disk: CrashDisk, fault: Fault, at: int, sticky: bool) -> bool:
    """A unit's working day on a disk that fails at the N-th call; whether it came to that."""
    disk.format(seed=at)
    clock = SimulatedClock(START, has_rtc=True)
    yesterday(clock)
    disk.arm(fault, at, sticky)
    unit = started(clock)
    if unit is not None:
        sew(disk, unit)
    struck = disk.struck
    disk.mend()
    unit = unit or started(clock)
    assert unit is not None, "the disk is well, and the unit does not begin"
    recovered(disk, unit)
    unit.close()
    assert not unit.live and disk.open_files == 0
    return struck


@pytest.mark.parametrize("fault", [Fault.IO_ERROR, Fault.DISK_FULL, Fault.READ_ONLY])
@pytest.mark.parametrize("sticky", [False, True])
def test_a_disk_that_fails_at_any_call_gives_no_power_without_a_log(
    disk: CrashDisk, fault: Fault, sticky: bool
) -> None:
    """Whichever call fails, once or from then on: no power without a log, off works, nothing that waits is lost."""
    tried = next(at for at in itertools.count(1) if not shift(disk, fault, at, sticky))
    assert tried > 40
