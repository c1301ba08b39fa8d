"""What a badge reader read, and what it says when it cannot."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from access.people import Strength, drawn_afresh

NUMBER_LENGTHS = (4, 7, 10)
"""The bytes of a card's number, as ISO 14443-3 has them."""


class ReaderGoneError(OSError):
    """The reader cannot be opened or answers no more; the message says which and why, in one line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One tap: the badge's number in upper-case hexadecimal, and what it proved.

    `strength` is the kind of proof that was asked for, `verified` whether it was given; `reason` says why a tap is
    refused, and is empty for one that is not. `ms` and `frames` are what it took, from the finding poll to the
    last answer. Two cards at once have no number.
    """

    uid: str
    strength: Strength = Strength.UID
    verified: bool = False
    reason: str = ""
    ms: float = 0.0
    frames: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a number that is not 4, 7 or 10 bytes, as ISO 14443-3 has them."""
        if self.uid == "" and self.reason:
            return
        if len(bytes.fromhex(self.uid)) not in NUMBER_LENGTHS or self.uid != self.uid.upper():
            raise ValueError("a badge number is 4, 7 or 10 bytes in upper-case hexadecimal")

    @property
    def made_up(self) -> bool:
        """True for a number that the card (a phone, mostly) draws afresh each time it is powered."""
        return drawn_afresh(self.uid)

    @property
    def worth(self) -> Strength:
        """How far this tap can be trusted."""
        if self.reason:
            return Strength.FAILED
        return self.strength if self.verified else Strength.UID

    def to_json(self) -> str:
        """The reading as a line of text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Reading":
        """The reading that was written; ValueError for anything else."""
        match json.loads(text):
            case {"uid": str(), "strength": str(), "verified": bool(), "reason": str()} as raw:
                return cls._of(raw)
            case _:
                raise ValueError("not a reading")

    @classmethod
    def _of(cls, raw: dict[str, Any]) -> "Reading":
        try:
            return cls(**{**raw, "strength": Strength(raw["strength"])})
        except TypeError:
            raise ValueError("not a reading") from None
