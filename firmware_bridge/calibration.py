"""From samples of a machine at rest and at work: the currents that tell one from the other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import quantiles

LEAST_DWELL_S = 1.0
LEAST_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Above `running_a` the machine works; below `idle_a` for `dwell_s` it rests; from `off_ma` on it has power."""

    running_a: float
    idle_a: float
    dwell_s: float
    off_ma: int

    def as_dict(self) -> dict[str, float]:
        """The same, for printing."""
        return asdict(self)


def thresholds(
    idle: Sequence[float], running: Sequence[float], every_s: float, least_dwell_s: float = LEAST_DWELL_S
) -> Thresholds | None:
    """Two thresholds in the gap between rest and work; the dwell outlasts the longest pause in the work.

    None where there is no such gap, or not enough to tell: the machine then needs another sign than its current.
    """
    if min(len(idle), len(running)) < LEAST_SAMPLES:
        return None
    rest, work = quantiles(idle, n=100)[98], quantiles(running, n=4)[1]
    if work < 1.5 * rest or work - rest < 0.1:
        return None
    idle_a, running_a = rest + (work - rest) / 4, rest + (work - rest) / 2
    pauses = [sum(1 for _ in run) for low, run in groupby(amps < idle_a for amps in running) if low]
    dwell_s = max(least_dwell_s, 1.5 * every_s * max(pauses, default=0))
    return Thresholds(round(running_a, 2), round(idle_a, 2), round(dwell_s, 1), max(50, round(rest * 500)))
