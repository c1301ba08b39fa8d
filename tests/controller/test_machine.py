"""The law of one machine: whole tables, and what holds whatever happens to it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from access.bookings import Booking, BookingState
from access.facts import DecisionMade, Fact, PowerSwitched, RunClosed, Warned
from access.machines import Machine
from access.people import Member
from access.policy import Policy
from access.replica import Replica
from access.times import ClockReading, ClockState
from access.vocabulary import BLOCKING_FAULTS, Cause, Fault, Outcome, Reason
from controller.events import (
    BadgePresented,
    BoardChanged,
    ClockChanged,
    ContactChanged,
    DiskChanged,
    EstopChanged,
    MachineEvent,
    MotorChanged,
    NotRecorded,
    ReaderChanged,
    Recorded,
    StopAsked,
    TimePassed,
)
from controller.machine import IGNORED, TABLE, deadline, energised, step
from controller.states import Finishing, Idle, Phase, Running, Starting, State, View, run_under_way
from tests.access.workshop import BILAL, NOON, OVERLOCK, booking, replica

PHASES: tuple[type[Phase], ...] = get_args(Phase)
EVENTS: tuple[type[MachineEvent], ...] = get_args(MachineEvent)
TAGS = ("tag-ana", "tag-bilal", "tag-chloe", "tag-sam", "nobody")


def test_every_state_and_event_is_handled_or_ignored() -> None:
    """Each (state, event) pair stands in exactly one of TABLE and IGNORED, and nothing else does."""
    pairs = {(phase, event) for phase in PHASES for event in EVENTS}
    assert TABLE.keys() | IGNORED == pairs
    assert not TABLE.keys() & IGNORED


def test_two_states_are_live() -> None:
    """The output is live in Running and Finishing, dead in every other state."""
    shop = Shop()
    live = shop.granted().state
    assert isinstance(live.phase, Running)
    phases = {
        Idle(): False,
        shop.starting.phase: False,
        live.phase: True,
        Finishing(live.phase.run, 1): True,
    }
    assert {type(phase) for phase in phases} == set(PHASES)
    for phase, expected in phases.items():
        assert energised(replace(live, phase=phase)) is expected


def test_an_ignored_event_changes_nothing() -> None:
    """What is ignored leaves the state as it was and says nothing."""
    shop = Shop()
    live = shop.granted().state
    by_phase = {Idle: State(), Starting: shop.starting, Running: live}
    by_phase[Finishing] = replace(live, phase=Finishing(live.phase.run, 1))
    for phase, event in IGNORED:
        made = event("tag-ana") if event in (BadgePresented, StopAsked) else event()
        after = step(by_phase[phase], made, shop.view())
        assert after.state == by_phase[phase] and not after.facts and not after.awaited


@dataclass
class Shop:
    """A machine under the law, its world, and the oracle that watches both."""

    machine: Machine = OVERLOCK
    policy: Policy = field(default_factory=Policy)
    bookings: tuple[Booking, ...] = (booking("b1", 0, 60), booking("b2", 60, 120, BILAL), booking("b3", 200, 260))
    now_ms: int = 0
    trusted: bool = True
    stepped_s: int = 0
    gone: frozenset[str] = frozenset()
    locked: bool = False
    state: State = field(default_factory=State)
    starting: State = field(default_factory=State)
    runs: int = 0
    asked: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def world(self) -> Replica:
        """What the twin has told by now."""
        told = replica(self.policy, replace(self.machine, locked=self.locked))
        left = {id: self._without(member) for id, member in told.members.items()}
        return replace(told, members=left)

    def _without(self, member: Member) -> Member:
        badges = tuple(replace(b, revoked=b.revoked or b.tag in self.gone) for b in member.badges)
        return replace(member, badges=badges)

    def view(self) -> View:
        """What the law looks at."""
        wall = NOON + timedelta(milliseconds=self.now_ms, seconds=self.stepped_s)
        clock = ClockReading(wall, self.now_ms, ClockState.SYNCED if self.trusted else ClockState.INSANE)
        lease_end = NOON + timedelta(days=1)
        return View(clock, self.world(), self.bookings, NOON, lease_end, f"run-{self.runs + 1}")

    def tell(self, event: MachineEvent) -> None:
        """One event, then a look at the time, as the unit's mind does it."""
        self.take(event)
        self.look()

    def look(self) -> None:
        """Let the law look again; afterwards nothing may be due any more."""
        self.take(TimePassed())
        due = deadline(self.state, self.view())
        assert due is None or due > self.now_ms, "a deadline in the past after looking at it"
        run = run_under_way(self.state)
        assert run is None or self.now_ms - run.started_ms < self.policy.max_run_minutes * 60_000

    def take(self, event: MachineEvent) -> None:
        """One step, and what must be true of every step."""
        before, view = self.state, self.view()
        after = step(before, event, view)
        self.state = after.state
        self._switched(before, after.state, event, after.facts)
        for fact in after.awaited:
            assert not isinstance(fact, (PowerSwitched, RunClosed)), "turning off waits for the disk"
            if isinstance(fact, DecisionMade):
                assert isinstance(event, BadgePresented) and fact.outcome is Outcome.GRANTED
                assert fact.run == view.run_id
                self.asked.add(fact.run)
                self.runs += 1
        if after.awaited:
            assert isinstance(after.state.phase, Starting)
            self.starting = after.state
        if isinstance(event, Recorded) and isinstance(before.phase, Starting):
            self.recorded.add(before.phase.run)
        self._closed(after.facts)
        self._live(after.state)

    def _switched(self, before: State, after: State, event: MachineEvent, facts: tuple[Fact, ...]) -> None:
        was, live = energised(before), energised(after)
        said = [fact for fact in facts if isinstance(fact, PowerSwitched)]
        assert [fact.on for fact in said] == ([] if was == live else [live])
        assert live <= (was or isinstance(event, Recorded)), "something restarted by itself"
        assert all((fact.cause is Cause.GRANTED) is fact.on for fact in said)

    def _closed(self, facts: tuple[Fact, ...]) -> None:
        self.facts += facts
        for fact in facts:
            if isinstance(fact, RunClosed):
                self.closed.append(fact.run)
                assert 0 <= fact.running_ms <= fact.powered_ms
                assert fact.ended - fact.started == timedelta(milliseconds=fact.powered_ms)

    def _live(self, state: State) -> None:
        run = run_under_way(state)
        if run is None:
            return
        assert run.id in self.asked & self.recorded, "live without a grant on disk"
        assert run.id not in self.closed
        assert not state.faults & (BLOCKING_FAULTS | {Fault.ESTOP})

    def granted(self, tag: str = "tag-ana") -> "Shop":
        """The shop with a run under way."""
        self.tell(BadgePresented(tag))
        self.tell(Recorded())
        return self

    def wait(self, minutes: float = 0, ms: int = 0) -> None:
        """Time passes, and every deadline on the way is met at its instant."""
        end = self.now_ms + int(minutes * 60_000) + ms
        while (due := deadline(self.state, self.view())) is not None and due <= end:
            self.now_ms = due
            self.look()
        self.now_ms = end
        self.look()

    def finish(self) -> None:
        """End whatever is under way, as an emergency stop would."""
        if isinstance(self.state.phase, Starting):
            self.tell(Recorded())
        if run_under_way(self.state) is not None:
            self.tell(EstopChanged(True))
        assert not energised(self.state)
        assert sorted(self.closed) == sorted(self.recorded), "each grant on disk is closed by exactly one RunClosed"

    def causes(self) -> list[Cause]:
        """How the runs ended."""
        return [fact.end_reason for fact in self.facts if isinstance(fact, RunClosed)]


