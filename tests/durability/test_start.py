"""A unit that starts on a folder that is taken, or on a journal that was damaged."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from access.bookings import Booking
from access.facts import FaultCleared, FaultRaised, FaultReported
from access.machines import Machine
from access.policy import Policy
from access.times import Opening
from access.vocabulary import Fault
from controller.claim import Claim
from controller.journal_file import JournalError
from controller.journal_reader import JournalReader
from controller.journal_row import JournalRow, Stamped
from controller.loop import RecorderThread
from controller.recorder import Batch
from lisiere.world.site import Site, Watch
from tests.lisiere.damage import spoil

START = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
BADGE = "04A1B2C3D4E5F6"
BLOCK = 4096


class Shop:
    """One machine that Ana has booked; she has sewn, and its process is dead. Its folder is at hand."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Stamped] = []
        watch = Watch(lambda machine, stamped: self.told.append(stamped), lambda *_: None, lambda _: None)
        self.site = Site(folder, START, (Machine("overlock-1"),), Policy(), Opening(), seed=1, watch=watch)
        self.site.people.put_member("ana", [BADGE])
        self.site.bookings.put(Booking("b1", "overlock-1", "ana", START, START + timedelta(hours=1)))
        self.site.open()
        self.bench = self.site.benches["overlock-1"]
        self.folder = folder / "unit-0"
        self.path = self.folder / "journal.db"
        for seconds in range(60, 600, 30):
            self.site.schedule.run_until(seconds * 1000)
            self.bench.tap(BADGE)
        self.site.schedule.run_until(600_000)
        self.bench.die()
        self.told.clear()

    def start(self) -> None:
        """The supervisor starts the unit, and a minute passes."""
        self.bench.boot("restart")
        self.site.schedule.run_until(self.site.schedule.ms + 60_000)

    def rows(self) -> list[JournalRow]:
        """The journal as it lies there."""
        with closing(JournalReader.open(self.path)) as reader:
            return list(reader.all_rows())

    def kept(self) -> list[Path]:
        """The damaged journals that were put aside, without what lies beside them."""
        found = self.folder.glob("journal.db.damaged-*")
        return [path for path in found if not path.name.endswith(("-wal", "-shm"))]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.site.close()


def garbled(path: Path) -> None:
    path.write_bytes(b"this is no database" * 500)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size - BLOCK)


def spoiled(path: Path) -> None:
    spoil(path.parent, 5)


def overwritten_at_random(path: Path) -> None:
    """`dd` over every other page."""
    draw = random.Random(1)
    with path.open("r+b") as file:
        for at in range(BLOCK, path.stat().st_size, 2 * BLOCK):
            file.seek(at)
            file.write(draw.randbytes(BLOCK))


def with_a_table_gone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE rows")


def with_a_row_of_nonsense(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE rows SET body = 'not JSON' WHERE kind = 'decision'")
        connection.commit()


HARMS = [garbled, cut_short, spoiled, overwritten_at_random, with_a_table_gone, with_a_row_of_nonsense]
Harm = Callable[[Path], None]


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_journal_is_kept_as_it_was(shop: Shop, harm: Harm) -> None:
    """The file is put aside with not one byte changed, and a new journal begun."""
    harm(shop.path)
    damaged = shop.path.read_bytes()
    shop.start()
    (kept,) = shop.kept()
    assert kept.read_bytes() == damaged
    assert shop.rows()


@pytest.mark.parametrize("harm", HARMS)
def test_a_new_journal_is_a_new_epoch(shop: Shop, harm: Harm) -> None:
    """No number of the damaged journal is used again, and the new one is sound from its first row."""
    before = {row.epoch for row in shop.rows()}
    harm(shop.path)
    shop.start()
    assert min(row.epoch for row in shop.rows()) > max(before)
    with closing(JournalReader.open(shop.path)) as reader:
        assert reader.first_bad_row() is None


def test_staff_hear_of_a_damaged_journal(shop: Shop) -> None:
    """The fault `journal` comes and goes with the first good write, and a report names the file that was kept."""
    garbled(shop.path)
    shop.start()
    told = [one.fact for one in shop.told]
    faults = [fact for fact in told if isinstance(fact, (FaultRaised, FaultCleared))]
    assert faults == [FaultRaised(Fault.JOURNAL), FaultCleared(Fault.JOURNAL)]
    (report,) = (fact for fact in told if isinstance(fact, FaultReported))
    assert shop.kept()[0].name in report.what


def test_the_twin_has_the_new_journal_within_a_minute(shop: Shop) -> None:
    """With a network, what was said of the damage is with the twin a minute after the start."""
    garbled(shop.path)
    shop.start()
    assert shop.bench.unit is not None
    assert shop.bench.unit.sync.backlog() == 0


def test_the_machine_is_off_after_damage_and_a_tap_starts_it(shop: Shop) -> None:
    """Nothing restarts by itself on a new journal; its member's next tap is granted."""
    garbled(shop.path)
    shop.start()
    assert not shop.bench.output.live
    shop.bench.tap(BADGE)
    assert shop.bench.output.live


def test_a_second_damage_in_the_same_second_overwrites_nothing(shop: Shop) -> None:
    """A computer that starts twice at what it takes for the same time keeps both files."""
    for _ in range(2):
        garbled(shop.path)
        shop.bench.boot("restart")
        shop.bench.die()
    assert len(shop.kept()) == 2


def test_a_sound_journal_is_gone_on_with(shop: Shop) -> None:
    """Without damage a start adds to the journal that is there, and puts nothing aside."""
    before = shop.rows()
    shop.start()
    assert shop.rows()[: len(before)] == before
    assert not shop.kept()


def test_a_fault_whose_end_was_not_written_ends_with_the_next_write(shop: Shop) -> None:
    """A unit that died between `fault journal` and its end does not refuse taps for ever."""
    shop.bench.boot("restart")
    unit = shop.bench.unit
    assert unit is not None
    unit.journal.append([Stamped(START, 0, 2, FaultRaised(Fault.JOURNAL))])
    shop.bench.die()
    shop.start()
    shop.bench.tap(BADGE)
    assert shop.bench.output.live


def test_two_units_on_one_folder_refuse(shop: Shop) -> None:
    """While a unit runs, a second one on its folder is refused in one line, and the first goes on."""
    shop.start()
    with pytest.raises(JournalError, match="another process writes this journal") as refused:
        shop.bench.boot("restart")
    assert "\n" not in str(refused.value)


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    """The claim holds between processes, and ends with the process that has it."""
    path = tmp_path / "journal.db"
    attempt = [sys.executable, "-c", f"from controller.claim import *; Claim(Path({str(path)!r}))"]
    with closing(Claim(path)):
        assert subprocess.run(attempt, capture_output=True, check=False).returncode == 1
    assert subprocess.run(attempt, capture_output=True, check=False).returncode == 0
    Claim(path).close()


class NoRecorder:
    """A recorder that fails as nobody foresaw."""

    def record(self, batch: Batch) -> None:
        raise RuntimeError("nobody foresaw this")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_unit_without_its_journal_thread_ends() -> None:
    """An error that nobody foresaw on the journal's thread is told: the unit does not go on without a log."""
    ended = Event()
    thread = RecorderThread(NoRecorder(), ended.set)  # type: ignore[arg-type]
    thread.start()
    thread.record(Batch((), awaited=False))
    assert ended.wait(60)
    thread.close()
