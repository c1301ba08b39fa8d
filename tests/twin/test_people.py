"""People, machines and rules: what is changed reaches the units that must know."""

from datetime import time, timedelta

import pytest

from access.machines import Machine
from access.people import Badge, Role
from access.policy import Policy
from access.times import Hours, Opening
from server_sync.identity import badge_tag
from twin.people import Unknown


def versions(shop):
    return dict(shop.rows_of("SELECT id, version FROM units"))


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.put_member("carl"),
        lambda people: people.put_policy(Policy(idle_off_minutes=3)),
        lambda people: people.put_opening(Opening("Europe/Paris", (Hours(frozenset({0}), time(9), time(18)),))),
        lambda people: people.revoke("04a1"),
        lambda people: people.restore("04a1"),
    ],
    ids=["member", "policy", "opening", "revoke", "restore"],
)
def test_what_concerns_all_raises_every_unit(shop, change):
    """Members, badges, policy and opening hours concern every unit."""
    before = versions(shop)
    change(shop.people)
    assert versions(shop) == {unit: n + 1 for unit, n in before.items()}


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.lock("saw", "ana", "blade"),
        lambda people: people.unlock("saw", "ana"),
        lambda people: people.put_machine(Machine("saw", hazardous=True)),
    ],
    ids=["lock", "unlock", "machine"],
)
def test_what_concerns_one_machine_raises_its_unit_alone(shop, change):
    """A machine's own affairs concern its unit only."""
    before = versions(shop)
    change(shop.people)
    assert versions(shop) == {**before, "unit-saw": before["unit-saw"] + 1}


def test_a_unit_knows_badges_by_its_own_tags(shop, unit):
    """A replica names no badge's number, only its tag under the unit's key, and whether it is revoked."""
    shop.people.revoke("04A1 ")
    unit.sync()
    assert unit.replica.members["ana"].badges == (Badge(badge_tag("04a1", b"k" * 32), revoked=True),)
    assert len(unit.replica.members["bilal"].badges) == 2
    shop.people.restore("04a1")
    unit.sync()
    assert not unit.replica.members["ana"].all_badges_revoked


def test_a_replica_carries_what_was_set(shop, unit):
    """Machine, lock, policy, opening hours and members arrive as they were put."""
    opening = Opening("Europe/Paris", (Hours(frozenset({0, 4}), time(9), time.max),))
    machine = Machine("saw", requires=frozenset({"saw"}), hazardous=True)
    valid_until = shop.at(48)
    shop.people.put_machine(machine)
    shop.people.put_policy(Policy(walk_up_on_tap=True))
    shop.people.put_opening(opening)
    shop.people.put_member("dora", qualifications=["saw"], role=Role.TECHNICIAN, valid_until=valid_until)
    unit.sync()
    dora = unit.replica.members["dora"]
    assert (unit.replica.machine, unit.replica.opening) == (machine, opening)
    assert unit.replica.policy == Policy(walk_up_on_tap=True)
    assert (dora.qualifications, dora.role, dora.valid_until) == ({"saw"}, Role.TECHNICIAN, valid_until)


def test_a_lock_outlives_a_change_of_its_machine(shop, unit):
    """Changing what is fixed about a machine does not unlock it."""
    shop.people.lock("saw", "ana", "blade")
    shop.people.put_machine(Machine("saw", requires=frozenset({"saw"})))
    unit.sync()
    assert unit.replica.machine.locked


def test_a_badge_moves_to_another_member(shop, unit):
    """A badge that is given to another member is no longer the first one's."""
    shop.people.put_member("bilal", badges=["04a1"])
    unit.sync()
    assert unit.replica.members["ana"].badges == ()
    assert len(unit.replica.members["bilal"].badges) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda people: people.revoke("0499887766"), "no badge ends in 7766"),
        (lambda people: people.lock("drill", "ana", "?"), "no machine drill"),
        (lambda people: people.revoke_unit("unit-drill"), "no unit unit-drill"),
    ],
)
def test_what_is_unknown_cannot_be_changed(shop, change, says):
    """An unknown badge, machine or unit is an error of one line, without a whole badge number."""
    with pytest.raises(Unknown, match=f"^{says}$"):
        change(shop.people)


def test_a_kiosk_gets_the_members_and_no_machine(shop):
    """A unit without a machine is a kiosk: it knows the members, and nobody's bookings."""
    shop.people.put_unit("kiosk", None, "00" * 32, b"k" * 32)
    kiosk = shop.unit()
    kiosk.name = "kiosk"
    kiosk.sync()
    assert kiosk.replica.machine.id == ""
    assert set(kiosk.replica.members) == {"ana", "bilal"}


def test_a_replica_reaches_bookings_that_came_near(shop, unit):
    """A booking made far ahead reaches a unit on which nothing else ever changes."""
    far = shop.at(24 * 60)
    shop.people.put_policy(Policy(booking_horizon_days=90))
    shop.book("far", 24 * 60, 24 * 60 + 1)
    unit.sync()
    assert "far" not in unit.effective()
    while shop.now < far - timedelta(days=30):
        shop.wait(hours=12)
        unit.sync()
    assert "far" in unit.effective()
