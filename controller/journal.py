"""The append-only log of one unit: rows keyed (unit, epoch, seq), hash-chained, durable before they are told.

One connection writes and checkpoints (WAL, `synchronous=FULL`); readers open their own, read-only. A row's chain
covers a salted commitment to the person it names; name and salt lie in the table `openings`, so that erasing a
person keeps the chain whole. The epoch is made with the file: a new card is a new epoch.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import sqlite_utils

from access.facts import PERSONAL, Fact, body, instant, stamp
from access.times import ClockReading

FIRST = "0" * 64
"""What the first row of an epoch is chained to."""


class JournalError(Exception):
    """The journal cannot be opened, or is not whole; the text says what, where and what to do."""


class NotWritten(Exception):
    """The disk did not take what was to be written; the journal is as it was before."""


class Disk(Protocol):
    """Whether the disk may be written; `hardware.disk` has the real one and its simulated sibling."""

    def check(self) -> None:
        """OSError when the disk can take no more."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A fact with its time and place: what a row is made of."""

    at: datetime
    mono_ms: int
    boot: int
    fact: Fact

    @classmethod
    def now(cls, fact: Fact, clock: ClockReading, boot: int) -> "Stamped":
        """A fact stamped with a clock reading."""
        return cls(clock.wall, clock.mono_ms, boot, fact)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row as it lies on disk. `body` and `opening` are JSON text."""

    epoch: int
    seq: int
    at: str
    mono_ms: int
    boot: int
    kind: str
    body: str
    commitment: str
    prev: str
    hash: str
    opening: str

    @property
    def body_fields(self) -> dict[str, Any]:
        """The fact's fields that name nobody."""
        return dict(json.loads(self.body))

    @property
    def opening_fields(self) -> dict[str, Any]:
        """Whom the row names, and the salt of the commitment; empty where it names nobody, or no more."""
        return dict(json.loads(self.opening))

    @property
    def fields(self) -> dict[str, Any]:
        """The fact's fields, the personal ones included (None where there is nobody, or nobody any more)."""
        opened = self.opening_fields
        return self.body_fields | {name: opened.get(name) for name in PERSONAL}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a run had come when it was last written down; durations in milliseconds."""

    run: str
    powered_ms: int
    running_ms: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """The first row that does not fit the chain, and why."""

    epoch: int
    seq: int
    why: str


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """JSON that is the same text for the same value."""
    return _ENCODER.encode(value)


def commitment_of(opening: Mapping[str, Any]) -> str:
    """The salted commitment to a row's person; empty where it names none."""
    return hashlib.sha256(canonical(opening).encode()).hexdigest() if opening else ""


