"""Power cuts of a whole unit: a computer with an ext4 disk of its own, whose page cache goes with the power."""

import random
from pathlib import Path

import pytest

from tests.durability.guest import Guest, Life

CUTS_OF_A_DISK = 10
MOST_ROWS = 60
"""How many rows a unit has acknowledged before its power goes, at most; a whole run makes four."""


class Witness:
    """Hears what a unit says over its lives, and holds it to that."""

    def __init__(self, guest: Guest, program: str, seed: int) -> None:
        self._guest = guest
        self._program = f"tests.durability.powered {program}"
        self._rng = random.Random(seed)
        self._kept: dict[tuple[str, str], str] = {}
        self._powered: set[str] = set()
        self.acknowledged = self.lost = self.ungranted = 0

    def see(self, cuts: int) -> None:
        """So many cuts, and a look at what the last one left."""
        for _ in range(cuts):
            self._live(self._rng.randrange(MOST_ROWS))
        self._live(0)

    def _live(self, rows: int) -> None:
        """Power; what is there is compared with what was said; more is said; cut."""
        with self._guest.power(self._program) as life:
            self._look(life)
            self._listen(life, rows)
            life.cut()
            self._listen(life, None)

    def _look(self, life: Life) -> None:
        found: dict[tuple[str, str], str] = {}
        granted: set[str] = set()
        for line in life.lines():
            match line.split():
                case ["row", epoch, seq, hash, *run]:
                    found[epoch, seq] = hash
                    granted.update(run)
                case ["whole"]:
                    break
        else:
            raise AssertionError(f"the guest died by itself: {life.last_words}")
        self.lost += sum(found.get(place) != hash for place, hash in self._kept.items())
        self.ungranted += len(self._powered - granted)
        self._kept, self._powered = found, self._powered & granted

    def _listen(self, life: Life, rows: int | None) -> None:
        """Hear of so many more rows, or of all that there still are."""
        if rows == 0:
            return
        heard = 0
        for line in life.lines():
            match line.split():
                case ["on", run]:
                    self._powered.add(run)
                case ["kept", epoch, seq, hash]:
                    self._kept[epoch, seq] = hash
                    heard += 1
                    if heard == rows:
                        break
        self.acknowledged += heard
        assert rows is None or heard == rows, f"the guest died by itself: {life.last_words}"


def witnessed(folder: Path, program: str, seed: int, cuts: int) -> Witness:
    """A unit on a new disk after so many cuts."""
    folder.mkdir()
    witness = Witness(Guest(folder), program, seed)
    witness.see(cuts)
    return witness


def survive(folder: Path, disks: int) -> int:
    """Ten cuts on each of so many disks lose nothing; how many rows were acknowledged."""
    seen = [witnessed(folder / f"disk-{seed}", "unit", seed, CUTS_OF_A_DISK) for seed in range(disks)]
    assert [(one.lost, one.ungranted) for one in seen] == [(0, 0)] * disks
    return sum(one.acknowledged for one in seen)


def test_ten_power_cuts_of_a_whole_unit_lose_no_row(tmp_path: Path) -> None:
    """After ten cuts every acknowledged row is there and chained, and so is the decision behind every power-on."""
    assert survive(tmp_path, 1) > CUTS_OF_A_DISK * 10


def test_a_whole_unit_that_does_not_sync_is_found_out(tmp_path: Path) -> None:
    """The same cut takes rows away from a journal that SQLite does not sync."""
    assert witnessed(tmp_path / "disk", "careless", 1, 1).lost > 0


def test_what_a_unit_notes_beside_its_journal_outlives_a_cut(tmp_path: Path) -> None:
    """A unit whose power goes right after its first start has the same key, and takes no number a second time."""
    guest, lives = Guest(tmp_path), []
    for _ in range(2):
        with guest.power("tests.durability.powered notes") as life:
            noted = next((line for line in life.lines() if line.startswith("noted ")), None)
            assert noted is not None, f"the guest died by itself: {life.last_words}"
            lives.append(noted.split())
    assert len({key for _, key, _ in lives}) == 1
    assert len({number for _, _, number in lives}) == len(lives)


@pytest.mark.long
def test_two_hundred_power_cuts_of_a_whole_unit_lose_no_row(tmp_path: Path) -> None:
    """After 200 cuts every acknowledged row is there and chained, and so is the decision behind every power-on."""
    assert survive(tmp_path, 20) > 200 * 10
