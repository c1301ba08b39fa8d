"""What the doctor says: one line for each thing looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a thing stands: as it should; to be seen to; keeping the unit from its work."""

    OK = "ok"
    ATTENTION = "attention"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """A thing looked at. `what` was found, `where`, and what to `do` about it."""

    mark: Mark
    topic: str
    what: str
    where: str = ""
    do: str = ""


def ok(topic: str, what: str, where: str = "") -> Finding:
    """As it should be."""
    return Finding(Mark.OK, topic, what, where)


def attention(topic: str, what: str, where: str, do: str) -> Finding:
    """To be seen to; the unit goes on."""
    return Finding(Mark.ATTENTION, topic, what, where, do)


def bad(topic: str, what: str, where: str, do: str) -> Finding:
    """Keeps the unit from its work."""
    return Finding(Mark.BAD, topic, what, where, do)
