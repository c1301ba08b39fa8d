"""`lisiere log --unit DIR | --twin URL`: what machines did, for whoever looks after them."""

import argparse
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from access.facts import stamp
from access.times import Opening
from lisiere.log import verify
from lisiere.log.entries import RUN, Entry
from lisiere.log.export import print_csv, print_json
from lisiere.log.failure import LogError
from lisiere.log.source import Source
from lisiere.log.text import all_as_text, runs_as_text, totals_as_text
from lisiere.log.totals import Totals
from lisiere.log.twin import Twin, twin_source
from lisiere.log.unit import unit_source
from lisiere.log.when import since
from lisiere.log.words import words_for

EPILOG = """examples:
  lisiere log --unit /var/lib/lisiere                      every run of this machine, and the totals
  lisiere log --unit /var/lib/lisiere --since 1w           the last week's
  lisiere log --unit /media/card --all --since 2026-03-10  everything since that day, from a copied card
  lisiere log --twin https://twin.local --machine press-1  one machine, out of the twin
  lisiere log --unit /var/lib/lisiere --csv > runs.csv     for a spreadsheet
  lisiere log verify --unit /var/lib/lisiere               is the journal whole and unchanged?
The unit's files are only read, and the unit may go on beside it. The twin asks for a token: --token, or better
LISIERE_TOKEN, which other users of the computer do not see.
exit status: 0 shown; 1 shown, but the journal is damaged; 2 nothing could be shown
"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    if arguments[:1] == ["verify"]:
        return verify.command(arguments[1:])
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter still gets the rest
    try:
        with _source(options) as source:
            return _show(options, source)
    except LogError as error:
        print(f"lisiere log: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lisiere log",
        description="What a machine did: its runs, or everything its unit wrote down.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--unit", type=Path, metavar="DIR", help="the folder of a unit, or a copy of it")
    source.add_argument("--twin", metavar="URL", help="the twin's address, for the log of all machines")
    parser.add_argument("--token", default=os.environ.get("LISIERE_TOKEN", ""), help="what opens the twin")
    parser.add_argument("--ca", metavar="FILE", help="the twin's own certificate authority, if it has one")
    parser.add_argument("--machine", metavar="ID", help="this machine only")
    parser.add_argument("--since", metavar="WHEN", help="2026-03-10, 2026-03-10T14:00, or a span: 2h, 3d, 1w")
    parser.add_argument(
        "--timezone", type=_zone, metavar="NAME", help="write times as there; else as the site"
    )
    parser.add_argument(
        "--all", action="store_true", help="also decisions, faults, warnings, power, bookings"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--csv", action="store_true", help="a table for a spreadsheet")
    shape.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"no time zone '{name}'; one is Europe/Paris") from None


@contextmanager
def _source(options: argparse.Namespace) -> Iterator[Source]:
    if options.unit is not None:
        with unit_source(options.unit, options.timezone, options.machine, options.all) as source:
            yield source
        return
    zone = options.timezone or ZoneInfo(Opening().timezone)
    begins = _since(options, zone)
    twin = Twin(options.twin, options.token, options.ca)
    yield twin_source(twin, zone, options.machine, stamp(begins) if begins else None, options.all)


def _since(options: argparse.Namespace, zone: ZoneInfo) -> datetime | None:
    return since(options.since, datetime.now(UTC), zone) if options.since else None


def _show(options: argparse.Namespace, source: Source) -> int:
    begins = _since(options, source.zone)
    entries = (entry for entry in source.entries if begins is None or _reaches(entry, begins))
    for note in source.notes:
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        print_json(entries, source.zone, options.all)
    elif options.csv:
        print_csv(entries, source.zone, options.all)
    else:
        _print_text(entries, source, options.all)
    sys.stdout.flush()
    for line in source.damage:
        print(f"damaged: {line}", file=sys.stderr)
    return 1 if source.damage else 0


def _reaches(entry: Entry, begins: datetime) -> bool:
    """True for what happened at that instant or later; a run counts by its end."""
    at: datetime = entry.fields["ended"] if entry.event == RUN else entry.at
    return at >= begins


def _print_text(entries: Iterator[Entry], source: Source, everything: bool) -> None:
    words, totals = words_for(os.environ), Totals()
    counted = totals.counting(entries)
    if everything:
        lines = all_as_text(counted, source.zone, source.several)
    else:
        lines = runs_as_text(counted, source.zone, source.several, words)
    for line in lines:
        print(line)
    for line in totals_as_text(totals, words):
        print(line)
