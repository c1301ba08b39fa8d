"""What the unit costs its card: bytes and syncs, beside what a card bears for years."""

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

from access.facts import RunClosed, stamp
from lisiere.doctor.ages import age
from lisiere.doctor.finding import Finding, attention, ok
from lisiere.doctor.patient import Patient
from lisiere.log.failure import LogError
from lisiere.log.unit import journal

TOPIC = "disk"
MB = 1_000_000
DAY = timedelta(days=1)
BYTES_A_DAY, SYNCS_A_DAY = 50 * MB, 6_000
"""What the product promises for a day of ten powered hours (docs/durability.md)."""
LEAST = timedelta(hours=1)
"""A rate over less than this says nothing: the start writes more than an hour does."""
CHECKPOINT_SECONDS = 10.0
FRAMES_OF_A_ROW, FRAMES_OF_A_CHECKPOINT, FRAMES_OF_A_FOLD, SYNCS_OF_A_FOLD = 6, 2, 200, 3


def check_wear(patient: Patient) -> list[Finding]:
    """What the unit's process has written, and the syncs of its last day."""
    return [*_bytes(patient), *_syncs(patient)]


def _bytes(patient: Patient) -> list[Finding]:
    """The system's own count for the process; nothing where it keeps none, or no unit runs."""
    try:
        written, alive = _written(patient.system / "proc", patient.process)
    except (OSError, ValueError, KeyError, IndexError):
        return []
    where = f"process {patient.process}"
    if alive < LEAST:
        return [ok(TOPIC, f"{written / MB:.1f} MB written in {age(alive)}", where)]
    a_day = written * (DAY / alive)
    what = f"{written / MB:.1f} MB written in {age(alive)}: {a_day / MB:.0f} MB a day"
    if a_day > BYTES_A_DAY:
        do = f"a card bears {BYTES_A_DAY // MB} for years: tell whoever looks after the software"
        return [attention(TOPIC, what, where, do)]
    return [ok(TOPIC, what, where)]


def _written(proc: Path, process: int | None) -> tuple[int, timedelta]:
    """How many bytes a process has sent to the disk, and for how long it has lived."""
    counts = dict(line.split(": ") for line in (proc / f"{process}/io").read_text().splitlines())
    begun = int((proc / f"{process}/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    uptime = float((proc / "uptime").read_text().split()[0])
    return int(counts["write_bytes"]), timedelta(seconds=uptime - begun)


def _syncs(patient: Patient) -> list[Finding]:
    since = stamp(patient.now - DAY)
    try:
        with journal(patient.folder) as (connection, _):
            rows, powered_ms = connection.execute(
                "SELECT count(*), total(json_extract(body, '$.powered_ms') * (kind = ?)) FROM rows WHERE at >= ?",
                (RunClosed.KIND, since),
            ).fetchone()
    except (LogError, sqlite3.DatabaseError):
        return []
    count = syncs(rows, round(powered_ms / 1000 / _checkpoint_seconds(patient)))
    what = f"{count:,} syncs at most in the last 24 h, for {rows:,} rows and {powered_ms / 3_600_000:.1f} powered h"
    if count > SYNCS_A_DAY:
        do = "look for what happens too often: lisiere log --all --since 1d"
        return [attention(TOPIC, what, str(patient.folder), do)]
    return [ok(TOPIC, what, str(patient.folder))]


def _checkpoint_seconds(patient: Patient) -> float:
    kept = patient.kept
    return CHECKPOINT_SECONDS if isinstance(kept, str) else kept.replica.policy.checkpoint_seconds


def syncs(rows: int, checkpoints: int) -> int:
    """How many syncs so many rows and checkpoints cost the journal, at most: one each, and the foldings' own."""
    frames = rows * FRAMES_OF_A_ROW + checkpoints * FRAMES_OF_A_CHECKPOINT
    return rows + checkpoints + (frames // FRAMES_OF_A_FOLD + 1) * SYNCS_OF_A_FOLD
