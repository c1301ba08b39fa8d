"""What every disk promises: the real one, by its free space, and the simulated one."""

import errno
import os
from pathlib import Path
from typing import Protocol

import pytest

from hardware.disk import FreeSpace, SimulatedDisk

MORE_THAN_ANY_DISK = 1 << 60


class Disk(Protocol):
    """The method under test."""

    def check(self) -> None: ...


@pytest.fixture(params=["real", "simulated"])
def roomy(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """Each disk in turn, with room."""
    return FreeSpace(tmp_path, 1) if request.param == "real" else SimulatedDisk()


@pytest.fixture(params=["real", "simulated"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """Each disk in turn, without room."""
    return FreeSpace(tmp_path, MORE_THAN_ANY_DISK) if request.param == "real" else SimulatedDisk(full=True)


def test_a_disk_with_room_says_nothing(roomy: Disk) -> None:
    """Checking a disk that has more than its reserve raises nothing."""
    roomy.check()


def test_a_full_disk_says_so_in_one_line(full: Disk) -> None:
    """Checking a disk whose reserve is touched raises ENOSPC, with one line that says so."""
    with pytest.raises(OSError, match="No space left") as raised:
        full.check()
    assert raised.value.errno == errno.ENOSPC and "\n" not in str(raised.value)


def test_the_reserve_is_what_counts(tmp_path: Path) -> None:
    """A disk with less free space than the reserve is full, though it could take more."""
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    with pytest.raises(OSError, match="kept in reserve"):
        FreeSpace(tmp_path, 2 * free + 1).check()
