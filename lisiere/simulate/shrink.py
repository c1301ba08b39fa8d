"""Makes a failing seed small: leaves out classes of fault, then acts, as long as the same promise is broken."""

from dataclasses import dataclass, replace

from lisiere.rehearse.script import Act
from lisiere.simulate.acts import acts
from lisiere.simulate.plan import Plan
from lisiere.simulate.stage import play
from lisiere.simulate.verdicts import Violation

PLAYS = 200
"""How often a failing seed is played at the most to make it smaller."""
AFTER_MS = 60_000
"""How long a smaller play goes on after the instant at which the promise was broken."""


@dataclass(frozen=True, slots=True)
class Small:
    """A failing seed, made small."""

    plan: Plan
    acts: list[Act]
    violation: Violation


class Shrinker:
    """See the module."""

    def __init__(self, plan: Plan, violation: Violation) -> None:
        self._plan = plan
        self._violation = violation
        self._left = PLAYS

    def shrink(self) -> Small:
        """As small as it gets within so many plays."""
        kept = acts(self._plan)
        for name in self._plan.rates:
            fewer = replace(self._plan, rates={c: r for c, r in self._plan.rates.items() if c != name})
            if self._fails(without := acts(fewer)):
                self._plan, kept = fewer, without
        return Small(self._plan, self._fewer(kept), self._violation)

    def _fewer(self, kept: list[Act]) -> list[Act]:
        """Leave out ever smaller pieces."""
        size = len(kept) // 2
        while size and self._left > 0:
            kept = self._without_pieces(kept, size)
            size //= 2
        return kept

    def _without_pieces(self, kept: list[Act], size: int) -> list[Act]:
        at = 0
        while at < len(kept) and self._left > 0:
            fewer = kept[:at] + kept[at + size :]
            if self._fails(fewer):
                kept = fewer
            else:
                at += size
        return kept

    def _fails(self, fewer: list[Act]) -> bool:
        """The same promise is broken; the instant of that is the next one to look for."""
        self._left -= 1
        found = play(self._plan, fewer, self._violation.at_ms + AFTER_MS).violations
        if not found or found[0].rule != self._violation.rule:
            return False
        self._violation = found[0]
        return True
