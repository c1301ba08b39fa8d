"""Writing the workshop's keys onto a blank NTAG 424 DNA, so that it can be broken off anywhere and begun again.

A key is changed whole or not at all, and which keys a card has is asked of the card: it is tried. Key 0, without
which nothing can be written, comes last: a card that has it is finished.
"""

import os
from collections.abc import Callable

from hardware.badge_reader import crypto
from hardware.badge_reader.crypto import ProofFailedError, Session
from hardware.badge_reader.keys import MACHINE_KEY, CardKey, Master
from hardware.badge_reader.port import Card, CardError
from hardware.badge_reader.proof import DONE, SELECT_NTAG424, SELECTED, Randoms, answered, authenticate

READ_SIGNATURE = bytes.fromhex("903C0000010000")
SIGNED = b"\x91\x90"
CHANGE_KEY = 0xC4
KEYS = 5
FACTORY = crypto.ZERO
OURS = 1
"""The version that our keys carry."""

Step = Callable[[str], None]


class NotWritableError(Exception):
    """The card must not or cannot be written; the message says why, for whoever stands at the desk."""


class Desk:
    """Writes cards with the workshop's master key. `maker` is the public key that signs the numbers of blanks."""

    def __init__(self, master: Master, maker: bytes = crypto.NXP_NTAG424, randoms: Randoms = os.urandom) -> None:
        self._master = master
        self._maker = maker
        self._randoms = randoms

    def write(self, card: Card, tell: Step = lambda step: None) -> None:
        """Make a blank, or a card on which this was broken off, one of the workshop's. NotWritableError, CardError.

        Nothing is written before the chip's maker was seen to vouch for its number: a card that only plays the
        blank would be handed keys. What it could be handed are the keys of its own number, and of no other.
        """
        self._check_origin(card)
        tell("its maker vouches for it")
        if not self._holds(card, self._key(card, 0)):
            self._write_all(card, tell)
        if not self._holds(card, self._key(card, MACHINE_KEY)):
            raise NotWritableError("its keys were written, and it does not show them")
        tell("it proves itself")

    def _check_origin(self, card: Card) -> None:
        if not card.speaks or len(bytes.fromhex(card.uid)) != 7 or card.transceive(SELECT_NTAG424) != SELECTED:
            raise NotWritableError("it is no NTAG 424 DNA")
        answer = card.transceive(READ_SIGNATURE)
        if answer[-2:] not in (SIGNED, DONE):
            raise NotWritableError("it does not say who made it")
        if not crypto.original(bytes.fromhex(card.uid), answer[:-2], self._maker):
            raise NotWritableError("its maker does not vouch for it: it may be a trap for keys")

    def _write_all(self, card: Card, tell: Step) -> None:
        blank = [number for number in range(1, KEYS) if not self._written(card, number)]
        for number in blank:
            self._change(card, number)
            tell(f"key {number} is written")
        self._change(card, 0)
        tell("key 0 is written")

    def _written(self, card: Card, number: int) -> bool:
        """True for our key, False for the factory's. NotWritableError for anybody else's."""
        if self._holds(card, CardKey(FACTORY, number)):
            return False
        if self._holds(card, self._key(card, number)):
            return True
        raise NotWritableError("it is another workshop's: somebody else has written its keys")

    def _change(self, card: Card, number: int) -> None:
        """Replace one factory key, in a session of its own."""
        session = self._opened(card)
        new = self._key(card, number).secret
        secret = crypto.key_change(session, number, FACTORY, new, OURS)
        sent = bytes((number,)) + secret
        data = sent + session.mac(CHANGE_KEY, sent)
        try:
            answer = answered(card, bytes((0x90, CHANGE_KEY, 0, 0, len(data))) + data + b"\x00", DONE)
        except ProofFailedError as error:
            raise NotWritableError(f"its keys cannot be changed: {error}") from None
        session.count += 1
        if number != 0 and answer != session.mac(0x00, b""):
            raise CardError("the card's word on its new key is not its own")

    def _opened(self, card: Card) -> Session:
        try:
            return self._authenticated(card, CardKey(FACTORY, 0))
        except ProofFailedError:
            raise NotWritableError("it is another workshop's: its key 0 is not the factory's") from None

    def _holds(self, card: Card, key: CardKey) -> bool:
        try:
            self._authenticated(card, key)
        except ProofFailedError:
            return False
        return True

    def _authenticated(self, card: Card, key: CardKey) -> Session:
        return authenticate(card, key, self._randoms)

    def _key(self, card: Card, number: int) -> CardKey:
        return CardKey(self._master.key(card.uid, number), number)
