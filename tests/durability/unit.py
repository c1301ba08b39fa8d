"""A unit's mind, recorder and journal on a disk that may fail, with a simulated clock and relay."""

from datetime import UTC, datetime, timedelta

from access.bookings import Booking
from access.facts import PERSONAL, FaultCleared, FaultRaised, PowerSwitched, body
from access.machines import Machine
from access.people import Badge, Member
from access.replica import Replica, Version
from access.vocabulary import Fault
from controller.control import Control
from controller.events import BadgePresented, ContactChanged, Event, TimePassed
from controller.hands import Hands
from controller.journal import Journal
from controller.journal_row import JournalRow, Stamped
from controller.loop import PROBE_S, RENEW_S
from controller.recorder import Batch, Recorder
from controller.remembered import remember
from controller.timekeeping import Anchor, Timekeeper
from hardware.clock import SimulatedClock
from hardware.disk import SimulatedDisk
from hardware.relay.simulated import SimulatedOutput
from tests.durability.disk import CrashDisk

UNIT = "overlock-1"
START = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
ANA = Member("ana", (Badge("ana's badge"),))
STRANGER = "a stranger's badge"
RENEW_MS, PROBE_MS = int(RENEW_S * 1000), int(PROBE_S * 1000)


def replica(bookings: tuple[Booking, ...]) -> Replica:
    """What the twin said: one machine, and who has booked it."""
    return Replica(Version(1, 1), START, Machine(UNIT), members={"ana": ANA}, bookings=bookings)


def booked(id: str, start_minutes: float, minutes: float) -> Booking:
    """Ana has booked the machine for some minutes."""
    start = START + timedelta(minutes=start_minutes)
    return Booking(id, UNIT, "ana", start, start + timedelta(minutes=minutes))


class Unit:
    """One life of a unit on the disk. JournalError when the journal cannot be opened."""

    def __init__(self, clock: SimulatedClock, bookings: tuple[Booking, ...]) -> None:
        self.clock = clock
        self.output = SimulatedOutput(lambda: clock.read().mono_ms)
        self.told: list[Stamped] = []
        self._contact = False
        self._probe_due = clock.read().mono_ms + PROBE_MS
        self._journal = Journal(CrashDisk.URI, UNIT, SimulatedDisk(), lambda n: bytes(n), new_epoch=1)
        known = replica(bookings)
        try:
            remembered = remember(self._journal.reader(), 1, self._journal.last_checkpoint(), known)
        except BaseException:
            self._journal.close()
            raise
        self.recorder = Recorder(self._journal, self._post, Fault.JOURNAL in remembered.faults)
        hands = Hands(self.output, self._record, self.recorder.checkpoint, self.told.append)
        timekeeper = Timekeeper(clock, Anchor(clock.read()), was_trusted=True)
        self._queue: list[Event] = []
        self.control = Control(UNIT, known, remembered, timekeeper, hands)
        self.control.know(START, START + timedelta(days=1))
        self.control.boot("restart")
        self._handle_all()

    @property
    def live(self) -> bool:
        """Whether the machine has power."""
        return self.output.live

    def handle(self, event: Event) -> None:
        """Something happens; then whatever the journal has to say to it."""
        self._queue.append(event)
        self._handle_all()

    def tap(self, badge: str = "ana's badge") -> None:
        """A badge is shown."""
        self.handle(BadgePresented(badge))

    def pass_time(self, seconds: float) -> None:
        """Time passes, as the unit's threads would spend it."""
        end = self.clock.read().mono_ms + round(seconds * 1000)
        while (now := self.clock.read().mono_ms) < end:
            due = self.control.deadline()
            until = min(end, self._probe_due, end if due is None else max(due, now + 1))
            self._renew(now, until)
            if until >= self._probe_due:
                self._probe_due = until + PROBE_MS
                self.recorder.probe()
            self.handle(TimePassed())

    def rows(self) -> list[JournalRow]:
        """What is in the journal now."""
        return list(self._journal.reader().all_rows())

    def granted_on_disk(self) -> bool:
        """Whether the run that has power was granted on disk."""
        grants = {row.fields["run"] for row in self.rows() if row.kind == "decision"}
        switched = [one.fact for one in self.told if isinstance(one.fact, PowerSwitched)]
        return switched[-1].on and switched[-1].run in grants

    def close(self) -> None:
        """The process ends, as its recorder's thread would."""
        self.control.let_go()
        self.recorder.probe()
        self._journal.close()

    def _renew(self, now: int, until: int) -> None:
        """Ten times a second, while the unit wants power."""
        self.clock.advance(until - now)
        if self.control.live:
            self.output.renewed_at(until - (until - now) % RENEW_MS)

    def _record(self, batch: Batch) -> None:
        self.recorder.record(batch)

    def _post(self, event: Event) -> None:
        self._queue.append(event)

    def _handle_all(self) -> None:
        while self._queue:
            self.control.handle(self._queue.pop(0))
            if self.live != self._contact:
                self._contact = self.live
                self._queue.append(ContactChanged(self.live))


def told_and_kept(unit: Unit) -> tuple[list[object], list[object]]:
    """Everything that this life told, and what the journal has of it, each in its order."""
    nobody = dict.fromkeys(PERSONAL)
    told: list[object] = [(one.mono_ms, one.fact.KIND, nobody | body(one.fact)) for one in unit.told]
    boot = max(row.boot for row in unit.rows())
    kept: list[object] = [(row.mono_ms, row.kind, row.fields) for row in unit.rows() if row.boot == boot]
    return told, kept


def faults_told(unit: Unit) -> list[str]:
    """The faults that came and went, as they were told."""
    found = (one.fact for one in unit.told)
    return [f"{fact.KIND} {fact.kind}" for fact in found if isinstance(fact, (FaultRaised, FaultCleared))]
