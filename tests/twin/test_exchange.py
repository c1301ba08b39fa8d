"""The exchange: rows stored once and applied once, in order; lease and replica as the tables stand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from access.facts import BookingChanged, DecisionMade, PowerSwitched, RequestAccepted, RunClosed
from access.replica import Version
from access.vocabulary import BookingOutcome, Cause, Outcome, Reason, Source
from server_sync.canonical import WireError
from twin.exchange import UnknownUnit


def run(shop, id, powered_ms=1_500, member="ana", booking=None):
    return RunClosed(id, member, booking, shop.now, shop.now, powered_ms, 0, Cause.MEMBER)


def switched():
    return PowerSwitched(True, Cause.GRANTED)


def changed(shop, outcome, id="b1", start=1.0, end=2.0, machine="saw"):
    source = Source.KIOSK
    return BookingChanged(id, BookingOutcome(outcome), source, machine, "ana", shop.at(start), shop.at(end))


def summary(shop):
    return shop.exchange.summary()


def test_an_exchange_answers_the_question(shop, unit):
    """The reply carries the question's nonce, the twin's time and a lease of the policy's length."""
    shop.wait(minutes=5)
    reply = unit.sync()
    assert (reply.nonce, reply.time, reply.lease_end) == ("n", shop.now, shop.now + timedelta(hours=24))
    assert reply.replica is None


def test_a_lease_is_on_disk_before_it_is_sent(shop, unit):
    """A lease whose reply was lost binds the twin all the same."""
    shop.wait(hours=1)
    reply = unit.sync(lost=True)
    assert shop.rows_of("SELECT lease_end FROM units WHERE id = 'unit-saw'") == [("2026-03-11T13:00:00.000Z",)]
    assert reply.lease_end == shop.at(25)


def test_a_replica_comes_when_the_unit_s_is_older(shop, unit):
    """A unit that has the newest replica gets none; after a change it gets one, until it has it."""
    assert unit.sync().replica is None
    shop.people.lock("saw", "ana", "blade")
    assert unit.sync(lost=True).replica is not None
    assert unit.sync().replica is not None
    assert unit.sync().replica is None
    assert unit.replica.machine.locked and unit.replica.issued == shop.now


def test_what_waits_for_a_unit_is_news(shop, unit):
    """A newer replica or a request to answer is worth an exchange; nothing else is."""
    assert not shop.is_news(unit.have)
    shop.book("b1", 1, 2)
    assert shop.is_news(unit.have)
    assert shop.is_news(Version(0, 0))


@pytest.mark.parametrize("name", ["unit-drill", "unit-saw"])
def test_a_stranger_is_not_answered(shop, unit, name):
    """A unit that is unknown or revoked gets no answer, and nothing of it is stored."""
    shop.people.revoke_unit("unit-saw")
    unit.note(switched())
    unit.name = name
    with pytest.raises(UnknownUnit, match=name):
        unit.sync()
    assert summary(shop)["events"] == 0


def test_rows_are_applied_once(shop, unit):
    """A row that comes again after a lost reply is counted as a duplicate, and its run counts once."""
    unit.note(run(shop, "r1"))
    unit.sync(lost=True)
    unit.sync()
    assert unit.acked == 1
    assert summary(shop) == {
        "runs": 1,
        "events": 1,
        "duplicates": 1,
        "gaps": 0,
        "powered_seconds": {"lathe": 0, "saw": 2},
    }


def test_a_row_twice_in_one_exchange_is_one_row(shop, unit):
    """The same row twice in one message is stored once."""
    row = unit.note(run(shop, "r1"))
    assert unit.say(row, row).acked == 1
    assert (summary(shop)["events"], summary(shop)["duplicates"]) == (1, 1)


def test_a_gap_is_never_skipped(shop, unit):
    """What lies beyond a missing row is stored, but neither acknowledged nor applied before it is there."""
    rows = [unit.note(run(shop, f"r{n}")) for n in range(1, 5)]
    assert unit.say(rows[0], rows[2], rows[3]).acked == 1
    assert (summary(shop)["runs"], summary(shop)["events"], summary(shop)["gaps"]) == (1, 3, 1)
    assert unit.say(rows[1]).acked == 4
    assert (summary(shop)["runs"], summary(shop)["gaps"]) == (4, 0)


def test_a_unit_s_own_word_on_its_last_row_shows_a_gap(shop, unit):
    """Rows that a unit says it has, and that are not here, are a gap."""
    row = unit.note(switched())
    unit.say(row, last_seq=3)
    assert summary(shop)["gaps"] == 2


def test_the_same_key_with_another_content_is_a_fork(shop, unit):
    """A copied or rolled-back card is noticed: nothing of its message, nor after it, is applied."""
    first = unit.note(switched())
    unit.say(first)
    forged, new = replace(first, hash="other"), unit.note(run(shop, "r1"))
    assert unit.say(forged, new).acked == 1
    assert unit.say(new).acked == 1
    assert summary(shop)["runs"] == 0 and summary(shop)["events"] == 1
    ((fork,),) = shop.rows_of("SELECT fork FROM progress")
    assert fork.startswith("row 1 came as other")


def test_a_new_epoch_begins_anew(shop, unit):
    """A unit with a new journal is acknowledged from its own first row, also after a fork."""
    unit.say(first := unit.note(switched()))
    unit.say(replace(first, hash="other"))
    again = shop.unit()
    again.epoch = 2
    again.note(run(shop, "r1"))
    assert again.sync().acked == 1
    assert again.replica.acked == (2, 1)
    assert summary(shop)["runs"] == 1


