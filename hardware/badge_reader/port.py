"""What every kind of reader promises: it finds the card that lies on it, and passes commands on to it."""

from typing import Protocol


class SeveralCardsError(Exception):
    """More than one card lies on the reader: none of them is taken."""


class CardError(Exception):
    """The card did not answer as a card should; the message says how, for whoever holds it."""


class CardLeftError(CardError):
    """The card was taken away, or cannot be heard."""


class Card(Protocol):
    """A card in the field."""

    @property
    def uid(self) -> str:
        """Its number, in upper-case hexadecimal."""

    @property
    def speaks(self) -> bool:
        """True when it takes commands (ISO 14443-4); the others have a number and no more."""

    @property
    def answer_to_select(self) -> bytes:
        """What it says when it is woken up, which tells kinds of card apart; empty where unknown. CardError."""

    def transceive(self, apdu: bytes) -> bytes:
        """The card's answer to a command. CardError, and CardLeftError once its time is up."""


class BadgeReader(Protocol):
    """An open reader. ReaderGoneError when it answers no more."""

    @property
    def name(self) -> str:
        """What was found, for whoever wired it up."""

    @property
    def sees_several(self) -> bool:
        """True when it notices by itself that two cards lie on it."""

    @property
    def frames(self) -> int:
        """How many frames went to the reader since `find` began."""

    def find(self) -> Card | None:
        """The card on the reader now, None for none. SeveralCardsError."""

    def test(self) -> None:
        """Return when the reader is well."""

    def close(self) -> None:
        """Let go of the reader; safe to call twice."""
