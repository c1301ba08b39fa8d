"""Makes a failing seed small: leaves out classes of fault, then acts, machines and the time before, as long as the
same promise is broken."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lisiere.rehearse.script import Act
from lisiere.simulate.acts import acts
from lisiere.simulate.plan import DAYS, Plan
from lisiere.simulate.stage import play
from lisiere.simulate.verdicts import Violation

PLAYS = 250
"""How often a failing seed is played at the most to make it smaller."""
AFTER = timedelta(minutes=1)
"""How long a smaller play goes on after the instant at which the promise was broken."""
BEFORE = timedelta(hours=1)
"""How long before its first act a smaller play begins."""
MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Small:
    """A failing seed, made small; it is played until `end`."""

    plan: Plan
    acts: list[Act]
    violation: Violation
    end: datetime


class Shrinker:
    """See the module."""

    def __init__(self, plan: Plan, violation: Violation) -> None:
        self._plan = plan
        self._began = plan.start
        self._latest = plan.start + timedelta(days=DAYS)
        self._violation = violation
        self._end = self._end_of(plan, violation)
        self._left = PLAYS

    def shrink(self) -> Small:
        """As small as it gets within so many plays."""
        kept = self._late(acts(self._plan))
        for name in self._plan.rates:
            fewer = replace(self._plan, rates={c: r for c, r in self._plan.rates.items() if c != name})
            without = set(map(_key, acts(replace(fewer, start=self._began))))
            if self._fails(fewer, less := [act for act in kept if _key(act) in without]):
                kept = less
        kept = self._fewer([act for act in kept if act.at < self._end])
        return Small(self._plan, kept, self._violation, self._end)

    def _late(self, kept: list[Act]) -> list[Act]:
        """Only what happened shortly before: most of what is played has nothing to do with it."""
        for days in (1, 3, 7, 14):
            start = (self._end - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
            later = [act for act in kept if act.at > start]
            if start > self._plan.start and self._fails(replace(self._plan, start=start), later):
                return later
        return kept

    def _fewer(self, kept: list[Act]) -> list[Act]:
        """Leave out ever smaller pieces."""
        size = len(kept) // 2
        while size and self._left > 0:
            kept = self._without_pieces(kept, size)
            self._trim(kept)
            size //= 2
        return kept

    def _without_pieces(self, kept: list[Act], size: int) -> list[Act]:
        at = 0
        while at < len(kept) and self._left > 0:
            fewer = kept[:at] + kept[at + size :]
            if self._fails(self._plan, fewer):
                kept = fewer
            else:
                at += size
        return kept

    def _trim(self, kept: list[Act]) -> None:
        """Leave out the time before the first act, and the machines at which nothing happens."""
        if not kept:
            return
        start = (kept[0].at - BEFORE).replace(minute=0, second=0, microsecond=0)
        if start > self._plan.start:
            self._fails(replace(self._plan, start=start), kept)
        used = {act.words.get("machine") for act in kept} | {self._violation.machine}
        machines = tuple(machine for machine in self._plan.machines if machine.id in used)
        if 0 < len(machines) < len(self._plan.machines):
            self._fails(replace(self._plan, machines=machines), kept)

    def _fails(self, plan: Plan, fewer: list[Act]) -> bool:
        """Whether the same promise is broken; if so, this is what the next plays go on from."""
        self._left -= 1
        found = play(plan, fewer, (self._end - plan.start) // MS).violations
        if not found or found[0].rule != self._violation.rule:
            return False
        self._plan, self._violation = plan, found[0]
        self._end = self._end_of(plan, found[0])
        return True

    def _end_of(self, plan: Plan, violation: Violation) -> datetime:
        return min(plan.start + violation.at_ms * MS + AFTER, self._latest)


def _key(act: Act) -> tuple[datetime, str, str]:
    return act.at, act.do, repr(act.words)
