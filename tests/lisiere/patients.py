"""A unit's folder to be examined, on a computer whose own files lie in a temporary folder."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from access.facts import Fact
from access.machines import Machine
from controller import timekeeping
from controller.config import Config, write
from controller.journal import Journal
from controller.journal_row import Stamped
from controller.timekeeping import Anchor
from hardware.clock import SystemClock
from hardware.disk import SimulatedDisk
from lisiere.doctor.finding import Finding, Mark
from lisiere.doctor.visit import examine
from lisiere.log.kept import kept
from server_sync.identity import PrivateKey, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from server_sync.wire import reply_to_bytes

NOWHERE = "http://127.0.0.1:1"
KEY = PrivateKey(b"t" * 32)
CONFIG = Config("overlock-1", NOWHERE, KEY.public.hex, "00" * 32, "udp:127.0.0.1:54321")


class Bench:
    """An enrolled unit's folder, the root of its computer's files, and the time on it."""

    def __init__(self, folder: Path, system: Path) -> None:
        self.folder, self.system = folder, system
        self.put("proc/sys/kernel/random/boot_id", "this-boot\n")
        self.enrolled(CONFIG)
        self.clock_set()
        self.replica_kept()

    def put(self, path: str, text: str) -> None:
        """A file of the computer's own."""
        (self.system / path).parent.mkdir(parents=True, exist_ok=True)
        (self.system / path).write_text(text)

    def enrolled(self, config: Config) -> None:
        """The unit's configuration."""
        write(self.folder, config)

    def clock_set(self, correction_s: float = 0) -> None:
        """The clock was known, this much off, when it was read last."""
        clock = SystemClock(self.system / "dev/rtc0", self.system / "proc/sys/kernel/random/boot_id")
        anchor = Anchor(clock.read(), timedelta(seconds=correction_s))
        timekeeping.keep(anchor, self.folder / "clock.json")

    def replica_kept(self, acked: int | None = None, machine: Machine | None = None) -> None:
        """The site's replica, signed by the key that this unit knows."""
        known = kept(self.folder / "replica.db", None)
        reply = known.reply
        assert reply is not None
        self.now = reply.time + timedelta(minutes=1)
        reply = reply if acked is None else reply._replace(acked=acked)
        store = ReplicaStore(self.folder / "replica.db", KEY.public)
        store.keep_replica(
            seal(replica_to_bytes(replace(known.replica, machine=machine or known.replica.machine)), KEY)
        )
        store.keep_reply(seal(reply_to_bytes(reply), KEY))
        store.close()

    def journalled(self, *facts: Fact) -> None:
        """The unit wrote this down."""
        journal = Journal(self.folder / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
        journal.append(Stamped(self.now, 0, 9, fact) for fact in facts)
        journal.close()

    def findings(self, topic: str) -> list[Finding]:
        """What the doctor finds on a topic."""
        return [found for found in examine(self.folder, self.system, self.now) if found.topic == topic]

    def marks(self, topic: str) -> list[Mark]:
        """How the findings on a topic are marked."""
        return [found.mark for found in self.findings(topic)]

    def bad(self, topic: str) -> str:
        """The one bad thing on a topic."""
        (found,) = [found for found in self.findings(topic) if found.mark is Mark.BAD]
        assert found.do
        return found.what
