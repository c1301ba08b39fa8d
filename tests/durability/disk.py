"""The disk of `crash_vfs.c`, built here and registered in the very SQLite that Python uses."""

import ctypes
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("crash_vfs.c")
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]


class Fault(IntEnum):
    """What can be armed. A power cut counts writes and syncs; an I/O error every call."""

    NONE = 0
    POWER_CUT = 1
    IO_ERROR = 2
    DISK_FULL = 3
    READ_ONLY = 4


class CrashDisk:
    """An empty disk in memory; one a process, as SQLite knows it by its name."""

    URI = "file:journal.db?vfs=crash&psow=0"

    def __init__(self, library: Path) -> None:
        self._c = ctypes.CDLL(str(library))
        self._c.crash_format.argtypes = [ctypes.c_uint64]
        self._c.crash_arm.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_int]
        self._c.crash_count.restype = ctypes.c_longlong
        self._c.crash_sqlite_source.restype = ctypes.c_char_p
        assert self._c.crash_register() == 0

    def format(self, seed: int) -> None:
        """Forget everything; `seed` decides every draw from here on."""
        assert self._c.crash_open_files() == 0, "a file is still open"
        self._c.crash_format(seed)

    def arm(self, fault: Fault, at: int, sticky: bool = False) -> None:
        """Fail at the N-th call that the fault is about; `sticky`: and at all those after it, until `mend`."""
        self._c.crash_arm(fault, at, sticky)

    def mend(self) -> None:
        """Nothing fails from here on."""
        self._c.crash_arm(Fault.NONE, 0, 0)

    @property
    def struck(self) -> bool:
        """True once the armed fault has happened."""
        return bool(self._c.crash_struck())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, nothing fails and nothing is counted: for a look at what is on the disk."""
        self._c.crash_pause(1)
        try:
            yield
        finally:
            self._c.crash_pause(0)

    def lie(self) -> None:
        """From here on say that everything is synced, and sync nothing."""
        self._c.crash_lie(1)

    def power_back(self) -> None:
        """What a cut at this instant leaves, under power again."""
        assert self._c.crash_open_files() == 0, "a file is still open"
        self._c.crash_power_back()

    @property
    def open_files(self) -> int:
        """How many file handles SQLite has on this disk."""
        return int(self._c.crash_open_files())

    @property
    def writes(self) -> int:
        """How many writes it has taken."""
        return int(self._c.crash_count(0))

    @property
    def syncs(self) -> int:
        """How many syncs it was asked for."""
        return int(self._c.crash_count(1))

    @property
    def bytes_written(self) -> int:
        """How many bytes it was given to write."""
        return int(self._c.crash_count(2))

    @property
    def sqlite_source(self) -> str:
        """The id of the SQLite that this disk is registered in."""
        return str(self._c.crash_sqlite_source().decode())


def build(folder: Path) -> Path:
    """Compile the disk; the library."""
    library = folder / "crash_vfs.so"
    command = [os.environ.get("CC", "gcc"), *FLAGS, "-o", library, SOURCE, "-lsqlite3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def mapped_sqlites() -> set[str]:
    """The SQLite libraries that this process has loaded."""
    return set(re.findall(r"\S*libsqlite3\.so\S*", Path("/proc/self/maps").read_text()))


def pythons_source() -> str:
    """The id of the SQLite that Python's own module uses."""
    with closing(sqlite3.connect(":memory:")) as connection:
        return str(connection.execute("SELECT sqlite_source_id()").fetchone()[0])
