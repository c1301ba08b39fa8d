"""Hands facts to the journal, and keeps those that it could not take yet."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.events import DiskChanged, EpochBegun, Erasure, Event, NewEpoch, Unwritten, Written
from controller.journal import Journal, NotWritten
from controller.journal_row import Checkpoint, Stamped

Post = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts to be written together. `awaited`: somebody waits for them, and they are dropped if they fail."""

    facts: tuple[Stamped, ...]
    awaited: bool


class Recorder:
    """The one that writes. Nothing it does is waited for: what came of it is posted as an event.

    Facts that nobody waits for are never dropped: they wait in memory until the disk takes them again, in
    their order. Belongs to the journal's thread (`controller.loop`), or to the world of a rehearsal.
    """

    def __init__(self, journal: Journal, post: Post, failing: bool = False) -> None:
        """`failing`: the journal is known to have failed, so that the first good write is news."""
        self._journal = journal
        self._post = post
        self._waiting: tuple[Stamped, ...] = ()
        self._failing = failing

    @property
    def failing(self) -> bool:
        """True while the disk takes nothing."""
        return self._failing

    @property
    def waiting(self) -> int:
        """How many facts are not on disk yet."""
        return len(self._waiting)

    def record(self, batch: Batch) -> None:
        """Write a batch, and before it whatever still waits."""
        try:
            self._write(self._waiting + batch.facts)
        except NotWritten:
            self._failed(batch)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write down how far a run has come."""
        try:
            self._journal.checkpoint(checkpoint)
        except NotWritten:
            self._tell_failing()

    def begin_epoch(self, new: NewEpoch) -> None:
        """Let the journal leave an epoch, unless it has left it already."""
        if self._journal.epoch != new.left:
            return
        try:
            self._journal.begin_epoch(new.begun, new.after)
        except NotWritten:
            self._tell_failing()
            return
        self._post(EpochBegun(new))

    def erase(self, erasure: Erasure) -> None:
        """Let the journal forget who is to be forgotten; what the disk refuses is tried with the next replica."""
        try:
            self._journal.erase(erasure.marks)
        except NotWritten:
            self._tell_failing()

    def probe(self) -> None:
        """See whether the disk takes anything, and write what waits."""
        try:
            self._write(self._waiting)
        except NotWritten:
            self._tell_failing()

    def _write(self, facts: tuple[Stamped, ...]) -> None:
        rows = self._journal.append(facts)
        self._waiting = ()
        if rows:
            written = tuple(stamped.fact for stamped in facts)
            self._post(Written(written, self._journal.epoch, rows[0].seq))
        if self._failing:
            self._failing = False
            self._post(DiskChanged(full=False))

    def _failed(self, batch: Batch) -> None:
        if batch.awaited:
            self._post(Unwritten(tuple(stamped.fact for stamped in batch.facts)))
        else:
            self._waiting += batch.facts
        self._tell_failing()

    def _tell_failing(self) -> None:
        if not self._failing:
            self._failing = True
            self._post(DiskChanged(full=True))
