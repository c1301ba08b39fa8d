"""Many seeds: which ones, on how many processors, and what came of them all together."""

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any

from lisiere.simulate.acts import acts
from lisiere.simulate.plan import CLASSES, plan
from lisiere.simulate.stage import Outcome, play
from lisiere.simulate.states import WANTED
from lisiere.simulate.verdicts import Violation

YEAR = 365
ENOUGH = 20
"""So many device-years must meet every class of fault and reach every wanted state."""
TWICE = 10
"""Every so many seeds, one is played twice."""

Progress = Callable[[int, int, Outcome], None]
"""How many seeds are played, of how many, and what came of the last."""


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

    @property
    def device_years(self) -> float:
        """How much was played."""
        return sum(outcome.device_days for outcome in self.outcomes) / YEAR

    def lacking(self) -> list[str]:
        """The classes of fault that did not strike and the states that were not reached, though enough was played:
        what was not met was not tried."""
        if self.device_years < ENOUGH:
            return []
        never = [f"fault {name}" for name, n in self.faults().items() if n == 0]
        return never + sorted(WANTED - set(self.states()))

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        years = self.device_years
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


def run(
    device_years: float, seed: int, progress: Progress, processes: int | None = None, quick: bool = False
) -> Campaign:
    """Play all seeds; the figures do not depend on how many processes share them. `quick`: no further than the
    first seed in which a promise is broken."""
    seeds = seeds_for(device_years, seed)
    outcomes = []
    with closing(_outcomes(seeds, processes or os.cpu_count() or 1)) as played:
        for done, outcome in enumerate(played, 1):
            outcomes.append(outcome)
            progress(done, len(seeds), outcome)
            if quick and outcome.violations:
                break
    return Campaign(tuple(outcomes))


def _outcomes(seeds: list[int], processes: int) -> Generator[Outcome, None, None]:
    if processes == 1 or len(seeds) == 1:
        yield from map(play_seed, seeds)
        return
    with ProcessPoolExecutor(processes, initializer=_prepare) as pool:
        yield from pool.map(play_seed, seeds)


def _prepare() -> None:
    """What is there before the first seed stays: the collector need not look at it again and again. And whoever is
    told to end takes its temporary folder away, which lies in memory."""
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
