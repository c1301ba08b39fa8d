"""How much virtual time a second of real time plays, beside the bare inserts of what the units wrote down.

The workshop is one machine with four visits a day: a booking that is used, one that nobody starts, a walk-up, and a
badge that is refused.
"""

import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lisiere.bench.exchange import BareInsert
from lisiere.bench.timing import Counts, Progress
from lisiere.rehearse.play import MEMORY, play
from lisiere.rehearse.reading import parse

START = datetime.fromisoformat("2026-03-02T08:00:00+01:00")
HEAD = """
start = {start}
end = {end}
[[machine]]
id = "m"
[[member]]
id = "ana"
badges = ["04A1B2C3D4E5F6"]
[[member]]
id = "bilal"
badges = ["04BB000000BB01"]
"""
BOOKING = '[[booking]]\nid = "{id}"\nmachine = "m"\nmember = "ana"\nstart = {start}\nend = {end}\n'
TAP = '[[step]]\nat = {at}\ndo = "tap"\nmachine = "m"\nbadge = "{badge}"\n'
CURRENT = '[[step]]\nat = {at}\ndo = "current"\nmachine = "m"\namps = {amps}\n'
WALK_UP = (
    '[[step]]\nat = {at}\ndo = "walk_up"\nid = "{id}"\nmachine = "m"\nmember = "bilal"\n'
    "minutes = 30\npower = true\n"
)
ANA, BILAL = "04A1B2C3D4E5F6", "04BB000000BB01"


def workshop(days: int) -> str:
    """A rehearsal of so many days."""
    end = START + timedelta(days=days)
    return HEAD.format(start=START.isoformat(), end=end.isoformat()) + "".join(map(_day, range(days)))


def _day(day: int) -> str:
    def at(hours: float) -> str:
        return (START + timedelta(days=day, hours=hours)).isoformat()

    return "".join(
        (
            BOOKING.format(id=f"used-{day}", start=at(1), end=at(2)),
            BOOKING.format(id=f"missed-{day}", start=at(3), end=at(4)),
            TAP.format(at=at(1.01), badge=ANA),
            CURRENT.format(at=at(1.05), amps=1.2),
            CURRENT.format(at=at(1.6), amps=0.0),
            TAP.format(at=at(1.7), badge=ANA),
            TAP.format(at=at(1.8), badge=BILAL),
            WALK_UP.format(at=at(5), id=f"walk-up-{day}"),
            TAP.format(at=at(5.4), badge=BILAL),
        )
    )


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Virtual seconds in a real second; and the seconds it took beside those of one insert a row."""
    progress(0, 2)
    script = parse(workshop(counts.days), "bench")
    began = time.perf_counter()
    records = play(script)
    real_s = time.perf_counter() - began
    progress(1, 2)
    rows = int(records[-1]["units"]["m"]["events"])
    floor_s = _floor_s(rows)
    progress(2, 2)
    virtual_s = script.length.total_seconds()
    return {
        "virtual_s_per_s": round(virtual_s / real_s),
        "rows": rows,
        "real_s": round(real_s, 3),
        "floor_real_s": round(floor_s, 4),
        "ratio_real_s": round(real_s / floor_s, 1),
    }


def _floor_s(rows: int) -> float:
    """Each row in a transaction of its own, in the memory where a rehearsal keeps its files."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-", dir=where) as name:
        bare = BareInsert(Path(name) / "floor.db")
        began = time.perf_counter()
        for _ in range(rows):
            bare.insert(['{"outcome": "refused", "reason": "no_booking", "replica": "1.1"}'])
        took = time.perf_counter() - began
        bare.close()
        return took
