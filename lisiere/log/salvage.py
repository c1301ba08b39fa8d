"""The rows of a journal that can be read, though the file be damaged.

A damaged page ends a scan. Reading goes on behind it: with the next key that SQLite finds without meeting the
damage, so that only the rows on the page itself are lost, and they are named.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.journal_reader import ROWS
from controller.journal_row import JournalRow

BARE = ROWS.partition(" LEFT JOIN ")[0].replace("coalesce(o.opening, '{}')", "'{}'")
"""The same rows without the persons they name, for when only those are damaged."""
NEXT = " WHERE (r.epoch, r.seq) > (?, ?) ORDER BY r.epoch, r.seq"
LONGEST_HOLE = 20_000
"""How many keys are tried in vain before the rest counts as lost."""

Key = tuple[int, int]


@dataclass(slots=True)
class Salvage:
    """Reads a journal's rows in their order; afterwards, `why` says what SQLite met and `holes` what is lost."""

    connection: sqlite3.Connection
    why: str = ""
    nameless: int = 0
    holes: list[str] = field(default_factory=list)
    rows_read: int = 0

    def rows(self) -> Iterator[JournalRow]:
        """Every row that can be read."""
        last: Key = (0, 0)
        for row in self._found():
            self._note_hole(last, row)
            last = (row.epoch, row.seq)
            self.rows_read += 1
            yield row
        if self.why and not self.nameless and not self.holes:
            self.holes.append(f"what follows row {last[1]} of epoch {last[0]}")

    def told(self) -> list[str]:
        """The damage in sentences, once the rows are read; none where there is none."""
        why = f" ({self.why})" if self.why else ""
        said = [f"{hole} cannot be read{why}" for hole in self.holes]
        if self.nameless:
            said.append(f"{self.nameless} rows were read without the person they name{why}")
        return [*said, f"{self.rows_read} rows could be read"] if said else []

    def _found(self) -> Iterator[JournalRow]:
        key: Key = (0, 0)
        tries = 0
        while tries < LONGEST_HOLE:
            try:
                for values in self.connection.execute(ROWS + NEXT, key):
                    row = JournalRow(*values)
                    key, tries = (row.epoch, row.seq), 0
                    yield row
                return
            except sqlite3.DatabaseError as error:
                self.why = self.why or str(error)
            bare = self._bare_after(key)
            if bare is not None:
                key, tries = (bare.epoch, bare.seq), 0
                self.nameless += 1
                yield bare
                continue
            tries += 1
            key = self._stepped(key)

    def _bare_after(self, key: Key) -> JournalRow | None:
        try:
            values = self.connection.execute(BARE + NEXT + " LIMIT 1", key).fetchone()
        except sqlite3.DatabaseError:
            return None
        return None if values is None else JournalRow(*values)

    def _stepped(self, key: Key) -> Key:
        """The next key to try; from the very beginning, the first of this file's epoch."""
        epoch = key[0] or int(self.connection.execute("SELECT epoch FROM site").fetchone()[0])
        return epoch, key[1] + 1

    def _note_hole(self, last: Key, row: JournalRow) -> None:
        first = last[1] + 1 if row.epoch == last[0] else 1
        if row.seq > first:
            self.holes.append(f"rows {first} to {row.seq - 1} of epoch {row.epoch}")
