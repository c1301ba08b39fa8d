"""What every figure is made of: how often it is measured, times beside their floor, and who hears of progress."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MS = 1_000_000
"""Nanoseconds in a millisecond."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each thing is measured; `days` is how much virtual time a rehearsal takes, `kiosk_hours` how much a
    kiosk lives through. The first taps, the `warm_up`, are not counted, on either side."""

    taps: int = 400
    warm_up: int = 10
    starts: int = 7
    exchanges: int = 200
    rows: int = 100
    days: int = 28
    revocations: int = 100
    drains: int = 3
    quiet_taps: int = 10
    waiting_rows: int = 5000
    dawdlers: int = 500
    asks: int = 300
    touches: int = 60
    idle_s: float = 20.0
    kiosk_hours: int = 24


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a measurement stands, for a person who waits for it: one line that is written over."""

    name: str

    def __call__(self, done: int, of: int) -> None:
        """So many of so many are done."""
        if sys.stderr.isatty():
            end = "" if done < of else "\r\x1b[K"
            print(f"\r{self.name}: {done} of {of} {end}", end="", file=sys.stderr, flush=True)


def timed_ns(act: Callable[[], object]) -> int:
    """How long something takes, in nanoseconds."""
    began = time.perf_counter_ns()
    act()
    return time.perf_counter_ns() - began


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]


def beside(ours_ns: Sequence[int], floor_ns: Sequence[int]) -> dict[str, float]:
    """Times in milliseconds beside those of the floor, and how many times as long ours take."""
    found: dict[str, float] = {}
    for percent in (50, 99):
        ours, floor = percentile(ours_ns, percent) / MS, percentile(floor_ns, percent) / MS
        found[f"p{percent}_ms"] = round(ours, 4)
        found[f"floor_p{percent}_ms"] = round(floor, 4)
        found[f"ratio_p{percent}"] = round(ours / floor, 2)
    return found
