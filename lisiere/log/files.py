"""A unit's SQLite files, opened so that nothing is written: beside the unit, on a copy, on a read-only disk.

A file in WAL mode has its newest rows in `-wal` beside it, and SQLite wants to write a `-shm` to read them. Where
there is no `-wal` the file is whole and nobody has it open: it is read as it stands, and nothing is left behind.
Where a `-wal` lies on a disk that cannot be written, both are read from a copy.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. sqlite3.DatabaseError when the file is no database."""
    wal = path.with_name(path.name + "-wal")
    if not wal.exists():
        with _connection(path, "immutable=1") as connection:
            yield connection
        return
    if _readable_in_place(path):
        with _connection(path, "mode=ro") as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="lisiere-log-") as folder:
        copy = Path(folder) / path.name
        for part in (path, wal):
            shutil.copyfile(part, copy.with_name(part.name))
        with _connection(copy, "mode=ro") as connection:
            yield connection


@contextmanager
def _connection(path: Path, how: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield connection


def _readable_in_place(path: Path) -> bool:
    try:
        with _connection(path, "mode=ro"):
            return True
    except sqlite3.OperationalError:
        return False
