"""A simulated site with one machine, whose files can be copied, put back and edited like a card's."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from access.bookings import Booking
from access.facts import DecisionMade, Fact, FaultReported
from access.machines import Machine
from access.policy import Policy
from access.times import Opening
from access.vocabulary import Cause
from controller.journal_reader import JournalReader
from controller.journal_row import Stamped
from lisiere.world.bench import Bench
from lisiere.world.site import Site, Watch, Wire
from twin import restored
from twin.desk import Change
from twin.store import Store

START = datetime.fromisoformat("2026-03-10T13:00:00+01:00")
BADGES = {"ana": "04A1B2C3D4E5F6", "bilal": "04B1B2C3D4E5F6", "chloe": "04C1B2C3D4E5F6"}
SAW = "saw"


class Town:
    """The site, and what happened there. `live` are the times at which the output went live."""

    def __init__(
        self, folder: Path, policy: Policy | None = None, start: datetime = START, rtc: bool = True
    ) -> None:
        self.folder = folder
        self.facts: list[Fact] = []
        self.live: list[datetime] = []
        self.changes: list[Change] = []
        watch = Watch(self._fact, self._power, self.changes.append)
        self.start = start
        machines = (Machine(SAW, rtc=rtc),)
        self.site = Site(folder, start, machines, policy or Policy(), Opening("Europe/Paris"), 0, watch)
        for member, number in BADGES.items():
            self.site.people.put_member(member, [number])

    def _fact(self, machine: str, stamped: Stamped) -> None:
        self.facts.append(stamped.fact)

    def _power(self, machine: str, on: bool, cause: Cause) -> None:
        if on:
            self.live.append(self.site.schedule.now())

    @property
    def bench(self) -> Bench:
        """The machine."""
        return self.site.benches[SAW]

    @property
    def unit_folder(self) -> Path:
        """The unit's card."""
        return self.folder / "unit-0"

    def booked(self, id: str, member: str, minutes: int, until: int) -> None:
        """A booking that the twin has, between minutes of the day."""
        hours = (self.start + timedelta(minutes=minutes), self.start + timedelta(minutes=until))
        self.site.bookings.put(Booking(id, SAW, member, *hours))
        self.site.spread()

    def walk_up(self, id: str, member: str, minutes: float = 30) -> None:
        """A booking that the unit sells at the kiosk, without power."""
        self.site.walk_up(id, SAW, member, minutes, False)

    def wait(self, minutes: float) -> None:
        """Time passes."""
        self.site.schedule.run_until(self.site.schedule.ms + int(minutes * 60_000))

    def tap(self, member: str) -> DecisionMade | None:
        """A badge at the machine; what was decided, if it was not the tap that ends a run."""
        before = len(self.facts)
        self.bench.tap(BADGES[member])
        return next((fact for fact in self.facts[before:] if isinstance(fact, DecisionMade)), None)

    def copied(self, name: str) -> Path:
        """A copy of the unit's card, made while it is off."""
        return Path(shutil.copytree(self.unit_folder, self.folder / name))

    def put_back(self, copy: Path) -> None:
        """The unit's card as it was copied."""
        shutil.rmtree(self.unit_folder)
        shutil.copytree(copy, self.unit_folder)

    def off(self) -> None:
        """The mains of the unit fail."""
        self.bench.cut()

    def on(self) -> None:
        """They are back, and the unit is ready."""
        self.bench.restore()
        self.wait(0.2)

    def reports(self) -> list[str]:
        """What the unit said of itself."""
        return [fact.what for fact in self.facts if isinstance(fact, FaultReported)]

    def first_bad_row(self) -> object:
        """The first row of the unit's journal that does not fit the chain."""
        reader = JournalReader.open(self.unit_folder / "journal.db")
        try:
            return reader.first_bad_row()
        finally:
            reader.close()

    def clone(self, card: Path) -> Bench:
        """Another unit of the same name, on a copy of the card; it starts."""
        bench, site = self.bench, self.site
        clone = Bench(
            bench.machine,
            Policy(),
            card,
            site.schedule,
            Wire(site, SAW),
            site._key.public,
            bench._tag_key,
            bench._key,
            random.Random(1),
            self._fact,
            self._power,
        )
        clone.trust_clock(card)
        clone.boot("power")
        self.wait(0.2)
        return clone

    # the twin

    @contextmanager
    def twin(self) -> Iterator[Store]:
        """The twin's tables."""
        store = Store(self.folder / "twin.db", durable=False)
        yield store
        store.close()

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """What the twin's tables answer."""
        with closing(sqlite3.connect(self.folder / "twin.db")) as connection:
            return connection.execute(query).fetchall()

    def bookings(self) -> dict[str, str]:
        """The twin's bookings and their states."""
        return dict(self.asked("SELECT id, state FROM bookings ORDER BY id"))  # type: ignore[arg-type]

    def forks(self) -> int:
        """How many epochs of the unit's journal are in quarantine."""
        return len(self.asked("SELECT epoch FROM progress WHERE fork IS NOT NULL"))

    def back_up(self) -> None:
        """A backup of the twin is made."""
        self._copy_twin("twin.db", "backup.db")

    def restore(self, said: bool = True) -> None:
        """The twin comes back from its backup; `said`: it is started with --restored."""
        self._copy_twin("backup.db", "twin.db")
        if said:
            with self.twin() as store:
                restored.begin_epoch(store, self.site.schedule.now())
        self.site.spread()

    def _copy_twin(self, source: str, target: str) -> None:
        with (
            closing(sqlite3.connect(self.folder / source)) as old,
            closing(sqlite3.connect(self.folder / target)) as new,
        ):
            old.backup(new)
