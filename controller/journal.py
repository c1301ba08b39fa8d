"""The append-only log of one unit: rows keyed (unit, epoch, seq), hash-chained, durable before they are told.

One connection writes and checkpoints (WAL, `synchronous=FULL`; docs/durability.md); readers open their own,
read-only (`controller.journal_reader`). The epoch is made with the file: a new card, a new epoch.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from access.facts import PERSONAL, body, stamp
from access.people import erased_mark
from controller.journal_file import JournalDamaged, JournalError, connect, judged
from controller.journal_reader import JournalReader
from controller.journal_row import FIRST, Checkpoint, JournalRow, Stamped, canonical, chained, commitment_of

HEADS = (
    "SELECT epoch, max(seq), hash FROM rows WHERE epoch != ?1 AND NOT (epoch = ?2 AND seq > ?3)"
    " GROUP BY epoch ORDER BY epoch"
)


class NotWritten(Exception):
    """The disk did not take what was to be written; the journal is as it was before."""


class Disk(Protocol):
    """Whether the disk may be written; `hardware.disk` has the real one and its simulated sibling."""

    def check(self) -> None:
        """OSError when the disk can take no more."""


class Key(Protocol):
    """The unit's own key, with which it knows its journal again."""

    def sign(self, message: bytes) -> bytes:
        """A signature."""

    def signed(self, signature: bytes, message: bytes) -> bool:
        """True when the signature over the message is this key's."""


