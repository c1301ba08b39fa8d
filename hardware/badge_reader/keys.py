"""The keys that cards are asked to prove themselves with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware.badge_reader import crypto

MACHINE_KEY, KIOSK_KEY = 1, 2
"""The numbers of a card's keys: the one that machines check, and the one that no machine accepts."""


class KeysError(ValueError):
    """A file of keys that cannot be used; the message says which and why, and holds no key."""


@dataclass(frozen=True, slots=True)
class CardKey:
    """A card's own key. `listed`: the card is known to hold it, so that one without is a copy."""

    secret: bytes = field(repr=False)
    number: int = MACHINE_KEY
    listed: bool = True


KeyFor = Callable[[str], CardKey | None]
"""The key of a card's number (upper-case hexadecimal); None where it has none here."""


def no_keys(uid: str) -> CardKey | None:
    """The keys of a reader that only reads numbers."""
    return None


@dataclass(frozen=True, slots=True)
class Master:
    """A desk's keys: every card's can be made from them. `system` is the workshop's identifier."""

    secret: bytes = field(repr=False)
    system: bytes

    def key(self, uid: str, number: int) -> bytes:
        """One card's key of a number."""
        return crypto.card_key(self.secret, bytes.fromhex(uid), self.system, number)

    def key_for(self, uid: str) -> CardKey:
        """The machine key that a card would have, were it one of ours."""
        return CardKey(self.key(uid, MACHINE_KEY), listed=False)


def master_of(path: Path) -> Master:
    """A desk's keys from its file, `{"master": hex, "system": hex}`. KeysError."""
    raw = _read(path)
    if "master" not in raw:
        raise KeysError(f'{path}: no "master": this is not the file of an enrolment desk')
    return _master(path, raw)


def keys_of(path: Path) -> KeyFor:
    """The keys in a file: a desk's, or a unit's `{"cards": {uid: {"key": hex}}}`. KeysError."""
    raw = _read(path)
    if "master" in raw:
        return _master(path, raw).key_for
    match raw:
        case {"cards": dict(cards)}:
            held = {str(uid).upper(): CardKey(_key(path, f"card {n}", card)) for n, (uid, card) in _numbered(cards)}
            return held.get
    raise KeysError(f'{path}: neither "master" and "system" nor "cards"')


def _numbered(cards: dict[str, Any]) -> Any:
    return enumerate(cards.items(), 1)


def _master(path: Path, raw: Mapping[str, Any]) -> Master:
    system = _bytes(path, "system", raw.get("system", ""))
    longest = crypto.LONGEST_INPUT - len(crypto.APPLICATION) - 10 - 1
    if not 1 <= len(system) <= longest:
        raise KeysError(f'{path}: "system" has to be 1 to {longest} bytes')
    return Master(_secret(path, "master", raw["master"]), system)


def _key(path: Path, what: str, card: Any) -> bytes:
    return _secret(path, what, card.get("key") if isinstance(card, dict) else None)


def _secret(path: Path, what: str, text: Any) -> bytes:
    secret = _bytes(path, what, text)
    if len(secret) != crypto.BLOCK:
        raise KeysError(f"{path}: {what}: a key is 32 hexadecimal digits")
    return secret


def _bytes(path: Path, what: str, text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise KeysError(f"{path}: {what}: not hexadecimal") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text())
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise KeysError(f"{path}: not JSON") from None
    if not isinstance(raw, dict):
        raise KeysError(f"{path}: not a JSON object")
    return raw
