"""Whether what was expected came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access.facts import instant
from lisiere.rehearse.records import Record
from lisiere.rehearse.script import Expectation
from lisiere.rehearse.vocabulary import INSTANTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one expectation; `why` says, where it did not hold, what came instead."""

    expectation: Expectation
    held: bool
    why: str = ""


def judge(expectation: Expectation, records: Iterable[Record]) -> Verdict:
    """Compare one expectation with all records."""
    alike = [record for record in records if record["event"] == expectation.event]
    found = [record for record in alike if _matches(expectation, record)]
    if expectation.never:
        return Verdict(expectation, not found, f"but it came: {short(found[0])}" if found else "")
    return Verdict(expectation, bool(found), "" if found else _nearest(expectation, alike))


def short(record: Record) -> str:
    """A record on one line, for people."""
    fields = " ".join(f"{key}={_plain(value)}" for key, value in record.items() if key not in ("at", "event"))
    return f"{record['at'][11:23]} {record['event']} {fields}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value) or "-"
    return "-" if value is None else str(value)


def _matches(expectation: Expectation, record: Record) -> bool:
    at = instant(record["at"])
    if expectation.since is not None and at < expectation.since:
        return False
    if expectation.until is not None and at > expectation.until:
        return False
    return all(_equal(key, value, record.get(key)) for key, value in expectation.fields.items())


def _equal(key: str, expected: Any, found: Any) -> bool:
    """Instants are compared as such; of a table, only the keys that are expected."""
    if isinstance(expected, datetime):
        return isinstance(found, str) and key in INSTANTS and instant(found) == expected
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(_equal(name, value, found.get(name)) for name, value in expected.items())
    return type(expected) is not bool and expected == found or expected is found


def _nearest(expectation: Expectation, alike: list[Record]) -> str:
    """The record that comes closest to what was expected, as a help to the reader."""
    if not alike:
        return f"there is no {expectation.event} record at all"

    def closeness(record: Record) -> tuple[int, float]:
        same = sum(_equal(key, value, record.get(key)) for key, value in expectation.fields.items())
        away = 0.0
        if expectation.since is not None:
            away = abs((instant(record["at"]) - expectation.since).total_seconds())
        return same, -away

    return f"nearest: {short(max(alike, key=closeness))}"
