"""A machine's unit on trial: its real processes on mock pins, enrolled at a twin in a process of its own."""

import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.config import Panel, Simulated
from lisiere.demo.bench import MachineBench
from lisiere.demo.processes import DemoError, Processes
from lisiere.demo.stage import Twin
from lisiere.enrol import Enrolment, enrol
from twin.serve import token

UNIT = "bench"
MEMBER = "ana"
PATIENCE_S = 60.0
"""How long anything here may take before the measurement is given up."""
POLL_S = 0.001
SETTLE_S = 2.0
"""How long a unit is left alone after its start: its reader is there then, and it waits for news, as all day."""
AWAY_S = 1.2
"""How long a badge stays away between two taps: those who hold theirs on the reader have tapped once."""


def free_port() -> int:
    """A TCP port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def badge(n: int) -> str:
    """The number of a badge."""
    return f"04{n:012X}"


class TwinOnTrial:
    """A twin's process, which can be ended and started again on the same data and ports."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        self.data = folder / "twin"
        self.port, plain = free_port(), free_port()
        self.address = f"https://127.0.0.1:{self.port}"
        self.office = Twin(f"http://127.0.0.1:{plain}", token(self.data, "admin"))
        self._words = ("--port", str(self.port), "--plain-http", str(plain))
        self.processes = Processes(folder / "logs-twin")
        parts.callback(self.processes.stop)
        self.start()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        self.processes.start("twin", "-m", "lisiere.cli", "twin", "serve", "--data", str(self.data), *self._words)
        self.processes.wait_until("the twin", self.office.answers)

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.processes.stop()


class UnitOnTrial:
    """One machine's unit that can be started and ended again and again. A member has it for the day."""

    def __init__(self, folder: Path, parts: ExitStack, badges: int = 1) -> None:
        """`badges`: how many the member has; see `badge`."""
        self.data = folder / UNIT
        self.data.mkdir()
        self._folder = folder
        self._runs = 0
        self.twin = TwinOnTrial(folder, parts)
        self.twin.office.post("/api/machines", {"id": UNIT, "name": UNIT, "requires": []})
        self._book(badges)
        self.bench = MachineBench(UNIT, self.data / "bench.sock", 0)
        parts.callback(self.bench.close)
        self.panel = free_port()
        code = self.twin.office.code(UNIT, UNIT)
        lan, simulated = Panel(port=self.panel), Simulated("bench.sock")
        enrol(Enrolment(self.data, self.twin.address, code, self.bench.tag.path, lan, simulated))

    def start(self) -> tuple[Processes, float]:
        """Start keeper and unit together; the processes, and the seconds until the unit says `ready:`."""
        self._runs += 1
        logs = self._folder / f"logs-{self._runs}"
        processes = Processes(logs)
        began = time.perf_counter()
        processes.start(
            "keeper",
            *("-m", "hardware.relay.keeper", "--socket", str(self.data / "keeper.sock"), "--pin", "17", "--mock"),
        )
        processes.start("unit", "-m", "lisiere.cli", "unit", "--data", str(self.data))
        try:
            while "ready:" not in (logs / "unit.log").read_text(errors="replace"):
                processes.check()
                time.sleep(POLL_S)
        except BaseException:
            processes.stop()
            raise
        return processes, time.perf_counter() - began

    def started(self) -> Processes:
        """Start keeper and unit, and let them settle."""
        processes, _ = self.start()
        time.sleep(SETTLE_S)
        return processes

    def _book(self, badges: int) -> None:
        """Before the unit is enrolled, and its hours are its own."""
        office = self.twin.office
        office.post("/api/members", {"id": MEMBER, "name": "Ana"})
        for first in range(0, badges, 20):
            numbers = [badge(n) for n in range(first, min(first + 20, badges))]
            office.patch(f"/api/members/{MEMBER}", {"badges": numbers})
        start = datetime.now(UTC) + timedelta(seconds=1)
        hours = {"start": start.isoformat(), "end": (start + timedelta(hours=4)).isoformat()}
        office.post("/api/bookings", {"member": MEMBER, "machine": UNIT} | hours)

    def tap_on_ms(self, number: str) -> float:
        """Lay a badge on the dead machine's reader; milliseconds until the keeper has closed the relay."""
        laid = self.bench.tap(number)
        self._await(live=True)
        return self.bench.standing.since_ms - laid

    def tap_off(self, number: str) -> None:
        """Lay it there again, and wait until the machine is dead and the badge away."""
        time.sleep(AWAY_S)
        self.bench.tap(number)
        self._await(live=False)
        time.sleep(AWAY_S)

    def _await(self, live: bool) -> None:
        if not self.bench.wait_for(lambda seen: seen.live is live, PATIENCE_S):
            raise DemoError(f"the bench's tap {'gave no' if live else 'did not end the'} power")
