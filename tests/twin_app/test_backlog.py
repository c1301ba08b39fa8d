"""What a unit wrote down in days without its twin, through everything that stands before the twin's database."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from access.facts import BookingChanged, DecisionMade, Fact, FaultReported, RunClosed
from access.vocabulary import BookingOutcome, Cause, Outcome, Reason, Source
from controller.assembly import Devices, Unit, Watchers, assemble
from controller.journal_row import Stamped
from hardware.clock import SimulatedClock
from hardware.disk import SimulatedDisk
from hardware.relay.simulated import SimulatedOutput
from server_sync.client import TwinRefused
from tests.twin_app.workshop import START, Site
from twin import tables

UNIT = "u-overlock"
ROWS = 5000


class Line:
    """The network between a unit and the twin, as a `server_sync.client.Transport`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.sent = 0

    def post(self, path: str, body: bytes) -> bytes:
        """See `Transport`."""
        self.sent += 1
        answer = self._site.device(UNIT, "POST", path, body)
        if answer.status_code != 200:
            raise TwinRefused(answer.text)
        return answer.content


def days_of_facts(count: int) -> Iterator[Fact]:
    """Runs, walk-ups, refused taps and long reports, as they come."""
    for n in range(count):
        start = START - timedelta(minutes=n + 30)
        hours = (start, start + timedelta(minutes=20))
        decision = DecisionMade("", "ana", Outcome.REFUSED, Reason.NO_BOOKING, replica="1.1", clock=start)
        run = RunClosed(f"r{n}", "ana", f"k{n - 1}", *hours, 1_200_000, 60_000, Cause.MEMBER)
        walk_up = BookingChanged(f"k{n}", BookingOutcome.ACCEPTED, Source.KIOSK, "overlock-1", "ana", *hours)
        yield (walk_up, run, decision, FaultReported("ana", "l'aiguille est cassée " * 5))[n % 4]


@pytest.fixture
def unit(site: Site, tmp_path: Path) -> Iterator[tuple[Unit, Line]]:
    """The overlocker's unit, that has been without its twin for days."""
    line, clock = Line(site), SimulatedClock(START, has_rtc=True)
    devices = Devices(
        clock, SimulatedDisk(), SimulatedOutput(lambda: clock.read().mono_ms), os.urandom, site.keys[UNIT]
    )
    folder = tmp_path / "unit"
    folder.mkdir()
    unit = assemble(UNIT, folder, site.twin_key.public, devices, line, lambda event: None, Watchers())
    with closing(unit):
        unit.journal.append([Stamped(START, n, 1, fact) for n, fact in enumerate(days_of_facts(ROWS))])
        yield unit, line


def test_five_thousand_rows_arrive_once_each(site: Site, unit: tuple[Unit, Line]) -> None:
    """After days without the twin every row gets through its door, once, and every run counts once."""
    mine, line = unit
    while mine.sync.backlog():
        before = mine.sync.backlog()
        mine.sync.exchange()
        assert mine.sync.backlog() < before
    assert line.sent < ROWS / 100
    r, runs = tables.rows.c, tables.runs.c
    with site.store.read() as db:
        seqs = list(db.execute(select(r.seq).where(r.unit == UNIT).order_by(r.seq)).scalars())
        counted = db.execute(select(func.count(), func.sum(runs.powered_ms))).one()
    assert seqs == list(range(1, ROWS + 1))
    assert tuple(counted) == (ROWS // 4, ROWS // 4 * 1_200_000)
