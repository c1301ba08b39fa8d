"""Sees everything that happens in a seed, knows what really is so, and asks after every event what must hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from access.facts import BookingChanged, DecisionMade, Fact, RunClosed
from access.people import Strength
from access.vocabulary import Cause, Outcome
from controller.timekeeping import BUILT
from lisiere.simulate.books import Books, opened
from lisiere.simulate.peace import judge
from lisiere.simulate.plan import Plan
from lisiere.simulate.power import Power
from lisiere.simulate.promises import Promises
from lisiere.simulate.states import States
from lisiere.simulate.taps import Taps
from lisiere.simulate.truth import Standing, Truth
from lisiere.simulate.verdicts import Verdicts, Violation
from lisiere.world.site import Site
from twin.desk import Change

STEP_MS = 2_000
"""A clock that is set by more than this is not to be trusted."""
PEOPLE_DO = frozenset(
    ("tap", "current", "book", "walk_up", "extend", "cancel", "extend_at_kiosk", "cancel_at_kiosk", "stop_at_kiosk")
) | {"lock", "unlock", "revoke", "restore"}
"""What befalls nobody: the rest is fate's."""
ENDLESS = 10_000
"""More than this never happens in one instant: it would go on for ever, and so would the seed."""


class Referee:
    """See the module."""

    def __init__(self, plan: Plan, site: Site) -> None:
        self._site = site
        self._verdicts = Verdicts()
        machines = {id: Standing(bench.machine, bench) for id, bench in site.benches.items()}
        self._truth = Truth(plan.policy, {person.id: person for person in plan.people}, machines)
        self._promises = Promises(plan.start, self._truth, self._verdicts)
        self._power = Power(self._truth, self._promises, self._verdicts)
        self._taps = Taps(self._truth, self._promises, self._verdicts)
        self._books = Books(site.twin_file, machines, self._verdicts)
        self._states = States()
        self._looked_ms, self._at_once = 0, 0

    @property
    def violations(self) -> list[Violation]:
        """What did not hold so far."""
        return self._verdicts.violations

    @property
    def checks(self) -> int:
        """How often something was looked at."""
        return self._verdicts.checks

    @property
    def states(self) -> Counter[str]:
        """What was reached, and how often."""
        return self._states.reached

    # --- what happens --------------------------------------------------------------------------------

    def done(self, deed: str, words: Mapping[str, Any]) -> None:
        """Somebody, or fate, is about to do this."""
        now = self._site.schedule.ms
        if deed not in PEOPLE_DO:
            self._struck(words, now)
        note = _NOTES.get(deed)
        if note is not None:
            note(self, words, now)

    def fact(self, machine: str, fact: Fact, badge: str) -> None:
        """A unit tells a fact."""
        now = self._site.schedule.ms
        self._states.fact(fact)
        if isinstance(fact, DecisionMade):
            self._taps.decided(machine, fact, badge, now)
            if fact.outcome is Outcome.GRANTED:
                self._power.granted(machine, fact, badge, now)
        elif isinstance(fact, RunClosed):
            self._power.closed(machine, fact, now)
        elif isinstance(fact, BookingChanged):
            self._promises.told(fact, now)

    def power(self, machine: str, on: bool, cause: Cause) -> None:
        """An output really went live or dead."""
        self._states.power(on, cause)
        self._power.switched(machine, on, cause, self._site.schedule.ms)

    def booking(self, change: Change) -> None:
        """The twin, or the kiosk, decided about a booking."""
        self._states.booking(change)
        self._promises.told(change, self._site.schedule.ms)

    def restored(self, backup_ms: int) -> None:
        """The twin is as it was then."""
        self._truth.restored = True
        self._promises.restored(backup_ms)
        now = self._site.schedule.ms
        with opened(self._site.twin_file) as twin:
            revoked = [number for (number,) in twin.execute("SELECT number FROM badges WHERE revoked")]
            locked = [machine for (machine,) in twin.execute("SELECT id FROM machines WHERE locked")]
        self._truth.revoked = dict.fromkeys(revoked, now)
        for machine, standing in self._truth.machines.items():
            standing.locked_ms = now if machine in locked else None
            standing.uncertain = True

    def broken(self, story: str) -> None:
        """The product raised what nobody caught."""
        self._verdicts.hold(False, "nothing_breaks", "", self._site.schedule.ms, story)

    # --- looking -------------------------------------------------------------------------------------

    def look(self) -> None:
        """After every event."""
        now = self._site.schedule.ms
        self._goes_on(now)
        self._truth.look(now)
        self._power.look(now)
        self._promises.look(now)

    def _goes_on(self, now: int) -> None:
        self._at_once = self._at_once + 1 if now == self._looked_ms else 0
        self._looked_ms = now
        if self._at_once > ENDLESS:
            self._verdicts.hold(False, "time_goes_on", "", now, f"{ENDLESS} events, and still the same instant")

    def audit(self) -> None:
        """The files."""
        self._books.audit(self._site.schedule.ms)

    def healed(self) -> None:
        """Everything is made good from now on."""
        now = self._site.schedule.ms
        for standing in self._truth.machines.values():
            standing.pressed = standing.stuck = False
            standing.board_lost_ms = None
            standing.changed_ms = standing.stuck_ms = now

    def peace(self) -> None:
        """After the healing."""
        self.audit()
        cloned = frozenset(id for id, standing in self._truth.machines.items() if standing.cloned)
        judge(self._site, self._books, self._promises, self._verdicts, cloned)

    def heads(self) -> Iterator[str]:
        """The last hash of every journal."""
        self.audit()
        return (journal.head for journal in self._books.journals.values())

    # --- what is really so ---------------------------------------------------------------------------

    def _struck(self, words: Mapping[str, Any], now: int) -> None:
        """Something befalls one machine, or all of them."""
        where = words.get("machine")
        for standing in self._truth.machines.values() if where is None else (self._standing(words),):
            standing.struck_ms = now

    def _weather(self, words: Mapping[str, Any], now: int) -> None:
        rough = self._standing(words).rough
        (rough.add if words["chance"] else rough.discard)(words["kind"])

    def _standing(self, words: Mapping[str, Any]) -> Standing:
        return self._truth.machines[words["machine"]]

    def _tapped(self, words: Mapping[str, Any], now: int) -> None:
        standing = self._standing(words)
        standing.tapped_ms = now
        standing.strength = words.get("strength", Strength.NTAG424)

    def _walked_up(self, words: Mapping[str, Any], now: int) -> None:
        if words["power"] and not self._standing(words).machine.hazardous:
            self._tapped(words, now)

    def _motor(self, words: Mapping[str, Any], now: int) -> None:
        standing = self._standing(words)
        if (words["amps"] > 0) != (standing.amps > 0):
            standing.still_ms = now
        standing.amps = words["amps"]
        standing.changed_ms = now

    def _stop(self, words: Mapping[str, Any], now: int) -> None:
        self._standing(words).pressed = words["pressed"]

    def _stuck(self, words: Mapping[str, Any], now: int) -> None:
        standing = self._standing(words)
        standing.stuck, standing.stuck_ms, standing.changed_ms = len(words) > 1, now, now

    def _board(self, lost: bool, words: Mapping[str, Any], now: int) -> None:
        standing = self._standing(words)
        if standing.machine.output == "board" and lost != (standing.board_lost_ms is not None):
            standing.board_lost_ms = now if lost else None
            standing.changed_ms = now

    def _clock(self, words: Mapping[str, Any], now: int) -> None:
        bench = self._standing(words).bench
        if bench.mains:
            bench.catch_up()
            step = abs((words["to"] - bench.clock.read().wall).total_seconds() * 1_000)
            self._standing(words).clock_ms = now if step > STEP_MS else self._standing(words).clock_ms

    def _cut(self, words: Mapping[str, Any], now: int) -> None:
        """A clock that outlives the cut is believed, unless it starts before any unit stood."""
        standing = self._standing(words)
        if not standing.bench.mains:
            return
        standing.bench.catch_up()
        early = standing.bench.clock.read().wall < BUILT
        if early or not standing.machine.rtc:
            standing.clock_ms = now

    def _disk(self, words: Mapping[str, Any], now: int) -> None:
        self._standing(words).disk_full_ms = now

    def _lock(self, words: Mapping[str, Any], now: int) -> None:
        if self._site.twin_runs:
            standing = self._standing(words)
            standing.locked_ms = now if standing.locked_ms is None else standing.locked_ms
            standing.was_locked = True

    def _unlock(self, words: Mapping[str, Any], now: int) -> None:
        if self._site.twin_runs:
            self._standing(words).locked_ms = None

    def _revoke(self, words: Mapping[str, Any], now: int) -> None:
        if self._site.twin_runs:
            self._truth.revoked.setdefault(words["badge"], now)
            self._truth.ever_revoked.add(words["badge"])

    def _restore(self, words: Mapping[str, Any], now: int) -> None:
        if self._site.twin_runs:
            self._truth.revoked.pop(words["badge"], None)

    def _copied(self, words: Mapping[str, Any], now: int) -> None:
        self._standing(words).copied_ms = self._standing(words).synced_ms

    def _rolled_back(self, words: Mapping[str, Any], now: int) -> None:
        standing = self._standing(words)
        if standing.copied_ms is not None:
            standing.uncertain = True
            standing.synced_ms = standing.copied_ms

    def _cloned(self, words: Mapping[str, Any], now: int) -> None:
        """Until somebody notices, two devices may sell this machine's hours."""
        self._standing(words).cloned = True
        self._promises.forget_machine(words["machine"])

    def _weld(self, words: Mapping[str, Any], now: int) -> None:
        self._standing(words).changed_ms = now


Note = Callable[[Referee, Mapping[str, Any], int], None]

_NOTES: dict[str, Note] = {
    "weather": Referee._weather,
    "tap": Referee._tapped,
    "walk_up": Referee._walked_up,
    "current": Referee._motor,
    "estop": Referee._stop,
    "sensor_stuck": Referee._stuck,
    "board_down": lambda referee, words, now: referee._board(True, words, now),
    "board_up": lambda referee, words, now: referee._board(False, words, now),
    "clock_set": Referee._clock,
    "power_cut": Referee._cut,
    "disk_full": Referee._disk,
    "disk_ok": Referee._disk,
    "lock": Referee._lock,
    "unlock": Referee._unlock,
    "revoke": Referee._revoke,
    "restore": Referee._restore,
    "replica_copied": Referee._copied,
    "old_replica": Referee._rolled_back,
    "relay_welded": Referee._weld,
    "clone_begins": Referee._cloned,
    "heal": lambda referee, words, now: referee.healed(),
}