class Journal:
    """The writing end. Belongs to one thread at a time; every append is one durable transaction.

    `durable`: the epoch and the highest sequence on disk, replaced whole: any thread may look.
    """

    def __init__(
        self,
        place: Path | str,
        unit: str,
        disk: Disk,
        entropy: Callable[[int], bytes],
        new_epoch: int,
        key: Key | None = None,
    ) -> None:
        """`place` is the file's path, or a SQLite URI; `entropy(n)` gives n random bytes for the salts; `new_epoch`
        is used when the file is new. With its `key` the unit signs what it writes, and believes nothing else.
        JournalError, JournalDamaged."""
        self.unit = unit
        self._disk = disk
        self._entropy = entropy
        self._key = key
        self._erased: frozenset[str] = frozenset()
        self._connection = connect(place, unit, new_epoch)
        try:
            with judged(place):
                self.epoch, self.last_seq, self._last_hash = _end(self._connection)
                self.durable = (self.epoch, self.last_seq)
                self._older = self._older_heads(self.epoch)
                if key is not None:
                    self._check_head(key)
        except JournalError:
            self._connection.close()
            raise

    def append(self, facts: Iterable[Stamped]) -> list[JournalRow]:
        """Write facts, all or none, and return their rows once they are on disk.

        NotWritten when they could not be written.
        """
        rows = self._chain(facts)
        self._commit(rows)
        return rows

    def erase(self, erased: frozenset[str]) -> None:
        """Forget the members with these marks (`access.people.erased_mark`), now and in every row to come.

        NotWritten like `append`.
        """
        self._erased = erased
        named = self._connection.execute("SELECT DISTINCT json_extract(opening, '$.member') FROM openings")
        gone = [str(row[0]) for row in named if erased_mark(str(row[0])) in erased]
        if gone:
            forget = "DELETE FROM openings WHERE json_extract(opening, '$.member') = ?"
            self._commit([], *((forget, (member,)) for member in gone))

    def begin_epoch(self, epoch: int, after: int) -> None:
        """Leave this epoch at row `after`: what follows becomes the first rows of a new one, in one transaction.

        NotWritten like `append`.
        """
        left, moved = (self.epoch, after), self.reader().rows_after(self.epoch, after, -1)
        was = self.epoch, self.last_seq, self._last_hash, self._older
        self._older = self._older_heads(epoch, but_after=left)
        self.epoch, self.last_seq, self._last_hash = epoch, 0, FIRST
        rows = self._chained_anew(moved)
        try:
            self._commit(
                rows,
                ("DELETE FROM openings WHERE epoch = ? AND seq > ?", left),
                ("DELETE FROM rows WHERE epoch = ? AND seq > ?", left),
                ("UPDATE site SET epoch = ?", (epoch,)),
            )
        except NotWritten:
            self.epoch, self.last_seq, self._last_hash, self._older = was
            raise

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write down how far the run has come, in place of the checkpoint before. NotWritten like `append`."""
        try:
            self._disk.check()
            self._connection.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?)",
                (checkpoint.run, checkpoint.powered_ms, checkpoint.running_ms),
            )
        except (OSError, sqlite3.Error) as error:
            raise NotWritten(str(error)) from error

    def last_checkpoint(self) -> Checkpoint | None:
        """The checkpoint that was written last."""
        row = self._connection.execute("SELECT run, powered_ms, running_ms FROM checkpoint").fetchone()
        return Checkpoint(*row) if row else None

    def reader(self) -> "JournalReader":
        """A reading end on the same connection, for whoever lives on the same thread."""
        return JournalReader(self._connection, self.unit)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def _commit(self, rows: list[JournalRow], *before: tuple[str, tuple[Any, ...]]) -> None:
        """Write rows, and the signed head of the journal with them, all or nothing."""
        seq, head = (rows[-1].seq, rows[-1].hash) if rows else (self.last_seq, self._last_hash)
        execute = self._connection.execute
        try:
            self._disk.check()
            execute("BEGIN IMMEDIATE")
            for statement, values in before:
                execute(statement, values)
            for row in rows:
                self._insert(row)
            if self._key is not None and (rows or before):
                signature = self._key.sign(_signed(self.unit, self._older, (self.epoch, seq, head)))
                execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (signature,))
            execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            self._roll_back()
            raise NotWritten(str(error)) from error
        self.last_seq, self._last_hash = seq, head
        self.durable = (self.epoch, seq)

    def _older_heads(self, epoch: int, but_after: tuple[int, int] = (0, 0)) -> str:
        """Where the journal's other epochs end; `but_after`: the one that ends earlier, and where."""
        return "".join(
            f"{row[0]} {row[1]} {row[2]}\n"
            for row in self._connection.execute(HEADS, (epoch, *but_after))
        )

    def _check_head(self, key: Key) -> None:
        """JournalDamaged unless every row is what this unit wrote, and none is missing."""
        bad = self.reader().first_bad_row()
        if bad is not None:
            raise JournalDamaged(f"row {bad.epoch}.{bad.seq} {bad.why}")
        row = self._connection.execute("SELECT signature FROM head").fetchone()
        head = _signed(self.unit, self._older, (self.epoch, self.last_seq, self._last_hash))
        empty = self.last_seq == 0 and not self._older
        if not empty and not (row and key.signed(bytes(row[0]), head)):
            raise JournalDamaged("its end is not signed by this unit")

    def _chain(self, facts: Iterable[Stamped]) -> list[JournalRow]:
        rows: list[JournalRow] = []
        seq, prev = self.last_seq, self._last_hash
        for stamped in facts:
            seq += 1
            row = self._row(stamped, seq, prev)
            rows.append(row)
            prev = row.hash
        return rows

    def _chained_anew(self, moved: Iterable[JournalRow]) -> list[JournalRow]:
        """Rows of another epoch as the first of this one."""
        rows: list[JournalRow] = []
        for seq, row in enumerate(moved, 1):
            bare = replace(row, epoch=self.epoch, seq=seq, prev=rows[-1].hash if rows else FIRST)
            rows.append(replace(bare, hash=chained(self.unit, bare)))
        return rows

    def _row(self, stamped: Stamped, seq: int, prev: str) -> JournalRow:
        fields = body(stamped.fact)
        person = {name: fields.pop(name) for name in PERSONAL if name in fields}
        opening = person | {"salt": self._entropy(16).hex()} if any(person.values()) else {}
        forgotten = erased_mark(str(person.get("member") or "")) in self._erased
        row = JournalRow(
            epoch=self.epoch,
            seq=seq,
            at=stamp(stamped.at),
            mono_ms=stamped.mono_ms,
            boot=stamped.boot,
            clock=stamped.clock.value,
            uncertainty_ms=stamped.uncertainty_ms,
            kind=stamped.fact.KIND,
            body=canonical(fields),
            commitment=commitment_of(opening),
            prev=prev,
            hash="",
            opening=canonical({} if forgotten else opening),
        )
        return replace(row, hash=chained(self.unit, row))

    def _insert(self, row: JournalRow) -> None:
        self._connection.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.epoch,
                row.seq,
                row.at,
                row.mono_ms,
                row.boot,
                row.clock,
                row.uncertainty_ms,
                row.kind,
                row.body,
                row.commitment,
                row.prev,
                row.hash,
            ),
        )
        if row.opening != "{}":
            self._connection.execute("INSERT INTO openings VALUES (?, ?, ?)", (row.epoch, row.seq, row.opening))

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # nothing was begun, or the engine has already rolled back
            self._connection.execute("ROLLBACK")


def _signed(unit: str, older: str, head: tuple[int, int, str]) -> bytes:
    """What a unit signs of its journal: where each of its epochs ends; through the chains, that is every row."""
    return f"lisiere journal {unit}\n{older}{head[0]} {head[1]} {head[2]}\n".encode()


def _end(connection: sqlite3.Connection) -> tuple[int, int, str]:
    """The epoch of a journal, and the number and hash of its last row."""
    epoch = int(connection.execute("SELECT epoch FROM site").fetchone()[0])
    last = connection.execute(
        "SELECT seq, hash FROM rows WHERE epoch = ? ORDER BY seq DESC LIMIT 1", (epoch,)
    ).fetchone()
    return (epoch, int(last[0]), str(last[1])) if last else (epoch, 0, FIRST)
