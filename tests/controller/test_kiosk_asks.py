"""What only a kiosk asks of a unit: hours to come, a start of one's own booking, an extension that counts once."""

from datetime import timedelta
from pathlib import Path

import pytest

from access.book import Accepted, Answer, Refused
from access.facts import DecisionMade, FaultCleared, Rated
from access.vocabulary import Fault, Outcome, Reason, Refusal
from controller.events import BeginAsked, ClearAsked, ContactChanged, Event, ExtendAsked, RatingGiven, ReserveAsked
from tests.access.workshop import OVERLOCK, at, booking
from tests.controller.mind import Mind


def answer(mind: Mind, make: type[Event], *fields: object, **more: object) -> Answer:
    answers: list[Answer] = []
    mind.tell(make(*fields, answers.append, **more))  # type: ignore[call-arg]
    return answers[0]


def test_hours_to_come_are_sold_once(tmp_path: Path) -> None:
    """A reservation asked twice under one id is one booking, and nobody else gets its hours."""
    mind = Mind(tmp_path)
    asked = ("k1", "ana", at(60), at(120), 0)
    first, second = answer(mind, ReserveAsked, *asked), answer(mind, ReserveAsked, *asked)
    assert isinstance(first, Accepted) and first == second
    assert answer(mind, ReserveAsked, "k2", "bilal", at(90), at(150), 0) == Refused((Refusal.OVERLAP,))


def test_hours_beyond_the_lease_are_not_the_units_to_sell(tmp_path: Path) -> None:
    """What begins after the unit's own day belongs to the twin."""
    mind = Mind(tmp_path)
    late = at(25 * 60)
    assert answer(mind, ReserveAsked, "k1", "ana", late, late + timedelta(hours=1), 0) == Refused(
        (Refusal.LEASE_OVER,)
    )


def test_somebody_the_unit_does_not_know_reserves_nothing(tmp_path: Path) -> None:
    """A member whom the replica lacks is refused by name."""
    mind = Mind(tmp_path)
    refused = answer(mind, ReserveAsked, "k1", "nobody", at(60), at(120), 0)
    assert isinstance(refused, Refused) and Refusal.UNKNOWN_MEMBER in refused.reasons


def test_a_badge_at_the_kiosk_starts_ones_own_booking(tmp_path: Path) -> None:
    """It is the tap of rule 16, decided by the same rules; asked again it stops nothing."""
    mind = Mind(tmp_path, booking("b1", 0, 60))
    for _ in range(2):
        assert isinstance(answer(mind, BeginAsked, "ana", "b1"), Accepted)
        assert mind.control.live
    (made,) = [fact for fact in mind.facts if isinstance(fact, DecisionMade)]
    assert (made.outcome, made.reason) == (Outcome.GRANTED, Reason.BOOKING)


@pytest.mark.parametrize(("member", "name"), [("bilal", "b1"), ("ana", "b9"), ("nobody", "b1")])
def test_nobody_starts_what_is_not_theirs(tmp_path: Path, member: str, name: str) -> None:
    """Another's booking, none at all, or an unknown member: refused, and no power."""
    mind = Mind(tmp_path, booking("b1", 0, 60))
    assert isinstance(answer(mind, BeginAsked, member, name), Refused)
    assert not mind.control.live


def test_a_dangerous_machine_waits_for_the_tap_at_it(tmp_path: Path) -> None:
    """The kiosk may ask; only the machine's own reader starts it."""
    mind = Mind(tmp_path, booking("b1", 0, 60))
    assert not OVERLOCK.hazardous
    hazardous = mind.replica.__class__(
        mind.replica.version,
        mind.replica.issued,
        OVERLOCK.__class__(OVERLOCK.id, OVERLOCK.requires, hazardous=True),
        members=mind.replica.members,
        bookings=mind.replica.bookings,
    )
    mind.control.ledger = mind.control.ledger.with_replica(hazardous)
    answer(mind, BeginAsked, "ana", "b1")
    assert not mind.control.live


def test_an_extension_asked_twice_lengthens_once(tmp_path: Path) -> None:
    """Who saw 13:00 and asks for half an hour more gets 13:30, however often the screen asks."""
    mind = Mind(tmp_path, booking("b1", 0, 60))
    for _ in range(3):
        more = answer(mind, ExtendAsked, "b1", 30, end=at(60))
        assert isinstance(more, Accepted) and more.booking.end == at(90)


def test_how_it_went_is_journalled_without_a_name(tmp_path: Path) -> None:
    """A rating is a fact of the machine, and of nobody."""
    mind = Mind(tmp_path)
    mind.tell(RatingGiven(3, "", ""))
    assert mind.facts[-1] == Rated(3)


def welded(folder: Path) -> Mind:
    """A machine whose contact stays closed."""
    mind = Mind(folder)
    mind.tell(ContactChanged(True))
    mind.wait(ms=400)
    assert Fault.RELAY_WELDED in mind.control.state.faults
    return mind


def test_a_technician_clears_a_weld_from_the_kiosk(tmp_path: Path) -> None:
    """Once the contact is open again the weld is forgiven, by name, and nothing starts; before that it stays."""
    mind = welded(tmp_path)
    mind.tell(ClearAsked("chloe"))
    assert Fault.RELAY_WELDED in mind.control.state.faults, "its contact is still closed"
    mind.tell(ContactChanged(False), ClearAsked("chloe"))
    decided, cleared = mind.facts[-2:]
    assert isinstance(decided, DecisionMade) and (decided.member, decided.reason) == ("chloe", Reason.FAULT)
    assert cleared == FaultCleared(Fault.RELAY_WELDED) and not mind.control.live
    mind.tell(ClearAsked("chloe"))
    assert mind.facts[-1] is cleared and not mind.control.live, "asked again it is no tap"


@pytest.mark.parametrize("member", ["ana", "sam", "nobody"])
def test_nobody_but_a_technician_clears_a_weld(tmp_path: Path, member: str) -> None:
    """A member, the staff and somebody unknown leave the fault where it is."""
    mind = welded(tmp_path)
    mind.tell(ContactChanged(False), ClearAsked(member))
    assert Fault.RELAY_WELDED in mind.control.state.faults and not mind.control.live