def chained(unit: str, row: JournalRow) -> str:
    """The hash of a row: over the hash before it and everything in it but the opening."""
    parts = (
        row.prev,
        unit,
        row.epoch,
        row.seq,
        row.at,
        row.mono_ms,
        row.boot,
        row.kind,
        row.body,
        row.commitment,
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


SCHEMA = """
CREATE TABLE IF NOT EXISTS site (unit TEXT NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, mono_ms INTEGER NOT NULL, boot INTEGER NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, commitment TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_by_kind ON rows (kind, epoch, seq);
CREATE TABLE IF NOT EXISTS openings (
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, opening TEXT NOT NULL, PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1), run TEXT NOT NULL, powered_ms INTEGER NOT NULL,
    running_ms INTEGER NOT NULL
);
"""

ROWS = (
    "SELECT r.epoch, r.seq, r.at, r.mono_ms, r.boot, r.kind, r.body, r.commitment, r.prev, r.hash,"
    " coalesce(o.opening, '{}') FROM rows r LEFT JOIN openings o ON o.epoch = r.epoch AND o.seq = r.seq "
)


def connect(path: Path, unit: str, new_epoch: int) -> sqlite3.Connection:
    """Open a unit's journal for writing, made on the first use. JournalError says what is wrong with the file."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        database = sqlite_utils.Database(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA synchronous=EXTRA")
        database.enable_wal()
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=200")
        if "site" not in database.table_names():
            connection.executescript(f"BEGIN;{SCHEMA}COMMIT;")
        if database.table("site").count == 0:
            connection.execute("INSERT INTO site VALUES (?, ?)", (unit, new_epoch))
        owner = connection.execute("SELECT unit FROM site").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path}: {error}; keep the file, and see 'lisiere log verify'") from None
    if owner != unit:
        raise JournalError(f"{path}: is the journal of unit '{owner}', not of '{unit}'")
    return connection


class Journal:
    """The writing end. Belongs to one thread at a time; every append is one durable transaction."""

    def __init__(self, path: Path, unit: str, disk: Disk, entropy: Callable[[int], bytes], new_epoch: int) -> None:
        """`entropy(n)` gives n random bytes for the salts; `new_epoch` is used when the file is new."""
        self.unit = unit
        self._disk = disk
        self._entropy = entropy
        self._connection = connect(path, unit, new_epoch)
        self.epoch = int(self._connection.execute("SELECT epoch FROM site").fetchone()[0])
        last = self._connection.execute(
            "SELECT seq, hash FROM rows WHERE epoch = ? ORDER BY seq DESC LIMIT 1", (self.epoch,)
        ).fetchone()
        self.last_seq, self._last_hash = (int(last[0]), str(last[1])) if last else (0, FIRST)

    def append(self, facts: Iterable[Stamped]) -> list[JournalRow]:
        """Write facts, all or none, and return their rows once they are on disk.

        NotWritten when they could not be written.
        """
        rows = self._chain(facts)
        execute = self._connection.execute
        try:
            self._disk.check()
            execute("BEGIN IMMEDIATE")
            for row in rows:
                self._insert(row)
            execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            self._roll_back()
            raise NotWritten(str(error)) from error
        if rows:
            self.last_seq, self._last_hash = rows[-1].seq, rows[-1].hash
        return rows

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

    def _chain(self, facts: Iterable[Stamped]) -> list[JournalRow]:
        rows: list[JournalRow] = []
        seq, prev = self.last_seq, self._last_hash
        for stamped in facts:
            seq += 1
            row = self._row(stamped, seq, prev)
            rows.append(row)
            prev = row.hash
        return rows

    def _row(self, stamped: Stamped, seq: int, prev: str) -> JournalRow:
        fields = body(stamped.fact)
        person = {name: fields.pop(name) for name in PERSONAL if name in fields}
        opening = person | {"salt": self._entropy(16).hex()} if any(person.values()) else {}
        row = JournalRow(
            epoch=self.epoch,
            seq=seq,
            at=stamp(stamped.at),
            mono_ms=stamped.mono_ms,
            boot=stamped.boot,
            kind=stamped.fact.KIND,
            body=canonical(fields),
            commitment=commitment_of(opening),
            prev=prev,
            hash="",
            opening=canonical(opening),
        )
        return _with_hash(row, chained(self.unit, row))

    def _insert(self, row: JournalRow) -> None:
        self._connection.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.epoch,
                row.seq,
                row.at,
                row.mono_ms,
                row.boot,
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


def _with_hash(row: JournalRow, digest: str) -> JournalRow:
    values = {name: getattr(row, name) for name in JournalRow.__slots__}
    return JournalRow(**{**values, "hash": digest})


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
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
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
            why = _unsound(self.unit, row, seq, prev)
            if why:
                return BadRow(row.epoch, row.seq, why)
            seq, prev = row.seq, row.hash
        return None

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()


def _unsound(unit: str, row: JournalRow, seq: int, prev: str) -> str:
    """Why a row does not fit the one before it; empty when it does."""
    if row.seq != seq + 1:
        return f"row {seq + 1} is missing"
    if row.prev != prev:
        return "is not chained to the row before it"
    if row.hash != chained(unit, row):
        return "was changed: its hash is not that of its content"
    opening = json.loads(row.opening)
    if opening and row.commitment != commitment_of(opening):
        return "names another person than it was written with"
    return ""


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
