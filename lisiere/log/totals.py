"""What the listed runs add up to. Whole seconds are added, so that the lines above give the same sum."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lisiere.log.entries import RUN, Entry


@dataclass(slots=True)
class Total:
    """The runs of a machine, and their seconds."""

    runs: int = 0
    powered: int = 0
    running: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(self.runs + other.runs, self.powered + other.powered, self.running + other.running)


@dataclass(slots=True)
class Totals:
    """The total of each machine that had an entry."""

    machines: dict[str, Total] = field(default_factory=dict)

    def counting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries, counted as they pass."""
        for entry in entries:
            total = self.machines.setdefault(entry.machine, Total())
            if entry.event == RUN:
                one = Total(1, entry.fields["powered_seconds"], entry.fields["running_seconds"])
                self.machines[entry.machine] = total + one
            yield entry

    @property
    def all(self) -> Total:
        """The sum over the machines."""
        return sum(self.machines.values(), Total())
