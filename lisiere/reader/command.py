"""`lisiere reader PATH`: says what reader was found, and what each tap is."""

import argparse
import json
import logging
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from hardware.badge_reader.keys import KeysError, keys_of, no_keys
from hardware.badge_reader.reading import Reading
from hardware.badge_reader.supervisor import ReaderProcess, command_for

WELL, REFUSED, NO_READER = 0, 1, 2
EPILOG = """\
PATH is what the reader hangs on:
  tty:S0:pn532          a PN532 on the serial port /dev/ttyS0; /dev/... for one of any other name
  usb                   a USB reader that nfcpy drives; usb:072f:2200 for a certain one
  pcsc:0                the first reader that pcscd knows
  udp:127.0.0.1:54321   a simulated one

FILE is JSON: {"master": hex, "system": hex} at an enrolment desk, {"cards": {uid: {"key": hex}}} for a unit.
Without it a badge is only asked for its number.

exit status: 0 a badge was read, 1 it was refused (--once), 2 no reader"""
CHECKS = """\
What to check:
  - the path: lisiere reader --help lists the ways to write it
  - a PN532: its switches or jumpers at HSU (UART), RX and TX crossed, 3.3 V; on a Raspberry Pi enable_uart=1,
    and no login shell on the port
  - a USB reader: that it is plugged in (lsusb), that pcscd and nfcpy do not both want it, that the kernel's own
    driver does not hold it (blacklist pn533_usb), and that you may use it (a udev rule)
  - pcsc: that pcscd runs and pyscard is installed
  - that no other program has it open: a running unit or kiosk does"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere reader",
        description="Try a badge reader out: hold up a badge, and read what it is worth.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--once", action="store_true", help="end after the first tap")
    parser.add_argument("--json", action="store_true", help="standard output is one JSON object a tap")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="the keys to check badges with")
    options = parser.parse_args(arguments)
    try:
        key_for = no_keys if options.keys is None else keys_of(options.keys)
    except KeysError as error:
        print(f"lisiere reader: {error}", file=sys.stderr)
        return NO_READER
    reader = ReaderProcess(command_for(options.path), key_for)
    told: SimpleQueue[Reading | bool] = SimpleQueue()
    logging.basicConfig(level=logging.CRITICAL)  # what goes wrong is said below
    reader.start(told.put, told.put, lambda name: print(f"found: {name}", file=sys.stderr))
    try:
        return _follow(reader, told, options.once, options.json)
    finally:
        reader.close()


def _follow(reader: ReaderProcess, told: "SimpleQueue[Reading | bool]", once: bool, as_json: bool) -> int:
    """Say what the reader tells, to the first tap or for ever."""
    read_before = False
    while True:
        news = told.get()
        if isinstance(news, Reading):
            _say(news, as_json)
            if once:
                return REFUSED if news.reason else WELL
            read_before = True
        elif news:
            print(f"lisiere reader: {reader.trouble}", file=sys.stderr)
            if once or not read_before:
                print(CHECKS, file=sys.stderr)
                return NO_READER


def _say(reading: Reading, as_json: bool) -> None:
    print(json.dumps(as_told(reading)) if as_json else in_words(reading), flush=True)


def as_told(reading: Reading) -> dict[str, Any]:
    """A tap as `--json` prints it; `reason` only where it was refused."""
    told = {
        "badge": reading.uid,
        "strength": reading.strength.value,
        "verified": reading.verified,
        "ms": reading.ms,
        "frames": reading.frames,
    }
    return told | ({"reason": reading.reason} if reading.reason else {})


def in_words(reading: Reading) -> str:
    """A tap as a person reads it."""
    worth = f"refused: {reading.reason}" if reading.reason else "verified" if reading.verified else "a number only"
    badge = reading.uid or "no badge"
    return f"{badge}  {reading.strength.value}  {worth}  ({reading.ms:g} ms, {reading.frames} frames)"
