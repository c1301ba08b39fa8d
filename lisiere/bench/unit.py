"""A unit's processes as on a machine's Pi (keeper, unit, reader): what they weigh, how soon they are ready.

They are enrolled at a twin of their own on a free port, and stand on mock pins. The floor is a bare interpreter:
started and ended for the time, one standing still for the memory.
"""

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from controller.config import Panel, Simulated
from lisiere.bench.timing import Counts, Progress, percentile
from lisiere.demo.bench import MachineBench
from lisiere.demo.processes import DemoError, Processes
from lisiere.demo.stage import Twin
from lisiere.enrol import Enrolment, enrol
from twin.serve import token

UNIT = "bench"
SETTLE_S = 3.0
"""How long the processes run before they are weighed."""
PATIENCE_S = 60.0
POLL_S = 0.001


def free_port() -> int:
    """A TCP port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class UnitOnTrial:
    """One machine's unit that can be started and ended again and again."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        self._folder = folder
        self._data = folder / UNIT
        self._data.mkdir()
        self._runs = 0
        address = f"https://127.0.0.1:{free_port()}"
        twin = self._start_twin(parts, address)
        twin.post("/api/machines", {"id": UNIT, "name": UNIT, "requires": []})
        bench = MachineBench(UNIT, self._data / "bench.sock", 0)
        parts.callback(bench.close)
        panel, simulated = Panel(port=free_port()), Simulated("bench.sock")
        enrol(Enrolment(self._data, address, twin.code(UNIT, UNIT), bench.tag.path, panel, simulated))

    def start(self) -> tuple[Processes, float]:
        """Start keeper and unit together; the processes, and the seconds until the unit says `ready:`."""
        self._runs += 1
        logs = self._folder / f"logs-{self._runs}"
        processes = Processes(logs)
        began = time.perf_counter()
        processes.start(
            "keeper",
            *("-m", "hardware.relay.keeper", "--socket", str(self._data / "keeper.sock"), "--pin", "17", "--mock"),
        )
        processes.start("unit", "-m", "lisiere.cli", "unit", "--data", str(self._data))
        try:
            while "ready:" not in (logs / "unit.log").read_text(errors="replace"):
                processes.check()
                time.sleep(POLL_S)
        except BaseException:
            processes.stop()
            raise
        return processes, time.perf_counter() - began

    def _start_twin(self, parts: ExitStack, address: str) -> Twin:
        data, page = self._folder / "twin", free_port()
        twin = Twin(f"http://127.0.0.1:{page}", token(data, "admin"))
        ports = ("--port", address.rpartition(":")[2], "--plain-http", str(page))
        processes = Processes(self._folder / "logs-twin")
        parts.callback(processes.stop)
        processes.start("twin", "-m", "lisiere.cli", "twin", "serve", "--data", str(data), *ports)
        processes.wait_until("the twin", twin.answers)
        return twin


def measure(counts: Counts, progress: Progress) -> dict[str, float]:
    """The memory of all processes together, and the seconds from their start to ready."""
    ours: list[float] = []
    floor: list[float] = []
    weights: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        unit = UnitOnTrial(Path(name), parts)
        for count in range(counts.starts):
            processes, seconds = unit.start()
            with ExitStack() as running:
                running.callback(processes.stop)
                if count == counts.starts - 1:
                    weights = _weigh(processes)
            ours.append(seconds)
            floor.append(_bare_start_s())
            progress(count + 1, counts.starts)
    return _figures(ours, floor, weights, _bare_rss_mb())


def _figures(ours: list[float], floor: list[float], weights: dict[str, float], bare_mb: float) -> dict[str, float]:
    rss, start, bare = sum(weights.values()), percentile(ours, 50), percentile(floor, 50)
    return {
        "rss_mb": round(rss, 1),
        "floor_rss_mb": round(bare_mb, 1),
        "ratio_rss_mb": round(rss / bare_mb, 2),
        **{f"{name}_rss_mb": round(mb, 1) for name, mb in weights.items()},
        "cold_start_s": round(start, 3),
        "floor_cold_start_s": round(bare, 4),
        "ratio_cold_start_s": round(start / bare, 1),
        "slowest_start_s": round(max(ours), 3),
    }


def _weigh(processes: Processes) -> dict[str, float]:
    """The resident memory of each process in megabytes, once they have settled; the reader is the unit's child."""
    pids = processes.pids()
    time.sleep(SETTLE_S)
    readers = children(pids["unit"])
    if len(readers) != 1:
        raise DemoError(f"the unit has {len(readers)} child processes, not its one reader")
    return {name: rss_mb(pid) for name, pid in {**pids, "reader": readers[0]}.items()}


def rss_mb(pid: int) -> float:
    """The resident memory of a process, in megabytes (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def children(pid: int) -> list[int]:
    """The processes that any thread of a process has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def _bare_start_s() -> float:
    """How long an interpreter takes that does nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def _bare_rss_mb() -> float:
    """What an interpreter weighs that does nothing."""
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        return rss_mb(bare.pid)
