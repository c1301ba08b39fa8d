"""One turn of a reader: is a new card there, and what is it worth?"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hardware.badge_reader import proof
from hardware.badge_reader.keys import KeyFor
from hardware.badge_reader.port import BadgeReader, Card, CardError, CardLeftError, SeveralCardsError
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.reading import Reading

SEVERAL = "two cards at once: hold up one alone"


def turn(reader: BadgeReader, presence: Presence, key_for: KeyFor, sensed: Callable[[], None]) -> Reading | None:
    """The reading of a card that was placed since the last turn, None for none. `sensed` is called before the
    card is asked for anything. ReaderGoneError."""
    began = time.monotonic()
    try:
        card = reader.find()
    except SeveralCardsError:
        crowd = Reading("", reason=SEVERAL)
        return _measured(reader, crowd, began) if presence.placed(crowd, began) else None
    if card is None or not presence.placed(Reading(card.uid), began):
        return None
    sensed()
    if not reader.sees_several and presence.crowded:
        return _measured(reader, Reading(card.uid, reason=SEVERAL), began)
    return _measured(reader, _proved(reader, card, key_for), began)


def _proved(reader: BadgeReader, card: Card, key_for: KeyFor) -> Reading:
    """The card's reading. A hand that trembles has a second chance, while the same card is still there."""
    try:
        return proof.read(card, key_for)
    except CardLeftError as left:
        again = _found_again(reader, card.uid)
        return _refused(card, left) if again is None else _last_chance(again, key_for)
    except CardError as error:
        return _refused(card, error)


def _last_chance(card: Card, key_for: KeyFor) -> Reading:
    try:
        return proof.read(card, key_for)
    except CardError as error:
        return _refused(card, error)


def _found_again(reader: BadgeReader, uid: str) -> Card | None:
    with suppress(SeveralCardsError):
        card = reader.find()
        return card if card is not None and card.uid == uid else None
    return None


def _refused(card: Card, why: CardError) -> Reading:
    return Reading(card.uid, reason=str(why))


def _measured(reader: BadgeReader, reading: Reading, began: float) -> Reading:
    return replace(reading, ms=round((time.monotonic() - began) * 1000, 1), frames=reader.frames)
