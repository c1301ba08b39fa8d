"""How a unit stands, as a screen, a light and the twin's page show it."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from access.bookings import Booking
from access.facts import DecisionMade, stamp
from access.times import ClockReading
from access.vocabulary import BLOCKING_FAULTS, Fault, Outcome, Warn
from controller.control import Control
from controller.journal_row import Stamped
from controller.link import LastTap, UnitState
from controller.ports import Pattern
from controller.states import Finishing, Run, Running, run_under_way


class Status:
    """Follows a unit: remembers the last tap, and numbers each state that differs from the one before."""

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self._last: LastTap | None = None
        self._state: UnitState | None = None

    def heard(self, stamped: Stamped) -> Pattern | None:
        """A fact came to be; the brief pattern with which it shows, if it does."""
        fact = stamped.fact
        if not isinstance(fact, DecisionMade):
            return None
        n = self._last.n + 1 if self._last else 1
        self._last = LastTap(n, stamped.at, fact.outcome, fact.reason, fact.member)
        return Pattern.GRANTED if fact.outcome is Outcome.GRANTED else Pattern.REFUSED

    def now(self, control: Control) -> UnitState:
        """The unit's state, the same object while nothing but the time has changed."""
        state = self._read(control, control.clock())
        known = self._state
        if known is None or replace(state, n=known.n, now=known.now) != known:
            self._state = replace(state, n=known.n + 1 if known else 1)
        assert self._state is not None
        return self._state

    def _read(self, control: Control, clock: ClockReading) -> UnitState:
        state, run = control.state, run_under_way(control.state)
        return UnitState(
            n=0,
            machine=self._machine,
            now=clock.wall,
            phase=type(state.phase).__name__.lower(),
            member=run.member if run else None,
            booking=run.booking.id if run and run.booking else None,
            since=run.started if run else None,
            until=_until(control, run, clock),
            warning=_warning(run, clock.mono_ms),
            faults=state.faults,
            locked=control.replica.machine.locked,
            clock_trusted=clock.trusted,
            online=not control.contact.lost,
            lease_end=control.lease_end(clock),
            bookings=_of_interest(control.ledger.effective, _midnight(control, clock.wall)),
            last=self._last,
        )


def _until(control: Control, run: Run | None, clock: ClockReading) -> datetime | None:
    """When the run's hours end, as known now."""
    phase = control.state.phase
    if isinstance(phase, Finishing):
        return clock.wall_at(phase.until_ms)
    if run is None or run.ends_ms is None:
        return None
    return run.booking.end if run.booking else clock.wall_at(run.ends_ms)


def _warning(run: Run | None, now_ms: int) -> Warn | None:
    """The warning that the member has been given and that still stands."""
    if run is None:
        return None
    if run.told_idle is not None and run.told_idle > now_ms:
        return Warn.IDLE
    return Warn.ENDING if run.told_ending is not None else None


def _of_interest(bookings: tuple[Booking, ...], since: datetime) -> tuple[Booking, ...]:
    return tuple(booking for booking in bookings if booking.blocks and booking.end > since)


def _midnight(control: Control, now: datetime) -> datetime:
    """When the site's day began: its screens tell today's bookings, those that are over too."""
    local = now.astimezone(ZoneInfo(control.replica.opening.timezone))
    return datetime.combine(local.date(), time(0), local.tzinfo).astimezone(UTC)


def pattern(state: UnitState) -> Pattern:
    """The lasting light of a state: the worst that is true of it."""
    if Fault.ESTOP in state.faults:
        return Pattern.ESTOP
    if state.faults & (BLOCKING_FAULTS | {Fault.READER_LOST, Fault.JOURNAL}):
        return Pattern.FAULT
    if state.phase in (Running.__name__.lower(), Finishing.__name__.lower()):
        if state.warning is Warn.IDLE:
            return Pattern.IDLE
        ending = state.warning is Warn.ENDING or state.phase == Finishing.__name__.lower()
        return Pattern.ENDING if ending else Pattern.RUNNING
    if state.locked:
        return Pattern.LOCKED
    if not state.clock_trusted:
        return Pattern.OFFLINE
    booked = any(booking.covers(state.now) for booking in state.bookings)
    return Pattern.BUSY if booked else Pattern.READY if state.online else Pattern.OFFLINE


def for_the_twin(control: Control) -> dict[str, object]:
    """How the unit stands, as JSON holds it, for the twin's page. May be read from any thread."""
    state = control.state
    run = run_under_way(state)
    return {
        "phase": type(state.phase).__name__.lower(),
        "run": run.id if run else None,
        "since": stamp(run.started) if run else None,
        "until": stamp(run.booking.end) if run and run.booking else None,
        "faults": sorted(state.faults),
        "replica": str(control.replica.version),
    }
