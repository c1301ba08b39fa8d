"""The keys of cards on a device, which knows the cards by the tags of their numbers only."""

from collections.abc import Callable

from access.people import Badge
from hardware.badge_reader.keys import CardKey
from server_sync.identity import badge_tag


class KeysByTag:
    """The keys that a replica holds, found by the number of a card: a `KeyFor`."""

    def __init__(self, tag_key: bytes, badge_of: Callable[[str], Badge | None], number: int) -> None:
        self._tag_key = tag_key
        self._badge_of = badge_of
        self._number = number

    def __call__(self, uid: str) -> CardKey | None:
        badge = self._badge_of(badge_tag(uid, self._tag_key))
        return CardKey(bytes.fromhex(badge.key), self._number) if badge is not None and badge.key else None
