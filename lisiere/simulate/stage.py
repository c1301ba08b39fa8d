"""Plays one seed: the acts on a simulated site, and after every event asks whether all promises are kept."""

import hashlib
import os
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from access.facts import DecisionMade
from access.vocabulary import Cause
from controller.journal_row import Stamped
from lisiere.rehearse.play import MEMORY
from lisiere.rehearse.script import Act
from lisiere.simulate.deeds import Hands
from lisiere.simulate.doom import Died, DoomedDisk
from lisiere.simulate.faults import HEALING
from lisiere.simulate.plan import DAYS, Plan
from lisiere.simulate.referee import Referee
from lisiere.simulate.verdicts import Violation
from lisiere.simulate.visits import UNKNOWN
from lisiere.simulate.weather import StormyWire
from lisiere.world.schedule import Turn
from lisiere.world.site import Site, Watch
from twin.desk import Change

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    device_days: int
    checks: int
    violations: tuple[Violation, ...]
    faults: Counter[str]
    states: Counter[str]
    executed: int
    skipped: int
    trace: str


def play(plan: Plan, acts: list[Act], until_ms: int = DAYS * DAY_MS) -> Outcome:
    """Play a seed's acts, in the order of their times; less than to the end leaves the healing out."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lisiere-simulation-", dir=where) as folder:
        return _Stage(plan, acts, Path(folder), min(until_ms, DAYS * DAY_MS)).play()


class _Stage:
    """One performance."""

    def __init__(self, plan: Plan, acts: list[Act], folder: Path, until_ms: int) -> None:
        self._plan = plan
        self._until_ms = until_ms
        self._acts = acts
        self._faults: Counter[str] = Counter()
        self._wires: dict[str, StormyWire] = {}
        self._trace = hashlib.sha256()
        watch = Watch(self._fact, self._power, self._booking)
        machines, policy, opening = plan.machines, plan.policy, plan.opening
        self._site = Site(folder, plan.start, machines, policy, opening, plan.seed, watch, self._wire)
        self._hands = Hands(self._site, folder, self._wires, self._faults)
        self._referee = Referee(plan, self._site)
        self._badges: dict[str, dict[str, str]] = {}
        for machine, bench in self._site.benches.items():
            bench.disk = DoomedDisk(machine)

    def play(self) -> Outcome:
        """From the first boot to the peace after the healing."""
        self._agenda()
        try:
            self._go()
        except Exception:
            self._referee.broken(traceback.format_exc(limit=-6))
        finally:
            self._site.close()
        return self._outcome()

    def _agenda(self) -> None:
        schedule, end = self._site.schedule, DAYS * DAY_MS
        self._healed_ms = end - HEALING // timedelta(milliseconds=1)
        for act in self._acts:
            at = (act.at - self._plan.start) // timedelta(milliseconds=1)
            if 0 < at < self._healed_ms:
                schedule.at(at, Turn.STEP, partial(self._do, act.do, act.words))
        for day in range(1, DAYS + 1):
            schedule.at(day * DAY_MS - 1, Turn.STEP, self._night)
        schedule.at(self._healed_ms, Turn.STEP, self._heal)

    def _go(self) -> None:
        for person in self._plan.people:
            self._site.people.put_member(
                person.id, person.badges, person.qualifications, person.role, person.category, person.valid_until
            )
        self._site.open()
        self._referee.look()
        while self._happens() and not self._referee.violations:
            self._referee.look()
        if not self._referee.violations and self._until_ms == DAYS * DAY_MS:
            self._site.finish()
            self._referee.peace()

    def _happens(self) -> bool:
        """One event; a unit may die in the middle of it."""
        try:
            return self._site.schedule.step(self._until_ms)
        except Died as death:
            self._faults["crash"] += 1
            bench = self._site.benches[death.machine]
            bench.writes_every_checkpoint = False
            bench.crash()
            return True

    def _wire(self, site: Site, machine: str) -> StormyWire:
        rng = Random(f"wire {self._plan.seed} {machine}")
        self._wires[machine] = StormyWire(site, machine, rng, self._faults)
        return self._wires[machine]

    # --- what happens --------------------------------------------------------------------------------

    def _do(self, deed: str, words: dict[str, Any]) -> None:
        self._referee.done(deed, words)
        self._hands.do(deed, words)
        if self._hands.restored_from is not None:
            self._referee.restored(self._hands.restored_from)
            self._hands.restored_from = None

    def _night(self) -> None:
        self._referee.audit()
        if "twin_restored" in self._plan.rates:
            self._hands.back_up()

    def _heal(self) -> None:
        self._referee.healed()
        self._hands.heal()

    def _fact(self, machine: str, stamped: Stamped) -> None:
        fact = stamped.fact
        badge = self._badge_of(machine, fact.badge) if isinstance(fact, DecisionMade) else ""
        self._referee.fact(machine, fact, badge)
        disk = self._site.benches[machine].disk
        assert isinstance(disk, DoomedDisk)
        disk.written()

    def _power(self, machine: str, on: bool, cause: Cause) -> None:
        self._note("power", machine, on, cause)
        self._referee.power(machine, on, cause)

    def _booking(self, change: Change) -> None:
        self._note("booking", change.id, change.outcome, change.reasons, change.start, change.end)
        self._referee.booking(change)

    def _note(self, *what: object) -> None:
        """A line of the trace. What units do is in their hash chains, which end it."""
        self._trace.update(f"{self._site.schedule.ms} {what}\n".encode())

    def _badge_of(self, machine: str, tag: str) -> str:
        known = self._badges.get(machine)
        if known is None:
            numbers = [UNKNOWN, *(badge for person in self._plan.people for badge in person.badges)]
            bench = self._site.benches[machine]
            known = self._badges[machine] = {bench.tag(number): number for number in numbers}
        return known.get(tag, "")

    def _outcome(self) -> Outcome:
        for head in self._referee.heads():
            self._note("head", head)
        benches = self._site.benches.values()
        return Outcome(
            self._plan.seed,
            self._plan.device_days,
            self._referee.checks,
            tuple(self._referee.violations),
            +self._faults,
            +self._referee.states,
            sum(bench.executed for bench in benches),
            sum(bench.skipped for bench in benches),
            self._trace.hexdigest(),
        )
