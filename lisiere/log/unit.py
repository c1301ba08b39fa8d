"""The log out of a unit's own folder: `journal.db`, and the site's time zone out of `replica.db`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from access.times import Opening
from lisiere.log.entries import RUN, Entry, NotUnderstood, entry_of
from lisiere.log.failure import LogError
from lisiere.log.files import opened
from lisiere.log.kept import NotKept, kept
from lisiere.log.progress import counted
from lisiere.log.salvage import Salvage
from lisiere.log.source import Source

JOURNAL = "journal.db"
REPLICA = "replica.db"


@contextmanager
def journal(folder: Path) -> Iterator[tuple[sqlite3.Connection, str]]:
    """A unit's journal, open for reading, and whose it is. LogError."""
    path = folder / JOURNAL
    if not folder.is_dir():
        raise LogError(f"{folder}: no such folder; give the folder of a unit, the one that holds {JOURNAL}")
    if not path.is_file():
        raise LogError(f"{folder}: holds no {JOURNAL}; is this a unit's folder, and may you read it?")
    try:
        with opened(path) as connection:
            yield connection, _owner(connection, path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise LogError(f"{path}: cannot be read as a journal: {error}; keep the file") from None


def _owner(connection: sqlite3.Connection, path: Path) -> str:
    owner = connection.execute("SELECT unit FROM site").fetchone()
    if owner is None:
        raise LogError(f"{path}: names no unit; it is no journal, or was never finished")
    return str(owner[0])


@contextmanager
def unit_source(
    folder: Path, zone: ZoneInfo | None, machine: str | None, everything: bool
) -> Iterator[Source]:
    """What a unit's folder says; all of its rows are gone through, so that no damage stays unseen. LogError."""
    with journal(folder) as (connection, unit):
        theirs, notes = _machine_and_zone(folder, unit, zone)
        its_machine, its_zone = theirs
        if machine not in (None, its_machine):
            raise LogError(f"{folder}: is of machine '{its_machine}', not of '{machine}'")
        source = Source(its_zone, iter(()), notes=notes)
        source.entries = _entries(connection, unit, its_machine, everything, source.damage)
        yield source


def _machine_and_zone(
    folder: Path, unit: str, zone: ZoneInfo | None
) -> tuple[tuple[str, ZoneInfo], list[str]]:
    try:
        replica = kept(folder / REPLICA, None).replica
        return (replica.machine.id, zone or ZoneInfo(replica.opening.timezone)), []
    except NotKept as why:
        if zone is not None:
            return (unit, zone), []
        assumed = Opening().timezone
        return (unit, ZoneInfo(assumed)), [f"{why}; times are those of {assumed} (--timezone takes another)"]


def _entries(
    connection: sqlite3.Connection, unit: str, machine: str, everything: bool, damage: list[str]
) -> Iterator[Entry]:
    salvage = Salvage(connection)
    for row in counted(salvage.rows(), _count(connection)):
        if everything or row.kind == RUN:
            try:
                yield entry_of(row, unit, machine)
            except NotUnderstood as error:
                damage.append(str(error))
    damage += salvage.told()


def _count(connection: sqlite3.Connection) -> int:
    try:
        return int(connection.execute("SELECT count(*) FROM rows").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
