"""Puts a damaged journal out of the way without losing a byte of it."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def put_aside(path: Path, at: datetime) -> Path:
    """Rename a journal and what SQLite keeps beside it; its new name, under which `sqlite3` still reads it."""
    name = f"{path.name}.damaged-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    names = (name, *(f"{name}-{count}" for count in range(2, 1_000)))
    # A computer without a real-time clock can start twice at what it takes for the same second.
    kept = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    for part in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{part}").rename(f"{kept}{part}")
    return kept
