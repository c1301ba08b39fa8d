"""`lisiere bench [NAME ...] [--json]`."""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from lisiere.bench.timing import Counts, Progress
from lisiere.demo.processes import DemoError

FIGURES = {
    "tap": ("lisiere.bench.tap", "a badge read by the reader's process, to live power, its grant on disk before"),
    "badge": ("lisiere.bench.badge", "a card that proves itself: bytes on its serial line, and times"),
    "exchange": ("lisiere.bench.exchange", "one exchange of a unit with its twin, without the network"),
    "unit": ("lisiere.bench.unit", "a unit's processes: their memory, and from their start to ready"),
    "revocation": ("lisiere.bench.revocation", "a revoked badge: from the office's word to dead power"),
    "drain": ("lisiere.bench.drain", "days without the twin: until it has every row, and taps meanwhile"),
    "siege": ("lisiere.bench.siege", "a request while five hundred others dawdle, at the twin and at a unit"),
    "kiosk": ("lisiere.bench.kiosk", "the kiosk: touches, starts, memory, idle time, and a day of visitors"),
    "rehearse": ("lisiere.bench.rehearse", "a simulated workshop: virtual time in a second of real time"),
}
"""Each figure: the module whose `measure(counts, progress)` measures it, and what it is. Another is a line more."""

EPILOG = """examples:
  lisiere bench                  everything, as a table
  lisiere bench tap --json       one figure, for a program
Each figure stands beside its floor: the least that the same work could need, measured in the same run on the same
disk (that of TMPDIR). Compare the ratios between computers, not the times.
"""


def command(arguments: list[str], counts: Counts | None = None) -> int:
    """Measure, and say what came of it; the exit status."""
    names = "\n".join(f"  {name:<10} {what}" for name, (_, what) in FIGURES.items())
    parser = argparse.ArgumentParser(
        prog="lisiere bench",
        description=f"How fast the product is on this computer, beside the floor.\n\n{names}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: everything)")
    parser.add_argument("--json", action="store_true", help="one JSON object, nothing else")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        print(f"lisiere bench: no figure '{unknown[0]}'; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    try:
        measured = {name: _measure(name, counts or Counts()) for name in options.names or FIGURES}
    except (DemoError, OSError) as error:
        print(f"lisiere bench: {error}", file=sys.stderr)
        return 1
    print(json.dumps(measured) if options.json else table(measured))
    return 0


def _measure(name: str, counts: Counts) -> dict[str, Any]:
    module = importlib.import_module(FIGURES[name][0])
    measure: Callable[[Counts, Progress], dict[str, Any]] = module.measure
    return measure(counts, Progress(name))


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures for people: a line each, with its floor and the ratio where it has one."""
    lines = [f"{'':<34}{'here':>12}{'floor':>12}{'times':>9}"]
    for name, figure in measured.items():
        lines += ["", f"{name}: {FIGURES[name][1]}", *_lines("", figure)]
    return "\n".join(lines)


def _lines(prefix: str, figure: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for key, value in figure.items():
        if isinstance(value, Mapping):
            found += _lines(f"{key} ", value)
        elif not key.startswith(("floor_", "ratio_")):
            ratio = figure.get(f"ratio_{key}", figure.get(f"ratio_{key.rpartition('_')[0]}"))
            cells = (value, figure.get(f"floor_{key}"), ratio)
            found.append(f"  {prefix + key:<32}" + "".join(map(_cell, cells, (12, 12, 9))).rstrip())
    return found


def _cell(value: float | None, width: int) -> str:
    return f"{'' if value is None else f'{value:,.4g}' if value < 1000 else f'{value:,.0f}':>{width}}"
