"""A unit's journal as a file: its tables, how it is opened for writing, and what is said of a damaged one."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import sqlite_utils

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


SCHEMA = """
CREATE TABLE IF NOT EXISTS site (unit TEXT NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, mono_ms INTEGER NOT NULL, boot INTEGER NOT NULL,
    clock TEXT NOT NULL, uncertainty_ms INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    commitment TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL,
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
