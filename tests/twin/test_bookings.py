"""Bookings asked from the web: who decides, what is promised, and when."""

from datetime import timedelta

import pytest

from access.book import Accepted, Refused
from access.bookings import Booking
from access.policy import Policy
from access.vocabulary import Refusal, Source
from twin.bookings import IdTaken, Pending
from twin.requests import PATIENCE

OVERLAP = (Refusal.OVERLAP,)
PAST = (Refusal.IN_THE_PAST,)
UNREACHABLE = (Refusal.UNIT_UNREACHABLE,)


def log(shop):
    return shop.rows_of('SELECT booking, outcome, reasons, source, start, "end" FROM booking_log ORDER BY n')


def test_beyond_the_lease_the_twin_decides_at_once(shop, unit):
    """A booking that starts at the end of the lease or later is stored, told and sent to the unit."""
    answer = shop.book("b1", 24, 25)
    assert isinstance(answer, Accepted)
    assert shop.outcomes() == [("b1", "accepted", ())]
    unit.sync()
    assert unit.effective()["b1"] == answer.booking


def test_a_machine_without_a_lease_is_the_twin_s(shop):
    """Before the unit's first exchange nobody else sells its hours."""
    assert isinstance(shop.book("b1", 1, 2), Accepted)


def test_within_the_lease_nothing_is_promised_before_the_unit_accepts(shop, unit):
    """A booking that starts before the end of the lease is the unit's, whole, though it ends after it."""
    answer = shop.book("b1", 23.75, 25)
    assert isinstance(answer, Pending)
    assert (shop.accepted(), shop.told) == ({}, [])
    assert [r.id for r in unit.sync().requests] == [answer.request]
    unit.sync()
    assert shop.outcomes() == [("b1", "accepted", ())]
    assert unit.effective().keys() == shop.accepted().keys() == {"b1"}
    assert not unit.sync().requests


def test_a_request_blocks_its_hours_until_it_is_answered(shop, unit):
    """Nobody else gets the hours of a pending request, also beyond the lease; once refused they are free."""
    shop.book("b1", 23.75, 25)
    assert shop.book("b2", 24.5, 25.5) == Refused(OVERLAP)
    shop.wait(seconds=18)
    shop.bookings.give_up()
    assert isinstance(shop.book("b3", 24.5, 25.5), Accepted)


def test_a_pending_extension_blocks_its_hours(shop, unit):
    """The hours that an extension asks for are nobody else's meanwhile."""
    shop.bookings.put(Booking("b1", "saw", "ana", shop.at(1), shop.at(2)))
    assert isinstance(shop.bookings.extend("b1", 30), Pending)
    assert shop.book("b2", 2.25, 3, member="bilal") == Refused(OVERLAP)
    assert isinstance(shop.book("b3", 2.5, 3, member="bilal"), Pending)


def test_what_the_twin_knows_already_is_refused_at_once(shop, unit):
    """A unit is not asked for what the twin's own knowledge refuses, with all the reasons."""
    shop.bookings.put(Booking("b0", "saw", "bilal", shop.at(1), shop.at(2)))
    assert shop.book("b1", 1, 1.1) == Refused((Refusal.TOO_SHORT, Refusal.OVERLAP))
    assert shop.outcomes() == [("b1", "refused", ("too_short", "overlap"))]


def test_unknown_names_are_refused(shop, unit):
    """Who asks for an unknown machine as an unknown member is told both."""
    answer = shop.book("b1", 1, 2, member="nobody", machine="drill")
    assert answer == Refused((Refusal.UNKNOWN_MACHINE, Refusal.UNKNOWN_MEMBER))


def test_future_bookings_are_counted_on_all_machines(shop, unit):
    """The limit counts accepted bookings elsewhere and requests that wait."""
    for n in range(4):
        shop.book(f"l{n}", 30 + 2 * n, 31 + 2 * n, machine="lathe")
    assert isinstance(shop.book("s1", 2, 3), Pending)
    assert shop.book("l9", 40, 41, machine="lathe") == Refused((Refusal.TOO_MANY_BOOKINGS,))
    unit.sync()
    unit.sync()
    assert "s1" in shop.accepted()


