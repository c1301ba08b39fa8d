"""Cards in software, as they answer once they are selected: NTAG215, NTAG 424 DNA and DESFire EV2.

They do what the reader here asks for, and refuse the rest. They share the reader's cryptography, so they prove
nothing about NXP's: the published vectors do (tests/hardware/test_card_vectors.py).
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Protocol

from hardware.badge_reader import crypto
from hardware.badge_reader.crypto import ProofFailedError, Session
from hardware.badge_reader.proof import SELECT_DESFIRE, SELECT_NTAG424

READ, GET_VERSION = 0x30, b"\x60"
VERSION_NTAG215 = bytes.fromhex("0004040201001103")
DONE, SELECTED, MORE, SIGNED = b"\x91\x00", b"\x90\x00", b"\x91\xaf", b"\x91\x90"
WRONG_KEY, NO_KEY, NOT_ALLOWED, WRONG, NO_FILE = b"\x91\xae", b"\x91\x40", b"\x91\x9d", b"\x91\x1e", b"\x6a\x82"
LARGEST_BLOCK = 253
FACTORY_KEYS = tuple(crypto.ZERO for _ in range(5))


class SoftwareCard(Protocol):
    """A card that lies in a simulated field."""

    uid: bytes
    kind: bytes
    """The last byte of its selection: what kind of card it is."""

    def wake(self) -> None:
        """Forget everything that was said: the field was off."""

    def answer(self, frame: bytes) -> bytes | None:
        """The answer to a frame, None for silence."""


class Ntag215:
    """A tag with a number, and an empty memory that anybody can read."""

    kind = b"\x00"

    def __init__(self, uid: bytes) -> None:
        self.uid = uid
        levels = b"".join(cascade_levels(uid))
        self._memory = levels[1:10].ljust(12, b"\x00") + bytes.fromhex("E1103E00 0300FE00")

    def wake(self) -> None:
        """See `SoftwareCard`."""

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        if frame == GET_VERSION:
            return VERSION_NTAG215
        if len(frame) == 2 and frame[0] == READ and 4 * frame[1] < len(self._memory):
            return (2 * self._memory)[4 * frame[1] : 4 * frame[1] + 16]
        return None


class _Type4Card(ABC):
    """ISO 14443-4 from the card's side: answers to commands, in blocks."""

    kind = b"\x20"
    answer_to_select = b""

    def __init__(self, uid: bytes) -> None:
        self.uid = uid
        self.wake()

    def wake(self) -> None:
        """See `SoftwareCard`."""
        self._last = b""
        self._rest = b""

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        if frame[:1] == b"\xe0":
            self.wake()
            return self.answer_to_select
        if not frame:
            return None
        number = frame[0] & 1
        if frame[0] & 0xF6 == 0xB2:
            return self._last if self._last and self._last[0] & 1 == number else bytes((0xA2 | number ^ 1,))
        if frame[0] & 0xF6 == 0xA2:
            return self._block(number, self._rest)
        if frame[0] & 0xFE == 0x02:
            return self._block(number, self.apdu(frame[1:]))
        return None

    def _block(self, number: int, whole: bytes) -> bytes:
        part, self._rest = whole[:LARGEST_BLOCK], whole[LARGEST_BLOCK:]
        self._last = bytes((0x02 | number | (0x10 if self._rest else 0),)) + part
        return self._last

    @abstractmethod
    def apdu(self, command: bytes) -> bytes:
        """The answer to a command."""


