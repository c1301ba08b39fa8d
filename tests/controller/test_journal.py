"""The append-only log: durable, chained, and erasable person by person."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.facts import Booted, DecisionMade, Fact, FaultRaised, PowerSwitched, RunClosed
from access.vocabulary import Cause, Fault, Outcome, Reason
from controller.journal import Journal, NotWritten
from controller.journal_file import JournalError
from controller.journal_reader import JournalReader, open_run
from controller.journal_row import FIRST, Checkpoint, Stamped
from hardware.disk import SimulatedDisk
from tests.access.workshop import NOON, at

GRANTED = DecisionMade("tag-ana", "ana", Outcome.GRANTED, Reason.BOOKING, booking="b1", run="r1")
CLOSED = RunClosed("r1", "ana", "b1", NOON, at(5), 300_000, 0, Cause.MEMBER)
VISIT: tuple[Fact, ...] = (
    Booted(1, "power"),
    GRANTED,
    PowerSwitched(True, Cause.GRANTED, "r1"),
    PowerSwitched(False, Cause.MEMBER, "r1"),
    CLOSED,
)


def entropy(n: int) -> bytes:
    """Salts that are the same in each run."""
    return bytes(range(n))


def stamped(*facts: Fact) -> list[Stamped]:
    """Facts, a second apart."""
    return [Stamped(NOON + timedelta(seconds=n), n * 1000, 1, fact) for n, fact in enumerate(facts)]


def journal(path: Path, unit: str = "m1", disk: SimulatedDisk | None = None) -> Journal:
    """The unit's journal at a path."""
    return Journal(path, unit, disk or SimulatedDisk(), entropy, new_epoch=7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal that holds one visit, closed."""
    place = tmp_path / "journal.db"
    made = journal(place)
    made.append(stamped(*VISIT))
    made.close()
    return place


def test_rows_are_numbered_and_chained(path: Path) -> None:
    """Rows count from 1 in their epoch, each chained to the one before, also over a restart."""
    again = journal(path)
    again.append(stamped(Booted(2, "restart")))
    rows = list(again.reader().all_rows())
    assert [(row.epoch, row.seq) for row in rows] == [(7, n) for n in range(1, 7)]
    assert rows[0].prev == FIRST and all(row.prev == rows[n].hash for n, row in enumerate(rows[1:]))
    assert again.reader().first_bad_row() is None
    again.close()


def test_the_person_is_beside_the_chain(path: Path) -> None:
    """Who tapped stands in the opening alone; a row that names nobody has none."""
    reader = JournalReader.open(path)
    boot, decision = list(reader.all_rows())[:2]
    assert boot.opening_fields == {} and boot.commitment == ""
    assert decision.opening_fields["member"] == "ana" and "ana" not in decision.body
    assert decision.fields["member"] == "ana" and decision.fields["badge"] == "tag-ana"
    reader.close()


def test_what_is_written_is_in_the_file_at_once(path: Path) -> None:
    """A second connection sees a row as soon as `append` has returned."""
    writer, reader = journal(path), JournalReader.open(path)
    writer.append(stamped(FaultRaised(Fault.READER_LOST)))
    assert reader.last_seq(7) == 6 == writer.last_seq
    assert [row.kind for row in reader.rows_after(7, 5, 10)] == ["fault"]
    assert [row.seq for row in reader.rows_after(7, 1, 2)] == [2, 3]
    writer.close()
    reader.close()


def test_every_commit_is_synced(path: Path) -> None:
    """The writing connection keeps a write-ahead log and syncs it at each commit."""
    writer = journal(path)
    pragma = writer._connection.execute
    assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
    assert pragma("PRAGMA synchronous").fetchone() == (2,)
    writer.close()


# --- what is changed is found ------------------------------------------------------------------------------

COLUMNS = ("at", "mono_ms", "boot", "clock", "uncertainty_ms", "kind", "body", "commitment", "prev", "hash")


def edit(path: Path, statement: str, *values: object) -> None:
    """Somebody edits the file."""
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def first_bad(path: Path) -> tuple[int, int] | None:
    """The epoch and number of the first row that is not sound."""
    reader = JournalReader.open(path)
    bad = reader.first_bad_row()
    reader.close()
    return None if bad is None else (bad.epoch, bad.seq)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_byte_that_is_flipped_is_found(path: Path, data: st.DataObject) -> None:
    """Any one character or bit of any column of any row that is changed is found at that row."""
    seq = data.draw(st.integers(1, len(VISIT)))
    column = data.draw(st.sampled_from(COLUMNS))
    with sqlite3.connect(path) as connection:
        (value,) = connection.execute(f"SELECT {column} FROM rows WHERE seq = ?", (seq,)).fetchone()
    connection.close()
    flipped: object = "0"
    if isinstance(value, int):
        flipped = value ^ 1 << data.draw(st.integers(0, 40))
    elif value:
        raw = bytearray(value.encode())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
        flipped = raw.decode()
    edit(path, f"UPDATE rows SET {column} = ? WHERE seq = ?", flipped, seq)
    assert first_bad(path) == (7, seq)
    edit(path, f"UPDATE rows SET {column} = ? WHERE seq = ?", value, seq)
    assert first_bad(path) is None


@pytest.mark.parametrize("gone", [1, 3])
def test_a_row_that_is_missing_is_found(path: Path, gone: int) -> None:
    """A deleted row is found at the row after it."""
    edit(path, "DELETE FROM rows WHERE seq = ?", gone)
    assert first_bad(path) == (7, gone + 1)


def test_another_units_rows_do_not_fit(path: Path) -> None:
    """Rows copied from another unit's journal are not sound: the unit is part of the chain."""
    edit(path, "UPDATE site SET unit = 'm2'")
    assert first_bad(path) == (7, 1)


def test_erasing_a_person_keeps_the_chain_whole(path: Path) -> None:
    """Once an opening is deleted the row names nobody any more, and the chain is as sound as before."""
    edit(path, "DELETE FROM openings WHERE seq = 2")
    assert first_bad(path) is None
    reader = JournalReader.open(path)
    (row,) = reader.rows_after(7, 1, 1)
    assert row.fields["member"] is None and row.fields["run"] == "r1"
    reader.close()


def test_another_person_in_an_opening_is_found(path: Path) -> None:
    """An opening that was edited no longer fits the commitment that is in the chain."""
    edit(path, "UPDATE openings SET opening = replace(opening, 'ana', 'bob') WHERE seq = 2")
    assert first_bad(path) == (7, 2)


def test_two_salts_hide_that_it_was_the_same_person(tmp_path: Path) -> None:
    """The same person in two rows has two commitments."""
    salts = iter(range(100))
    made = Journal(tmp_path / "j.db", "m1", SimulatedDisk(), lambda n: bytes([next(salts)] * n), 1)
    one, two = made.append(stamped(GRANTED, GRANTED))
    assert one.commitment != two.commitment
    made.close()


# --- what cannot be used says so in one line ---------------------------------------------------------------


def said(error: pytest.ExceptionInfo[JournalError], path: Path) -> str:
    """The error's one line, which names the file."""
    text = str(error.value)
    assert "\n" not in text and str(path) in text
    return text


def test_another_units_file_is_refused(path: Path) -> None:
    """A unit does not write into another unit's journal, and says whose it is."""
    with pytest.raises(JournalError) as error:
        journal(path, "m2")
    assert "'m1'" in said(error, path)


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    """A file that is no journal is refused in one line, by the writer and by the reader, and is left as it was."""
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalError) as error:
        journal(path)
    said(error, path)
    with pytest.raises(JournalError) as error:
        JournalReader.open(path)
    said(error, path)
    assert path.read_bytes() == content


