"""A unit's processes as on a machine's Pi (keeper, unit, reader): what they weigh, how soon they are ready.

They are enrolled at a twin of their own on a free port, and stand on mock pins. The floor is a bare interpreter:
started and ended for the time, one standing still for the memory.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from lisiere.bench.timing import Counts, Progress, percentile
from lisiere.bench.trial import UnitOnTrial
from lisiere.demo.processes import DemoError, Processes

SETTLE_S = 3.0
"""How long the processes run before they are weighed."""


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
