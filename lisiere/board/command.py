"""`lisiere board PORT [status|watch|hold SECONDS|test|calibrate|flash]`: an electrician's tool."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from firmware_bridge.bridge import Kind, ModbusBoard, opened
from firmware_bridge.calibration import LEAST_DWELL_S
from firmware_bridge.output import Conversation
from firmware_bridge.session import Link, Order, Reading
from lisiere.board.calibrating import RENEW_S, calibrate
from lisiere.board.commissioning import Bench, commission

HEX = Path("build/firmware/lisiere-board.hex")
FUSES = ("lfuse:w:0xFF:m", "hfuse:w:0xD7:m", "efuse:w:0xFC:m")
WATCH_S = 0.5
PHASE_S = 300.0
EXAMPLES = """PORT is a path, or a part of a name under /dev/serial/by-id that only one port has.

examples:
  lisiere board FTDI_A50285BI status
  lisiere board /dev/ttyUSB0 hold 5
  lisiere board /dev/ttyUSB0 test
  lisiere board /dev/ttyUSB0 calibrate --samples overlock-1.csv"""


def command(arguments: list[str]) -> int:
    """Do one thing with a board; the exit status."""
    words = _parser().parse_args(arguments)
    if words.do == "flash":
        return _flash(words.hex)
    try:
        link = opened(words.kind, words.port, words.meter)
        try:
            return DOINGS[words.do](link, words)
        finally:
            link.close()
    except OSError as error:
        print(f"lisiere board: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lisiere board",
        description="Look at, try and commission the board beside a machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("port", metavar="PORT")
    parser.add_argument("do", nargs="?", default="status", choices=[*DOINGS, "flash"])
    parser.add_argument("seconds", nargs="?", type=float, default=5.0, help="how long to hold (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), default=Kind.LISIERE)
    parser.add_argument("--meter", type=int, default=0, help="address of an SDM120 beside a relay board")
    parser.add_argument("--samples", type=Path, default=Path("calibration.csv"), help="where raw samples are kept")
    parser.add_argument("--phase", type=float, default=PHASE_S, help="seconds of idle and of running samples (300)")
    parser.add_argument("--dwell", type=float, default=LEAST_DWELL_S, help="the least rest that counts, in s (1)")
    parser.add_argument("--hex", type=Path, default=HEX, help="the program to flash, as `make firmware` builds it")
    return parser


def _status(link: Link, words: argparse.Namespace) -> int:
    _show(link.read(), words)
    if not words.json:
        print(f"{'safety':<14} {words.kind.safety}")
    return 0


def _watch(link: Link, words: argparse.Namespace) -> int:
    while True:
        reading = link.read()
        _show(reading, words) if words.json else print(_line(reading), flush=True)
        time.sleep(WATCH_S)


def _hold(link: Link, words: argparse.Namespace) -> int:
    talk = Conversation(link, _mono_ms)
    talk.look()
    ends = time.monotonic() + words.seconds
    first = True
    try:
        while time.monotonic() < ends:
            talk.obey(Order(first, _mono_ms()))
            first = False
            reading = talk.look()
            _show(reading, words) if words.json else print(_line(reading), flush=True)
            if talk.dropped or not talk.held:
                print("lisiere board: the relay opened by itself", file=sys.stderr)
                return 1
            time.sleep(RENEW_S)
    finally:
        talk.let_go()
    return 0


def _test(link: Link, words: argparse.Namespace) -> int:
    bench = Bench(link, _ask, _mono_ms, time.sleep)
    for finding in commission(bench):
        if words.json:
            print(json.dumps({"what": finding.what, "passed": finding.passed, "advice": finding.advice}))
        else:
            print("ok " if finding.passed else "NOT", finding.what, finding.advice and f": {finding.advice}")
        if not finding.passed:
            return 1
    return 0


def _calibrate(link: Link, words: argparse.Namespace) -> int:
    """Two phases of five minutes; the raw samples are kept whatever comes out."""
    with words.samples.open("w", encoding="utf-8") as kept:
        bench = Bench(link, _ask, _mono_ms, time.sleep)
        found = calibrate(bench, words.phase, words.dwell, lambda line: print(line, file=kept))
    if found is None:
        print("lisiere board: idle and running look the same; is the clamp round one wire only?", file=sys.stderr)
        return 1
    if isinstance(link, ModbusBoard):
        link.set("off_ma", found.off_ma)
    if words.json:
        print(json.dumps(found.as_dict()))
        return 0
    for name, value in found.as_dict().items():
        print(f"{name:<14} {value}")
    print(f"At the twin, set the machine's idle_below_a to {found.idle_a}. Raw samples: {words.samples}")
    return 0


def _flash(program: Path) -> int:
    if not program.exists():
        print(f"lisiere board: {program} is not there: type make firmware", file=sys.stderr)
        return 1
    fuses = [word for fuse in FUSES for word in ("-U", fuse)]
    words = ["avrdude", "-c", "usbasp", "-p", "m328p", *fuses, "-U", f"flash:w:{program}:i"]
    print(" ".join(words))
    try:
        return subprocess.run(words, check=False).returncode
    except FileNotFoundError:
        print("lisiere board: avrdude is not installed: sudo apt-get install avrdude", file=sys.stderr)
        return 1


def _show(reading: Reading, words: argparse.Namespace) -> None:
    said = {**reading.all, "state": reading.state.name.lower(), "reason": reading.reason.name.lower()}
    if words.json:
        print(json.dumps(said), flush=True)
        return
    for name, value in said.items():
        print(f"{name:<14} {value}")


def _line(reading: Reading) -> str:
    amps = "-" if reading.amps is None else f"{reading.amps:.2f} A"
    told = {None: "?", True: "live", False: "dead"}[reading.contact]
    return f"{reading.state.name.lower():<8} contact {told:<5} {amps}"


def _ask(question: str) -> str:
    return input(f"{question} ").strip().lower()


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


DOINGS: dict[str, Callable[[Link, argparse.Namespace], int]] = {
    "status": _status,
    "watch": _watch,
    "hold": _hold,
    "test": _test,
    "calibrate": _calibrate,
}
