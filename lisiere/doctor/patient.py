"""The unit under examination: its folder, what could be read there, and this computer."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from access.facts import FaultCleared, FaultRaised
from access.vocabulary import Fault
from controller import timekeeping
from controller.config import Config
from controller.journal_reader import JournalReader
from controller.timekeeping import Anchor
from lisiere.log.failure import LogError
from lisiere.log.files import opened
from lisiere.log.kept import Kept, NotKept, kept
from lisiere.log.unit import JOURNAL, REPLICA, journal
from server_sync.identity import PublicKey

CLOCK = "clock.json"


@dataclass(frozen=True, slots=True)
class Journalled:
    """What the journal says of the unit's state."""

    epoch: int
    last_seq: int
    faults: frozenset[Fault]


@dataclass(frozen=True, slots=True)
class Patient:
    """A unit. `system` is the root of the computer's own files; `now` is corrected as the unit does it; `kept`
    and `journalled` are texts that say why where they cannot be read; `process` has the journal open."""

    folder: Path
    config: Config
    system: Path
    now: datetime
    anchor: Anchor | None
    kept: Kept | str
    journalled: Journalled | str
    process: int | None

    @property
    def faults(self) -> frozenset[Fault]:
        """The faults that were raised and not cleared, as far as the journal tells."""
        return frozenset() if isinstance(self.journalled, str) else self.journalled.faults


def patient(folder: Path, config: Config, system: Path, now: datetime) -> Patient:
    """Look the unit's files over once."""
    process = running(folder, system)
    anchor = timekeeping.kept(folder / CLOCK)
    corrected = now + anchor.correction if anchor else now
    return Patient(
        folder, config, system, corrected, anchor, _kept(folder, config), _journalled(folder), process
    )


def _kept(folder: Path, config: Config) -> Kept | str:
    try:
        return kept(folder / REPLICA, PublicKey(config.twin_key))
    except NotKept as why:
        return str(why)


def _journalled(folder: Path) -> Journalled | str:
    try:
        with journal(folder) as (connection, unit):
            reader = JournalReader(connection, unit)
            epoch = int(connection.execute("SELECT epoch FROM site").fetchone()[0])
            return Journalled(epoch, reader.last_seq(epoch), _open_faults(reader))
    except (LogError, sqlite3.DatabaseError, ValueError, KeyError) as error:
        return str(error)


def _open_faults(reader: JournalReader) -> frozenset[Fault]:
    found: set[Fault] = set()
    for row in reader.rows_of((FaultRaised.KIND, FaultCleared.KIND)):
        kind = Fault(json.loads(row.body)["kind"])
        found = found | {kind} if row.kind == FaultRaised.KIND else found - {kind}
    return frozenset(found)


def running(folder: Path, system: Path) -> int | None:
    """The process that has the journal open: SQLite locks a byte of `-shm` as long as it has."""
    try:
        inode = (folder / f"{JOURNAL}-shm").stat().st_ino
        locks = (system / "proc/locks").read_text().splitlines()
    except OSError:
        return None
    held = (line.split() for line in locks if "->" not in line)
    return next((int(words[4]) for words in held if words[5].endswith(f":{inode}")), None)


def quick_check(folder: Path) -> str:
    """SQLite's own word on the journal's pages: `ok`, or the first thing that is wrong."""
    try:
        with opened(folder / JOURNAL) as connection:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except (OSError, sqlite3.DatabaseError) as error:
        return str(error)
