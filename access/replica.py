"""A unit's copy of what the twin has decided for its machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from access.bookings import Booking
from access.machines import Machine
from access.people import Badge, Member
from access.policy import Policy
from access.times import Opening


class Version(NamedTuple):
    """A replica's version: the twin's epoch, and a number that only rises within it. Compared in that order."""

    epoch: int
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.n}"


@dataclass(frozen=True, slots=True)
class Device:
    """Another device of the site: its public key (hex), where it listens, and its machine (None: a kiosk)."""

    id: str
    key: str
    address: str = ""
    machine: str | None = None


@dataclass(frozen=True)
class Replica:
    """Everything a unit needs to decide alone. Immutable; replaced whole.

    `acked` is the unit's own (epoch, seq) up to which the bookings here already know its journal; `erased` the
    marks of members who are to be forgotten (`access.people.erased_mark`).
    """

    version: Version
    issued: datetime
    machine: Machine
    policy: Policy = Policy()
    opening: Opening = Opening()
    members: Mapping[str, Member] = field(default_factory=dict)
    bookings: tuple[Booking, ...] = ()
    acked: tuple[int, int] = (0, 0)
    devices: tuple[Device, ...] = ()
    erased: frozenset[str] = frozenset()
    _owners: Mapping[str, tuple[Member, Badge]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owners = {badge.tag: (member, badge) for member in self.members.values() for badge in member.badges}
        object.__setattr__(self, "_owners", owners)

    def owner(self, tag: str) -> tuple[Member, Badge] | None:
        """The member a badge's tag belongs to, and the badge as the twin knows it; None when unknown."""
        return self._owners.get(tag)
