"""A row of a unit's journal: what it is made of, and how it is chained to the one before it.

A row's chain covers a salted commitment to the person it names; name and salt are its opening, which lies beside
it, so that erasing a person keeps the chain whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access.facts import PERSONAL, Fact
from access.times import ClockReading, ClockState

FIRST = "0" * 64
"""What the first row of an epoch is chained to."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A fact with its time and place: what a row is made of. `clock` and `uncertainty_ms` say what `at` is
    worth."""

    at: datetime
    mono_ms: int
    boot: int
    fact: Fact
    clock: ClockState = ClockState.SYNCED
    uncertainty_ms: int = 0

    @classmethod
    def now(cls, fact: Fact, clock: ClockReading, boot: int) -> "Stamped":
        """A fact stamped with a clock reading."""
        return cls(clock.wall, clock.mono_ms, boot, fact, clock.state, round(clock.uncertainty_s * 1000))


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row as it lies on disk. `body` and `opening` are JSON text."""

    epoch: int
    seq: int
    at: str
    mono_ms: int
    boot: int
    clock: str
    uncertainty_ms: int
    kind: str
    body: str
    commitment: str
    prev: str
    hash: str
    opening: str

    @property
    def body_fields(self) -> dict[str, Any]:
        """The fact's fields that name nobody."""
        return dict(json.loads(self.body))

    @property
    def opening_fields(self) -> dict[str, Any]:
        """Whom the row names, and the salt of the commitment; empty where it names nobody, or no more."""
        return dict(json.loads(self.opening))

    @property
    def fields(self) -> dict[str, Any]:
        """The fact's fields, the personal ones included (None where there is nobody, or nobody any more)."""
        opened = self.opening_fields
        return self.body_fields | {name: opened.get(name) for name in PERSONAL}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a run had come when it was last written down; durations in milliseconds."""

    run: str
    powered_ms: int
    running_ms: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """The first row that does not fit the chain, and why."""

    epoch: int
    seq: int
    why: str


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """JSON that is the same text for the same value."""
    return _ENCODER.encode(value)


def commitment_of(opening: Mapping[str, Any]) -> str:
    """The salted commitment to a row's person; empty where it names none."""
    return hashlib.sha256(canonical(opening).encode()).hexdigest() if opening else ""


def chained(unit: str, row: JournalRow) -> str:
    """The hash of a row: over the hash before it and everything in it but the opening."""
    parts = (
        row.prev,
        unit,
        row.epoch,
        row.seq,
        row.at,
        row.mono_ms,
        row.boot,
        row.clock,
        row.uncertainty_ms,
        row.kind,
        row.body,
        row.commitment,
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def unsound(unit: str, row: JournalRow, seq: int, prev: str) -> str:
    """Why a row does not fit the one before it; empty when it does."""
    if row.seq != seq + 1:
        return f"row {seq + 1} is missing"
    if row.prev != prev:
        return "is not chained to the row before it"
    if row.hash != chained(unit, row):
        return "was changed: its hash is not that of its content"
    opening = json.loads(row.opening)
    if opening and row.commitment != commitment_of(opening):
        return "names another person than it was written with"
    return ""
