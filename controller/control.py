"""The unit's mind: takes one event at a time, applies the law, and hands out what follows.

Not thread-safe and never blocking: `controller.loop` gives it a thread, a rehearsal its virtual time. All it
does to the world goes through `Hands`; all that happens to it comes in through `handle`.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from access.book import Accepted, Answer, Circumstances, Refused
from access.bookings import Booking, RequestRefused, WebRequest
from access.facts import (
    BookingChanged,
    Booted,
    DecisionMade,
    Fact,
    FaultReported,
    Rated,
    RequestAccepted,
    SyncChange,
    SyncChanged,
)
from access.replica import Replica
from access.times import ClockReading
from access.vocabulary import BookingOutcome, Fault, Refusal, Source
from controller import machine, sales
from controller.endings import running_ms
from controller.events import (
    BadgePresented,
    BeginAsked,
    CancelAsked,
    ClearAsked,
    ClockChanged,
    DiskChanged,
    EpochBegun,
    Erasure,
    Event,
    Exchanged,
    ExtendAsked,
    FaultSeen,
    JournalBehind,
    LinkLost,
    MachineEvent,
    NewEpoch,
    NotRecorded,
    Offered,
    RatingGiven,
    Recorded,
    Reply,
    ReserveAsked,
    TimePassed,
    Unwritten,
    WalkUpAsked,
    Written,
)
from controller.hands import Contact, Hands, Outbox, Pending
from controller.journal_row import Checkpoint, Stamped
from controller.ledger import UNWRITTEN, Ledger
from controller.recorder import Batch
from controller.remembered import Remembered, closed
from controller.sales import Sale
from controller.states import Idle, State, View, energised, run_under_way
from controller.timekeeping import Anchor, Timekeeper, differs

_SALES = (WalkUpAsked, ReserveAsked, BeginAsked, ExtendAsked, CancelAsked, Offered)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Control:
    """One machine's unit. Begins dead, with what it remembers; `handle` is its only way on."""

    def __init__(
        self, unit: str, replica: Replica, remembered: Remembered, timekeeper: Timekeeper, hands: Hands
    ) -> None:
        self.unit = unit
        self._hands = hands
        self._timekeeper = timekeeper
        self._boot = remembered.boots + 1
        self.epoch = remembered.epoch
        self._id_stem = f"{unit}.{remembered.epoch}.{self._boot}{remembered.life}"
        self._runs = 0
        self._inbox: deque[Event] = deque()
        self._deferred: deque[Event] = deque()
        self._pending: Pending | None = None
        self._next_checkpoint: int | None = None
        self.outbox = Outbox(accepted=set(remembered.requests))
        self.ledger = Ledger(replica, remembered.entries, remembered.started).laid()
        self._now = timekeeper.read()
        self.contact = Contact(None, replica.issued, replica.acked[1], remembered.link_lost)
        self.state = State(Idle(self._now.mono_ms), faults=remembered.faults)
        self._remembered = remembered
        self._kept_anchor: Anchor | None = None
        self._disk_full = Fault.JOURNAL in remembered.faults

    # --- the way in ----------------------------------------------------------------------------------

    def boot(self, cause: str) -> None:
        """Say that the unit started, and close the run that its end interrupted."""
        self._now = self.clock()
        facts: list[Fact] = [Booted(self._boot, cause), *self._remembered.found]
        if self._remembered.interrupted is not None:
            facts.append(closed(self._remembered.interrupted, self._remembered.checkpoint))
        self._forget(self.replica)
        self._tell(tuple(facts))
        self._judge_journal()
        self._drain()

    def know(self, confirmed: datetime, lease_end: datetime, fork: str | None = None) -> None:
        """What the twin last said before this start: when it confirmed the replica, the lease, the quarantine."""
        now = self.clock()
        self.contact.confirmed = confirmed
        self.contact.lease_end_ms = now.mono_at(lease_end) if now.trusted else None
        self.contact.fork = fork

    def handle(self, event: Event) -> None:
        """Take one event, and everything that follows from it at this instant: the clock is read once."""
        self._now = self.clock()
        self._inbox.append(event)
        self._drain()

    def post(self, event: Event) -> None:
        """Put an event behind the one being handled; for hands that answer on the same thread."""
        self._inbox.append(event)

    def renew(self) -> None:
        """Hold the power for another moment, if the state says so. Called ten times a second."""
        if self.live:
            self._hands.output.renew()

    @property
    def live(self) -> bool:
        """Whether the output is to be live."""
        return energised(self.state)

    def let_go(self) -> None:
        """Turn the output off, whatever the state says: the process ends."""
        self._hands.output.switch_off()

    def deadline(self, checkpoints: bool = True) -> int | None:
        """The monotonic reading at which `TimePassed` is next due; None while nothing is coming.

        Whoever leaves `checkpoints` out has the last one that was due written with the next event.
        """
        view = self._view(self._now)
        instants = [machine.deadline(self.state, view), self._next_checkpoint if checkpoints else None]
        if view.clock.trusted:
            due = next((at for at, _ in self.ledger.no_shows if at > view.clock.wall), None)
            instants.append(None if due is None else view.clock.mono_at(due))
        return min([at for at in instants if at is not None], default=None)

    # --- what is so ----------------------------------------------------------------------------------

    @property
    def replica(self) -> Replica:
        """The twin's word, as the unit has it."""
        return self.ledger.replica

    def clock(self) -> ClockReading:
        """What time it is."""
        return self._timekeeper.read()

    def _view(self, clock: ClockReading) -> View:
        """The world as the law looks at it."""
        ledger = self.ledger
        return View(
            clock,
            ledger.replica,
            ledger.effective,
            self.contact.confirmed,
            self.lease_end(clock),
            f"{self._id_stem}.{self._runs + 1}",
        )

    def lease_end(self, clock: ClockReading) -> datetime:
        """Until when the unit owns its hours; long ago when it does not know."""
        ends = self.contact.lease_end_ms
        return LONG_AGO if ends is None else clock.wall_at(ends)

    # --- one event -----------------------------------------------------------------------------------

    def _drain(self) -> None:
        self._settle()
        while self._inbox:
            event = self._inbox.popleft()
            if not isinstance(event, TimePassed):  # which says nothing but: look again, and that was done
                self._take(event)
                self._settle()

    def _take(self, event: Event) -> None:
        if self._pending is not None and isinstance(event, (BadgePresented, *_SALES)):
            self._deferred.append(event)
            return
        match event:
            case Written():
                self._written(event)
            case Unwritten():
                self._unwritten(event)
            case Exchanged():
                self._exchanged(event)
            case DiskChanged(full):
                self._disk_full = full
                self._judge_journal()
            case JournalBehind(after):
                begun = max(self.epoch + 1, int(self._now.wall.timestamp()))
                self._hands.begin_epoch(NewEpoch(self.epoch, begun, after))
            case EpochBegun(new):
                self._moved(new)
            case LinkLost(backlog):
                self._link(SyncChange.LOST, backlog)
            case WalkUpAsked():
                self._sell(sales.walk_up(event, *self._counter()), event.reply)
            case ReserveAsked():
                self._sell(sales.reserve(event, *self._counter()), event.reply)
            case ExtendAsked() | CancelAsked():
                self._sell(sales.change(event, *self._counter()), event.reply)
            case BeginAsked():
                self._begin(event)
            case Offered(request):
                self._answer_request(request)
            case ClearAsked(member):
                self._clear(member)
            case FaultSeen(member, what):
                self._tell((FaultReported(member, what),))
            case RatingGiven(face, question, answer):
                self._tell((Rated(face, question, answer),))
            case _:
                self._step(event)

    def _step(self, event: MachineEvent) -> None:
        step = machine.step(self.state, event, self._view(self._now))
        if step.state is not self.state:
            was_live, self.state = energised(self.state), step.state
            self._command(was_live, energised(step.state))
        self._tell(step.facts)
        if step.awaited and self.contact.fork is not None:
            self._step(NotRecorded())  # nothing that it writes would be believed
        elif step.awaited:
            self._runs += 1
            self._await(step.awaited, lambda: self._granted(step.awaited), lambda: self._step(NotRecorded()))

    def _granted(self, facts: tuple[Fact, ...]) -> None:
        """The power first; then what else follows from the grant."""
        self._step(Recorded())
        booking = next((f.booking for f in facts if isinstance(f, DecisionMade)), None)
        if booking is not None:
            self.ledger = self.ledger.with_started(booking)

    def _command(self, was_live: bool, live: bool) -> None:
        """Turn off before anything else is done about it; turn on only here."""
        if was_live and not live:
            self._hands.output.switch_off()
            self._next_checkpoint = None
        if live and not was_live:
            self._hands.output.switch_on()
            self._next_checkpoint = self._checkpoint_after(self._now.mono_ms)

    def _settle(self) -> None:
        """Let the law look again at whatever time or the last event has changed."""
        clock, trusted = self._now, self._now.trusted
        if trusted == (Fault.CLOCK in self.state.faults):
            self._step(ClockChanged(trusted))
        if trusted:
            self._release_no_shows(clock.wall)
        self._step(TimePassed())
        self._checkpoint(clock.mono_ms)

    # --- facts and the journal -----------------------------------------------------------------------

    def _tell(self, facts: tuple[Fact, ...]) -> None:
        """Facts that nobody waits for."""
        if not facts:
            return
        stamped = self._stamped(facts)
        for one in stamped:
            self._hands.tell(one)
        self._hands.record(Batch(stamped, awaited=False))

    def _await(self, facts: tuple[Fact, ...], written: Callable[[], None], unwritten: Callable[[], None]) -> None:
        """Facts that must be on disk before what follows from them."""
        stamped = self._stamped(facts)
        self._pending = Pending(facts, stamped, written, unwritten)
        self._hands.record(Batch(stamped, awaited=True))

    def _stamped(self, facts: tuple[Fact, ...]) -> tuple[Stamped, ...]:
        return tuple(Stamped.now(fact, self._now, self._boot) for fact in facts)

    def _written(self, event: Written) -> None:
        for place, fact in enumerate(event.facts):
            if isinstance(fact, (BookingChanged, RequestAccepted)):
                self.ledger = self.ledger.written(fact, (event.epoch, event.first_seq + place))
        pending = self._pending
        if pending is not None and any(fact is pending.facts[0] for fact in event.facts):
            self._pending = None
            for stamped in pending.stamped:
                self._hands.tell(stamped)
            pending.written()
            self._resume()
        self._hands.urge()

    def _unwritten(self, event: Unwritten) -> None:
        pending = self._pending
        if pending is not None and event.facts and event.facts[0] is pending.facts[0]:
            self._pending = None
            pending.unwritten()
            self._resume()

    def _resume(self) -> None:
        """Take what had to wait."""
        self._inbox.extend(self._deferred)
        self._deferred.clear()

    # --- bookings ------------------------------------------------------------------------------------

    def _counter(self) -> tuple[Ledger, Replica, Circumstances]:
        """What `controller.sales` judges by."""
        return self.ledger, self.replica, self._circumstances()

    def _circumstances(self) -> Circumstances:
        clock = self._now
        run = run_under_way(self.state)
        return Circumstances(
            now=clock.wall,
            machine=self.replica.machine,
            policy=self.replica.policy,
            opening=self.replica.opening,
            bookings=self.ledger.effective,
            lease_end=self.lease_end(clock),
            clock_trusted=clock.trusted,
            recordable=Fault.JOURNAL not in self.state.faults,
            staff_run=run is not None and run.booking is None,
        )

    def _begin(self, event: BeginAsked) -> None:
        """The badge shown at the kiosk counts as its member's tap, for the booking that is named."""
        booking, member = self.ledger.find(event.booking), self.replica.members.get(event.member)
        if member is None or booking is None or booking.member != member.id:
            event.reply(Refused((Refusal.UNKNOWN_MEMBER if member is None else Refusal.IN_THE_PAST,)))
            return
        event.reply(Accepted(booking))
        if isinstance(self.state.phase, Idle) and not self.replica.machine.hazardous:
            self._inbox.append(sales.shown(member, "", self._now.wall))

    def _clear(self, id: str) -> None:
        """A badge at the kiosk counts as the tap that clears a weld, where it is a technician's. It is taken while
        the fault stands that refuses it, so that it can start nothing."""
        member = self.replica.members.get(id)
        welded = Fault.RELAY_WELDED in self.state.faults and isinstance(self.state.phase, Idle)
        if member is not None and welded:
            self._step(sales.shown(member, "", self._now.wall))

    def _sell(self, sale: Sale | Answer, reply: Reply) -> None:
        """Give the kiosk its answer: a refusal at once, anything else when it is on disk."""
        if not isinstance(sale, Sale):
            reply(sale)
            return
        answer, tap = sale.answer, sale.tap
        if isinstance(answer, Refused):
            self._refuse(sale.asked, answer, reply)
            return

        def sold() -> None:
            reply(answer)
            if tap is not None and isinstance(self.state.phase, Idle):
                self._inbox.append(tap)

        fact = BookingChanged.of(answer.booking, sale.outcome, Source.KIOSK)
        unwritten = Refused((Refusal.NOT_RECORDED,))
        self._await((fact,), sold, lambda: self._refuse(sale.asked, unwritten, reply))

    def _refuse(self, asked: Booking, refused: Refused, reply: Reply) -> None:
        fact = BookingChanged.of(asked, BookingOutcome.REFUSED, Source.KIOSK)
        self._tell((replace(fact, reasons=refused.reasons),))
        reply(refused)

    def _release_no_shows(self, now: datetime) -> None:
        """Give back the hours of bookings that nobody started."""
        for due, booking in self.ledger.no_shows:
            if due > now:
                break
            if now < booking.end:
                fact = BookingChanged.of(booking, BookingOutcome.RELEASED, Source.RULE)
                self.ledger = self.ledger.written(fact, UNWRITTEN)
                self._tell((fact,))

    # --- the twin ------------------------------------------------------------------------------------

    def _exchanged(self, event: Exchanged) -> None:
        self._now = self._timekeeper.take(event.time, event.sent_ms, event.received_ms)
        self._note_anchor()
        lease_ms = round((event.lease_end - event.time).total_seconds() * 1000)
        self.contact.lease_end_ms = event.sent_ms + lease_ms
        self.contact.confirmed = event.time
        self.contact.acked = event.acked
        self._quarantine(event.fork)
        if self.contact.lost:
            self._link(SyncChange.RESTORED, event.backlog)
        if event.replica is not None and event.replica.version > self.replica.version:
            self.ledger = self.ledger.with_replica(event.replica)
            self._forget(event.replica)
            self._step(TimePassed())
        self._offers(event.requests)

    def _note_anchor(self) -> None:
        """Note what is known of the clock for the next start; a disk that does not take it is tried again."""
        anchor = self._timekeeper.anchor
        if differs(anchor, self._kept_anchor):
            with suppress(OSError):
                self._hands.keep_anchor(anchor)
                self._kept_anchor = anchor

    def _forget(self, replica: Replica) -> None:
        if replica.erased:
            self._hands.erase(Erasure(replica.erased))

    def _quarantine(self, fork: str | None) -> None:
        """Two devices wrote under this unit's name: until the twin takes that back, nothing is granted."""
        if fork == self.contact.fork:
            return
        self.contact.fork = fork
        self._judge_journal()
        if fork is not None:
            self._tell((FaultReported(None, f"journal forked: {fork}"),))

    def _judge_journal(self) -> None:
        """The journal is at fault while its disk takes nothing, or the twin does not believe it."""
        self._step(DiskChanged(self._disk_full or self.contact.fork is not None))

    def _moved(self, new: NewEpoch) -> None:
        """The journal has begun a new epoch: what had a row there has another key now."""
        self.ledger = self.ledger.moved(new)
        self.epoch = new.begun
        self._tell((FaultReported(None, f"journal was an old copy from row {new.left}.{new.after}: a new epoch"),))
        self._hands.urge()

    def _offers(self, requests: tuple[WebRequest, ...]) -> None:
        """What is asked is to be answered; a refusal that is not asked for any more was heard."""
        if self.outbox.refusals:
            offered = {request.id for request in requests}
            self.outbox.refusals = {id: r for id, r in self.outbox.refusals.items() if id in offered}
        self._inbox.extend(map(Offered, requests))

    def _link(self, change: SyncChange, backlog: int) -> None:
        self.contact.lost = change is SyncChange.LOST
        self._tell((SyncChanged(change, backlog),))

    def _answer_request(self, request: WebRequest) -> None:
        """Answer a web request: block its hours and say so with the next exchange, or refuse it."""
        if request.id in self.outbox.accepted or request.id in self.outbox.refusals:
            return
        answer, outcome = sales.requested(request, *self._counter())
        if isinstance(answer, Refused):
            self._refuse_request(request, answer)
            return
        booking = answer.booking
        fact = RequestAccepted(
            request.id, outcome, booking.id, booking.machine, booking.member, booking.start, booking.end
        )
        unwritten = Refused((Refusal.NOT_RECORDED,))
        self._await(
            (fact,),
            lambda: self.outbox.accepted.add(request.id),
            lambda: self._refuse_request(request, unwritten),
        )

    def _refuse_request(self, request: WebRequest, refused: Refused) -> None:
        refusal = RequestRefused(request.id, refused.reasons)
        self.outbox.refusals = {**self.outbox.refusals, request.id: refusal}
        self._hands.urge()

    # --- checkpoints ---------------------------------------------------------------------------------

    def _checkpoint_after(self, now_ms: int) -> int | None:
        run = run_under_way(self.state)
        if run is None:
            return None
        return run.started_ms + ((now_ms - run.started_ms) // self._checkpoint_ms + 1) * self._checkpoint_ms

    @property
    def _checkpoint_ms(self) -> int:
        return int(self.replica.policy.checkpoint_seconds * 1000)

    def _checkpoint(self, now_ms: int) -> None:
        """Write how far the run had come at the last checkpoint that is due by now."""
        if self._next_checkpoint is None or now_ms < self._next_checkpoint:
            return
        run = run_under_way(self.state)
        if run is None:
            return
        every = self._checkpoint_ms
        due = run.started_ms + (now_ms - run.started_ms) // every * every
        running = running_ms(run, self.state.senses, due)
        self._hands.checkpoint(Checkpoint(run.id, due - run.started_ms, running))
        self._next_checkpoint = due + every
