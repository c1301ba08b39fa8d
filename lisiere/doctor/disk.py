"""Is there room, is the journal whole, and is SQLite one that may be used so?"""

import os
import sqlite3
from pathlib import Path

from access.vocabulary import Fault
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Patient, quick_check
from lisiere.log.unit import JOURNAL

TOPIC = "disk"
MIB = 1024 * 1024
LITTLE, LOW = 64 * MIB, 500 * MIB
"""Below 16 MiB the unit takes the disk for full."""
LARGE_JOURNAL, LARGE_WAL = 1024 * MIB, 64 * MIB
BUG_SINCE, BUG_GONE = (3, 7, 0), (3, 51, 3)
BACKPORTS = ((3, 44, 6), (3, 50, 7))
"""SQLite versions inside the bug's range, each the first of its line without it."""


def check_disk(patient: Patient) -> list[Finding]:
    """Room, size, integrity, version."""
    journal = patient.folder / JOURNAL
    return [
        *_written(patient, journal),
        _room(patient.folder),
        _size(journal),
        _whole(patient, journal),
        _sqlite(sqlite3.sqlite_version_info[:3]),
    ]


def _written(patient: Patient, journal: Path) -> list[Finding]:
    if Fault.JOURNAL not in patient.faults:
        return []
    do = "make room, or put in a new card: nobody can start until the journal can be written"
    return [bad(TOPIC, "the unit could not write its journal", str(journal), do)]


def _room(folder: Path) -> Finding:
    disk = os.statvfs(folder)
    return room(disk.f_bavail * disk.f_frsize, str(folder))


def room(free: int, where: str) -> Finding:
    """What so many free bytes mean."""
    what = f"{free // MIB:,} MiB free"
    if free < LITTLE:
        return bad(
            TOPIC, f"{what}: starts will soon be refused", where, "make room: old logs, packages, copies"
        )
    if free < LOW:
        return attention(TOPIC, what, where, "make room before it is short: old logs, packages, copies")
    return ok(TOPIC, what, where)


def _size(journal: Path) -> Finding:
    size, wal = (_bytes(path) for path in (journal, journal.with_name(f"{JOURNAL}-wal")))
    what = f"journal of {size / MIB:.1f} MiB, {wal / MIB:.1f} MiB not folded in yet"
    if wal > LARGE_WAL:
        do = "something holds the journal open for reading: end it, then restart the unit"
        return attention(TOPIC, what, str(journal), do)
    if size > LARGE_JOURNAL:
        return attention(
            TOPIC, what, str(journal), "its rows are with the twin: ask for them to be thinned out"
        )
    return ok(TOPIC, what, str(journal))


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _whole(patient: Patient, journal: Path) -> Finding:
    do = f"keep the file; see what is left: lisiere log --unit {patient.folder}; then put in a new card"
    if not journal.exists():
        return attention(TOPIC, "no journal yet: the unit has never run", str(journal), "start the unit")
    if isinstance(patient.journalled, str):
        return bad(TOPIC, patient.journalled, "", do)
    said = quick_check(patient.folder).splitlines()[-1]
    if said != "ok":
        return bad(TOPIC, f"the journal is damaged: {said}", str(journal), do)
    return ok(
        TOPIC, f"journal readable, {patient.journalled.last_seq} rows; SQLite finds it whole", str(journal)
    )


def _sqlite(version: tuple[int, ...]) -> Finding:
    name = ".".join(map(str, version))
    if wal_reset_bug(version):
        return ok(TOPIC, f"SQLite {name} has the WAL-reset bug; harmless here: one connection writes")
    return ok(TOPIC, f"SQLite {name}")


def wal_reset_bug(version: tuple[int, ...]) -> bool:
    """True for a SQLite in which two writing connections could damage a file in WAL mode."""
    mended = any(version[:2] == first[:2] and version >= first for first in BACKPORTS)
    return BUG_SINCE <= version < BUG_GONE and not mended