# --- whatever happens ----------------------------------------------------------------------------------

events = st.one_of(
    st.builds(BadgePresented, st.sampled_from(TAGS), st.sampled_from(["", "b1"])),
    st.builds(MotorChanged, st.sampled_from([0.0, 0.1, 1.2])),
    st.builds(ContactChanged, st.booleans()),
    st.builds(EstopChanged, st.booleans()),
    st.builds(BoardChanged, st.booleans()),
    st.builds(ReaderChanged, st.booleans()),
    st.builds(DiskChanged, st.booleans()),
    st.builds(ClockChanged, st.booleans()),
    st.builds(StopAsked, st.sampled_from(["ana", "bilal"])),
)
answers = st.sampled_from([Recorded(), Recorded(), Recorded(), NotRecorded()])
delays = st.one_of(
    st.integers(0, 3_000), st.integers(0, 20 * 60_000), st.just(3_000), st.just(15 * 60_000), st.just(60 * 60_000)
)
changes = st.sampled_from(["lock", "unlock", "revoke", "restore", "cancel", "extend", "step", "trust"])
anything = st.one_of(events, events, answers, answers, delays, st.just("deadline"), changes)
happenings = st.lists(anything, max_size=40)
machines = st.builds(
    replace,
    st.just(OVERLOCK),
    feedback=st.booleans(),
    senses_current=st.booleans(),
)
policies = st.builds(
    Policy,
    walk_up_on_tap=st.booleans(),
    grace_after_end_minutes=st.sampled_from([0, 2]),
    max_run_minutes=st.sampled_from([20, 240]),
)


