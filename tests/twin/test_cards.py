"""Cards that prove themselves: whose keys reach which unit."""

import pytest

from access.machines import Machine
from access.people import Role, Strength
from access.replica import Version
from server_sync.identity import badge_tag
from server_sync.replica_wire import replica_from_bytes, replica_to_bytes
from tests.twin.conftest import NOON, TAG_KEY
from twin import replicas
from twin.replicas import Unit

MACHINE_KEY, KIOSK_KEY = b"m" * 16, b"k" * 16


@pytest.fixture
def cards(shop):
    """Ana may use the saw; Bilal may not; Carl is a technician. Each has a card; the saw asks for a training."""
    shop.people.put_machine(Machine("saw", frozenset({"saw"})))
    shop.people.put_member("ana", qualifications=["saw"])
    shop.people.put_member("carl", role=Role.TECHNICIAN)
    for n, member in enumerate(("ana", "bilal", "carl")):
        shop.people.put_card(f"0{n}", member, Strength.NTAG424, MACHINE_KEY, KIOSK_KEY)
    return shop


def badges(shop, machine):
    """The cards in the replica of a machine's unit, or of a kiosk, by member; as they arrive there."""
    unit = Unit("u", 1, machine, TAG_KEY)
    with shop.store.read() as conn:
        replica = replicas.build(conn, unit, Version(1, 1), 0, NOON)
    arrived = replica_from_bytes(replica_to_bytes(replica))
    return {m.id: b for m in arrived.members.values() for b in m.badges if b.strength is Strength.NTAG424}


def test_a_unit_holds_the_keys_of_those_who_may_use_its_machine(cards):
    """A machine's unit has the machine keys of its members and of the technicians, and no other key."""
    held = {member: badge.key for member, badge in badges(cards, "saw").items()}
    assert held == {"ana": MACHINE_KEY.hex(), "bilal": "", "carl": MACHINE_KEY.hex()}


def test_a_kiosk_holds_the_kiosk_keys_of_all(cards):
    """A kiosk has every card's kiosk key, which no machine takes, and no machine key."""
    assert {badge.key for badge in badges(cards, None).values()} == {KIOSK_KEY.hex()}


def test_a_card_goes_by_the_tag_of_its_number(cards):
    """The number itself is not in a replica, and an old badge has neither strength nor key."""
    assert badges(cards, "saw")["ana"].tag == badge_tag("00", TAG_KEY)
    with cards.store.read() as conn:
        replica = replicas.build(conn, Unit("u", 1, "saw", TAG_KEY), Version(1, 1), 0, NOON)
    old = next(b for b in replica.members["ana"].badges if b.strength is Strength.UID)
    assert old.key == ""


def test_a_new_card_reaches_every_unit(shop):
    """A card that was written raises the version of every unit."""
    before = dict(shop.rows_of("SELECT id, version FROM units"))
    shop.people.put_card("04c1", "ana", Strength.NTAG424, MACHINE_KEY, KIOSK_KEY)
    assert dict(shop.rows_of("SELECT id, version FROM units")) == {unit: n + 1 for unit, n in before.items()}
