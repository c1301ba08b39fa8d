"""What a simulation can do to a site beyond the words of a rehearsal."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from controller.events import CancelAsked, ExtendAsked, StopAsked, TimePassed
from lisiere.simulate.clones import Clones
from lisiere.simulate.doom import DoomedDisk
from lisiere.simulate.weather import StormyWire
from lisiere.world.bench import Bench
from lisiere.world.deeds import DEEDS, do
from lisiere.world.site import Site

AT_THE_TWIN = ("book", "extend", "cancel", "lock", "unlock", "revoke", "restore")
"""What nobody can do while the twin is down."""


class Hands:
    """Does to a site whatever a simulation has in store for it. `met` counts the faults as they strike."""

    def __init__(self, site: Site, folder: Path, wires: Mapping[str, StormyWire], met: Counter[str]) -> None:
        self._site = site
        self._wires = wires
        self._met = met
        self._backup = folder / "backup.db"
        self._repeats: set[str] = set()
        self._old: dict[str, list[tuple[str, bytes]]] = {}
        self.backup_ms: int | None = None
        self.restored_from: int | None = None
        self.healed = False
        self._clones = Clones(site, folder)

    def do(self, deed: str, words: Mapping[str, Any]) -> None:
        """Do one thing now."""
        if deed in AT_THE_TWIN and not self._site.twin_runs:
            return
        own = _OWN.get(deed)
        if own is not None:
            own(self, words)
        else:
            self._strike(deed, words)
            do(self._site, deed, words)
        if deed == "walk_up" and words["machine"] in self._repeats:
            self._met["kiosk_repeats"] += 1
            do(self._site, deed, words)

    def _strike(self, deed: str, words: Mapping[str, Any]) -> None:
        kind = _COUNTED.get(deed)
        if kind is not None and words.get("pressed", True) and words.get("welded", True):
            self._met[kind] += 1

    def _bench(self, words: Mapping[str, Any]) -> Bench:
        return self._site.benches[words["machine"]]

    # --- the network and the twin --------------------------------------------------------------------

    def weather(self, words: Mapping[str, Any]) -> None:
        """Messages are lost, doubled, late or replayed, with this chance."""
        self._wires[words["machine"]].chances[words["kind"]] = words["chance"]

    def twin_down(self, words: Mapping[str, Any]) -> None:
        if self._site.twin_runs:
            self._met["twin_restart"] += 1
            self._site.stop_twin()

    def twin_up(self, words: Mapping[str, Any]) -> None:
        if not self._site.twin_runs:
            self._site.start_twin()

    def twin_restored(self, words: Mapping[str, Any]) -> None:
        """The twin starts on yesterday's copy."""
        if self._site.twin_runs or self.backup_ms is None:
            self.twin_up(words)
            return
        self._met["twin_restored"] += 1
        for leftover in ("-wal", "-shm"):
            Path(f"{self._site.twin_file}{leftover}").unlink(missing_ok=True)
        shutil.copy(self._backup, self._site.twin_file)
        self.restored_from = self.backup_ms
        self._site.start_twin(restored=True)

    def back_up(self) -> None:
        """What a good administrator does every night."""
        if self._site.twin_runs:
            self._backup.unlink(missing_ok=True)
            with (
                closing(sqlite3.connect(self._site.twin_file)) as twin,
                closing(sqlite3.connect(self._backup)) as copy,
            ):
                twin.backup(copy)
            self.backup_ms = self._site.schedule.ms

    # --- the unit ------------------------------------------------------------------------------------

    def crash(self, words: Mapping[str, Any]) -> None:
        """The process dies at one of the next writes."""
        bench = self._bench(words)
        assert isinstance(bench.disk, DoomedDisk)
        bench.writes_every_checkpoint = True
        bench.tell_unit(TimePassed())
        bench.disk.doom(words["writes"], words["after"])

    def sensor_stuck(self, words: Mapping[str, Any]) -> None:
        stuck = {name: words[name] for name in ("amps", "closed") if words.get(name) is not None}
        self._met["stuck_sensor"] += bool(stuck)
        self._bench(words).stick(**stuck)

    def drift(self, words: Mapping[str, Any]) -> None:
        """The clock runs fast or slow from now on."""
        self._met["clock_drift"] += 1
        self._bench(words).change_drift(words["ppm"])

    def replica_copied(self, words: Mapping[str, Any]) -> None:
        bench = self._bench(words)
        self._old[bench.machine.id] = _kept(bench.folder)

    def old_replica(self, words: Mapping[str, Any]) -> None:
        """The unit starts again, on the replica that was copied before."""
        bench = self._bench(words)
        old = self._old.get(bench.machine.id)
        if bench.mains:
            bench.kill()
        if old is not None and bench.unit is None:
            self._met["old_replica"] += 1
            with closing(sqlite3.connect(bench.folder / "replica.db")) as file, file:
                file.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", old)

    # --- a copied card -------------------------------------------------------------------------------

    def card_copied(self, words: Mapping[str, Any]) -> None:
        self._clones.copy(self._bench(words))

    def clone_begins(self, words: Mapping[str, Any]) -> None:
        """Another device of the same name begins on the copy."""
        self._met["cloned_card"] += self._clones.begin(self._bench(words))

    def enrolled_again(self, words: Mapping[str, Any]) -> None:
        """The office sees the quarantine, takes the clone away, and enrols the unit again."""
        if self._site.twin_runs:
            self._clones.end(self._bench(words))

    # --- the kiosk -----------------------------------------------------------------------------------

    def kiosk_repeats(self, words: Mapping[str, Any]) -> None:
        """The kiosk hears no answer, and asks everything twice."""
        (self._repeats.add if words["on"] else self._repeats.discard)(words["machine"])

    def extend_at_kiosk(self, words: Mapping[str, Any]) -> None:
        event = ExtendAsked(words["booking"], words["minutes"], lambda answer: None)
        self._bench(words).tell_unit(event)

    def cancel_at_kiosk(self, words: Mapping[str, Any]) -> None:
        self._bench(words).tell_unit(CancelAsked(words["booking"], lambda answer: None))

    def stop_at_kiosk(self, words: Mapping[str, Any]) -> None:
        self._bench(words).tell_unit(StopAsked(words["member"]))

    # --- the healing ---------------------------------------------------------------------------------

    def heal(self, words: Mapping[str, Any]) -> None:
        """Everything is made good."""
        self.healed = True
        self.twin_up({})
        self._repeats.clear()
        for machine, bench in self._site.benches.items():
            self._wires[machine].chances.clear()
            self._heal(machine, bench)
            self._clones.end(bench)

    def _heal(self, machine: str, bench: Bench) -> None:
        assert isinstance(bench.disk, DoomedDisk)
        bench.disk.spare()
        bench.restore()
        bench.stick()
        for deed, words in _HEALS.items():
            DEEDS[deed](self._site, {"machine": machine, **words})


