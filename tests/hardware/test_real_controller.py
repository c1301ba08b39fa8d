"""A whole unit with its keeper, as a Pi runs them: what becomes of the relay when the unit is gone."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from access.machines import Machine
from access.people import Badge, Member, Role
from access.replica import Replica, Version
from controller.config import Config, Panel, Relay, write
from controller.timekeeping import Anchor, keep
from hardware.badge_reader.simulated.udp import SoftwareTag
from hardware.clock import SystemClock, mono_ms
from hardware.relay.keeper import listening
from hardware.relay.report import LONGEST_PACKET, Report, report_of
from server_sync.identity import PrivateKey, badge_tag, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from tests.hardware.keepers import connected, keeper
from tests.hardware.waiting import eventually

HOLD_MS = 500
BOUND_MS = 600
TWIN, TAG_KEY, BADGE = PrivateKey(b"t" * 32), "00" * 32, "04A1B2C3D4E5F6"
PRESENT_S = 60.0


class Tapped:
    """The wire between a unit and its keeper: whatever goes over it is passed on, and every report is kept.

    That the unit hung up is not passed on: its silence alone must do.
    """

    def __init__(self, unit: Path, keeper: Path) -> None:
        self.reports: list[Report] = []
        self._over = Event()
        self._unit, self._keeper = unit, keeper
        Thread(target=self._serve, daemon=True).start()
        eventually(unit.exists)

    def opened_at(self) -> int:
        """The keeper's millisecond at which it last said that the relay is open, once it says so."""
        eventually(lambda: bool(self.reports) and not self.reports[-1].commanded)
        assert not self.reports[-1].observed
        return self.reports[-1].since_ms

    def held_for(self, ms: int) -> bool:
        """Whether the keeper has reported a relay that has been closed for so long."""
        last = self.reports[-1] if self.reports else None
        return last is not None and last.commanded and last.observed and last.at_ms - last.since_ms > ms

    def close(self) -> None:
        """Hang up on the keeper."""
        self._over.set()

    def _serve(self) -> None:
        with listening(self._unit) as listener:
            listener.setblocking(True)
            client, _ = listener.accept()
            with client, connected(self._keeper) as upstream:
                upstream.settimeout(None)
                Thread(target=self._down, args=(upstream, client), daemon=True).start()
                with suppress(OSError):
                    while packet := client.recv(LONGEST_PACKET):
                        upstream.send(packet)
                self._over.wait()

    def _down(self, upstream: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while packet := upstream.recv(LONGEST_PACKET):
                self.reports.append(report_of(packet))
                with suppress(OSError):
                    client.send(packet, socket.MSG_DONTWAIT)


def enrol(folder: Path, reader: str) -> None:
    """A folder as enrolment leaves it: the twin was heard in this boot, and knows one member of the staff."""
    port = socket.create_server(("127.0.0.1", 0))
    panel = Panel(port=port.getsockname()[1])
    port.close()
    config = Config("overlock-1", "http://127.0.0.1:1", TWIN.public.hex, TAG_KEY, reader)
    write(folder, replace(config, relay=Relay("keeper.sock"), panel=panel))
    staff = Member("sam", (Badge(badge_tag(BADGE, bytes.fromhex(TAG_KEY))),), role=Role.STAFF)
    machine = Machine("overlock-1", feedback=False)
    known = Replica(Version(1, 1), datetime.now(UTC), machine, members={"sam": staff})
    store = ReplicaStore(folder / "replica.db", TWIN.public)
    store.keep_replica(seal(replica_to_bytes(known), TWIN))
    store.close()
    keep(Anchor(SystemClock().read()), folder / "clock.json")


@contextmanager
def unit(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The unit's own process, once it is ready."""
    log = folder / "unit.log"
    with log.open("wb") as said:
        command = [sys.executable, "-m", "lisiere.cli", "unit", "--data", str(folder)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        eventually(lambda: b"ready:" in log.read_bytes() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_real_unit_that_is_gone_lets_the_relay_open(tmp_path: Path, how: signal.Signals) -> None:
    """H1, H2: a tap closes the relay; 600 ms after its unit was killed or stopped it is open, and stays so."""
    tag = SoftwareTag()
    enrol(tmp_path, tag.path)
    with keeper(tmp_path / "real.sock", HOLD_MS):
        wire = Tapped(tmp_path / "keeper.sock", tmp_path / "real.sock")
        with unit(tmp_path) as process:
            tag.present(BADGE, PRESENT_S)
            eventually(lambda: wire.held_for(2 * HOLD_MS))
            os.kill(process.pid, how)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
            gone_ms = mono_ms()
            assert wire.opened_at() <= gone_ms + BOUND_MS
            if how is signal.SIGSTOP:
                os.kill(process.pid, signal.SIGCONT)
                heard = len(wire.reports)
                eventually(lambda: len(wire.reports) > heard + 1)
                assert not any(report.commanded for report in wire.reports[heard:])
        wire.close()
    tag.close()