def change(shop: Shop, what: str) -> None:
    """The twin, or the clock, changes what the law looks at."""
    match what:
        case "lock" | "unlock":
            shop.locked = what == "lock"
        case "revoke":
            shop.gone = frozenset({"tag-ana"})
        case "restore":
            shop.gone = frozenset()
        case "cancel":
            shop.bookings = (replace(shop.bookings[0], state=BookingState.CANCELLED), *shop.bookings[1:])
        case "extend":
            first = shop.bookings[0]
            shop.bookings = (replace(first, end=first.end + timedelta(minutes=10)), *shop.bookings[1:])
        case "step":
            shop.stepped_s += 10_000
            shop.trusted = False
        case "trust":
            shop.stepped_s, shop.trusted = 0, True


@settings(max_examples=400)
@given(machines, policies, happenings)
@example(OVERLOCK, Policy(), [BadgePresented("tag-ana"), EstopChanged(True), Recorded()])
@example(OVERLOCK, Policy(), [BadgePresented("tag-ana"), NotRecorded(), BadgePresented("tag-ana"), Recorded()])
@example(OVERLOCK, Policy(), [BadgePresented("tag-ana"), Recorded(), 3_000, ContactChanged(True), 3_000])
@example(OVERLOCK, Policy(), [MotorChanged(1.2), 1_000, BadgePresented("tag-ana"), Recorded(), EstopChanged(True)])
def test_the_law_holds_whatever_happens(machine: Machine, policy: Policy, happenings: list[object]) -> None:
    """Whatever happens and when: no power without a grant on disk, one end to every run, nothing restarts, turning
    off waits for nobody, and no deadline is left behind."""
    shop = Shop(machine=machine, policy=policy)
    for happening in happenings:
        match happening:
            case "deadline":
                due = deadline(shop.state, shop.view())
                shop.now_ms = shop.now_ms if due is None else due
                shop.look()
            case str():
                change(shop, happening)
                shop.look()
            case int():
                shop.now_ms += happening
                shop.look()
            case _:
                shop.tell(happening)
    shop.finish()


# --- one story each --------------------------------------------------------------------------------------


def test_a_second_tap_stops() -> None:
    """The member who runs the machine stops it with any of his badges, at once."""
    shop = Shop().granted()
    shop.tell(ContactChanged(True))
    shop.wait(1)
    shop.tell(BadgePresented("tag-lost"))
    assert shop.causes() == [Cause.MEMBER] and not energised(shop.state)


def test_anothers_tap_changes_nothing() -> None:
    """A tap by somebody else on a running machine is refused, and the run goes on."""
    shop = Shop().granted()
    shop.tell(BadgePresented("tag-bilal"))
    said = shop.facts[-1]
    assert isinstance(said, DecisionMade) and said.reason is Reason.IN_USE and said.occupant == "ana"
    assert energised(shop.state)


def test_a_booking_ends_at_its_end() -> None:
    """Without a running motor a run ends with its booking, on the millisecond."""
    shop = Shop(policy=Policy(idle_off_minutes=999)).granted()
    shop.tell(ContactChanged(True))
    shop.wait(60)
    assert shop.causes() == [Cause.BOOKING_END]
    closed = next(fact for fact in shop.facts if isinstance(fact, RunClosed))
    assert closed.powered_ms == 60 * 60_000


def test_a_job_is_finished_within_the_grace_but_not_into_anothers_hours() -> None:
    """A motor that runs at the booking's end keeps its power for the grace, and none where another's booking
    follows."""
    alone = Shop(bookings=(booking("b1", 0, 60),)).granted()
    followed = Shop().granted()
    for shop in (alone, followed):
        shop.tell(ContactChanged(True))
        shop.tell(MotorChanged(1.2))
        shop.wait(60)
    assert isinstance(alone.state.phase, Finishing)
    assert followed.causes() == [Cause.BOOKING_END]
    alone.wait(1)
    alone.tell(MotorChanged(0.0))
    alone.wait(ms=2_999)
    assert energised(alone.state)
    alone.wait(ms=1)
    assert alone.causes() == [Cause.BOOKING_END]


def test_warnings_are_given_once() -> None:
    """Of the end of a booking and of a long idleness a member is warned once each, in time."""
    shop = Shop(bookings=(booking("b1", 0, 60),)).granted()
    shop.tell(ContactChanged(True))
    shop.wait(13)
    shop.tell(MotorChanged(1.2))
    shop.wait(30)
    shop.tell(MotorChanged(0.0))
    shop.wait(17)
    warned = [(fact.kind, fact.seconds_left) for fact in shop.facts if isinstance(fact, Warned)]
    assert warned == [("ending", 300), ("idle", 60)]
    assert shop.causes() == [Cause.IDLE]


