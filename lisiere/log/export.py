"""The log for programs: CSV that no spreadsheet runs, and JSON, one object a line. Neither has a language."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lisiere.log.entries import RUN_COLUMNS, Entry, Fields
from lisiere.log.when import full

WHERE = ("at", "event", "unit", "machine", "epoch", "seq")
"""What stands before an entry's own fields once not only runs are listed."""
ALL_COLUMNS = (*WHERE, *(name for name in RUN_COLUMNS if name not in WHERE), "details")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_json(entries: Iterable[Entry], zone: ZoneInfo, everything: bool) -> None:
    """One object a line."""
    for entry in entries:
        print(json.dumps(_plain(entry, everything), ensure_ascii=False, default=lambda at: full(at, zone)))


def print_csv(entries: Iterable[Entry], zone: ZoneInfo, everything: bool) -> None:
    """A table with a heading, as RFC 4180 has it."""
    columns = ALL_COLUMNS if everything else RUN_COLUMNS
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns)
    for entry in entries:
        plain = _plain(entry, everything)
        rest = {name: value for name, value in plain.items() if name not in columns}
        line = plain | {"details": "; ".join(_pairs(rest, zone))}
        writer.writerow([cell(line.get(name), zone) for name in columns])


def _plain(entry: Entry, everything: bool) -> Fields:
    if not everything:
        return entry.fields
    epoch, seq = entry.key or (None, None)
    head = (entry.at, entry.event, entry.unit, entry.machine, epoch, seq)
    return dict(zip(WHERE, head, strict=True)) | entry.fields


def _pairs(fields: Fields, zone: ZoneInfo) -> Iterator[str]:
    for name, value in fields.items():
        if value not in (None, "", []):
            yield f"{name}={_text(value, zone)}"


def cell(value: Any, zone: ZoneInfo) -> str:
    """A cell; what a spreadsheet would take for a formula is kept as text by a leading apostrophe."""
    text = _text(value, zone)
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(value: Any, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return full(value, zone)
        case list():
            return ",".join(map(str, value))
        case _:
            return str(value)
