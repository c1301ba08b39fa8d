"""A unit's mind on a real journal, a simulated clock, disk and output: everything but threads and network."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from access.book import Answer
from access.bookings import Booking, WebRequest
from access.facts import Fact
from access.policy import Policy
from access.replica import Replica, Version
from access.vocabulary import Fault
from controller.control import Control
from controller.events import BadgePresented, Event, Exchanged, TimePassed, WalkUpAsked
from controller.hands import Hands
from controller.journal import Journal
from controller.journal_row import Checkpoint, Stamped
from controller.recorder import Batch, Recorder
from controller.remembered import remember
from controller.timekeeping import Anchor, Timekeeper
from hardware.clock import SimulatedClock
from hardware.disk import SimulatedDisk
from hardware.relay.simulated import SimulatedOutput
from tests.access.workshop import NOON, at, replica


class Mind:
    """One unit. The journal answers at once, unless `slow`: then when `write` says so."""

    def __init__(self, folder: Path, *bookings: Booking, policy: Policy | None = None, slow: bool = False) -> None:
        self.replica: Replica = replica(policy, bookings=bookings)
        self.clock = SimulatedClock(NOON)
        self.disk = SimulatedDisk()
        self.output = SimulatedOutput(lambda: self.clock.read().mono_ms)
        self.output.start(lambda lost: None, lambda closed: None)
        self.anchor: Anchor | None = Anchor(self.clock.read())
        self.facts: list[Fact] = []
        self.urged = 0
        self.slow = slow
        self._folder = folder
        self._lane: deque[Batch | Checkpoint] = deque()
        self._said: deque[Event] = deque()
        self.boot("power")

    def boot(self, cause: str) -> None:
        """The program starts on what is on its disk."""
        self.journal = Journal(self._folder / "journal.db", "m1", self.disk, lambda n: bytes(n), 1)
        self.recorder = Recorder(self.journal, self._said.append)
        reader, checkpoint = self.journal.reader(), self.journal.last_checkpoint()
        self.remembered = remember(reader, self.journal.epoch, checkpoint, self.replica)
        keeper = Timekeeper(self.clock, self.anchor, Fault.CLOCK not in self.remembered.faults)
        hands = Hands(self.output, self._lane.append, self._lane.append, self._tell, self._urge, self._keep)
        self.control = Control("m1", self.replica, self.remembered, keeper, hands)
        self.control.know(NOON, at(24 * 60))
        self.control.boot(cause)
        self.settle()

    def die(self) -> None:
        """The program is gone; what was on its way to the disk is lost."""
        self._lane.clear()
        self._said.clear()
        self.journal.close()

    def tell(self, *events: Event) -> None:
        """Events, one after the other."""
        for event in events:
            self.control.handle(event)
            self.settle()

    def settle(self) -> None:
        """Let the journal answer, unless it is slow."""
        if not self.slow:
            self.write()

    def write(self) -> None:
        """The journal writes what it was handed, and its answers are heard."""
        while self._lane or self._said:
            while self._lane:
                task = self._lane.popleft()
                self.recorder.record(task) if isinstance(task, Batch) else self.recorder.checkpoint(task)
            while self._said:
                self.control.handle(self._said.popleft())

    def fill_disk(self, full: bool) -> None:
        """The disk fills, or has room again, and the unit's watch notices."""
        self.disk.full = full
        self.recorder.probe()
        self.tell(TimePassed())

    def wait(self, minutes: float = 0, ms: int = 0) -> None:
        """Time passes; the mind looks at each of its deadlines."""
        end = self.clock.read().mono_ms + int(minutes * 60_000) + ms
        while (due := self.control.deadline()) is not None and due <= end:
            self._advance(max(0, due - self.clock.read().mono_ms))
            self.tell(TimePassed())
        self._advance(end - self.clock.read().mono_ms)
        self.tell(TimePassed())

    def _advance(self, ms: int) -> None:
        """Let time pass; whoever is live was renewed all along."""
        self.clock.advance(ms)
        if self.control.live:
            self.output.renewed_at(self.clock.read().mono_ms)

    def tap(self, tag: str = "tag-ana") -> None:
        """A badge is shown."""
        self.tell(BadgePresented(tag))

    def walk_up(self, id: str, minutes: float = 60, power: bool = False, member: str = "bilal") -> list[Answer]:
        """Somebody asks at the kiosk; the answers as they come."""
        answers: list[Answer] = []
        self.tell(WalkUpAsked(id, member, minutes, power, answers.append))
        return answers

    def exchanged(self, *requests: WebRequest, replica: Replica | None = None, acked: int = 0) -> None:
        """An exchange with the twin comes through, at the right time."""
        now, mono = self.clock.read().wall, self.clock.read().mono_ms
        lease_end = now + timedelta(days=1)
        self.tell(Exchanged(now, mono, mono, lease_end, acked, replica, requests, 0))

    def newer(self, **changes: Any) -> Replica:
        """The twin's next word."""
        version = Version(1, self.replica.version.n + 1)
        self.replica = replace(self.replica, version=version, **changes)
        return self.replica

    def kinds(self) -> list[str]:
        """What is on disk, by its kind."""
        return [row.kind for row in self.journal.reader().all_rows()]

    def _tell(self, stamped: Stamped) -> None:
        self.facts.append(stamped.fact)

    def _urge(self) -> None:
        self.urged += 1

    def _keep(self, anchor: Anchor) -> None:
        self.disk.check()
        self.anchor = anchor