@pytest.mark.parametrize("ask", ["extend", "cancel"])
def test_a_booking_that_never_was_is_in_the_past(shop, unit, ask):
    """What was never accepted can neither be extended nor cancelled; the record keeps what was asked."""
    shop.book("b1", 30, 29)
    act = {"extend": lambda id: shop.bookings.extend(id, 30), "cancel": shop.bookings.cancel}[ask]
    assert act("b1") == act("b2") == Refused(PAST)
    asked = shop.told[1]
    assert (asked.id, asked.machine, asked.start, asked.end) == ("b1", "saw", shop.at(30), shop.at(29))


def test_the_twin_extends_and_cancels_its_own(shop, unit):
    """Beyond the lease an extension moves the end, whatever the lease, and a cancellation frees the hours."""
    shop.book("b1", 30, 31)
    assert shop.bookings.extend("b1", 60).booking.end == shop.at(32)
    assert shop.told[-1].end == shop.at(32)
    assert isinstance(shop.bookings.cancel("b1"), Accepted)
    assert [outcome for _, outcome, _ in shop.outcomes()] == ["accepted", "extended", "cancelled"]
    assert shop.bookings.cancel("b1") == Refused(PAST)
    assert isinstance(shop.book("b2", 31, 32), Accepted)


def test_the_unit_extends_and_cancels_its_own(shop, unit):
    """Within the lease both go to the unit, and stand once its answer is here."""
    shop.bookings.put(Booking("b1", "saw", "ana", shop.at(1), shop.at(2)))
    unit.sync()
    assert isinstance(shop.bookings.extend("b1", 30), Pending)
    unit.sync()
    unit.sync()
    assert shop.accepted()["b1"].end == unit.effective()["b1"].end == shop.at(2.5)
    assert isinstance(shop.bookings.cancel("b1"), Pending)
    unit.sync()
    assert "b1" in shop.accepted()
    unit.sync()
    assert shop.accepted() == unit.effective() == {}
    told = [(change.outcome, change.end) for change in shop.told]
    assert told == [("extended", shop.at(2.5)), ("cancelled", shop.at(2.5))]


def test_an_extension_is_cut_to_the_next_booking(shop, unit):
    """The twin cuts an extension to what is free, also where a request only waits."""
    shop.book("b1", 30, 31)
    shop.book("b2", 31.5, 32, member="bilal")
    assert shop.bookings.extend("b1", 60).booking.end == shop.at(31.5)


def test_an_extension_that_the_unit_cuts_is_told_as_cut(shop, unit):
    """Where the unit grants less than was asked, its end is the one that is confirmed."""
    shop.bookings.put(Booking("b1", "saw", "ana", shop.at(-1), shop.at(0.25)))
    unit.sync()
    assert isinstance(shop.bookings.extend("b1", 60), Pending)
    shop.people.put_policy(Policy(lease_hours=0.75))
    unit.sync()
    unit.sync()
    assert [(c.outcome, c.end) for c in shop.told] == [("extended", shop.at(0.75))]


def test_a_request_is_given_up_after_18_seconds(shop, unit):
    """An unanswered request is refused as `unit_unreachable` at its deadline, not before."""
    shop.book("b1", 1, 2)
    assert shop.deadline() == shop.now + PATIENCE
    shop.wait(seconds=17, milliseconds=999)
    shop.bookings.give_up()
    assert shop.told == []
    shop.wait(milliseconds=1)
    shop.bookings.give_up()
    assert shop.outcomes() == [("b1", "refused", UNREACHABLE)]
    assert shop.told[0].at == shop.now and shop.deadline() is None


