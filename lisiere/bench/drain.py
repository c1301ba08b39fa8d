"""What a long time without the twin costs when it is back: how soon every row is there, and taps meanwhile.

Twin, unit, keeper and reader are processes of their own; the twin is reached over TLS on loopback. The rows of days
lie in the unit's journal when it starts; then the twin comes back. The floors: the same rows put into a bare table,
durably; and the same taps while there is nothing to send.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from access.facts import DecisionMade, RunClosed
from access.vocabulary import Cause, Outcome, Reason
from controller.journal import Journal
from controller.journal_row import Stamped
from hardware.disk import FreeSpace
from lisiere.bench.exchange import BareInsert
from lisiere.bench.timing import Counts, Progress, percentile
from lisiere.bench.trial import MEMBER, PATIENCE_S, UNIT, UnitOnTrial, badge
from lisiere.demo.processes import DemoError
from server_sync.identity import PrivateKey
from server_sync.wire import MAX_ROWS

LOOK_S = 0.01
RUN_EVERY = 10
"""Of so many rows one is a run; the others are decisions."""


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Seconds from the twin's first answer until it has every row, and milliseconds of taps meanwhile."""
    seconds: list[float] = []
    floor: list[float] = []
    taps: list[float] = []
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        folder = Path(name)
        unit = UnitOnTrial(folder, parts)
        quiet = _quiet_taps(unit, counts.quiet_taps)
        for count in range(counts.drains):
            unit.twin.stop()
            bodies, last = _days_of_rows(unit.data, counts.waiting_rows)
            seconds.append(_drained_s(unit, last, taps))
            floor.append(_bare_s(folder / f"floor-{count}.db", bodies))
            progress(count + 1, counts.drains)
    return {
        "rows": counts.waiting_rows,
        "drain_s": round(percentile(seconds, 50), 3),
        "floor_drain_s": round(percentile(floor, 50), 4),
        "ratio_drain_s": round(percentile(seconds, 50) / percentile(floor, 50), 1),
        "slowest_drain_s": round(max(seconds), 3),
        "taps_meanwhile": len(taps),
        "tap_p50_ms": percentile(taps, 50),
        "floor_tap_p50_ms": percentile(quiet, 50),
        "slowest_tap_ms": max(taps),
        "floor_slowest_tap_ms": max(quiet),
    }


def _quiet_taps(unit: UnitOnTrial, number: int) -> list[float]:
    processes = unit.started()
    try:
        return [_tapped(unit) for _ in range(number)]
    finally:
        processes.stop()


def _tapped(unit: UnitOnTrial) -> float:
    took = unit.tap_on_ms(badge(0))
    unit.tap_off(badge(0))
    return took


def _days_of_rows(folder: Path, count: int) -> tuple[list[str], tuple[int, int]]:
    """Append so many rows to the journal of a unit that stands still; their bodies, and the last one's key."""
    key = PrivateKey.load_or_make(folder / "unit.key")
    with closing(
        Journal(folder / "journal.db", UNIT, FreeSpace(folder, 0), os.urandom, int(time.time()), key)
    ) as journal:
        rows = journal.append(_facts(count))
        return [row.body for row in rows], (rows[-1].epoch, rows[-1].seq)


def _facts(count: int) -> Iterator[Stamped]:
    began = datetime.now(UTC) - timedelta(days=7)
    for n in range(count):
        at = began + timedelta(minutes=n)
        run = RunClosed(f"{at:%s}-{n}", MEMBER, None, at - timedelta(minutes=5), at, 300_000, 120_000, Cause.MEMBER)
        decision = DecisionMade("", MEMBER, Outcome.REFUSED, Reason.NO_BOOKING, replica="1.1", clock=at)
        yield Stamped(at, n * 60_000, 0, decision if n % RUN_EVERY else run)


def _drained_s(unit: UnitOnTrial, last: tuple[int, int], taps: list[float]) -> float:
    """Start the unit, then the twin, and tap until the twin has every row; the seconds from its first answer."""
    processes = unit.started()
    try:
        unit.twin.start()
        waiting = Waiting(unit.twin.data / "twin.db", last)
        while waiting.took_s is None:
            taps.append(_tapped(unit))
            waiting.check()
        return waiting.took_s
    finally:
        processes.stop()


class Waiting:
    """Looks, on a thread of its own, whether the twin has a row on its disk, and all before it."""

    def __init__(self, twin: Path, row: tuple[int, int]) -> None:
        self.took_s: float | None = None
        self._twin = twin
        self._row = row
        self._began = time.monotonic()
        Thread(target=self._look, name="waiting", daemon=True).start()

    def check(self) -> None:
        """DemoError when it takes too long."""
        if self.took_s is None and time.monotonic() - self._began > PATIENCE_S:
            raise DemoError(f"the twin has not got every row after {PATIENCE_S:g} s")

    def _look(self) -> None:
        query = "SELECT count(*) FROM progress WHERE unit = ? AND epoch = ? AND applied >= ?"
        with closing(sqlite3.connect(f"file:{self._twin}?mode=ro", uri=True)) as database:
            while database.execute(query, (UNIT, *self._row)).fetchone()[0] == 0:
                time.sleep(LOOK_S)
            self.took_s = time.monotonic() - self._began


def _bare_s(path: Path, bodies: list[str]) -> float:
    """The same rows into a table, as many at a time as an exchange carries."""
    with closing(BareInsert(path)) as bare:
        began = time.monotonic()
        for first in range(0, len(bodies), MAX_ROWS):
            bare.insert(bodies[first : first + MAX_ROWS])
        return time.monotonic() - began
