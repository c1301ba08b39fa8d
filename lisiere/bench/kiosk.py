"""The kiosk on a screen in memory (Xvfb, drawn in software): touches, starts, weight, and a day of visitors.

A touch is timed from outside: from the X server's finger to the changed pixels that it shows. Starts and weight are
those of `lisiere kiosk` with its reader, a unit and a twin; the floor is a window with nothing but a key.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from controller.config import Panel
from lisiere.bench.screen import SIZE, Area, Screen
from lisiere.bench.timing import Counts, Progress, percentile
from lisiere.bench.trial import UnitOnTrial
from lisiere.bench.unit import rss_mb
from lisiere.demo.bench import MachineBench
from lisiere.demo.processes import DemoError
from lisiere.enrol import Enrolment, enrol

KIOSK = "kiosk-1"
ALL: Area = (0, 0, *SIZE)
REST_S, HOLD_S = 0.5, 0.2
"""How long nothing happens before a touch, and how long a finger stays down."""
MOST = 0.5
"""What share of the rows has to change for a key to be seen as touched, or the screen as another."""
SETTLE_S = 5.0
LIBRARIES = (Path(sys.prefix), Path(sys.base_prefix) / "lib", Path("/usr/lib/x86_64-linux-gnu/dri"))
Words = tuple[str, ...]


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Touches in milliseconds, starts in seconds, memory in megabytes, idle time in percent of a processor."""
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        kiosk = _enrolled(Path(name), parts)
        bare = ("-m", "kiosk.trial", "bare")
        return {
            **_touches(counts.touches, progress),
            **_starts(kiosk, bare, counts.starts),
            **_at_rest(kiosk, bare, counts.idle_s),
            **_day(counts.kiosk_hours, progress),
        }


def _enrolled(folder: Path, parts: ExitStack) -> Words:
    """A kiosk's command, once it has a twin, a unit that runs, and a reader."""
    unit = UnitOnTrial(folder, parts)
    parts.callback(unit.started().stop)
    data = folder / KIOSK
    data.mkdir()
    bench = MachineBench(KIOSK, data / "bench.sock", 0)
    parts.callback(bench.close)
    enrol(Enrolment(data, unit.twin.address, unit.twin.office.code(KIOSK), bench.tag.path, Panel()))
    return ("-m", "lisiere.cli", "kiosk", "--data", str(data), "--size", f"{SIZE[0]}x{SIZE[1]}")


@contextmanager
def _running(screen: Screen, words: Words) -> Iterator[subprocess.Popen[str]]:
    """A program on the screen; killed at the end, as a power cut would."""
    width, height = map(str, SIZE)
    environment = os.environ | {"DISPLAY": screen.display, "KIVY_DPI": "149"}
    environment |= {"KCFG_GRAPHICS_WIDTH": width, "KCFG_GRAPHICS_HEIGHT": height}
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    )
    screen.belongs_to(process)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


# --- touches -------------------------------------------------------------------------------------------


def _touches(number: int, progress: Progress) -> dict[str, float]:
    """From the finger to the darkened key, and from its lifting to the next screen, there and back again."""
    found: dict[str, float] = {}
    series = {name: _touched(name, number, progress) for name in ("story", "bare")}
    for place, what in enumerate(("highlight", "next_screen")):
        ours, floor = ([times[place] * 1000 for times in series[name]] for name in ("story", "bare"))
        for percent in (50, 95):
            mine, least = percentile(ours, percent), percentile(floor, percent)
            key = f"{what}_p{percent}"
            found |= {f"{key}_ms": round(mine, 1), f"floor_{key}_ms": round(least, 1)}
            found[f"ratio_{key}"] = round(mine / least, 2)
    return found


def _touched(name: str, number: int, progress: Progress) -> list[tuple[float, float]]:
    with ExitStack() as parts:
        screen = Screen(parts)
        process = parts.enter_context(_running(screen, ("-m", "kiosk.trial", name)))
        times = []
        for count in range(number):
            times.append(_one_touch(screen, _next_key(process)))
            progress(count + 1, number)
        return times


