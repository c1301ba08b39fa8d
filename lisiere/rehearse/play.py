"""Plays a script on a simulated site, from start to end."""

import os
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from access.facts import RunClosed
from controller.journal_row import Stamped
from lisiere.rehearse.records import Record, Records, seconds
from lisiere.rehearse.script import Act, Script
from lisiere.world.deeds import do
from lisiere.world.schedule import Turn
from lisiere.world.site import Site, Watch

MEMORY = Path("/dev/shm")
"""Where the temporary folder lies if it can: what is lost with the machine need not be on its disk."""


def play(script: Script, seed: int = 0) -> list[Record]:
    """All records of a rehearsal. The same script and seed give the same records."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lisiere-rehearsal-", dir=where) as folder:
        return _Stage(script, Path(folder), seed).play()


class _Stage:
    """One performance."""

    def __init__(self, script: Script, folder: Path, seed: int) -> None:
        self._script = script
        self._numbers = sorted(
            {badge for person in script.people for badge in person.badges}
            | {act.words["badge"] for act in script.acts if act.do == "tap"}
        )
        self._badges: dict[str, dict[str, str]] = {}
        self._runs: dict[str, dict[str, RunClosed]] = {machine.id: {} for machine in script.machines}
        watch = Watch(fact=self._fact, power=self._power, booking=lambda change: self._records.booking(change))
        self._site = Site(folder, script.start, script.machines, script.policy, script.opening, seed, watch)
        self._records = Records(script.opening.timezone, self._site.schedule.now, self._badge_of)

    def play(self) -> list[Record]:
        """Raise the curtain, go through the acts, and count."""
        try:
            self._people_and_bookings()
            for act in self._script.acts:
                self._site.schedule.at(self._ms(act), Turn.STEP, partial(self._do, act))
            for id, bench in self._site.benches.items():
                bench.line.expect_steps(self._steps_of(id))
            self._site.open()
            self._site.schedule.run_until(self._script.length // timedelta(milliseconds=1))
            self._site.finish()
            self._summary()
        finally:
            self._site.close()
        return self._records.all

    def _ms(self, act: Act) -> int:
        return (act.at - self._script.start) // timedelta(milliseconds=1)

    def _people_and_bookings(self) -> None:
        for person in self._script.people:
            self._site.people.put_member(
                person.id,
                person.badges,
                person.qualifications,
                person.role,
                person.category,
                person.valid_until,
            )
        for booking in self._script.bookings:
            self._site.bookings.put(booking)

    def _steps_of(self, machine: str) -> tuple[int, ...]:
        """When something may happen that this machine's next exchange should come before."""
        acts = (act for act in self._script.acts if act.words.get("machine") in (None, machine))
        return tuple(self._ms(act) for act in acts)

    def _badge_of(self, machine: str, tag: str) -> str:
        known = self._badges.get(machine)
        if known is None:
            bench = self._site.benches[machine]
            known = self._badges[machine] = {bench.tag(number): number for number in self._numbers}
        return known[tag]

    def _fact(self, machine: str, stamped: Stamped) -> None:
        self._records.fact(machine, stamped.fact)
        if isinstance(stamped.fact, RunClosed):
            # A unit that dies before its disk took the end of a run closes that run anew: the last word counts.
            self._runs[machine][stamped.fact.run] = stamped.fact

    def _power(self, machine: str, on: bool, cause: Any) -> None:
        self._records.power(machine, on, cause)

    def _do(self, act: Act) -> None:
        do(self._site, act.do, act.words)

    def _summary(self) -> None:
        units = {}
        for id, bench in self._site.benches.items():
            events, unsent = bench.events()
            units[id] = {"events": events, "unsent": unsent}
        self._records.summary(self._totals(), self._site.summary(), units)

    def _totals(self) -> dict[str, dict[str, int]]:
        return {
            machine: {
                "powered_seconds": sum(seconds(run.powered_ms) for run in runs.values()),
                "running_seconds": sum(seconds(run.running_ms) for run in runs.values()),
                "runs": len(runs),
            }
            for machine, runs in self._runs.items()
        }