def test_rows_of_another_journal_are_an_error(shop, unit):
    """Nobody speaks for another unit, or for another epoch."""
    row = unit.note(switched())
    for foreign in (replace(row, unit="unit-lathe"), replace(row, epoch=2), replace(row, seq=0)):
        with pytest.raises(WireError):
            unit.say(foreign)
    assert summary(shop)["events"] == 0


@pytest.mark.parametrize("wrong", [{"started": None}, {"powered_ms": 1e300}, {"running_ms": "7"}])
def test_a_row_that_cannot_be_read_stops_nothing(shop, unit, caplog, wrong):
    """A row of a known kind with a wrong field is kept, said once in the log, and the next one is applied."""
    broken = unit.note(run(shop, "r1"))
    unit.journal[0] = replace(broken, body={**broken.body, **wrong})
    unit.note(run(shop, "r2"))
    assert unit.sync().acked == 2
    assert (summary(shop)["runs"], summary(shop)["events"]) == (1, 2)
    assert "unit-saw row 1.1 is kept without effect" in caplog.text


def test_a_run_keeps_its_member_until_he_is_erased(shop, unit):
    """A run's member comes from the row's opening; without one the run counts, without a name."""
    unit.note(run(shop, "r1"))
    erased = unit.note(run(shop, "r2"))
    unit.journal[1] = replace(erased, opening={})
    unit.sync()
    runs = shop.rows_of("SELECT id, member, machine, seq FROM runs ORDER BY id")
    assert runs == [("r1", "ana", "saw", 1), ("r2", None, "saw", 2)]


@pytest.mark.parametrize(("milliseconds", "seconds"), [(499, 0), (500, 1), (1_499, 1), (1_500, 2)])
def test_seconds_are_rounded_half_up(shop, unit, milliseconds, seconds):
    """Power time is rounded to whole seconds run by run."""
    unit.note(run(shop, "r1", milliseconds))
    unit.sync()
    assert summary(shop)["powered_seconds"]["saw"] == seconds


def test_what_the_unit_sold_is_the_twin_s_too(shop, unit):
    """Bookings made, extended, released and cancelled at the unit stand so in the twin; nobody is told."""
    unit.note(changed(shop, "accepted"))
    unit.note(changed(shop, "extended", end=3))
    unit.note(changed(shop, "accepted", id="b2", start=5, end=6))
    unit.note(changed(shop, "released", id="b2", start=5, end=6))
    unit.note(changed(shop, "accepted", id="b3", start=5, end=6))
    unit.note(changed(shop, "cancelled", id="b3", start=5, end=6))
    unit.note(changed(shop, "refused", id="b4"))
    version = unit.sync().version
    assert version > Version(1, 2)
    assert {id: b.end for id, b in shop.accepted().items()} == {"b1": shop.at(3)}
    states = dict(shop.rows_of("SELECT id, state FROM bookings"))
    assert states == {"b1": "accepted", "b2": "released", "b3": "cancelled"}
    assert len(shop.rows_of("SELECT n FROM booking_log")) == 7 and shop.told == []
    assert unit.replica.acked == (1, 7)


@pytest.mark.parametrize("outcome", ["extended", "released", "cancelled"])
def test_news_of_an_unknown_booking_is_kept(shop, unit, outcome):
    """A booking that the twin has lost is written down as the unit says it stands."""
    unit.note(changed(shop, outcome))
    unit.sync()
    ((id, state),) = shop.rows_of("SELECT id, state FROM bookings")
    assert (id, state) == ("b1", {"extended": "accepted"}.get(outcome, outcome))


def test_a_unit_speaks_for_its_own_machine_only(shop, unit):
    """A booking of another machine in a unit's journal changes nothing, whatever its id."""
    shop.book("l1", 30, 31, machine="lathe")
    unit.note(changed(shop, "cancelled", id="l1", machine="lathe"))
    unit.note(changed(shop, "cancelled", id="l1"))
    unit.note(changed(shop, "accepted", id="l2", machine="lathe"))
    assert unit.sync().acked == 3
    assert shop.rows_of("SELECT id, machine, state FROM bookings") == [("l1", "lathe", "accepted")]


def test_a_granted_tap_marks_its_booking_as_started(shop, unit):
    """A booking that somebody started is marked, without a new replica for it."""
    unit.note(changed(shop, "accepted"))
    version = unit.sync().version
    unit.note(DecisionMade("tag", "ana", Outcome.REFUSED, Reason.IN_USE, "b1"))
    unit.sync()
    assert not shop.accepted()["b1"].started
    unit.note(DecisionMade("tag", "ana", Outcome.GRANTED, Reason.BOOKING, "b1"))
    assert unit.sync().version == version
    assert shop.accepted()["b1"].started


def test_nobody_accepts_another_unit_s_request(shop, unit):
    """A request is accepted by the unit that was asked, and by no other."""
    request = shop.book("b1", 1, 2).request
    other = shop.unit("lathe")
    accepted = BookingOutcome.ACCEPTED
    other.note(RequestAccepted(request, accepted, "b1", "saw", "ana", shop.at(1), shop.at(2)))
    other.sync()
    assert shop.accepted() == {} and shop.told == []


def test_the_unit_s_state_is_kept_for_the_page(shop, unit):
    """How the unit stands, and when it was last heard, is in its line."""
    shop.wait(minutes=1)
    unit.sync()
    seen = shop.rows_of("SELECT last_seen, state FROM units WHERE id = 'unit-saw'")
    assert seen == [("2026-03-10T12:01:00.000Z", "{}")]