class Desfire(_Type4Card):
    """A DESFire EV2 with one application, of which a reader can ask a proof and no more."""

    answer_to_select = bytes.fromhex("067577810280")
    select, selected = SELECT_DESFIRE, DONE
    refusal = b"\x91\xa0"

    def __init__(
        self,
        uid: bytes,
        keys: tuple[bytes, ...] = FACTORY_KEYS,
        randoms: Callable[[int], bytes] = os.urandom,
    ) -> None:
        super().__init__(uid)
        self.keys = list(keys)
        self._randoms = randoms

    def wake(self) -> None:
        """See `SoftwareCard`."""
        super().wake()
        self._open = False
        self._asked: tuple[int, bytes] | None = None
        self._session: tuple[int, Session] | None = None

    def apdu(self, command: bytes) -> bytes:
        """The answer to a command."""
        asked, self._asked = self._asked, None
        if command == self.select:
            self._open, self._session = True, None
            return self.selected
        if command[:1] != b"\x90" or not self._open or len(command) < 6 or command[4] != len(command) - 6:
            return self.refusal
        return self._native(command[1], command[5:-1], asked)

    def _native(self, code: int, data: bytes, asked: tuple[int, bytes] | None) -> bytes:
        if code == 0x71 and len(data) == 2:
            return self._challenge(data[0])
        if code == 0xAF and asked is not None and len(data) == 32:
            return self._proof(asked, data)
        return NOT_ALLOWED

    def _challenge(self, number: int) -> bytes:
        self._session = None
        if number >= len(self.keys):
            return NO_KEY
        b = self._randoms(16)
        self._asked = (number, b)
        return crypto.encrypted(self.keys[number], b) + MORE

    def _proof(self, asked: tuple[int, bytes], data: bytes) -> bytes:
        number, b = asked
        clear = crypto.decrypted(self.keys[number], data)
        if clear[16:] != crypto.rotated(b):
            return WRONG_KEY
        transaction, capabilities = self._randoms(4), bytes(12)
        self._session = number, Session.of(self.keys[number], clear[:16], b, transaction)
        answer = transaction + crypto.rotated(clear[:16]) + capabilities
        return crypto.encrypted(self.keys[number], answer) + DONE


class Ntag424(Desfire):
    """An NTAG 424 DNA: blank with the keys of the factory. `signature` is the maker's, over its number."""

    answer_to_select = bytes.fromhex("067777710280")
    select, selected = SELECT_NTAG424, SELECTED
    refusal = NO_FILE

    def __init__(
        self,
        uid: bytes,
        keys: tuple[bytes, ...] = FACTORY_KEYS,
        signature: bytes = bytes(56),
        randoms: Callable[[int], bytes] = os.urandom,
    ) -> None:
        super().__init__(uid, keys, randoms)
        self._signature = signature

    def _native(self, code: int, data: bytes, asked: tuple[int, bytes] | None) -> bytes:
        if code == 0x3C and data == b"\x00" and self._session is None:
            return self._signature + SIGNED
        if code == 0xC4 and len(data) == 41 and self._session is not None and self._session[0] == 0:
            return self._change_key(self._session[1], data[0], data[1:33], data[33:])
        return super()._native(code, data, asked)

    def _change_key(self, session: Session, number: int, secret: bytes, mac: bytes) -> bytes:
        """Replace a key, all of it or nothing. Whatever is wrong ends the session."""
        self._session = None
        if number >= len(self.keys) or mac != session.mac(0xC4, bytes((number,)) + secret):
            return WRONG
        try:
            clear = session.opened(secret, crypto.COMMAND)
        except ProofFailedError:
            return WRONG
        if number == 0:
            self.keys[0] = clear[:16]
            return DONE
        new = bytes(a ^ b for a, b in zip(self.keys[number], clear[:16], strict=True))
        if clear[17:21] != crypto.checksum(new):
            return WRONG
        self.keys[number] = new
        session.count += 1
        self._session = 0, session
        return session.mac(0x00, b"") + DONE


def cascade_levels(uid: bytes) -> list[bytes]:
    """A number in pieces of four bytes and a check byte; 88 says that more follows."""
    pieces = [b"\x88" + uid[at : at + 3] for at in range(0, len(uid) - 4, 3)] + [uid[-4:]]
    return [piece + bytes((reduce(xor, piece),)) for piece in pieces]
