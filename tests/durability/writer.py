"""A unit's journal on a disk that may fail, driven until it does; and what must be true afterwards."""

import random
from collections import Counter
from datetime import UTC, datetime

from access.facts import DecisionMade, Fact, FaultRaised, RunClosed
from access.vocabulary import Cause, Fault, Outcome, Reason
from controller.journal import Journal, NotWritten
from controller.journal_file import JournalError
from controller.journal_row import Checkpoint, JournalRow, Stamped
from hardware.disk import SimulatedDisk
from tests.durability.disk import CrashDisk

UNIT = "overlock-1"
START = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


class Writer:
    """Writes to its journal what a unit would; knows what it was promised, and what was under way at the end."""

    def __init__(self, disk: CrashDisk, seed: int, uri: str = CrashDisk.URI) -> None:
        self.disk = disk
        self.rng = random.Random(seed)
        self.uri = uri
        self.promised: list[JournalRow] = []
        self.lost = 0
        self.promised_checkpoint: Checkpoint | None = None
        self.seen: Counter[str] = Counter()
        self._under_way = 0
        self._checkpoint_under_way: Checkpoint | None = None
        self._ms = 0

    def open(self) -> Journal:
        """The journal, as the unit opens it. JournalError."""
        return Journal(self.uri, UNIT, SimulatedDisk(), self.rng.randbytes, new_epoch=1)

    def live_until_the_cut(self) -> None:
        """Open the journal, see that it is as promised, and write until the power is gone, wherever that is."""
        try:
            journal = self.open()
        except JournalError:
            assert self.disk.struck, "a journal that was whole does not open"
            self.seen["cut while opening"] += 1
            return
        try:
            self.look(journal)
            while not self.disk.struck:
                self.write(journal)
        except NotWritten:
            assert self.disk.struck, "a disk that is whole takes nothing"
        finally:
            journal.close()

    def die(self) -> None:
        """See for a last time that the journal is as promised."""
        journal = self.open()
        try:
            self.look(journal)
        finally:
            journal.close()

    def write(self, journal: Journal) -> None:
        """One batch of facts, or a checkpoint: as often the one as the other."""
        self._ms += 1_000
        if self.rng.random() < 0.5:
            self._checkpoint_under_way = Checkpoint(f"run-{len(self.promised)}", self._ms, self._ms // 2)
            journal.checkpoint(self._checkpoint_under_way)
            self.promised_checkpoint, self._checkpoint_under_way = self._checkpoint_under_way, None
            return
        batch = [Stamped(START, self._ms, 1, self._fact()) for _ in range(self.rng.randint(1, 4))]
        self._under_way = len(batch)
        self.promised += journal.append(batch)
        self._under_way = 0

    def _note(self, more_rows: bool, found: Checkpoint | None) -> None:
        """What was under way at the cut may be there or not, and both must have been met."""
        if self._under_way:
            self.seen["a batch came through" if more_rows else "a batch did not"] += 1
        if self._checkpoint_under_way:
            through = found == self._checkpoint_under_way
            self.seen["a checkpoint came through" if through else "a checkpoint did not"] += 1

    def _fact(self) -> Fact:
        badge = self.rng.randbytes(32).hex()
        granted = DecisionMade(badge, "ana", Outcome.GRANTED, Reason.BOOKING, "b1", "1.1.1", "1.7", START)
        closed = RunClosed("1.1.1", "ana", "b1", START, START, 1_000, 500, Cause.MEMBER)
        return self.rng.choice([granted, closed, FaultRaised(Fault.READER_LOST)])

    def look(self, journal: Journal) -> None:
        """Count the promised rows that are gone; assert all else that must be true after a cut."""
        reader = journal.reader()
        rows, found = list(reader.all_rows()), journal.last_checkpoint()
        assert journal._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert reader.first_bad_row() is None
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert rows[: len(self.promised)] == self.promised[: len(rows)]
        if len(rows) < len(self.promised):
            self.lost += len(self.promised) - len(rows)
        else:
            assert len(rows) - len(self.promised) in (0, self._under_way), "a batch came half"
            assert found in (self.promised_checkpoint, self._checkpoint_under_way)
            self._note(len(rows) > len(self.promised), found)
        self.promised, self.promised_checkpoint = rows, found
        self._under_way, self._checkpoint_under_way = 0, None

    def _note(self, more_rows: bool, found: Checkpoint | None) -> None:
        """What was under way at the cut may be there or not, and both must have been met."""
        if self._under_way:
            self.seen["a batch came through" if more_rows else "a batch did not"] += 1
        if self._checkpoint_under_way:
            through = found == self._checkpoint_under_way
            self.seen["a checkpoint came through" if through else "a checkpoint did not"] += 1

    def _fact(self) -> Fact:
        badge = self.rng.randbytes(32).hex()
        granted = DecisionMade(badge, "ana", Outcome.GRANTED, Reason.BOOKING, "b1", "1.1.1", "1.7", START)
        closed = RunClosed("1.1.1", "ana", "b1", START, START, 1_000, 500, Cause.MEMBER)
        return self.rng.choice([granted, closed, FaultRaised(Fault.READER_LOST)])
