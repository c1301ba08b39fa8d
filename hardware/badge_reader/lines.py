"""What the reader's process and its parent say to one another: one line of JSON each, over its two pipes."""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from select import select

from hardware.badge_reader.keys import CardKey

LONGEST_LINE = 4096


class Said(StrEnum):
    """`found` once it has a reader; `alive` once a second while it senses; for each badge `sensed`, `asked` where
    it needs the card's key, and `read`; `gone` before it ends."""

    FOUND = "found"
    ALIVE = "alive"
    SENSED = "sensed"
    ASKED = "asked"
    READ = "read"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `text` is the reader's name for `found`, the badge's number for `asked`, the reading for `read`,
    the reason for `gone`, and empty for the others."""

    said: Said
    text: str = ""

    def encode(self) -> bytes:
        """The line as it is written."""
        return json.dumps({"said": self.said, "text": self.text}).encode() + b"\n"


def line_of(raw: bytes) -> Line:
    """The line that was written; ValueError for anything else."""
    match json.loads(raw):
        case {"said": str(said), "text": str(text)}:
            return Line(Said(said), text)
        case other:
            raise ValueError(f"not a line of the reader: {other!r}")


def key_line(uid: str, key: CardKey | None) -> bytes:
    """The parent's answer to `asked`."""
    held = None if key is None else [key.secret.hex(), key.number, key.listed]
    return json.dumps({"uid": uid, "key": held}).encode() + b"\n"


def key_of(raw: bytes) -> tuple[str, CardKey | None]:
    """Whose key it is, and the key; ValueError for anything else."""
    match json.loads(raw):
        case {"uid": str(uid), "key": None}:
            return uid, None
        case {"uid": str(uid), "key": [str(secret), int(number), bool(listed)]}:
            return uid, CardKey(bytes.fromhex(secret), number, listed)
        case _:
            raise ValueError("not a key")


class LinePipe:
    """The parent's end of the pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._rest = b""

    def within(self, seconds: float) -> list[Line]:
        """The lines that came by then, [] for none. Raises EOFError at the end, ValueError for nonsense."""
        if not select([self._pipe], [], [], max(0, seconds))[0]:
            return []
        if not (chunk := os.read(self._pipe, LONGEST_LINE)):
            raise EOFError("its process ended")
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise ValueError("a line without end")
        return [line_of(raw) for raw in whole]
