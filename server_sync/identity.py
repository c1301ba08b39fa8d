"""Who is who on the network: Ed25519 keys, what they sign, and the keyed tag of a badge's number."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class IdentityError(Exception):
    """A key that cannot be read, or a signature that is not what it should be."""


def badge_tag(number: str, key: bytes) -> str:
    """The keyed tag under which a unit knows a badge: HMAC-SHA256 of its number, upper-case hex digits only."""
    return hmac.new(key, number.strip().upper().encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with; written as 64 hex digits."""

    hex: str

    def check(self, signature: bytes, message: bytes) -> None:
        """IdentityError unless the signature over the message is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.hex)).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise IdentityError(f"signature is not of key {self.hex[:8]}") from None


class PrivateKey:
    """A device's own key. It is made on the device and never leaves it."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = PublicKey(self._key.public_key().public_bytes_raw().hex())

    @classmethod
    def load_or_make(cls, path: Path) -> "PrivateKey":
        """The key in a file of mode 0600, made on the first use."""
        try:
            return cls(bytes.fromhex(path.read_text().strip()))
        except FileNotFoundError:
            pass
        except ValueError:
            raise IdentityError(f"{path}: not a key of 64 hex digits; restore it or enrol again") from None
        secret = os.urandom(32)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secret.hex() + "\n")
        return cls(secret)

    def sign(self, message: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._key.sign(message)


def seal(payload: bytes, key: PrivateKey) -> bytes:
    """A payload with its signature before it: 88 base64 characters, a dot, the payload."""
    return base64.b64encode(key.sign(payload)) + b"." + payload


def unseal(sealed: bytes, key: PublicKey) -> bytes:
    """The payload of a sealed message. IdentityError unless its signature is the key's."""
    signature, dot, payload = sealed.partition(b".")
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        raise IdentityError("message has no signature") from None
    if not dot:
        raise IdentityError("message has no signature")
    key.check(raw, payload)
    return payload