def _kept(folder: Path) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(folder / "replica.db")) as file:
        return list(file.execute("SELECT name, sealed FROM kept"))


_OWN: dict[str, Callable[[Hands, Mapping[str, Any]], None]] = {
    "weather": Hands.weather,
    "twin_down": Hands.twin_down,
    "twin_up": Hands.twin_up,
    "twin_restored": Hands.twin_restored,
    "crash": Hands.crash,
    "sensor_stuck": Hands.sensor_stuck,
    "drift": Hands.drift,
    "replica_copied": Hands.replica_copied,
    "old_replica": Hands.old_replica,
    "card_copied": Hands.card_copied,
    "clone_begins": Hands.clone_begins,
    "enrolled_again": Hands.enrolled_again,
    "heal": Hands.heal,
    "kiosk_repeats": Hands.kiosk_repeats,
    "extend_at_kiosk": Hands.extend_at_kiosk,
    "cancel_at_kiosk": Hands.cancel_at_kiosk,
    "stop_at_kiosk": Hands.stop_at_kiosk,
}

_COUNTED = {
    "link_down": "partition",
    "kill": "hang",
    "hang": "hang",
    "power_cut": "power_cut",
    "clock_set": "clock_step",
    "board_down": "board_silent",
    "relay_welded": "welded_relay",
    "reader_down": "reader_mute",
    "disk_full": "disk_full",
    "estop": "estop",
}
"""The steps of a rehearsal that are faults, and their class."""

_HEALS: dict[str, dict[str, Any]] = {
    "board_up": {},
    "reader_up": {},
    "disk_ok": {},
    "relay_welded": {"welded": False},
    "estop": {"pressed": False},
    "link_up": {},
}
