"""A unit's card is copied, and another device runs on the copy, under the same name and with the same key."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from lisiere.world.bench import Bench
from lisiere.world.site import Site


class Clones:
    """The copies of each machine's card, and what runs on them."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._cards: dict[str, Path] = {}
        self._running: dict[str, Bench] = {}

    def copy(self, bench: Bench) -> None:
        """Copy a unit's card as it is now; a machine's card is copied once."""
        if bench.machine.id in self._cards:
            return
        card = self._cards[bench.machine.id] = self._folder / f"clone-{bench.machine.id}"
        card.mkdir()
        for name in ("journal.db", "replica.db"):
            _copied(bench.folder / name, card / name)
        if (bench.folder / "clock.json").exists():
            shutil.copy(bench.folder / "clock.json", card)

    def begin(self, bench: Bench) -> bool:
        """Let a device begin on the copy, if there is one and the twin is there; whether it did. As soon as the
        twin has heard it, the unit's own next exchange is due."""
        machine = bench.machine.id
        if machine not in self._cards or machine in self._running or not self._site.twin_runs:
            return False
        clone = self._running[machine] = self._site.clone(machine, self._cards[machine])
        clone.boot("power")
        clone.line.exchange()
        bench.line.news()
        return True

    def end(self, bench: Bench) -> None:
        """Take the device away; the unit is enrolled again, and starts."""
        clone = self._running.get(bench.machine.id)
        if clone is not None and clone.unit is not None:
            clone.vanish()
            self._site.enrol_again(bench.machine.id)
            bench.kill()


def _copied(file: Path, copy: Path) -> None:
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
