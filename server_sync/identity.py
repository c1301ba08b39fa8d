"""Who is who on the network: Ed25519 keys, what they sign, and the keyed tag of a badge's number."""

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class IdentityError(Exception):
    """A key that cannot be read, or a signature that is not what it should be."""


def badge_tag(number: str, key: bytes) -> str:
    """The keyed tag under which a unit knows a badge: HMAC-SHA256 of its number, upper-case hex digits only."""
    return hmac.digest(key, number.strip().upper().encode(), "sha256").hex()


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
        """The key in a file of mode 0600, made on the first use, and on disk before it is used."""
        try:
            return cls(bytes.fromhex(path.read_text().strip()))
        except FileNotFoundError:
            pass
        except ValueError:
            raise IdentityError(f"{path}: not a key of 64 hex digits; restore it or enrol again") from None
        secret = os.urandom(32)
        _replace(path, f"{secret.hex()}\n", mode=0o600)
        return cls(secret)

    def sign(self, message: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._key.sign(message)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """True when the signature over the message is this key's."""
        try:
            self.public.check(signature, message)
        except IdentityError:
            return False
        return True


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


# --- requests and replies: HTTP Message Signatures (RFC 9421), one fixed profile ---------------------

COMPONENTS = '("@method" "@request-target" "content-digest")'
WINDOW = 256
"""How far behind the newest a counter may be: requests of two threads may overtake each other."""


BLOCK = 100_000
"""Numbers are reserved, and remembered by who checks them, a block at a time."""


class Counter:
    """A number that only rises, also over restarts: it is reserved in blocks, not written per request."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` keeps the end of the reserved block; without one the counter lives as long as the process.

        It begins a window beyond: whoever has heard it takes nothing any more that the process before had sent.
        """
        self._path = path
        self._lock = Lock()
        self._next = int(path.read_text()) + WINDOW if path is not None and path.exists() else 1
        self._end = self._next

    def __call__(self) -> int:
        """The next number."""
        with self._lock:
            if self._next >= self._end:
                self._reserve()
            self._next += 1
            return self._next - 1

    def skip(self) -> None:
        """Leave what is left of this block: whoever checks may have forgotten how far it was used."""
        with self._lock:
            self._next = self._end = _block_after(self._next)

    def _reserve(self) -> None:
        self._end = _block_after(self._next)
        if self._path is not None:
            _replace(self._path, f"{self._end}\n")


def _block_after(number: int) -> int:
    return (number // BLOCK + 1) * BLOCK


def _replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Put a small file in place of another. A power cut leaves the one or the other; after this, the new."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too
    finally:
        os.close(folder)


class RequestSigner:
    """Signs what a device sends to one audience, such as `twin` or the id of a unit."""

    def __init__(self, device: str, key: PrivateKey, audience: str, counter: Callable[[], int]) -> None:
        """`counter` is a `Counter`, or in a test whatever counts."""
        self._device = device
        self._key = key
        self._audience = audience
        self._counter = counter

    def skip(self) -> None:
        """The next request is to be of a new block of numbers."""
        if isinstance(self._counter, Counter):
            self._counter.skip()

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """The headers to send with a message; `path` is the whole target, with its query."""
        digest = _digest(body)
        nonce = self._counter()
        parameters = (
            f'{COMPONENTS};nonce="{nonce}";keyid="{self._device}";alg="ed25519";tag="lisiere:{self._audience}"'
        )
        signature = self._key.sign(_base(method, path, digest, parameters))
        return {
            "Content-Digest": digest,
            "Signature-Input": f"sig={parameters}",
            "Signature": f"sig=:{base64.b64encode(signature).decode()}:",
        }


KeyOf = Callable[[str], PublicKey | None]


class Floors(Protocol):
    """What outlives a restart of who checks: below which number a key's requests are old, a block at a time."""

    def floor(self, key: str) -> int:
        """The lowest number that is not old; 0 when nothing was ever heard of this key."""

    def raised(self, key: str, floor: int) -> None:
        """From now on numbers below this one are old, after a restart too."""


class ForgetfulFloors:
    """Floors that last as long as the process: for answers, which are tied to a question of this very process."""

    def floor(self, key: str) -> int:
        """See `Floors`."""
        return 0

    def raised(self, key: str, floor: int) -> None:
        """See `Floors`."""


class FileFloors:
    """Floors in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._floors: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def floor(self, key: str) -> int:
        """See `Floors`."""
        return self._floors.get(key, 0)

    def raised(self, key: str, floor: int) -> None:
        """See `Floors`."""
        self._floors[key] = floor
        _replace(self._path, json.dumps(self._floors) + "\n")


@dataclass(slots=True)
class _Heard:
    """The numbers heard of one key. What is below `floor` is old; `kept` is the floor after a restart."""

    floor: int
    kept: int
    newest: int = 0
    seen: set[int] = field(default_factory=set)

    def first_time(self, number: int) -> bool:
        if number < self.floor or number in self.seen or number <= self.newest - WINDOW:
            return False
        self.newest = max(self.newest, number)
        self.seen.add(number)
        if len(self.seen) > 2 * WINDOW:
            self.seen = {n for n in self.seen if n > self.newest - WINDOW}
        return True


class RequestVerifier:
    """Says which known device sent a message to this audience, each message once, over restarts too.

    After a restart the rest of the block that a device was in is refused: it is to `Counter.skip` it.
    """

    def __init__(self, audience: str, key_of: KeyOf, floors: Floors | None = None) -> None:
        """`key_of` gives a device's key; None for one that is unknown or revoked."""
        self._audience = audience
        self._key_of = key_of
        self._floors = floors or ForgetfulFloors()
        self._heard: dict[str, _Heard] = {}
        self._lock = Lock()

    def verify(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        """The sender, or None when that is not certain. Header names in lower case. Never raises."""
        return self.verify_with(self._key_of, method, path, body, headers)

    def verify_with(
        self, key_of: KeyOf, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> str | None:
        """The same, with keys that are at hand only now."""
        stated = headers.get("signature-input", "")
        found = _STATED.fullmatch(stated)
        signed = _SIGNED.fullmatch(headers.get("signature", ""))
        if found is None or signed is None or found["tag"] != f"lisiere:{self._audience}":
            return None
        key = key_of(found["keyid"])
        digest = headers.get("content-digest", "")
        if key is None or not hmac.compare_digest(digest.encode(), _digest(body).encode()):
            return None
        try:
            key.check(base64.b64decode(signed["value"]), _base(method, path, digest, stated[len("sig=") :]))
        except (IdentityError, ValueError):
            return None
        return found["keyid"] if self._first_time(key.hex, int(found["nonce"])) else None

    def _first_time(self, key: str, number: int) -> bool:
        with self._lock:
            heard = self._heard.get(key)
            if heard is None:
                floor = self._floors.floor(key)
                heard = self._heard[key] = _Heard(floor, floor)
            if not heard.first_time(number):
                return False
            if number >= heard.kept:
                heard.kept = _block_after(number)
                self._floors.raised(key, heard.kept)
            return True


_STATED = re.compile(
    r'sig=\("@method" "@request-target" "content-digest"\);nonce="(?P<nonce>\d{1,18})"'
    r';keyid="(?P<keyid>[^"\\\x00-\x1f]{1,80})";alg="ed25519";tag="(?P<tag>[^"\\\x00-\x1f]{1,120})"'
)
_SIGNED = re.compile(r"sig=:(?P<value>[A-Za-z0-9+/]{86}==):")


def _digest(body: bytes) -> str:
    """A body's `Content-Digest` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(method: str, path: str, digest: str, parameters: str) -> bytes:
    """The signature base of RFC 9421, section 2.5."""
    return (
        f'"@method": {method}\n"@request-target": {path}\n"content-digest": {digest}\n'
        f'"@signature-params": {parameters}'
    ).encode()
