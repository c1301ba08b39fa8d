"""What people were told about bookings, by whichever side: no two promises of one machine may ever overlap."""

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.facts import BookingChanged
from access.vocabulary import BookingOutcome, Refusal, Source
from controller.ledger import Ledger
from lisiere.simulate.truth import Standing, Truth
from lisiere.simulate.verdicts import Verdicts
from twin.desk import Change

MS = timedelta(milliseconds=1)


@dataclass(slots=True)
class Promise:
    """Somebody's hours, in true milliseconds. `longest_ms`: the latest end that was ever promised."""

    id: str
    machine: str
    member: str
    start_ms: int
    end_ms: int
    source: Source
    told_ms: int
    changed_ms: int
    longest_ms: int
    live: bool = True
    started: bool = False
    ended_by: BookingOutcome | None = None


class Promises:
    """See the module."""

    def __init__(self, start: datetime, truth: Truth, verdicts: Verdicts) -> None:
        self._start = start
        self._truth = truth
        self._verdicts = verdicts
        self._known: dict[str, Promise] = {}
        self._of: dict[str, list[Promise]] = {machine: [] for machine in truth.machines}
        self._to_release: list[tuple[int, str]] = []
        self._fresh: list[Promise] = []
        self._ledgers: dict[str, Ledger] = {}

    def find(self, id: str | None) -> Promise | None:
        """The promise with this booking's id."""
        return self._known.get(id or "")

    def begun(self, machine: str, after: int, at: int, synced: int) -> list[Promise]:
        """The promises that began between two instants, and that the unit has long heard of."""
        return [p for p in self._of[machine] if p.live and after < p.start_ms < at < p.end_ms and _known(p, synced)]

    def firm(self, machine: str, member: str, now: int, error: int, synced: int) -> Promise | None:
        """A member's promise that certainly covers this instant, and that the unit has long heard of."""
        for promise in self._of[machine]:
            covers = promise.start_ms + error <= now < promise.end_ms - error
            if promise.live and promise.member == member and covers and _known(promise, synced):
                return promise
        return None

    def told(self, change: Change | BookingChanged, now: int) -> None:
        """Somebody was told something about a booking."""
        if change.machine in self._truth.machines and self._truth.machines[change.machine].cloned:
            return
        match change.outcome:
            case BookingOutcome.ACCEPTED:
                self._accepted(change, now)
            case BookingOutcome.EXTENDED:
                self._extended(change, now)
            case BookingOutcome.CANCELLED | BookingOutcome.RELEASED:
                self._ended(change, now)
            case BookingOutcome.REFUSED if change.source is Source.WEB and _unanswered(change):
                answers = self._truth.machines[change.machine].can_answer(now)
                self._hold(not answers, "who_can_answer_is_asked", change, now)

    def _accepted(self, change: Change | BookingChanged, now: int) -> None:
        known = self._known.get(change.id)
        if known is not None:
            self._hold(known.live or known.ended_by is not None, "accepted_once", change, now)
            return
        start, end = self._ms(change.start), self._ms(change.end)
        promise = Promise(change.id, change.machine, change.member, start, end, change.source, now, now, end)
        self._apart(promise, change, now)
        self._lawful(promise, change, now)
        self._known[change.id] = promise
        self._of[change.machine].append(promise)
        self._fresh.append(promise)
        due = start + round(self._truth.policy.no_show_minutes * 60_000)
        heapq.heappush(self._to_release, (due + 2_000, promise.id))

    def _extended(self, change: Change | BookingChanged, now: int) -> None:
        promise = self._known.get(change.id)
        if promise is None:
            return
        if change.source is Source.WEB and self._twin_cannot_know(promise):
            return
        self._hold(promise.live, "extended_while_it_stands", change, now)
        promise.end_ms = self._ms(change.end)
        promise.longest_ms = max(promise.longest_ms, promise.end_ms)
        promise.changed_ms = now
        self._apart(promise, change, now)

    def _twin_cannot_know(self, promise: Promise) -> bool:
        """It ended at a unit that has not spoken since: beyond its lease the twin decides alone."""
        return not promise.live and promise.changed_ms >= self._truth.machines[promise.machine].synced_ms

    def _ended(self, change: Change | BookingChanged, now: int) -> None:
        promise = self._known.get(change.id)
        if promise is None:
            return
        if change.outcome is BookingOutcome.RELEASED:
            self._hold(not promise.started, "a_used_booking_is_not_released", change, now)
            due = promise.start_ms + round(self._truth.policy.no_show_minutes * 60_000)
            error = self._truth.machines[change.machine].error_ms(now)
            self._hold(now >= due - error, "released_to_the_minute", change, now)
        promise.live, promise.ended_by, promise.changed_ms = False, change.outcome, now

    def _apart(self, promise: Promise, change: Change | BookingChanged, now: int) -> None:
        """The promise that counts most."""
        others = [p for p in self._of[promise.machine] if p.live and p.end_ms > now and p is not promise]
        self._of[promise.machine] = [p for p in self._of[promise.machine] if p.live and p.end_ms > now]
        for other in others:
            apart = promise.end_ms <= other.start_ms or other.end_ms <= promise.start_ms
            text = f"{promise.id} of {promise.source} overlaps {other.id} of {other.source}"
            self._hold(apart, "no_hour_is_sold_twice", change, now, text)

    def _lawful(self, promise: Promise, change: Change | BookingChanged, now: int) -> None:
        """A few of the rules of booking, said again in other words."""
        policy, length = self._truth.policy, (promise.end_ms - promise.start_ms) / 60_000
        if promise.source is Source.WEB:
            kept = policy.booking_min_minutes <= length <= policy.booking_max_minutes
            ahead = promise.start_ms - now <= policy.booking_horizon_days * 86_400_000
            self._hold(kept and ahead and promise.start_ms > now - 60_000, "a_booking_has_its_length", change, now)
        else:
            kept = policy.walk_up_min_minutes <= length <= policy.walk_up_max_minutes
            self._hold(kept, "a_walk_up_has_its_length", change, now)
        member = self._truth.people[promise.member]
        standing = self._truth.machines[promise.machine]
        qualified = member.role in ("staff", "technician") or standing.machine.requires <= member.qualifications
        self._hold(qualified, "who_books_is_qualified", change, now)

    # --- after every event ---------------------------------------------------------------------------

    def look(self, now: int) -> None:
        """New promises are at their unit; those that nobody started are given back in time."""
        for promise in self._fresh:
            self._is_at_the_unit(promise, now)
        self._fresh.clear()
        for machine, standing in self._truth.machines.items():
            unit = standing.bench.unit
            if unit is not None and unit.control.ledger is not self._ledgers.get(machine):
                self._ledgers[machine] = unit.control.ledger
                self._all_at_the_unit(standing, unit.control.ledger, now)
        while self._to_release and self._to_release[0][0] < now:
            due, id = heapq.heappop(self._to_release)
            waiting = self._known.get(id)
            if waiting is not None and waiting.live:
                self._was_to_be_released(waiting, due, now)

    def _is_at_the_unit(self, promise: Promise, now: int) -> None:
        standing = self._truth.machines[promise.machine]
        unit = standing.bench.unit
        if unit is None or standing.uncertain or promise.source is Source.RULE:
            return
        lease_ms = unit.control.contact.lease_end_ms
        if lease_ms is None or not standing.clock_is_known:
            return
        standing.bench.catch_up()
        mono = standing.bench.clock.read().mono_ms
        if promise.start_ms - now >= lease_ms - mono - standing.error_ms(now):
            return
        found = any(b.id == promise.id and b.blocks for b in unit.control.ledger.effective)
        text = f"{promise.id} of {promise.source} is unknown to its unit"
        self._verdicts.hold(found, "a_promise_inside_the_lease_is_at_the_unit", promise.machine, now, text)

    def _all_at_the_unit(self, standing: Standing, ledger: Ledger, now: int) -> None:
        """A pull never overwrites what was promised here, nor forgets what it once brought."""
        ends = {b.id: self._ms(b.end) for b in ledger.effective if b.live}
        for promise in self._of[standing.machine.id]:
            own = promise.source is not Source.WEB
            settled = own or (_known(promise, standing.synced_ms) and not standing.uncertain)
            if promise.live and promise.end_ms > now and settled:
                there = ends.get(promise.id) == promise.end_ms
                text = f"{promise.id} to {promise.end_ms} is there to {ends.get(promise.id)}"
                rule = "what_is_promised_stays_at_the_unit"
                self._verdicts.hold(there, rule, promise.machine, now, text)

    def _was_to_be_released(self, promise: Promise, due: int, now: int) -> None:
        standing = self._truth.machines[promise.machine]
        ready = standing.up_ms >= 0 and max(standing.up_ms, promise.told_ms, standing.clock_ms) < promise.start_ms
        knew = promise.source is not Source.WEB or promise.changed_ms < standing.synced_ms < promise.start_ms
        error = standing.error_ms(now)
        if ready and knew and not promise.started and not standing.uncertain and promise.end_ms > due + error:
            late = now - due
            text = f"{promise.id} stands {late} ms after it was to be released"
            unreleased = late > error and standing.clock_is_known
            self._verdicts.hold(not unreleased, "a_no_show_is_released", promise.machine, now, text)

    # --- what ends what is known ---------------------------------------------------------------------

    def restored(self, backup_ms: int) -> None:
        """The twin is as it was then: what it promised alone since is lost, and it says so."""
        for promise in list(self._known.values()):
            if promise.source is Source.WEB and promise.changed_ms > backup_ms:
                self._forget(promise)

    def forget_machine(self, machine: str) -> None:
        """A copied card has sold this machine's hours twice: nothing can be said of them any more."""
        for promise in list(self._known.values()):
            if promise.machine == machine:
                self._forget(promise)

    def _forget(self, promise: Promise) -> None:
        del self._known[promise.id]
        if promise in self._of[promise.machine]:
            self._of[promise.machine].remove(promise)

    def standing_at(self, machine: str, now: int) -> dict[str, tuple[int, int]]:
        """The hours that are promised and not over."""
        live = (p for p in self._of[machine] if p.live and p.end_ms > now)
        return {promise.id: (promise.start_ms, promise.end_ms) for promise in live}

    def _ms(self, at: datetime) -> int:
        return (at - self._start) // MS

    def _hold(self, kept: bool, rule: str, change: Change | BookingChanged, now: int, text: str = "") -> None:
        said = text or f"{change.id} was {change.outcome}"
        self._verdicts.hold(kept, rule, change.machine, now, said)


def _unanswered(change: Change | BookingChanged) -> bool:
    return Refusal.UNIT_UNREACHABLE in change.reasons


def _known(promise: Promise, synced: int) -> bool:
    """The unit made the promise itself, or has heard from the twin since."""
    return promise.source is not Source.WEB or promise.changed_ms < synced
