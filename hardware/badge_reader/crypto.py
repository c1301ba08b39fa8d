"""The cards' cryptography: AES-128 and its CMAC come from `cryptography`, the rest is NXP's way of using them.

AN10922 makes each card its own keys out of a master key; AN12196 is the three-pass authentication and the
messages under its session. Nothing here talks to a card.
"""

import hmac
import zlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA224

BLOCK = 16
ZERO = bytes(BLOCK)
APPLICATION = bytes.fromhex("3042F5")
"""The identifier of the application that the keys are diversified for."""
LONGEST_INPUT = 31

NXP_NTAG424 = bytes.fromhex(
    "048A9B380AF2EE1B98DC417FECC263F8449C7625CECE82D9B916C992DA209D68422B81EC20B65A66B5102A61596AF3379200599316A00A1410"
)
"""NXP's public key (secp224r1) for the originality signatures of NTAG 424 DNA."""


COMMAND, ANSWER = b"\xa5\x5a", b"\x5a\xa5"
"""What a session's initial vectors, and its two keys, begin with."""


class ProofFailedError(Exception):
    """The card could not show that it holds the key, or its answer was altered."""


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493)."""
    made = CMAC(AES128(key))
    made.update(message)
    return made.finalize()


def encrypted(key: bytes, clear: bytes, iv: bytes = ZERO) -> bytes:
    """AES-CBC over whole blocks."""
    cipher = Cipher(AES128(key), CBC(iv)).encryptor()
    return cipher.update(clear) + cipher.finalize()


def decrypted(key: bytes, secret: bytes, iv: bytes = ZERO) -> bytes:
    """AES-CBC over whole blocks, backwards."""
    cipher = Cipher(AES128(key), CBC(iv)).decryptor()
    return cipher.update(secret) + cipher.finalize()


def diversified(master: bytes, material: bytes) -> bytes:
    """A card's key, by AN10922 for AES-128. ValueError unless the material has 1 to 31 bytes.

    Up to 15 bytes are padded to two blocks, which plain CMAC would not do.
    """
    if not 1 <= len(material) <= LONGEST_INPUT:
        raise ValueError("a key is diversified over 1 to 31 bytes")
    message = b"\x01" + material
    if len(message) > BLOCK:
        return cmac(master, message)
    padded = (message + b"\x80").ljust(2 * BLOCK, b"\x00")
    masked = padded[:BLOCK] + _xor(padded[BLOCK:], _doubled(_doubled(encrypted(master, ZERO))))
    return encrypted(master, masked)[BLOCK:]


def card_key(master: bytes, uid: bytes, system: bytes, number: int) -> bytes:
    """One card's key of a number. Key 1 is diversified over UID, application and system identifier, in that
    order; the others over the same and their number, so that no two keys of a card are the same."""
    return diversified(master, uid + APPLICATION + system + (b"" if number == 1 else bytes((number,))))


def _doubled(block: bytes) -> bytes:
    """A CMAC subkey from the one before: doubling in GF(2^128)."""
    number = int.from_bytes(block, "big") << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(BLOCK, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def rotated(block: bytes) -> bytes:
    """The same bytes, the first at the end."""
    return block[1:] + block[:1]


@dataclass(slots=True)
class Session:
    """What card and reader share after an authentication; `count` is the number of commands since."""

    transaction: bytes
    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    count: int = 0

    @classmethod
    def of(cls, key: bytes, a: bytes, b: bytes, transaction: bytes) -> "Session":
        """The session of two random numbers, `a` the reader's and `b` the card's."""
        tail = b"\x00\x01\x00\x80" + a[:2] + _xor(a[2:8], b[:6]) + b[6:] + a[8:]
        return cls(transaction, cmac(key, COMMAND + tail), cmac(key, ANSWER + tail))

    def mac(self, code: int, data: bytes) -> bytes:
        """The short MAC over a command (or, one later, over its answer)."""
        head = bytes((code,)) + self.count.to_bytes(2, "little") + self.transaction
        return cmac(self.authentication, head + data)[1::2]

    def sealed(self, clear: bytes) -> bytes:
        """A command's data, padded and encrypted."""
        padded = clear + b"\x80" + bytes(-(len(clear) + 1) % BLOCK)
        return encrypted(self.encryption, padded, self._iv(COMMAND))

    def opened(self, secret: bytes, label: bytes = ANSWER) -> bytes:
        """An answer's data (or a command's), decrypted; its padding stays. ProofFailedError when cut short."""
        if len(secret) % BLOCK:
            raise ProofFailedError("the card's answer is cut short")
        return decrypted(self.encryption, secret, self._iv(label))

    def _iv(self, label: bytes) -> bytes:
        plain = (label + self.transaction + self.count.to_bytes(2, "little")).ljust(BLOCK, b"\x00")
        return encrypted(self.encryption, plain)


def challenge_answered(key: bytes, a: bytes, secret_b: bytes) -> tuple[bytes, bytes]:
    """The reader's second message, and the card's random number out of its first answer."""
    if len(secret_b) != BLOCK:
        raise ProofFailedError("the card's challenge is not 16 bytes")
    b = decrypted(key, secret_b)
    return encrypted(key, a + rotated(b)), b


def session_proved(key: bytes, a: bytes, b: bytes, answer: bytes) -> Session:
    """The session, once the card has shown that it knows the reader's random number. ProofFailedError."""
    if len(answer) != 2 * BLOCK:
        raise ProofFailedError("the card's proof is not 32 bytes")
    clear = decrypted(key, answer)
    if not hmac.compare_digest(clear[4:20], rotated(a)):
        raise ProofFailedError("the card does not hold the key of its number")
    return Session.of(key, a, b, clear[:4])


def key_change(session: Session, number: int, old: bytes, new: bytes, version: int) -> bytes:
    """The data of ChangeKey, encrypted: key 0 is replaced as it is, the others by their difference."""
    stated = bytes((version,))
    clear = new + stated if number == 0 else _xor(old, new) + stated + checksum(new)
    return session.sealed(clear)


def checksum(data: bytes) -> bytes:
    """The cards' CRC-32, which lacks the last inversion of zlib's."""
    return (zlib.crc32(data) ^ 0xFFFFFFFF).to_bytes(4, "little")


def original(uid: bytes, signature: bytes, maker: bytes = NXP_NTAG424) -> bool:
    """True when the maker of the chip (its public key) signed this number: r and s, 28 bytes each."""
    half = len(signature) // 2
    if half != 28:
        return False
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP224R1(), maker)
    try:
        digest = uid.rjust(half, b"\x00")
        key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(SHA224())))
    except InvalidSignature:
        return False
    return True
