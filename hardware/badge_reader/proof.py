"""What a card can prove: NTAG 424 DNA and DESFire authenticate by AES-128, everything else has a number only."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from access.people import Strength
from hardware.badge_reader import crypto
from hardware.badge_reader.crypto import ProofFailedError, Session
from hardware.badge_reader.keys import CardKey, KeyFor
from hardware.badge_reader.port import Card, CardError
from hardware.badge_reader.reading import Reading

SELECT_NTAG424 = bytes.fromhex("00A4040C07D276000085010100")
SELECT_DESFIRE = bytes.fromhex("905A000003") + crypto.APPLICATION + b"\x00"
SELECT_DESFIRE_REVERSED = bytes.fromhex("905A000003") + crypto.APPLICATION[::-1] + b"\x00"
"""On the air a DESFire's application is named backwards; some tools write it as it is printed."""
DESFIRE_ANSWER = bytes.fromhex("067577810280")
FIRST, MORE, DONE, SELECTED = 0x71, b"\x91\xaf", b"\x91\x00", b"\x90\x00"
WRONG_KEY = (b"\x91\xae", b"\x91\x40", b"\x91\x9d", b"\x91\xad")
"""The card says: not the key, no such key, not allowed, not again so soon."""

RANDOM = "its number is drawn at random at each tap: it cannot be recognised"
NOT_OURS = "its number is a card's that proves itself, and it holds no such application"

Randoms = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Application:
    """Where a kind of card keeps the keys: the commands that select it, and what the card answers then."""

    strength: Strength
    selects: tuple[bytes, ...]
    answer: bytes


NTAG424 = _Application(Strength.NTAG424, (SELECT_NTAG424,), SELECTED)
DESFIRE = _Application(Strength.DESFIRE, (SELECT_DESFIRE, SELECT_DESFIRE_REVERSED), DONE)


def read(card: Card, key_for: KeyFor, randoms: Randoms = os.urandom) -> Reading:
    """What a card's tap is worth. Raises CardError when the card fails to answer; never grants on an odd answer."""
    bare = Reading(card.uid)
    if bare.made_up:
        return Reading(card.uid, reason=RANDOM)
    key = key_for(card.uid) if card.speaks else None
    if key is None:
        return bare
    strength = selected(card)
    if strength is None:
        return Reading(card.uid, reason=NOT_OURS) if key.listed else bare
    try:
        authenticate(card, key, randoms)
    except ProofFailedError as error:
        return Reading(card.uid, strength, reason=str(error))
    return Reading(card.uid, strength, verified=True)


def selected(card: Card) -> Strength | None:
    """The kind of card whose application could be selected; None where there is none."""
    likely = (DESFIRE, NTAG424) if card.answer_to_select == DESFIRE_ANSWER else (NTAG424, DESFIRE)
    for application in likely:
        if any(card.transceive(select) == application.answer for select in application.selects):
            return application.strength
    return None


def authenticate(card: Card, key: CardKey, randoms: Randoms = os.urandom) -> Session:
    """AuthenticateEV2First: both show that they hold the key. ProofFailedError, CardError."""
    first = answered(card, bytes((0x90, FIRST, 0, 0, 2, key.number, 0, 0)), MORE)
    a = randoms(crypto.BLOCK)
    message, b = crypto.challenge_answered(key.secret, a, first)
    second = answered(card, b"\x90\xaf\x00\x00\x20" + message + b"\x00", DONE)
    return crypto.session_proved(key.secret, a, b, second)


def answered(card: Card, apdu: bytes, status: bytes) -> bytes:
    """The data of an answer with this status. ProofFailedError for another, CardError for no answer at all."""
    answer = card.transceive(apdu)
    if len(answer) < 2:
        raise CardError("the card's answer is cut short")
    if answer[-2:] == status:
        return answer[:-2]
    if answer[-2:] in WRONG_KEY:
        raise ProofFailedError("the card does not hold the key of its number")
    raise ProofFailedError(f"the card answered {answer[-2:].hex().upper()}")
