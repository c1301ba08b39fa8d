"""What a badge reader read, and what it says when it cannot."""

from dataclasses import dataclass
from typing import Literal


class ReaderGoneError(OSError):
    """The reader cannot be opened or answers no more; the message says which and why, in one line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A badge's number in upper-case hexadecimal, and how strong a proof it is: a number can be copied."""

    uid: str
    strength: Literal["uid"] = "uid"

    def __post_init__(self) -> None:
        """Raises ValueError for anything but 4, 7 or 10 bytes, as ISO 14443-3 has them."""
        if len(bytes.fromhex(self.uid)) not in (4, 7, 10) or self.uid != self.uid.upper():
            raise ValueError("a badge number is 4, 7 or 10 bytes in upper-case hexadecimal")

    @property
    def made_up(self) -> bool:
        """True for a number that the card (a phone, mostly) draws afresh each time it is powered."""
        return len(self.uid) == 8 and self.uid.startswith("08")
