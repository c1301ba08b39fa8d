"""Seven days without the twin: the shipped unit on a simulated site, its cable pulled and put back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from access.facts import RunClosed
from access.policy import Policy
from access.vocabulary import Outcome
from tests.world.town import SAW, Town

DAYS, RUNS_A_DAY, REFUSED_A_DAY = 7, 3, 700
DAY = 24 * 60
STRANGER = "04FFFFFFFFFFFF"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A workshop whose units may go on alone for a week, with every run of that week booked."""
    town = Town(tmp_path, Policy(offline_hours=DAYS * 24, booking_horizon_days=30))
    town.site.open()
    for day in range(DAYS):
        for n in range(RUNS_A_DAY):
            start = day * DAY + 10 + n * 120
            town.booked(f"b{day}.{n}", "ana", start, start + 60)
    town.wait(1)
    yield town
    town.site.close()


def a_day(town: Town) -> int:
    """Ana sews three times, and hundreds of strangers try their badge; how many of her taps were granted."""
    granted = 0
    for _ in range(RUNS_A_DAY):
        town.wait(12)
        decision = town.tap("ana")
        granted += decision is not None and decision.outcome is Outcome.GRANTED
        town.wait(10)
        town.tap("ana")
        town.wait(98)
    for _ in range(REFUSED_A_DAY):
        town.bench.tap(STRANGER)
        town.wait(0.5)
    town.wait(DAY - RUNS_A_DAY * 120 - REFUSED_A_DAY * 0.5)
    return granted


def test_a_week_without_the_twin_loses_nothing(town: Town) -> None:
    """Every row of the week is in the twin once, every run counts once, and the chain is whole."""
    town.bench.line.link(False)
    granted = sum(a_day(town) for _ in range(DAYS))
    assert granted == DAYS * RUNS_A_DAY
    known = town.asked(f"SELECT count(*) FROM rows WHERE unit = '{SAW}'")[0][0]
    town.bench.line.link(True)
    town.wait(5)
    rows = town.asked(f"SELECT epoch, seq FROM rows WHERE unit = '{SAW}' ORDER BY epoch, seq")
    assert len(rows) - known > DAYS * REFUSED_A_DAY
    assert [seq for _, seq in rows] == list(range(1, len(rows) + 1))
    closed = sorted(fact.run for fact in town.facts if isinstance(fact, RunClosed))
    assert sorted(run for (run,) in town.asked("SELECT id FROM runs")) == closed
    assert len(closed) == DAYS * RUNS_A_DAY
    assert town.first_bad_row() is None
    assert town.bench.unit is not None and town.bench.unit.sync.backlog() == 0