def _next_key(process: "subprocess.Popen[str]") -> Area:
    """Where to touch next, as the kiosk says once its screen stands."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise DemoError(f"the kiosk's window ended with status {process.wait()}")
    x, y, width, height = json.loads(line)["key"]
    return x, y, width, height


def _one_touch(screen: Screen, key: Area) -> tuple[float, float]:
    """Touch the middle of a key: seconds until it is darkened, and from then on until the next screen is there."""
    x, y, width, height = key
    time.sleep(REST_S)
    before = screen.rows(key)
    pressed = screen.press(x + width // 2, y + height // 2)
    highlight = screen.await_change(key, before, MOST) - pressed
    time.sleep(HOLD_S)
    before = screen.rows(ALL)
    lifted = screen.lift()
    return highlight, screen.await_change(ALL, before, MOST) - lifted


# --- starts --------------------------------------------------------------------------------------------


def _starts(kiosk: Words, bare: Words, number: int) -> dict[str, float]:
    """From the start to the first frame, the files out of memory before; and from a kill to the board again."""
    cold = [_first_frame_s(kiosk, cold=True) for _ in range(number)]
    floor = [_first_frame_s(bare, cold=True) for _ in range(number)]
    warm = [_first_frame_s(kiosk, cold=False) for _ in range(number)]
    return {
        "first_frame_cold_s": round(percentile(cold, 50), 2),
        "floor_first_frame_cold_s": round(percentile(floor, 50), 2),
        "ratio_first_frame_cold_s": round(percentile(cold, 50) / percentile(floor, 50), 2),
        "slowest_first_frame_cold_s": round(max(cold), 2),
        "killed_to_board_s": round(percentile(warm, 50), 2),
        "slowest_killed_to_board_s": round(max(warm), 2),
    }


def _first_frame_s(words: Words, cold: bool) -> float:
    with ExitStack() as parts:
        screen = Screen(parts)
        if cold:
            _chill()
        began = time.monotonic()
        parts.enter_context(_running(screen, words))
        return screen.wait(lambda: all(any(row) for row in screen.rows(ALL))) - began


def _chill() -> None:
    """Have the system forget the programs' files, as far as no other process holds them."""
    for folder in LIBRARIES:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# --- at rest -------------------------------------------------------------------------------------------


def _at_rest(kiosk: Words, bare: Words, seconds: float) -> dict[str, float]:
    """What a kiosk weighs that nobody touches, and what it takes of a processor."""
    (weight, share), (least, still) = (_standing(words, seconds) for words in (kiosk, bare))
    return {
        "rss_mb": round(weight, 1),
        "floor_rss_mb": round(least, 1),
        "ratio_rss_mb": round(weight / least, 2),
        "idle_percent": round(share, 2),
        "floor_idle_percent": round(still, 2),
    }


def _standing(words: Words, seconds: float) -> tuple[float, float]:
    with ExitStack() as parts:
        screen = Screen(parts)
        process = parts.enter_context(_running(screen, words))
        screen.wait(lambda: all(any(row) for row in screen.rows(ALL)))
        time.sleep(SETTLE_S)
        before = _processor_s(process.pid)
        time.sleep(seconds)
        return rss_mb(process.pid), (_processor_s(process.pid) - before) / seconds * 100


def _processor_s(pid: int) -> float:
    """The processor time that a process has had, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


# --- a day ---------------------------------------------------------------------------------------------


def _day(simulated: int, progress: Progress) -> dict[str, float]:
    """So many simulated hours of visitors: the memory after the first and after the last."""
    with ExitStack() as parts:
        process = parts.enter_context(_running(Screen(parts), ("-m", "kiosk.trial", "day", str(simulated))))
        assert process.stdout is not None
        hours: list[Mapping[str, float]] = []
        for line in process.stdout:
            hours.append(json.loads(line))
            progress(len(hours), simulated)
        if process.wait() != 0:
            raise DemoError(f"the kiosk did not live through its day: python -m kiosk.trial day {simulated}")
    first, last = hours[0]["rss_mb"], hours[-1]["rss_mb"]
    return {
        "day_hours": hours[-1]["hour"],
        "first_hour_mb": round(first, 1),
        "last_hour_mb": round(last, 1),
        "day_growth_percent": round((last / first - 1) * 100, 2),
    }
