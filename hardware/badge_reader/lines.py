"""What the reader's process says: one line of JSON each, on its standard output."""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from select import select

LONGEST_LINE = 4096


class Said(StrEnum):
    """`alive` once a second while it senses; `sensed`, then `read`, for each badge; `gone` before it ends."""

    ALIVE = "alive"
    SENSED = "sensed"
    READ = "read"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `text` is the badge's number for `read`, the reason for `gone`, and empty for the others."""

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
