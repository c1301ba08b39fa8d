"""One card at the desk, from the blank to its number: for whoever types the command, and for a kiosk's process."""

import time
from collections.abc import Callable
from enum import StrEnum

from hardware.badge_reader.port import BadgeReader, Card, CardError, SeveralCardsError
from hardware.badge_reader.writing import Desk

PAUSE_S = 0.05


class Moment(StrEnum):
    """How far it is: there are several cards, one is being written, or one was taken away too soon."""

    CROWDED = "crowded"
    WRITING = "writing"
    AGAIN = "again"


Tell = Callable[[Moment, str], None]
"""Hears each moment, with words for whoever stands there."""


def written(reader: BadgeReader, desk: Desk, tell: Tell) -> str:
    """The number of the card that was written. One that is taken away too soon is waited for again."""
    while True:
        card = _waited_for(reader, tell)
        try:
            desk.write(card, lambda words: tell(Moment.WRITING, words))
        except CardError as error:
            tell(Moment.AGAIN, f"{error}: lay it down again, and leave it there")
            continue
        return card.uid


def _waited_for(reader: BadgeReader, tell: Tell) -> Card:
    crowded = False
    while True:
        try:
            if (card := reader.find()) is not None:
                return card
        except SeveralCardsError:
            if not crowded:
                tell(Moment.CROWDED, "there is more than one card: lay down one alone")
            crowded = True
        time.sleep(PAUSE_S)
