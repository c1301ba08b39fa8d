"""What a journal row says, in the words of the log: one entry a row, wherever it was read."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access.facts import RunClosed, instant
from controller.journal_row import JournalRow

RUN_COLUMNS = (
    "run",
    "unit",
    "machine",
    "member",
    "booking",
    "started",
    "ended",
    "powered_seconds",
    "running_seconds",
    "end_reason",
)
"""The columns of a run, in every format."""
RUN = RunClosed.KIND
TAG_DIGITS = 8
"""How much of a badge's tag is shown: enough to see that two taps were one badge, and no more."""

Fields = dict[str, Any]


class NotUnderstood(Exception):
    """A row that can be read but makes no sense."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at a machine. The instants in `fields` are datetimes."""

    at: datetime
    unit: str
    machine: str
    event: str
    fields: Fields
    key: tuple[int, int] | None = None


def entry_of(row: JournalRow, unit: str, machine: str) -> Entry:
    """The entry of a journal row. NotUnderstood."""
    try:
        fields = json.loads(row.body) | json.loads(row.opening)
        return entry_from(unit, machine, row.at, row.kind, fields, (row.epoch, row.seq))
    except (ValueError, TypeError, KeyError) as error:
        raise NotUnderstood(f"row {row.seq} of epoch {row.epoch} makes no sense: {error}") from None


def entry_from(
    unit: str, machine: str, at: str, kind: str, fields: Fields, key: tuple[int, int] | None = None
) -> Entry:
    """An entry out of a row's parts. ValueError, TypeError or KeyError."""
    plain = _run(fields, unit, machine) if kind == RUN else _other(fields)
    return Entry(instant(at), unit, machine, kind, plain, key)


def _run(fields: Fields, unit: str, machine: str) -> Fields:
    named = {"unit": unit, "machine": machine, "member": fields.get("member"), "booking": fields["booking"]}
    return {
        "run": str(fields["run"]),
        **named,
        "started": instant(fields["started"]),
        "ended": instant(fields["ended"]),
        "powered_seconds": seconds(fields["powered_ms"]),
        "running_seconds": seconds(fields["running_ms"]),
        "end_reason": str(fields["end_reason"]),
    }


def _other(fields: Fields) -> Fields:
    found = {name: value for name, value in fields.items() if name != "salt"}
    for name in INSTANTS & found.keys():
        found[name] = None if found[name] is None else instant(found[name])
    if found.get("badge"):
        found["badge"] = str(found["badge"])[:TAG_DIGITS] + "…"
    return found


INSTANTS = frozenset({"start", "end", "clock"})


def seconds(ms: int) -> int:
    """Milliseconds as whole seconds, rounded, as in every record."""
    return (ms + 500) // 1000
