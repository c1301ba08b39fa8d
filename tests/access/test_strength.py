"""How strong a badge is, and what it opens."""

from dataclasses import replace

import pytest

from access.decide import Decision, Denied, decide
from access.machines import Machine
from access.people import Badge, Member, Role, Strength
from access.policy import Policy
from access.replica import Replica
from access.vocabulary import Reason
from tests.access.workshop import ANA, NEWCOMER, NOON, OVERLOCK, booking, clock, replica, standing

HAZARDOUS = replace(OVERLOCK, hazardous=True)
B1 = booking("b1", 0, 60)
CARD = replace(ANA, badges=(replace(ANA.badges[0], strength=Strength.NTAG424, key="00" * 16),))
PROVED = (Strength.NTAG424, Strength.DESFIRE)


def tap(member: Member, strength: Strength, machine: Machine = OVERLOCK) -> Decision:
    """What comes of a member's tap that is worth this."""
    known = replica(Policy(), machine)
    known = replace(known, members={**known.members, member.id: member})
    return decide(member.badges[0].tag, standing(B1), known, clock(0, True), strength)


def reason(decision: Decision) -> str:
    """Its outcome and its reason."""
    return f"{type(decision).__name__} {decision.reason}"


def test_each_strength_reaches_itself_and_what_is_weaker() -> None:
    """Strengths are ordered, and a failed proof reaches nothing, not even a failed proof."""
    good = (Strength.UID, Strength.NTAG424, Strength.DESFIRE)
    for place, strength in enumerate(good):
        assert [strength.reaches(needed) for needed in good] == [place >= other for other in range(3)]
        assert not Strength.FAILED.reaches(strength)
    assert not Strength.FAILED.reaches(Strength.FAILED)


@pytest.mark.parametrize("strength", [Strength.UID, *PROVED])
def test_a_number_is_enough_where_nobody_has_said_otherwise(strength: Strength) -> None:
    """An old card starts an ordinary machine, and so does a stronger one."""
    assert reason(tap(ANA, strength)) == "Granted booking"


def test_a_hazardous_machine_refuses_a_number() -> None:
    """Where a machine is hazardous a number is too weak, and a card that proves itself is not."""
    assert reason(tap(ANA, Strength.UID, HAZARDOUS)) == "Denied badge_too_weak"
    for strength in PROVED:
        assert reason(tap(ANA, strength, HAZARDOUS)) == "Granted booking"


@pytest.mark.parametrize("hazardous", [False, True])
@pytest.mark.parametrize("weakest", [Strength.UID, *PROVED])
def test_an_association_may_say_what_is_enough(weakest: Strength, hazardous: bool) -> None:
    """A machine takes what its association says, hazardous or not, and nothing weaker."""
    machine = replace(OVERLOCK, hazardous=hazardous, weakest_badge=weakest)
    for strength in (Strength.UID, *PROVED):
        expected = "Granted booking" if strength.reaches(weakest) else "Denied badge_too_weak"
        assert reason(tap(ANA, strength, machine)) == expected


def test_a_failed_proof_is_nobodys_badge() -> None:
    """A card that failed its proof names nobody in the journal, whatever it opens otherwise."""
    assert tap(ANA, Strength.FAILED) == Denied(Reason.BADGE_UNKNOWN)


def test_a_copy_of_a_strong_cards_number_is_nobodys_badge() -> None:
    """The number of a card that proves itself is worth nothing without the proof, also where numbers are enough."""
    assert tap(CARD, Strength.UID) == Denied(Reason.BADGE_UNKNOWN)
    assert reason(tap(CARD, Strength.NTAG424)) == "Granted booking"


def test_a_member_without_the_qualification_is_told_so_by_number() -> None:
    """A unit holds no key of a card whose member may not use its machine: its number is enough to say why."""
    member = replace(NEWCOMER, badges=(Badge("strong", strength=Strength.NTAG424),))
    assert reason(tap(member, Strength.UID)) == "Denied not_qualified"
    assert reason(tap(member, Strength.FAILED)) == "Denied badge_unknown"


def test_staff_need_a_strong_badge_too() -> None:
    """A hazardous machine refuses a technician's number as it does a member's."""
    technician = replace(ANA, role=Role.TECHNICIAN)
    assert reason(tap(technician, Strength.UID, HAZARDOUS)) == "Denied badge_too_weak"


def test_a_badge_hides_its_key_when_it_is_printed() -> None:
    """No key is in what a badge, a member or a replica looks like."""
    known = Replica(replica(Policy(), OVERLOCK).version, NOON, OVERLOCK, members={"ana": CARD})
    assert "00" * 16 not in f"{CARD!r} {known!r}"