def test_a_withdrawn_request_is_never_accepted_later(shop, unit):
    """The unit's late acceptance of a request that was given up changes nothing, and its hold is dropped."""
    shop.book("b1", 1, 2)
    unit.sync()
    assert "held:b1" in unit.effective()
    shop.wait(seconds=18)
    shop.bookings.give_up()
    unit.sync()
    assert shop.accepted() == unit.effective() == {}
    assert shop.outcomes() == [("b1", "refused", UNREACHABLE)]


def test_an_acceptance_that_comes_too_late_gives_up_by_itself(shop, unit):
    """Nobody needs to call `give_up` for a late acceptance to be refused."""
    shop.book("b1", 1, 2)
    unit.sync()
    shop.wait(seconds=18)
    unit.sync()
    assert shop.outcomes() == [("b1", "refused", UNREACHABLE)]


def test_a_lost_reply_offers_the_request_again(shop, unit):
    """A request whose offer was lost on the way is offered until it is answered, and accepted once."""
    shop.book("b1", 1, 2)
    unit.sync(lost=True)
    unit.sync()
    unit.sync(lost=True)
    unit.sync()
    unit.sync()
    assert shop.outcomes() == [("b1", "accepted", ())]
    assert shop.accepted().keys() == unit.effective().keys() == {"b1"}


def test_the_unit_s_refusal_is_told_with_its_reasons(shop, unit):
    """Where the unit knows better, its reasons are the answer."""
    unit.walk_up("k1", 60)
    answer = shop.book("b1", 0.5, 1.5)
    assert isinstance(answer, Pending)
    unit.sync()
    unit.sync()
    assert shop.outcomes() == [("b1", "refused", ("overlap",))]
    assert shop.rows_of("SELECT state FROM requests") == [("refused",)]
    assert shop.accepted().keys() == {"k1"}


def test_a_refused_extension_keeps_the_booking_s_hours(shop, unit):
    """The record of a refused extension says how the booking stands."""
    shop.bookings.put(Booking("b1", "saw", "ana", shop.at(1), shop.at(2)))
    shop.bookings.extend("b1", 30)
    shop.wait(seconds=18)
    shop.bookings.give_up()
    assert (shop.told[0].start, shop.told[0].end) == (shop.at(1), shop.at(2))


def test_the_same_question_gets_the_same_answer(shop, unit):
    """A retry with the same id books once; the same id for other hours is an error."""
    first, again = shop.book("b1", 30, 31), shop.book("b1", 30, 31)
    assert first == again and len(shop.told) == 1
    waiting = shop.book("b2", 1, 2)
    assert isinstance(waiting, Pending) and shop.book("b2", 1, 2) == waiting
    with pytest.raises(IdTaken):
        shop.book("b1", 40, 41)


def test_a_booking_put_is_not_judged(shop, unit):
    """What was decided elsewhere is written down as it is, and told to nobody but the unit."""
    booking = Booking("b1", "saw", "ana", shop.at(-1), shop.at(1), Source.KIOSK)
    shop.bookings.put(booking)
    unit.sync()
    assert unit.effective()["b1"] == booking and shop.told == []


def test_everything_that_happened_is_in_the_log(shop, unit):
    """Accepted, refused, extended and cancelled: each is one line, with its reasons."""
    shop.book("b1", 30, 31)
    shop.book("b2", 30, 31, member="bilal")
    shop.bookings.extend("b1", 60)
    shop.bookings.cancel("b1")
    assert [line[:4] for line in log(shop)] == [
        ("b1", "accepted", "[]", "web"),
        ("b2", "refused", '["overlap"]', "web"),
        ("b1", "extended", "[]", "web"),
        ("b1", "cancelled", "[]", "web"),
    ]


def test_a_shorter_lease_does_not_take_hours_back(shop, unit):
    """A lease that was sent binds the twin until it is over, though the policy has changed."""
    shop.people.put_policy(Policy(lease_hours=1))
    reply = unit.sync()
    assert reply.lease_end == shop.now + timedelta(hours=1)
    assert isinstance(shop.book("b1", 23, 23.5), Pending)
