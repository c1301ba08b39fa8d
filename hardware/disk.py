"""Whether the journal's disk still has room."""

import errno
import os
from pathlib import Path


class FreeSpace:
    """The disk that holds `path`, full as soon as fewer than `reserve_bytes` are free to this user."""

    def __init__(self, path: Path, reserve_bytes: int) -> None:
        self.path = path
        self.reserve_bytes = reserve_bytes

    def check(self) -> None:
        """Raise OSError(ENOSPC) when the reserve is touched; also any OSError of the disk itself."""
        disk = os.statvfs(self.path)
        free = disk.f_bavail * disk.f_frsize
        if free < self.reserve_bytes:
            raise _full(f"{free:,} bytes free under {self.path}, {self.reserve_bytes:,} are kept in reserve")


class SimulatedDisk:
    """A disk that is full when it is told so."""

    def __init__(self, full: bool = False) -> None:
        self.full = full

    def check(self) -> None:
        """Raise OSError(ENOSPC) while `full`."""
        if self.full:
            raise _full("the simulated disk is full")


def _full(why: str) -> OSError:
    return OSError(errno.ENOSPC, f"No space left for the journal: {why}")
