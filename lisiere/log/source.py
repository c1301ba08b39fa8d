"""What the log is read from, whichever it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from lisiere.log.entries import Entry


@dataclass(slots=True)
class Source:
    """The entries in their order, and the site's time zone. `several`: they may be of several machines. `notes` are
    things to know about the source; `damage` is complete once the entries are read."""

    zone: ZoneInfo
    entries: Iterator[Entry]
    several: bool = False
    notes: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
