"""The files of units and twin, read by an eye of their own: what is really on disk."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lisiere.simulate.truth import Standing
from lisiere.simulate.verdicts import Verdicts
from lisiere.world.bench import Bench

_LATEST = "SELECT kind, body FROM rows WHERE kind IN ('decision', 'run') ORDER BY epoch DESC, seq DESC"
_EPOCH = "SELECT epoch FROM site"
_NEW = (
    "SELECT epoch, seq, at, mono_ms, boot, clock, uncertainty_ms, kind, body, commitment, prev, hash FROM rows"
    " WHERE epoch > ?1 OR (epoch = ?1 AND seq > ?2) ORDER BY epoch, seq"
)
_TWINS = "SELECT epoch, seq, hash FROM rows WHERE unit = ? AND seq > ? ORDER BY epoch, seq"
_APPLIED = (
    "SELECT p.epoch, p.applied, (SELECT count(*) FROM rows r WHERE r.unit = p.unit AND r.epoch = p.epoch"
    " AND r.seq <= p.applied) FROM progress p WHERE p.unit = ?"
)
FIRST = "0" * 64


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A file, to be read only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


def granted_and_open(folder: Path) -> str | None:
    """The run that a unit's journal grants, and that no row closes."""
    with opened(folder / "journal.db") as journal:
        for kind, body in journal.execute(_LATEST):
            run = json.loads(body)["run"]
            if kind == "run":
                return None
            if run:
                return str(run)
    return None


@dataclass(slots=True)
class Journal:
    """One unit's journal as far as it was read: every row's hash by (epoch, seq), and the runs it tells of.

    `powered`: each closed run's milliseconds; of a run that was closed twice, the last word.
    """

    unit: str
    epoch: int = 0
    last: tuple[int, int] = (0, 0)
    head: str = FIRST
    hashes: dict[tuple[int, int], str] = field(default_factory=dict)
    granted: list[str] = field(default_factory=list)
    powered: dict[str, int] = field(default_factory=dict)
    told_twice: list[str] = field(default_factory=list)

    def read_on(self, path: Path) -> str:
        """Read what is new; why it is not sound, or nothing. With a new epoch rows may have moved: read it all."""
        with opened(path) as file:
            (epoch,) = file.execute(_EPOCH).fetchone()
            if epoch != self.epoch:
                Journal.__init__(self, self.unit, epoch)
            for row in file.execute(_NEW, self.last):
                why = self._take(row)
                if why:
                    return f"row {row[0]}.{row[1]} {why}"
        return ""

    def _take(self, row: tuple[int, int, str, int, int, str, int, str, str, str, str, str]) -> str:
        epoch, seq, at, mono_ms, boot, clock, uncertainty_ms, kind, body, commitment, prev, digest = row
        if epoch != self.last[0]:
            self.last, self.head = (epoch, 0), FIRST
        if seq != self.last[1] + 1:
            return f"follows row {self.last[1]}"
        if prev != self.head:
            return "is not chained"
        parts = (prev, self.unit, epoch, seq, at, mono_ms, boot, clock, uncertainty_ms, kind, body, commitment)
        if hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest() != digest:
            return "has another hash"
        self.last, self.head = (epoch, seq), digest
        self.hashes[self.last] = digest
        self._runs(kind, json.loads(body))
        return ""

    def _runs(self, kind: str, body: dict[str, object]) -> None:
        if kind == "decision" and body["run"]:
            self.granted.append(str(body["run"]))
        if kind == "run":
            run, powered = str(body["run"]), body["powered_ms"]
            if run in self.powered:
                self.told_twice.append(run)
            assert isinstance(powered, int)
            self.powered[run] = powered

    @property
    def unclosed(self) -> list[str]:
        """The granted runs, save the last, that no row closes."""
        return [run for run in self.granted[:-1] if run not in self.powered]


class Books:
    """All journals, and the twin's copy of them."""

    def __init__(self, twin: Path, standings: Mapping[str, Standing], verdicts: Verdicts) -> None:
        self._twin = twin
        self._standings = standings
        self._verdicts = verdicts
        self.journals = {unit: Journal(unit) for unit in standings}

    def audit(self, now: int) -> None:
        """Read everything that is new, and compare."""
        with opened(self._twin) as twin:
            for unit, standing in self._standings.items():
                self._audit(unit, standing, twin, now)

    def _audit(self, unit: str, standing: Standing, twin: sqlite3.Connection, now: int) -> None:
        journal, folder = self.journals[unit], standing.bench.folder
        seen = journal.last
        why = journal.read_on(folder / "journal.db")
        hold = self._verdicts.hold
        hold(not why, "a_journal_is_whole_and_chained", unit, now, why)
        hold(not journal.unclosed, "every_granted_run_is_closed", unit, now, f"not closed: {journal.unclosed}")
        hold(not journal.told_twice, "a_run_is_closed_once", unit, now, f"twice: {journal.told_twice}")
        self._compare(unit, standing, list(twin.execute(_TWINS, (unit, max(0, seen[1] - 500)))), now)
        for epoch, applied, stored in twin.execute(_APPLIED, (unit,)):
            hold(applied == stored, "what_is_acknowledged_is_on_disk", unit, now, f"{epoch}: {stored} of {applied}")

    def _compare(self, unit: str, standing: Standing, rows: list[tuple[int, int, str]], now: int) -> None:
        """The twin's copy of a unit's rows is the unit's own, row by row."""
        journal = self.journals[unit]
        if standing.cloned:
            rows = [row for row in rows if _believed(standing.bench, journal, row[0], row[1])]
        hashes = journal.hashes
        differ = [f"row {epoch}.{seq} differs" for epoch, seq, own in rows if hashes.get((epoch, seq)) != own]
        self._verdicts.hold_all(len(rows), differ, "the_twin_has_the_units_own_rows", unit, now)


def _believed(bench: Bench, journal: Journal, epoch: int, seq: int) -> bool:
    """Whether a unit whose card was copied takes this row of the twin for its own."""
    if bench.unit is None or bench.unit.control.contact.fork is not None:
        return False
    return epoch == journal.epoch and seq <= min(bench.unit.sync.acked, journal.last[1])
