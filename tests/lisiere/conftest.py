"""A morning of a simulated workshop, kept on disk: real units' folders, and the twin's."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from access.bookings import Booking
from access.machines import Machine
from access.policy import Policy
from access.times import Opening
from lisiere.world.schedule import Turn
from lisiere.world.site import Site, Watch
from tests.lisiere.patients import Bench
from tests.lisiere.twins import running_twin

START = datetime.fromisoformat("2026-03-10T13:50:00+01:00")
WATCH = Watch(lambda machine, fact: None, lambda machine, on, cause: None, lambda change: None)
MACHINES = (Machine("overlock-1"), Machine("press-1"))
BADGE = {"ana": "04A1B2C3D4E5F6", "bilal": "04B1B2C3D4E5F6"}


def booked(id: str, machine: str, member: str, begin: str, end: str) -> Booking:
    """A booking on the workshop's day, between two local times."""
    on = datetime.fromisoformat
    return Booking(id, machine, member, on(f"2026-03-10T{begin}:00+01:00"), on(f"2026-03-10T{end}:00+01:00"))


def play(folder: Path) -> None:
    """Ana sews from 14:00 to 14:20, and from 14:30 until the mains fail; Bilal presses; a stranger taps."""
    site = Site(folder, START, MACHINES, Policy(), Opening("Europe/Paris"), 0, WATCH)
    for member, number in BADGE.items():
        site.people.put_member(member, [number])
    site.bookings.put(booked("b1", "overlock-1", "ana", "14:00", "15:00"))
    site.bookings.put(booked("b2", "press-1", "bilal", "14:00", "15:00"))
    sewing, pressing = (site.benches[machine.id] for machine in MACHINES)

    def at(minutes: float, act: object) -> None:
        site.schedule.at(int(minutes * 60_000), Turn.STEP, act)  # type: ignore[arg-type]

    at(10, lambda: (sewing.tap(BADGE["ana"]), sewing.draw(1.5)))
    at(12, lambda: (pressing.tap("04FFFFFFFFFFFF"), pressing.tap(BADGE["bilal"]), pressing.draw(9.0)))
    at(30, lambda: sewing.tap(BADGE["ana"]))
    at(40, lambda: sewing.tap(BADGE["ana"]))
    at(45, sewing.cut)
    at(50, sewing.restore)
    at(60, lambda: pressing.tap(BADGE["bilal"]))
    site.open()
    site.schedule.run_until(timedelta(hours=2) // timedelta(milliseconds=1))
    site.finish()
    site.close()


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that workshop, not to be changed: `twin.db`, `unit-0` of overlock-1, `unit-1` of press-1."""
    folder = tmp_path_factory.mktemp("workshop")
    play(folder)
    return folder


@pytest.fixture
def unit(played: Path, tmp_path: Path) -> Path:
    """A copy of the folder of overlock-1's unit, to be changed at will."""
    return Path(shutil.copytree(played / "unit-0", tmp_path / "unit"))


@pytest.fixture
def bench(unit: Path, tmp_path: Path) -> Bench:
    """A unit as it was enrolled, at rest, with no twin to be reached."""
    return Bench(unit, tmp_path / "system")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the language, or the token, of whoever runs it."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LISIERE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def twin_data(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The twin's folder."""
    folder = tmp_path_factory.mktemp("twin")
    shutil.copy(played / "twin.db", folder)
    return folder


@pytest.fixture(scope="session")
def url(twin_data: Path) -> Iterator[str]:
    """The address of a twin that runs."""
    with running_twin(twin_data) as twin:
        yield twin.page