def test_who_starts_late_is_not_warned_of_the_end() -> None:
    """A run that begins within the time of the warning gets none: its member has just seen the hours."""
    shop = Shop(now_ms=int(55.1 * 60_000)).granted()
    shop.tell(ContactChanged(True))
    shop.wait(4)
    assert energised(shop.state) and not any(isinstance(fact, Warned) for fact in shop.facts)


def test_no_run_is_longer_than_max_run() -> None:
    """A run ends after max_run_minutes, whatever its booking says."""
    shop = Shop(policy=Policy(max_run_minutes=20, idle_off_minutes=999)).granted()
    shop.tell(ContactChanged(True))
    shop.tell(MotorChanged(1.2))
    shop.wait(19.9)
    assert energised(shop.state)
    shop.wait(0.1)
    assert shop.causes() == [Cause.MAX_RUN]


def test_the_step_of_a_clock_moves_no_end() -> None:
    """A run under way goes on to the end worked out at its grant, whatever the wall clock does."""
    for seconds in (-7_200, 7_200):
        shop = Shop(policy=Policy(idle_off_minutes=999)).granted()
        shop.tell(ContactChanged(True))
        shop.stepped_s, shop.trusted = seconds, False
        shop.tell(ClockChanged(False))
        shop.wait(59.9)
        assert energised(shop.state)
        shop.wait(0.1)
        assert shop.causes() == [Cause.BOOKING_END]


def test_a_welded_relay_is_cleared_by_a_technician_once_it_is_open() -> None:
    """A relay that stays closed is a latched fault; only a technician's tap on an open contact clears it, and that
    tap starts nothing."""
    shop = Shop().granted()
    shop.tell(ContactChanged(True))
    shop.tell(BadgePresented("tag-ana"))
    shop.wait(ms=300)
    assert Fault.RELAY_WELDED in shop.state.faults
    shop.tell(BadgePresented("tag-chloe"))
    assert Fault.RELAY_WELDED in shop.state.faults
    shop.tell(ContactChanged(False))
    for tag in ("tag-sam", "tag-ana", "nobody"):
        shop.tell(BadgePresented(tag))
        assert Fault.RELAY_WELDED in shop.state.faults
    shop.tell(BadgePresented("tag-chloe"))
    assert not shop.state.faults and not energised(shop.state)


def test_an_open_contact_is_no_power() -> None:
    """A contact that stays open after power-on ends the run as a fault, which clears by itself and restarts
    nothing."""
    shop = Shop().granted()
    shop.wait(ms=500)
    assert shop.causes() == [Cause.FAULT] and Fault.NO_POWER in shop.state.faults
    shop.wait(ms=300)
    assert not shop.state.faults and not energised(shop.state)


def test_what_cannot_be_recorded_is_refused() -> None:
    """A grant that the journal could not take is told as `not_recorded`, and starts nothing."""
    shop = Shop()
    shop.tell(BadgePresented("tag-ana"))
    shop.tell(NotRecorded())
    said = shop.facts[-1]
    assert isinstance(said, DecisionMade)
    assert (said.outcome, said.reason, said.run, said.booking) == (
        Outcome.REFUSED,
        Reason.NOT_RECORDED,
        None,
        None,
    )


def test_staff_give_way_to_a_booking_that_begins() -> None:
    """A run without a booking ends, as a handover, when another's booking starts, not for one already begun."""
    shop = Shop(policy=Policy(idle_off_minutes=999)).granted("tag-sam")
    shop.tell(ContactChanged(True))
    shop.wait(59.9)
    assert energised(shop.state)
    shop.wait(0.1)
    assert shop.causes() == [Cause.HANDOVER]


def test_a_lock_waits_for_the_motor_a_revocation_does_not() -> None:
    """A lock ends a run once its motor has been idle for three seconds; a revoked badge ends it at once."""
    locked, revoked = Shop().granted(), Shop().granted()
    for shop in (locked, revoked):
        shop.tell(ContactChanged(True))
        shop.tell(MotorChanged(1.2))
        shop.wait(1)
    locked.locked, revoked.gone = True, frozenset({"tag-ana"})
    for shop in (locked, revoked):
        shop.look()
    assert energised(locked.state) and revoked.causes() == [Cause.REVOKED]
    locked.tell(MotorChanged(0.0))
    locked.wait(ms=3_000)
    assert locked.causes() == [Cause.LOCK]
