"""What a unit does when what is on its disk was damaged or edited."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.bookings import Booking
from access.facts import DecisionMade
from access.machines import Machine
from access.policy import Policy
from access.times import Opening
from controller.journal_row import Stamped
from lisiere.world.site import Site, Watch

START = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
BADGE = "04A1B2C3D4E5F6"


class Shop:
    """One machine that Ana has booked, its unit dead, its folder at hand."""

    def __init__(self, folder: Path) -> None:
        self.reasons: list[str] = []
        watch = Watch(self._fact, lambda *_: None, lambda _: None)
        machines = (Machine("overlock-1"),)
        self.site = Site(folder, START, machines, Policy(), Opening(), seed=1, watch=watch)
        self.site.people.put_member("ana", [BADGE])
        end = START + timedelta(hours=1)
        self.site.bookings.put(Booking("b1", "overlock-1", "ana", START, end))
        self.site.open()
        self.bench = self.site.benches["overlock-1"]
        self.folder = folder / "unit-0"
        self.bench.kill()

    def _fact(self, machine: str, stamped: Stamped) -> None:
        if isinstance(stamped.fact, DecisionMade):
            self.reasons.append(stamped.fact.reason)

    def tap_after_start(self, linked: bool) -> str:
        """Why the first tap after the next start is granted or refused."""
        self.bench.line.link(linked)
        self.site.schedule.run_until(60_000)
        self.bench.tap(BADGE)
        return self.reasons[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.site.close()


def garbled(path: Path) -> None:
    path.write_bytes(b"this is no database" * 500)


def emptied_of_its_signature(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE kept SET sealed = substr(sealed, 2)")


def with_another_member(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        (sealed,) = connection.execute("SELECT sealed FROM kept WHERE name = 'replica'").fetchone()
        forged = bytes(sealed).replace(b'"ana"', b'"eve"')
        connection.execute("UPDATE kept SET sealed = ? WHERE name = 'replica'", (forged,))


def deleted(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [garbled, emptied_of_its_signature, with_another_member, deleted])
def test_a_replica_that_cannot_be_believed_grants_nothing(shop: Shop, harm: Callable[[Path], None]) -> None:
    """Without a network a damaged, forged or missing replica lets nobody start."""
    harm(shop.folder / "replica.db")
    assert shop.tap_after_start(linked=False) == "badge_unknown"


@pytest.mark.parametrize("harm", [garbled, emptied_of_its_signature, with_another_member, deleted])
def test_the_twin_sends_another_replica(shop: Shop, harm: Callable[[Path], None]) -> None:
    """With a network the unit has a new replica from the twin before anybody taps; the damaged one is kept."""
    harm(shop.folder / "replica.db")
    assert shop.tap_after_start(linked=True) == "booking"
    assert (shop.folder / "replica.db.damaged").exists() == (harm is not deleted)
