"""A rehearsal file as values: what a workshop has, what happens in it, and what is expected to come of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from access.bookings import Booking
from access.machines import Machine
from access.people import Category, Role
from access.policy import Policy
from access.times import Opening


class ScriptError(Exception):
    """The file is wrong: one line that says file, key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a rehearsal names one: with badge numbers, which only the simulated site knows."""

    id: str
    badges: tuple[str, ...]
    qualifications: frozenset[str]
    role: Role
    category: Category
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Act:
    """One step: at this instant, this is done, with these words (checked, and of the right type)."""

    at: datetime
    do: str
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A record that must come, or (`never`) must not, in the closed span from `since` to `until`."""

    never: bool
    event: str
    fields: dict[str, Any]
    since: datetime | None
    until: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """A whole rehearsal. `simulation` is the seed of the one that it tells, if it tells one."""

    title: str
    start: datetime
    end: datetime
    policy: Policy
    opening: Opening
    machines: tuple[Machine, ...]
    people: tuple[Person, ...]
    bookings: tuple[Booking, ...]
    acts: tuple[Act, ...]
    expectations: tuple[Expectation, ...] = field(default=())
    simulation: int | None = None

    @property
    def length(self) -> timedelta:
        """From start to end."""
        return self.end - self.start
