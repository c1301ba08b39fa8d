"""`lisiere log verify`: whether a unit's journal is whole, and if not, where it begins not to be."""

import argparse
import sqlite3
import sys
from pathlib import Path

from controller.journal_reader import JournalReader
from controller.journal_row import BadRow
from lisiere.log.failure import LogError
from lisiere.log.unit import journal


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere log verify",
        description="Check every row of a unit's journal against the one before it.",
        epilog="exit status: 0 sound; 1 the first bad row is printed as 'epoch seq why'; 2 no such journal",
    )
    parser.add_argument("--unit", type=Path, required=True, metavar="DIR", help="the unit's folder")
    options = parser.parse_args(arguments)
    try:
        with journal(options.unit) as (connection, unit):
            return _verify(JournalReader(connection, unit))
    except LogError as error:
        print(error, file=sys.stderr)
        return 2


def _verify(reader: JournalReader) -> int:
    try:
        bad, rows = reader.first_bad_row(), reader.count()
    except (sqlite3.DatabaseError, ValueError) as error:
        bad = first_unreadable(reader, str(error))
    if bad is None:
        print(f"sound: {rows} rows")
        return 0
    print(bad.epoch, bad.seq, bad.why)
    return 1


def first_unreadable(reader: JournalReader, why: str) -> BadRow:
    """The first row that the file gives no more, or gives as nonsense."""
    epoch, seq = 0, 0
    try:
        for row in reader.all_rows():
            epoch, seq = row.epoch, row.seq - 1
            _ = row.fields
            seq = row.seq
    except (sqlite3.DatabaseError, ValueError):
        pass
    return BadRow(epoch, seq + 1, f"cannot be read: {why}")
