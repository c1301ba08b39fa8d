"""The journal under power cuts, at any write and any sync, by the code that ships on a disk in memory."""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from controller import journal_file
from controller.journal import Journal
from controller.journal_file import JournalError, address
from tests.durability.disk import CrashDisk, Fault, mapped_sqlites, pythons_source
from tests.durability.writer import Writer

CUTS_OF_A_LIFE = 10
LONGEST = (8, 60, 900)
"""How many writes and syncs a unit gets done before a cut, at most: the opening, a few appends, two foldings."""
STATES = {
    "cut while opening",
    "a batch came through",
    "a batch did not",
    "a checkpoint came through",
    "a checkpoint did not",
}
"""What the cuts must have met, for their number to mean anything."""

Maker = Callable[[CrashDisk, int], Writer]


def life(disk: CrashDisk, seed: int, make: Maker) -> Writer:
    """One journal's life through its cuts, from an empty disk on: its writer."""
    disk.format(seed)
    rng = random.Random(seed)
    writer = make(disk, seed)
    for _ in range(CUTS_OF_A_LIFE):
        disk.arm(Fault.POWER_CUT, rng.randint(1, rng.choice(LONGEST)))
        writer.live_until_the_cut()
        assert disk.struck
        disk.power_back()
    writer.die()
    return writer


def survived(disk: CrashDisk, lives: range) -> tuple[int, int]:
    """How many cuts there were, and how many promised rows they lost; every state has been met."""
    lost, seen = 0, Counter[str]()
    for seed in lives:
        writer = life(disk, seed, Writer)
        lost, seen = lost + writer.lost, seen + writer.seen
    assert seen.keys() == STATES
    return len(lives) * CUTS_OF_A_LIFE, lost


def harmed(disk: CrashDisk, lives: range, make: Maker) -> int:
    """How many lives met a loss, a hole, a broken chain or a damaged file."""
    count = 0
    for seed in lives:
        try:
            count += life(disk, seed, make).lost > 0
        except (AssertionError, JournalError):
            count += 1
    return count


class Unsynced(Writer):
    """A unit whose SQLite syncs nothing."""

    def open(self) -> Journal:
        opened = super().open()
        opened._connection.execute("PRAGMA synchronous=OFF")
        return opened


class Unfolded:
    """A connection that leaves in the -wal what it finds there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Everything but the folding."""
        return self._connection.execute("SELECT 1" if "wal_checkpoint(" in sql else sql, *values)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class Hasty(Writer):
    """A unit that writes on behind what a cut left in the -wal."""

    def open(self) -> Journal:
        with pytest.MonkeyPatch.context() as patch:
            prepared = journal_file._prepared
            patch.setattr(journal_file, "_prepared", lambda found, *rest: prepared(Unfolded(found), *rest))
            return super().open()


def trusting(disk: CrashDisk, seed: int) -> Writer:
    """A unit whose SQLite takes it that a torn write leaves alone what lies beside it."""
    return Writer(disk, seed, CrashDisk.URI.replace("psow=0", "psow=1"))


def deceived(disk: CrashDisk, seed: int) -> Writer:
    """A unit on a card that says it has synced, and has not."""
    disk.lie()
    return Writer(disk, seed)


def test_the_disk_is_registered_in_the_sqlite_that_python_uses(disk: CrashDisk) -> None:
    """Only one SQLite is loaded, the disk knows it by the same id as Python, and Python opens files on it."""
    assert len(mapped_sqlites()) == 1
    assert disk.sqlite_source == pythons_source()
    connection = sqlite3.connect(CrashDisk.URI, uri=True)
    connection.execute("CREATE TABLE t (x)")
    assert disk.open_files > 0 and disk.syncs > 0
    connection.close()


def test_the_product_opens_its_journal_as_the_cuts_do(tmp_path: Path) -> None:
    """The URI that the unit opens is that of the tests, but for the disk."""
    asked = parse_qs(urlsplit(address(tmp_path / "journal.db")).query)
    assert {"vfs": ["crash"]} | asked == parse_qs(urlsplit(CrashDisk.URI).query)


def test_hundreds_of_power_cuts_lose_no_promised_row(disk: CrashDisk) -> None:
    """After 600 cuts at any write or sync every acknowledged row is there, once, in order, and chained."""
    assert survived(disk, range(60)) == (600, 0)


@pytest.mark.parametrize("make", [Unsynced, trusting, deceived, Hasty])
def test_a_journal_that_is_careless_is_found_out(disk: CrashDisk, make: Maker) -> None:
    """Without syncs, on a card that feigns them, trusting torn writes or what a cut left, the cuts lose rows."""
    assert harmed(disk, range(24), make) > 1


@pytest.mark.long
def test_ten_thousand_power_cuts_lose_no_promised_row(disk: CrashDisk) -> None:
    """After 10,000 cuts at any write or sync every acknowledged row is there, once, in order, and chained."""
    assert survived(disk, range(1_000, 2_000)) == (10_000, 0)
