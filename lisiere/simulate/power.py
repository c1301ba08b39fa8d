"""Power: never without a journalled grant, never past its end, never by itself, gone when nobody holds it."""

from dataclasses import dataclass

from access.facts import DecisionMade, RunClosed
from access.people import Role
from access.vocabulary import Cause, Fault
from lisiere.simulate.books import granted_and_open
from lisiere.simulate.promises import Promises
from lisiere.simulate.truth import NEVER, Standing, Truth
from lisiere.simulate.verdicts import Verdicts

LATE_MS = 100
"""How much longer than the hold an output may be live after the last renewal."""
WELD_MS = 2_400
"""How soon a welded relay is told, by the slower of its two witnesses."""
DWELL_MS = 3_200
"""How long a locked machine's motor is idle before it is switched off."""
IDLE_MS = 1_500
"""How late an idle machine may be switched off, with a clock that drifts."""


@dataclass(slots=True)
class Run:
    """A run that is under way. `ends_ms`: it is never longer, whatever happens; none where nothing bounds it."""

    id: str
    member: str
    badge: str
    booking: str | None
    started_ms: int
    timely: bool


class Power:
    """See the module."""

    def __init__(self, truth: Truth, promises: Promises, verdicts: Verdicts) -> None:
        self._truth = truth
        self._promises = promises
        self._verdicts = verdicts
        self._runs: dict[str, Run | None] = dict.fromkeys(truth.machines)
        self._unasked: dict[str, int] = {}
        self._interrupted: dict[str, tuple[int, int]] = {}

    def run_of(self, machine: str) -> Run | None:
        """The run under way at a machine."""
        return self._runs[machine]

    # --- what happens --------------------------------------------------------------------------------

    def granted(self, machine: str, fact: DecisionMade, badge: str, now: int) -> None:
        """A tap was granted, and that is on disk."""
        assert fact.run is not None and fact.member is not None
        self._runs[machine] = Run(fact.run, fact.member, badge, fact.booking, now, fact.trusted)

    def switched(self, machine: str, on: bool, cause: Cause, now: int) -> None:
        """An output really went live or dead."""
        standing = self._truth.machines[machine]
        if not on:
            if standing.on_ms is not None and standing.bench.unit is None:
                self._interrupted[machine] = (standing.on_ms, now)
            return
        standing.on_ms = now
        run = self._runs[machine]
        journalled = granted_and_open(standing.bench.folder)
        granted = run is not None and journalled == run.id
        self._hold(granted, "no_power_without_a_grant_on_disk", standing, now, f"open grant: {journalled}")
        self._hold(standing.tapped_ms == now, "nothing_restarts_by_itself", standing, now, "nobody tapped")

    def closed(self, machine: str, fact: RunClosed, now: int) -> None:
        """A run is over: what it says of itself is compared with what the output really did."""
        standing, run = self._truth.machines[machine], self._runs[machine]
        self._runs[machine] = None
        if fact.end_reason is Cause.INTERRUPTED:
            self._interrupted_run(standing, fact, now)
        elif run is not None and run.id == fact.run and standing.on_ms is not None:
            real = now - standing.on_ms
            off = abs(fact.powered_ms - real)
            allowed = 100 + real // 10_000 + (1_200 if fact.end_reason is Cause.FAULT else 0)
            self._hold(off <= allowed, "a_run_is_as_long_as_its_power", standing, now, f"{off} ms off")
        fits = 0 <= fact.running_ms <= fact.powered_ms + 1
        self._hold(fits, "no_motor_runs_without_power", standing, now, f"{fact.running_ms} of {fact.powered_ms}")

    def _interrupted_run(self, standing: Standing, fact: RunClosed, now: int) -> None:
        began, ended = self._interrupted.pop(standing.machine.id, (NEVER, NEVER))
        if began == NEVER or standing.disk_full_ms > began:
            return
        lost = ended - began - fact.powered_ms
        most = round(self._truth.policy.checkpoint_seconds * 1_000) + 2_500
        self._hold(-200 <= lost <= most, "a_cut_loses_one_checkpoint_at_most", standing, now, f"{lost} ms lost")

    # --- after every event ---------------------------------------------------------------------------

    def look(self, now: int) -> None:
        """At every machine."""
        for machine, standing in self._truth.machines.items():
            if standing.bench.output.welded or self._unasked:
                self._weld_is_told(standing, now)
            if not standing.live:
                self._verdicts.checks += 1
                standing.on_ms = None
                continue
            standing.on_ms = now if standing.on_ms is None else standing.on_ms
            run = self._runs[machine]
            self._held(standing, run, now)
            if run is not None and standing.up_ms >= 0:
                self._in_time(standing, run, now)

    def _held(self, standing: Standing, run: Run | None, now: int) -> None:
        """Live is who is held by a run that is under way, or was until a moment ago."""
        self._hold(not standing.pressed, "no_power_under_an_emergency_stop", standing, now, "live")
        silent = standing.board_lost_ms if standing.up_ms >= 0 else standing.silent_since
        if silent is None:
            self._hold(run is not None, "no_power_without_a_grant_on_disk", standing, now, "live without a run")
            return
        allowed = round(self._truth.policy.hold_seconds * 1_000) + LATE_MS
        self._hold(
            now - silent <= allowed, "silence_is_off", standing, now, f"{now - silent} ms after the last word"
        )

    def _weld_is_told(self, standing: Standing, now: int) -> None:
        """Live unasked, and the unit can see it: it says so."""
        machine, bench = standing.machine, standing.bench
        stuck = bench.output.welded and not bench.held and bench.mains
        senses = machine.feedback or (machine.senses_current and standing.amps >= machine.idle_below_a)
        if not (stuck and senses and standing.up_ms >= 0 and standing.board_lost_ms is None and not standing.stuck):
            self._unasked.pop(machine.id, None)
            return
        since = self._unasked.setdefault(machine.id, now)
        if now - max(since, standing.changed_ms) > WELD_MS and bench.unit is not None:
            told = Fault.RELAY_WELDED in bench.unit.control.state.faults
            self._hold(told, "a_welded_relay_is_told", standing, now, f"live unasked for {now - since} ms")

    def _in_time(self, standing: Standing, run: Run, now: int) -> None:
        """No run is longer than its booking with its grace, than the policy, than an idle motor is borne."""
        policy, error = self._truth.policy, standing.error_ms(now)
        ran = now - run.started_ms
        self._hold(ran <= policy.max_run_minutes * 60_000 + error, "no_run_is_too_long", standing, now, f"{ran} ms")
        promise = self._promises.find(run.booking)
        if promise is not None and run.timely:
            over = now - promise.longest_ms
            grace = policy.grace_after_end_minutes * 60_000 if standing.machine.senses_current else 0
            self._hold(over <= grace + error, "no_run_outlives_its_booking", standing, now, f"{over} ms over")
        elif run.booking is None and run.timely and standing.clock_is_known:
            self._gives_way(standing, run, now - error)
        self._idle_ends(standing, run, now)
        self._the_office_is_heard(standing, run, now)

    def _gives_way(self, standing: Standing, run: Run, at: int) -> None:
        """A staff run ends when another member's booking starts."""
        begun = self._promises.begun(standing.machine.id, run.started_ms, at, standing.synced_ms)
        others = [promise.id for promise in begun if promise.member != run.member]
        self._hold(not others, "staff_give_way_to_bookings", standing, at, f"{others} began")

    def _idle_ends(self, standing: Standing, run: Run, now: int) -> None:
        if not standing.senses_since(run.started_ms) or standing.amps >= standing.machine.idle_below_a:
            return
        still = now - max(standing.still_ms, run.started_ms)
        kept = still <= self._truth.policy.idle_off_minutes * 60_000 + IDLE_MS
        self._hold(kept, "an_idle_machine_is_switched_off", standing, now, f"idle for {still} ms")

    def _the_office_is_heard(self, standing: Standing, run: Run, now: int) -> None:
        """A revocation that reached the unit ends the run at once, a lock once the motor is idle."""
        revoked = self._truth.revoked.get(run.badge)
        heard = revoked is not None and revoked < standing.synced_ms and not standing.uncertain
        self._hold(not heard, "a_revoked_badge_runs_nothing", standing, now, run.badge[-4:])
        role = self._truth.people[run.member].role
        if standing.locked_ms is None or standing.locked_ms >= standing.synced_ms or role is Role.TECHNICIAN:
            return
        senses = standing.senses_since(run.started_ms)
        if standing.machine.senses_current and (standing.amps > 0 or not senses):
            return
        still = now - max(standing.still_ms, standing.lock_heard_ms)
        waits = DWELL_MS if standing.machine.senses_current else LATE_MS
        self._hold(still <= waits, "a_lock_ends_an_idle_run", standing, now, f"idle for {still} ms")

    def _hold(self, kept: bool, rule: str, standing: Standing, now: int, text: str) -> None:
        self._verdicts.hold(kept, rule, standing.machine.id, now, text)
