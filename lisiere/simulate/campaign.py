"""Many seeds: which ones, on how many processors, and what came of them all together."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any

from lisiere.simulate.acts import acts
from lisiere.simulate.plan import CLASSES, plan
from lisiere.simulate.stage import Outcome, play
from lisiere.simulate.verdicts import Violation

YEAR = 365
TWICE = 10
"""Every so many seeds, one is played twice."""

Progress = Callable[[int, int], None]


def seeds_for(device_years: float, first: int) -> list[int]:
    """The seeds, from the first on, that together play so long."""
    found: list[int] = []
    days = 0
    for seed in count(first):
        if days >= device_years * YEAR and found:
            return found
        found.append(seed)
        days += plan(seed).device_days
    raise AssertionError


def play_seed(seed: int) -> Outcome:
    """One seed; every tenth is played twice, which must give the same trace."""
    wanted = plan(seed)
    outcome = play(wanted, acts(wanted))
    if seed % TWICE or outcome.violations:
        return outcome
    again = play(wanted, acts(wanted))
    if again.trace == outcome.trace:
        return outcome
    other = Violation("a_seed_plays_the_same_twice", "", 0, f"{outcome.trace} and {again.trace}")
    return Outcome(**{**_fields(outcome), "violations": (other,)})


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in Outcome.__slots__}


@dataclass(frozen=True, slots=True)
class Campaign:
    """What came of all seeds, in their order."""

    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> list[Outcome]:
        """The seeds in which a promise was broken."""
        return [outcome for outcome in self.outcomes if outcome.violations]

    def states(self) -> Counter[str]:
        """What was reached, and how often."""
        return sum((outcome.states for outcome in self.outcomes), Counter[str]())

    def faults(self) -> dict[str, int]:
        """The faults that struck, by class."""
        met = sum((outcome.faults for outcome in self.outcomes), Counter[str]())
        return {name: met[name] for name in CLASSES}

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        years = sum(outcome.device_days for outcome in self.outcomes) / YEAR
        return {
            "device_years": round(years, 3),
            "seeds": len(self.outcomes),
            "faults": self.faults(),
            "checks": sum(outcome.checks for outcome in self.outcomes),
            "violations": sum(len(outcome.violations) for outcome in self.outcomes),
            "bound_3_over_n": round(3 / years, 6),
            "states": dict(sorted(self.states().items())),
            "exchanges_executed": sum(outcome.executed for outcome in self.outcomes),
            "exchanges_skipped": sum(outcome.skipped for outcome in self.outcomes),
            "trace_sha256": sha256("".join(outcome.trace for outcome in self.outcomes).encode()).hexdigest(),
        }


def run(device_years: float, seed: int, progress: Progress, processes: int | None = None) -> Campaign:
    """Play all seeds; the figures do not depend on how many processes share them."""
    seeds = seeds_for(device_years, seed)
    outcomes = []
    for done, outcome in enumerate(_outcomes(seeds, processes or os.cpu_count() or 1), 1):
        outcomes.append(outcome)
        progress(done, len(seeds))
    return Campaign(tuple(outcomes))


def _outcomes(seeds: list[int], processes: int) -> Iterator[Outcome]:
    if processes == 1 or len(seeds) == 1:
        yield from map(play_seed, seeds)
        return
    # What is there before the first seed stays: the collector need not look at it again and again.
    with ProcessPoolExecutor(processes, initializer=gc.freeze) as pool:
        yield from pool.map(play_seed, seeds)
