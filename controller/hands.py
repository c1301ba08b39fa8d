"""What the unit's mind can do to the world, and what it has in hand between two events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from access.bookings import RequestRefused
from access.facts import Fact
from controller.events import Erasure, NewEpoch
from controller.journal_row import Checkpoint, Stamped
from controller.ports import Output
from controller.recorder import Batch
from controller.timekeeping import Anchor


@dataclass(frozen=True, slots=True)
class Hands:
    """What the mind can do to the world; none of it may block.

    `record`: to the journal. `checkpoint`: likewise. `tell`: a fact that has just come to be, for whoever
    watches (a screen, a rehearsal). `urge`: something for the twin should go up soon. `keep_anchor`: what the
    clock was last known by, for the next start. `begin_epoch`: the journal is to begin a new epoch.
    `erase`: it is to forget some members.
    """

    output: Output
    record: Callable[[Batch], None]
    checkpoint: Callable[[Checkpoint], None]
    tell: Callable[[Stamped], None] = lambda stamped: None
    urge: Callable[[], None] = lambda: None
    keep_anchor: Callable[[Anchor], None] = lambda anchor: None
    begin_epoch: Callable[[NewEpoch], None] = lambda new: None
    erase: Callable[[Erasure], None] = lambda erasure: None


@dataclass(frozen=True, slots=True)
class Pending:
    """Facts that must be on disk before anything else is decided, and who waits for the answer."""

    facts: tuple[Fact, ...]
    stamped: tuple[Stamped, ...]
    written: Callable[[], None]
    unwritten: Callable[[], None]


@dataclass(slots=True)
class Contact:
    """What the last exchange left: until when the unit owns its hours, when its replica was confirmed, and why
    the unit is in quarantine (`fork`), if it is."""

    lease_end_ms: int | None = None
    confirmed: datetime | None = None
    acked: int = 0
    lost: bool = False
    fork: str | None = None


@dataclass(slots=True)
class Outbox:
    """What the next exchange takes up besides the journal: refusals of web requests (replaced, never changed
    in place: the sync thread reads them). `accepted`: the requests that are answered in the journal."""

    refusals: dict[str, RequestRefused] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
