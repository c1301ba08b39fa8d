"""What must hold, how often that was looked at, and what did not hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, where, when (milliseconds since the start), and how."""

    rule: str
    machine: str
    at_ms: int
    text: str


@dataclass(slots=True)
class Verdicts:
    """All that was found in one seed."""

    checks: int = 0
    violations: list[Violation] = field(default_factory=list)

    def hold(self, kept: bool, rule: str, machine: str, at_ms: int, text: str) -> None:
        """Look once whether a promise is kept."""
        self.checks += 1
        if not kept:
            self.violations.append(Violation(rule, machine, at_ms, text))

    def hold_all(self, looked: int, broken: Iterable[str], rule: str, machine: str, at_ms: int) -> None:
        """Look as often whether a promise is kept; `broken` says of each time that it is not, how."""
        self.checks += looked
        self.violations += (Violation(rule, machine, at_ms, text) for text in broken)
