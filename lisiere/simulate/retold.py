"""Plays a rehearsal that tells of a simulation: with its network, its keys and its referee."""

from datetime import timedelta
from pathlib import Path

from access.vocabulary import Cause
from controller.journal_row import Stamped
from lisiere.rehearse.records import Record, Records
from lisiere.rehearse.script import Script
from lisiere.simulate.plan import Plan
from lisiere.simulate.stage import Stage, room, silence
from twin.desk import Change


def retold(script: Script) -> list[Record]:
    """All records of the rehearsal, and `broken` for each promise that was."""
    assert script.simulation is not None
    cast = (script.machines, script.people, script.policy, script.opening)
    plan = Plan(script.simulation, script.start, *cast, visits=0.0, rates={})
    with room() as folder, silence():
        return _Told(plan, script, folder).records()


class _Told(Stage):
    """A performance that is written down."""

    def __init__(self, plan: Plan, script: Script, folder: Path) -> None:
        super().__init__(plan, script.acts, folder, script.length // timedelta(milliseconds=1))
        zone, now = script.opening.timezone, self._site.schedule.now
        self._records = Records(zone, now, lambda machine, tag: self._badge_of(machine, tag))

    def records(self) -> list[Record]:
        """Play it."""
        for broken in self.play().violations:
            self._records.broken(broken.rule, broken.machine, broken.text)
        return self._records.all

    def _fact(self, machine: str, stamped: Stamped) -> None:
        self._records.fact(machine, stamped.fact)
        super()._fact(machine, stamped)

    def _power(self, machine: str, on: bool, cause: Cause) -> None:
        self._records.power(machine, on, cause)
        super()._power(machine, on, cause)

    def _booking(self, change: Change) -> None:
        self._records.booking(change)
        super()._booking(change)
