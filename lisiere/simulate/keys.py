"""A key's simulated sibling: a keyed hash, a hundred times as quick as Ed25519. What is signed, sealed and checked,
and when, is the product's own code; a message that was changed, or is another's, is refused as ever."""

import hashlib
import hmac
from functools import lru_cache

from server_sync.identity import IdentityError, PrivateKey, PublicKey


class _SimulatedPublicKey(PublicKey):
    """Knows the secret of its other half, as only a simulated key may."""

    def check(self, signature: bytes, message: bytes) -> None:
        """See `server_sync.identity.PublicKey`."""
        if not hmac.compare_digest(signature, _signature(self.hex, message)):
            raise IdentityError(f"signature is not of key {self.hex[:8]}")


class SimulatedKey(PrivateKey):
    """See the module."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 32 bytes."""
        self.public = _SimulatedPublicKey(secret.hex())

    def sign(self, message: bytes) -> bytes:
        """See `server_sync.identity.PrivateKey`."""
        return _signature(self.public.hex, message)


def _signature(secret: str, message: bytes) -> bytes:
    keyed = _keyed(secret).copy()
    keyed.update(message)
    return keyed.digest()


@lru_cache(maxsize=16)
def _keyed(secret: str) -> "hashlib.blake2b":
    return hashlib.blake2b(key=bytes.fromhex(secret))
