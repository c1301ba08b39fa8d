"""Plays one seed: the acts on a simulated site, and after every event asks whether all promises are kept."""

import hashlib
import logging
import os
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from lisiere.simulate.keys import SimulatedKey
from lisiere.simulate.plan import DAYS, Plan
from lisiere.simulate.referee import Referee
from lisiere.simulate.verdicts import Violation
from lisiere.simulate.visits import UNKNOWN
from lisiere.simulate.weather import StormyWire
from lisiere.world.schedule import Turn
from lisiere.world.site import Site, Watch
from twin.desk import Change

DAY_MS = 86_400_000
AUDIT_MS = 3 * DAY_MS
"""How often the files are read while a seed plays; once more at its end."""


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
    """Play a seed's acts, in the order of their times; after the healing, if it is among them, there is peace."""
    with room() as folder, silence():
        return Stage(plan, acts, folder, until_ms).play()


@contextmanager
def silence() -> Iterator[None]:
    """Nobody reads what the programs log of so many disasters."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def room() -> Iterator[Path]:
    """A temporary folder, in memory where that can be."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lisiere-simulation-", dir=where) as folder:
        yield Path(folder)


class Stage:
    """One performance."""

    def __init__(self, plan: Plan, acts: Sequence[Act], folder: Path, until_ms: int) -> None:
        self._plan = plan
        self._until_ms = until_ms
        self._acts = acts
        self._faults: Counter[str] = Counter()
        self._wires: dict[str, StormyWire] = {}
        self._trace = hashlib.sha256()
        watch = Watch(self._fact, self._power, self._booking)
        machines, policy, opening = plan.machines, plan.policy, plan.opening
        self._site = Site(folder, plan.start, machines, policy, opening, plan.seed, watch, self._wire, SimulatedKey)
        self._hands = Hands(self._site, folder, self._wires, self._faults)
        self._referee = Referee(plan, self._site)
        self._badges: dict[str, dict[str, str]] = {}
        self._disks: dict[str, DoomedDisk] = {}
        for machine, bench in self._site.benches.items():
            bench.disk = self._disks[machine] = DoomedDisk(machine)
            bench.line.latency_ms = partial(self._latency_ms, machine)

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
        schedule = self._site.schedule
        for act in self._acts:
            schedule.at(self._ms(act.at), Turn.STEP, partial(self._do, act.do, act.words))
        for night in range(AUDIT_MS - 1, self._until_ms, AUDIT_MS):
            schedule.at(night, Turn.STEP, self._referee.audit)
        if any(act.do == "twin_restored" for act in self._acts):
            for night in range(DAY_MS - 1, self._until_ms, DAY_MS):
                schedule.at(night, Turn.STEP, self._hands.back_up)

    def _ms(self, at: datetime) -> int:
        return (at - self._plan.start) // timedelta(milliseconds=1)

    def _go(self) -> None:
        for person in self._plan.people:
            self._site.people.put_member(
                person.id, person.badges, person.qualifications, person.role, person.category, person.valid_until
            )
        self._site.open()
        self._referee.look()
        while self._happens() and not self._referee.violations:
            self._referee.look()
        if self._hands.healed and not self._referee.violations:
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
        self._wires[machine] = StormyWire(site, machine, rng, self._faults, partial(self._touched, machine))
        return self._wires[machine]

    def _touched(self, machine: str) -> None:
        self._disks[machine].touched()

    def _latency_ms(self, machine: str) -> int:
        """The twin's answer is kept, and nobody has heard of it yet."""
        self._touched(machine)
        return self._wires[machine].latency_ms()

    # --- what happens --------------------------------------------------------------------------------

    def _do(self, deed: str, words: dict[str, Any]) -> None:
        self._referee.done(deed, words)
        self._hands.do(deed, words)
        if self._hands.restored_from is not None:
            self._referee.restored(self._hands.restored_from)
            self._hands.restored_from = None

    def _fact(self, machine: str, stamped: Stamped) -> None:
        fact = stamped.fact
        badge = self._badge_of(machine, fact.badge) if isinstance(fact, DecisionMade) else ""
        self._referee.fact(machine, fact, badge)
        self._disks[machine].written()

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
            sum(bench.line.executed for bench in benches),
            sum(bench.line.skipped for bench in benches),
            self._trace.hexdigest(),
        )
