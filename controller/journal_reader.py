"""The reading end of a unit's journal: it never writes, so it works beside the unit."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from access.facts import instant
from controller.journal_file import JournalError
from controller.journal_row import FIRST, BadRow, JournalRow, unsound

ROWS = (
    "SELECT r.epoch, r.seq, r.at, r.mono_ms, r.boot, r.clock, r.uncertainty_ms, r.kind, r.body, r.commitment,"
    " r.prev, r.hash, coalesce(o.opening, '{}')"
    " FROM rows r LEFT JOIN openings o ON o.epoch = r.epoch AND o.seq = r.seq "
)


class JournalReader:
    """The reading end: what is in a unit's journal. Never writes, so it works beside the unit."""

    def __init__(self, connection: sqlite3.Connection, unit: str) -> None:
        self._connection = connection
        self.unit = unit

    @classmethod
    def open(cls, path: Path) -> "JournalReader":
        """Open a unit's file read-only, on a connection of its own. JournalError when it is no journal."""
        if not path.is_file():
            raise JournalError(f"{path}: no such journal; is this a unit's folder?")
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            unit = connection.execute("SELECT unit FROM site").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise JournalError(f"{path}: {error}; is this a unit's journal?") from None
        return cls(connection, unit)

    def rows_after(self, epoch: int, seq: int, limit: int) -> list[JournalRow]:
        """The next rows of an epoch, in order, at most `limit`."""
        found = self._connection.execute(
            ROWS + "WHERE r.epoch = ? AND r.seq > ? ORDER BY r.seq LIMIT ?", (epoch, seq, limit)
        )
        return [JournalRow(*row) for row in found]

    def last_seq(self, epoch: int) -> int:
        """The highest sequence of an epoch; 0 when it has no row."""
        row = self._connection.execute("SELECT max(seq) FROM rows WHERE epoch = ?", (epoch,)).fetchone()
        return int(row[0] or 0)

    def hash_at(self, epoch: int, seq: int) -> str:
        """A row's hash; before the first row, what that is chained to; empty where there is no such row."""
        if seq == 0:
            return FIRST
        at = (epoch, seq)
        found = self._connection.execute("SELECT hash FROM rows WHERE epoch = ? AND seq = ?", at).fetchone()
        return str(found[0]) if found else ""

    def rows_of(self, kinds: tuple[str, ...], since: str = "") -> Iterable[JournalRow]:
        """The rows of some kinds in the order they were written; `since` is a stamp."""
        marks = ",".join("?" * len(kinds))
        found = self._connection.execute(
            ROWS + f"WHERE r.kind IN ({marks}) AND r.at >= ? ORDER BY r.epoch, r.seq", (*kinds, since)
        )
        return (JournalRow(*row) for row in found)

    def all_rows(self) -> Iterable[JournalRow]:
        """Every row, in the order they were written."""
        return (JournalRow(*row) for row in self._connection.execute(ROWS + "ORDER BY r.epoch, r.seq"))

    def count(self) -> int:
        """How many rows there are."""
        return int(self._connection.execute("SELECT count(*) FROM rows").fetchone()[0])

    def first_bad_row(self) -> BadRow | None:
        """The first row that does not fit the chain; None when the whole journal is sound."""
        epoch, seq, prev = 0, 0, FIRST
        for row in self.all_rows():
            if row.epoch != epoch:
                epoch, seq, prev = row.epoch, 0, FIRST
            why = unsound(self.unit, row, seq, prev)
            if why:
                return BadRow(row.epoch, row.seq, why)
            seq, prev = row.seq, row.hash
        return None

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A granted run that no row closes: its process died."""

    run: str
    member: str
    booking: str | None
    started: datetime


def open_run(reader: JournalReader) -> OpenRun | None:
    """The run that was granted and never closed, if there is one."""
    found: OpenRun | None = None
    for row in reader.rows_of(("decision", "run")):
        fields = row.fields
        if row.kind == "run":
            found = None
        elif fields["run"]:
            found = OpenRun(fields["run"], fields["member"] or "", fields["booking"], instant(row.at))
    return found
