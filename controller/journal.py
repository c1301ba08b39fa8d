"""The append-only log of one unit: rows keyed (unit, epoch, seq), hash-chained, durable before they are told.

One connection writes and checkpoints (WAL, `synchronous=FULL`; docs/durability.md); readers open their own,
read-only. A row's chain covers a salted commitment to the person it names; name and salt lie in the table
`openings`, so that erasing a person keeps the chain whole. The epoch is made with the file: a new card, new epoch.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import sqlite_utils

from access.facts import PERSONAL, Fact, body, instant, stamp
from access.people import erased_mark
from access.times import ClockReading

FIRST = "0" * 64
"""What the first row of an epoch is chained to."""
CHECKED_BYTES = 64 * 1024 * 1024
"""The largest journal whose every page is looked at when it is opened: some seconds' reading from a slow card."""
NO_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""What SQLite says of a disk or a folder, not of a file: it may be gone at the next try."""


class JournalError(Exception):
    """The journal cannot be opened, or is not whole; the text says what, where and what to do."""


class JournalDamaged(JournalError):
    """What lies in the journal's file is not what was written there; the text says what shows it."""


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
CREATE TABLE IF NOT EXISTS head (only INTEGER PRIMARY KEY CHECK (only = 1), signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1), run TEXT NOT NULL, powered_ms INTEGER NOT NULL,
    running_ms INTEGER NOT NULL
);
"""

HEADS = (
    "SELECT epoch, max(seq), hash FROM rows WHERE epoch != ?1 AND NOT (epoch = ?2 AND seq > ?3)"
    " GROUP BY epoch ORDER BY epoch"
)
ROWS = (
    "SELECT r.epoch, r.seq, r.at, r.mono_ms, r.boot, r.kind, r.body, r.commitment, r.prev, r.hash,"
    " coalesce(o.opening, '{}') FROM rows r LEFT JOIN openings o ON o.epoch = r.epoch AND o.seq = r.seq "
)


@contextmanager
def judged(place: Path | str) -> Iterator[None]:
    """What goes wrong inside, while a journal is read, is told as JournalError: as JournalDamaged where the file
    itself is at fault."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Text that is no UTF-8 has no code: it too was never written so.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        kind = JournalError if code in NO_DAMAGE else JournalDamaged
        raise kind(f"{place}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalDamaged(f"{place}: a row makes no sense: {error!r}") from None


def address(place: Path | str) -> str:
    """The SQLite URI of a journal's file; one that is given as a URI already stays as it is.

    `psow=0`: a write that the power cuts short may spoil what lies beside it on the card.
    """
    return place if isinstance(place, str) else f"{place.absolute().as_uri()}?psow=0"


def connect(place: Path | str, unit: str, new_epoch: int) -> sqlite3.Connection:
    """Open a unit's journal for writing, made on the first use. JournalError, JournalDamaged."""
    with judged(place):
        connection = sqlite3.connect(address(place), uri=True, isolation_level=None, check_same_thread=False)
        try:
            owner = _prepared(connection, unit, new_epoch)
        except BaseException:
            connection.close()
            raise
    if owner != unit:
        connection.close()
        raise JournalError(f"{place}: is the journal of unit '{owner}', not of '{unit}'")
    return connection


def _prepared(connection: sqlite3.Connection, unit: str, new_epoch: int) -> str:
    """Make a connection safe and its file whole; whose journal it is."""
    database = sqlite_utils.Database(connection)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA synchronous=EXTRA")
    database.enable_wal()
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=200")
    # What a cut left in the -wal may end inside a sector, which a torn write behind it would spoil.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if "site" not in database.table_names():
        connection.executescript(f"BEGIN;{SCHEMA}COMMIT;")
    if database.table("site").count == 0:
        connection.execute("INSERT INTO site VALUES (?, ?)", (unit, new_epoch))
    _check(connection)
    return str(connection.execute("SELECT unit FROM site").fetchone()[0])


def _check(connection: sqlite3.Connection) -> None:
    """Look at every page, where they are not too many."""
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * size > CHECKED_BYTES:
        return
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said == "ok":
        return
    found = sqlite3.DatabaseError(said.splitlines()[-1])
    # A page that the disk did not give is told as a finding too.
    code = re.search(r"error code[= ](\d+)", said)
    found.sqlite_errorcode = int(code[1]) if code else sqlite3.SQLITE_CORRUPT
    raise found


def epoch_in(path: Path) -> int:
    """The epoch of a file that may be damaged; 0 where it cannot be read any more."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error, TypeError, ValueError), closing(sqlite3.connect(uri, uri=True)) as connection:
        return int(connection.execute("SELECT epoch FROM site").fetchone()[0])
    return 0


class Journal:
    """The writing end. Belongs to one thread at a time; every append is one durable transaction."""

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
