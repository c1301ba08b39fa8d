"""The kiosk's reader: a card is checked with its kiosk key, and a copy is nobody's."""

from access.people import Badge, Member, Strength
from controller.config import Config
from hardware.badge_reader.keys import KIOSK_KEY
from hardware.badge_reader.simulated.cards import Ntag215
from hardware.badge_reader.simulated.pn532 import Pn532
from kiosk.ports import Person, Site
from lisiere.kiosk.command import NOBODY, TagReader
from server_sync.identity import badge_tag
from tests.hardware.cards import MASTER, UID, clone, ours
from tests.hardware.waiting import eventually

TAG_KEY = bytes(32)
OLD, FAKE = "04B0B0B0B0B0B0", "04FAFAFAFAFAFA"


class Directory:
    """A kiosk's copy of a workshop in which Ana has a card, another one, and an old tag."""

    def site(self) -> Site:
        """See `kiosk.ports.Directory`."""
        cards = tuple(
            Badge(badge_tag(uid, TAG_KEY), strength=Strength.NTAG424, key=MASTER.key(uid, KIOSK_KEY).hex())
            for uid in (UID, FAKE)
        )
        return Site("here", people=(Person(Member("ana", (*cards, Badge(badge_tag(OLD, TAG_KEY)))), "Ana"),))


def test_a_kiosk_takes_proofs_and_old_tags_and_no_copies() -> None:
    """A card that proves itself and an old tag are told by their tags; the copies of a card are nobody's."""
    chip, told = Pn532(), []
    config = Config("kiosk-1", "http://127.0.0.1:1", "00" * 32, TAG_KEY.hex(), chip.path)
    reader = TagReader(config, Directory())  # type: ignore[arg-type]
    reader.start(told.append, lambda lost: None)
    laid = [ours(), clone(uid=FAKE), Ntag215(bytes.fromhex(OLD)), ours(uid="04C0C0C0C0C0C0")]
    for count, card in enumerate(laid, 1):
        chip.cards = [card]
        eventually(lambda count=count: len(told) == count)  # type: ignore[misc]
    reader.close()
    chip.unplug()
    assert told == [badge_tag(UID, TAG_KEY), NOBODY, badge_tag(OLD, TAG_KEY), badge_tag("04C0C0C0C0C0C0", TAG_KEY)]