def test_a_journal_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """A reader makes no file where there is none."""
    path = tmp_path / "journal.db"
    with pytest.raises(JournalError) as error:
        JournalReader.open(path)
    said(error, path)
    assert not path.exists()


# --- the disk ----------------------------------------------------------------------------------------------


def test_a_full_disk_takes_nothing_and_loses_nothing(path: Path) -> None:
    """On a full disk neither row nor checkpoint is written; afterwards the numbers go on without a gap."""
    disk = SimulatedDisk()
    writer = journal(path, disk=disk)
    disk.full = True
    with pytest.raises(NotWritten):
        writer.append(stamped(GRANTED))
    with pytest.raises(NotWritten):
        writer.checkpoint(Checkpoint("r1", 1, 1))
    disk.full = False
    assert [row.seq for row in writer.append(stamped(GRANTED, CLOSED))] == [6, 7]
    assert writer.reader().first_bad_row() is None and writer.last_checkpoint() is None
    writer.close()


def test_the_writer_knows_what_is_on_disk(path: Path) -> None:
    """What the writer says is durable is what a reader finds: at its start, after a row, after one that the disk
    refused, after a new epoch that it refused, and after one that it took."""
    disk = SimulatedDisk()
    made, reader = journal(path, disk=disk), JournalReader.open(path)
    found = [(made.durable, reader.last_seq(7))]
    made.append(stamped(Booted(2, "restart")))
    found.append((made.durable, reader.last_seq(7)))
    disk.full = True
    for refused in (lambda: made.append(stamped(Booted(3, "restart"))), lambda: made.begin_epoch(9, 4)):
        with pytest.raises(NotWritten):
            refused()
        found.append((made.durable, reader.last_seq(7)))
    assert found == [((7, 5), 5), *[((7, 6), 6)] * 3]
    disk.full = False
    made.begin_epoch(9, 4)
    assert made.durable == (9, 2) and (reader.last_seq(7), reader.last_seq(9)) == (4, 2)
    reader.close()
    made.close()


def test_a_transaction_is_whole_or_not_at_all(path: Path) -> None:
    """When the second of two rows cannot be inserted, the first is not there either."""
    writer = journal(path)
    writer._connection.execute("INSERT INTO rows VALUES (7, 7, '', 0, 0, '', 0, '', '', '', '', '')")
    with pytest.raises(NotWritten):
        writer.append(stamped(GRANTED, CLOSED))
    assert writer.last_seq == 5 and not writer.reader().rows_after(7, 5, 1)[0].kind
    writer.close()


def test_a_checkpoint_replaces_the_one_before(path: Path) -> None:
    """Only the last checkpoint is kept, over a restart too."""
    writer = journal(path)
    writer.checkpoint(Checkpoint("r1", 10_000, 0))
    writer.checkpoint(Checkpoint("r1", 20_000, 5_000))
    writer.close()
    again = journal(path)
    assert again.last_checkpoint() == Checkpoint("r1", 20_000, 5_000)
    again.close()


def test_a_run_without_an_end_is_open(tmp_path: Path) -> None:
    """The run that was granted last and never closed is the open one; refused taps open nothing."""
    writer = journal(tmp_path / "journal.db")
    refused = DecisionMade("tag-bilal", "bilal", Outcome.REFUSED, Reason.IN_USE)
    writer.append(stamped(GRANTED, refused))
    found = open_run(writer.reader())
    assert found is not None and (found.run, found.member, found.booking) == ("r1", "ana", "b1")
    assert found.started == NOON
    writer.append(stamped(CLOSED))
    assert open_run(writer.reader()) is None
    writer.close()
