"""The unit's mind: what it sells, what it remembers, and what waits for the disk."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.book import Accepted, Refused
from access.bookings import Booking, BookingState, WebRequest
from access.facts import BookingChanged, DecisionMade, PowerSwitched, RunClosed, SyncChanged
from access.policy import Policy
from access.times import RawClock
from access.vocabulary import BookingOutcome, Cause, Fault, Outcome, Reason, Refusal, Source
from controller.events import BadgePresented, CancelAsked, ContactChanged, EstopChanged, ExtendAsked, LinkLost
from tests.access.workshop import BILAL, OVERLOCK, at, booking
from tests.controller.mind import Mind

B1 = booking("b1", 0, 60)
MakeMind = Callable[..., Mind]


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[MakeMind]:
    """Makes a unit's mind on an empty disk."""
    made: list[Mind] = []

    def make(*bookings: Booking, policy: Policy | None = None, slow: bool = False) -> Mind:
        made.append(Mind(tmp_path, *bookings, policy=policy, slow=slow))
        return made[-1]

    yield make
    for one in made:
        one.journal.close()


def decisions(mind: Mind) -> list[tuple[Outcome, Reason]]:
    """What came of the taps."""
    return [(f.outcome, f.reason) for f in mind.facts if isinstance(f, DecisionMade)]


def closed(mind: Mind) -> list[RunClosed]:
    """The runs that are over."""
    return [fact for fact in mind.facts if isinstance(fact, RunClosed)]


def changes(mind: Mind) -> list[tuple[str, BookingOutcome, Source]]:
    """What happened to bookings."""
    return [(f.id, f.outcome, f.source) for f in mind.facts if isinstance(f, BookingChanged)]


def test_power_comes_after_the_journal(mind: MakeMind) -> None:
    """A granted tap turns the output on only when its decision is on disk."""
    unit = mind(B1, slow=True)
    unit.write()
    unit.tap()
    assert not unit.output.live and "decision" not in unit.kinds()
    unit.write()
    assert unit.output.live and unit.kinds() == ["boot", "decision", "power"]


def test_turning_off_waits_for_nobody(mind: MakeMind) -> None:
    """The output is dead before the journal has written anything about it, and on a full disk too."""
    unit = mind(B1)
    unit.tap()
    unit.slow, unit.disk.full = True, True
    unit.tap()
    assert not unit.output.live


def test_a_tap_while_another_is_on_its_way_waits_its_turn(mind: MakeMind) -> None:
    """A second tap that comes before the first grant is on disk is taken afterwards, as the tap that stops."""
    unit = mind(B1, slow=True)
    unit.write()
    unit.tap()
    unit.tap()
    unit.write()
    assert not unit.output.live
    assert [run.end_reason for run in closed(unit)] == [Cause.MEMBER]


def test_an_emergency_stop_overtakes_a_grant(mind: MakeMind) -> None:
    """A grant whose machine is stopped before it reaches the disk never goes live, and its run is closed."""
    unit = mind(B1, slow=True)
    unit.write()
    unit.tap()
    unit.tell(EstopChanged(True))
    unit.write()
    assert not unit.output.live
    assert [(run.end_reason, run.powered_ms) for run in closed(unit)] == [(Cause.ESTOP, 0)]
    assert not any(isinstance(fact, PowerSwitched) for fact in unit.facts)


def test_what_follows_from_an_event_is_of_its_instant(mind: MakeMind, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a tap is decided time goes on; the hours that it finds unused, and its refusal, are of one instant."""
    unit = mind(B1)
    unit.clock.advance(16 * 60_000)
    reads = unit.clock.read

    def a_moment_later() -> RawClock:
        unit.clock.advance(1)
        return reads()

    monkeypatch.setattr(unit.clock, "read", a_moment_later)
    unit.tell(BadgePresented("nobody's tag"))
    released, refused = list(unit.journal.reader().all_rows())[-2:]
    assert (released.kind, refused.kind) == ("booking", "decision") and released.at == refused.at


def test_a_full_disk_does_not_stop_the_mind_from_hearing_the_time(mind: MakeMind) -> None:
    """The twin's time is taken although it cannot be noted on the disk; it is noted once there is room."""
    unit = mind(B1)
    before = unit.anchor
    unit.fill_disk(True)
    unit.clock.set_wall(at(-30))
    unit.exchanged()
    assert unit.control.clock().trusted and unit.anchor is before
    unit.fill_disk(False)
    unit.exchanged()
    assert unit.anchor is not before


def test_a_full_disk_refuses_a_tap_and_keeps_a_run(mind: MakeMind) -> None:
    """On a full disk a new tap is `not_recorded`; a run under way goes on, and its rows are written later."""
    unit = mind(B1)
    unit.tap()
    unit.tell(ContactChanged(True))
    unit.fill_disk(True)
    assert unit.output.live and Fault.JOURNAL in unit.control.state.faults
    unit.tap()
    assert [run.end_reason for run in closed(unit)] == [Cause.MEMBER]
    unit.tap()
    assert decisions(unit)[-1] == (Outcome.REFUSED, Reason.NOT_RECORDED) and not unit.output.live
    before = len(unit.kinds())
    unit.fill_disk(False)
    assert unit.kinds()[before:] == ["fault", "power", "run", "decision", "fault_cleared"]
    assert unit.journal.reader().first_bad_row() is None


# --- the kiosk -------------------------------------------------------------------------------------------


def test_the_same_walk_up_asked_twice_is_sold_once(mind: MakeMind) -> None:
    """A kiosk that asks again with the same id, also before the first answer, gets the same booking."""
    unit = mind(slow=True)
    unit.write()
    first, second = unit.walk_up("k1"), unit.walk_up("k1")
    assert first == second == []
    unit.write()
    third = unit.walk_up("k1")
    unit.write()
    assert first == second == third and isinstance(first[0], Accepted)
    assert changes(unit) == [("k1", BookingOutcome.ACCEPTED, Source.KIOSK)]
    assert len(unit.control.ledger.effective) == 1


def test_two_walk_ups_at_once_sell_the_hours_once(mind: MakeMind) -> None:
    """Of two members who ask for the same minutes the first gets them, the second is told of the overlap."""
    unit = mind(slow=True)
    unit.write()
    first, second = unit.walk_up("k1"), unit.walk_up("k2", member="ana")
    unit.write()
    assert isinstance(first[0], Accepted) and second == [Refused((Refusal.OVERLAP,))]


def test_a_walk_up_with_power_starts_at_once(mind: MakeMind) -> None:
    """A walk-up with power is granted as `walk_up` by the member's own badge; a later tap as `booking`."""
    unit = mind()
    unit.walk_up("k1", power=True)
    assert unit.output.live
    assert decisions(unit) == [(Outcome.GRANTED, Reason.WALK_UP)]
    unit.tap("tag-bilal")
    unit.tap("tag-bilal")
    assert decisions(unit)[-1] == (Outcome.GRANTED, Reason.BOOKING)


def test_a_hazardous_machine_waits_for_the_tap(mind: MakeMind) -> None:
    """On a hazardous machine a walk-up with power is only a booking."""
    unit = mind()
    unit.exchanged(replica=unit.newer(machine=replace(OVERLOCK, hazardous=True)))
    unit.walk_up("k1", power=True)
    assert not unit.output.live and len(unit.control.ledger.effective) == 1


def test_what_cannot_be_written_is_not_sold(mind: MakeMind) -> None:
    """A sale that the disk does not take is refused as `not_recorded`, and blocks nothing."""
    unit = mind()
    unit.disk.full = True
    assert unit.walk_up("k1") == [Refused((Refusal.NOT_RECORDED,))]
    assert unit.control.ledger.effective == ()
    assert unit.walk_up("k2") == [Refused((Refusal.NOT_RECORDED,))]
    unit.fill_disk(False)
    assert isinstance(unit.walk_up("k3")[0], Accepted)
    unit.fill_disk(True)
    assert unit.walk_up("k4") == [Refused((Refusal.NOT_RECORDED, Refusal.OVERLAP))]


def test_the_kiosk_extends_and_cancels(mind: MakeMind) -> None:
    """An extension moves the end of the run under way, a cancellation ends it; an unknown booking is over."""
    unit = mind(B1, policy=Policy(idle_off_minutes=999))
    unit.tap()
    unit.tell(ContactChanged(True))
    answers: list[object] = []
    unit.tell(ExtendAsked("b1", 30, answers.append))
    unit.wait(80)
    assert unit.output.live
    unit.tell(CancelAsked("b1", answers.append), CancelAsked("who", answers.append))
    assert not unit.output.live and [run.end_reason for run in closed(unit)] == [Cause.BOOKING_END]
    assert [type(answer) for answer in answers] == [Accepted, Accepted, Refused]


# --- no-shows --------------------------------------------------------------------------------------------


def test_a_booking_nobody_starts_is_released(mind: MakeMind) -> None:
    """A booking is released no_show_minutes after its start, once, and its hours can be had again."""
    unit = mind(B1, booking("b2", 70, 75, BILAL))
    unit.wait(14.9)
    assert changes(unit) == []
    unit.wait(0.1)
    assert changes(unit) == [("b1", BookingOutcome.RELEASED, Source.RULE)]
    assert isinstance(unit.walk_up("k1", 20)[0], Accepted)
    unit.wait(120)
    released = [id for id, outcome, _ in changes(unit) if outcome is BookingOutcome.RELEASED]
    assert released == ["b1", "k1"]


def test_a_started_booking_is_never_released(mind: MakeMind) -> None:
    """A booking that was started once is kept to its end, over a restart too."""
    unit = mind(B1)
    unit.tap()
    unit.tell(ContactChanged(True))
    unit.tap()
    unit.tell(ContactChanged(False))
    unit.die()
    unit.boot("restart")
    unit.wait(59)
    unit.tap()
    assert unit.output.live and changes(unit) == []


def test_a_release_on_a_full_disk_is_told_once(mind: MakeMind) -> None:
    """A release waits in memory for the disk, and is neither forgotten nor told again."""
    unit = mind(B1)
    unit.fill_disk(True)
    unit.wait(16)
    unit.wait(5)
    assert changes(unit) == [("b1", BookingOutcome.RELEASED, Source.RULE)]
    assert unit.control.ledger.effective[0].state is BookingState.RELEASED
    unit.fill_disk(False)
    assert unit.kinds().count("booking") == 1
    unit.wait(5)
    assert len(changes(unit)) == 1


def test_an_untrusted_clock_releases_nothing(mind: MakeMind) -> None:
    """While the clock is not trusted no booking is a no-show."""
    unit = mind(B1)
    unit.clock.set_wall(at(120))
    unit.wait(30)
    assert changes(unit) == [] and Fault.CLOCK in unit.control.state.faults
    unit.tap()
    assert decisions(unit)[-1] == (Outcome.REFUSED, Reason.CLOCK_UNTRUSTED)


# --- the twin --------------------------------------------------------------------------------------------


def request(id: str, start: float, end: float, kind: str = "book", **more: object) -> WebRequest:
    """Somebody asks on the web."""
    return WebRequest(id, kind, at(0), booking(f"w-{id}", start, end), **more)  # type: ignore[arg-type]


def test_a_web_request_is_answered_once(mind: MakeMind) -> None:
    """A request offered again, because the answer got lost, is neither sold nor refused a second time."""
    unit = mind(booking("taken", 60, 120, BILAL))
    good, bad = request("r1", 200, 260), request("r2", 90, 150)
    unit.exchanged(good, bad)
    unit.exchanged(good, bad)
    assert unit.kinds().count("request") == 1
    assert [r.reasons for r in unit.control.outbox.refusals.values()] == [(Refusal.OVERLAP,)]
    unit.exchanged()
    assert unit.control.outbox.refusals == {}


def test_a_held_booking_blocks_and_starts_nothing(mind: MakeMind) -> None:
    """Hours accepted for the web are nobody else's at once, and the asker's only when the twin confirms them."""
    unit = mind()
    unit.exchanged(request("r1", 0, 60))
    assert unit.walk_up("k1") == [Refused((Refusal.OVERLAP,))]
    unit.tap()
    assert decisions(unit) == [(Outcome.REFUSED, Reason.NO_BOOKING)]
    held_row = unit.journal.last_seq
    confirmed = booking("w-r1", 0, 60)
    unit.exchanged(replica=unit.newer(bookings=(confirmed,), acked=(1, held_row)))
    unit.tap()
    assert unit.output.live and unit.control.ledger.effective == (replace(confirmed, started=True),)


def test_a_requests_answer_survives_a_restart(mind: MakeMind) -> None:
    """After a restart a request that was accepted before still blocks its hours, and is not accepted twice."""
    unit = mind()
    unit.exchanged(request("r1", 0, 60))
    unit.die()
    unit.boot("restart")
    unit.exchanged(request("r1", 0, 60))
    assert unit.kinds().count("request") == 1
    assert unit.walk_up("k1") == [Refused((Refusal.OVERLAP,))]


def test_a_replica_that_does_not_know_a_walk_up_keeps_it(mind: MakeMind) -> None:
    """A replica made before the twin had the walk-up does not take its hours away."""
    unit = mind()
    unit.walk_up("k1")
    unit.exchanged(replica=unit.newer(bookings=(), acked=(1, 1)))
    assert [b.id for b in unit.control.ledger.effective] == ["k1"]
    unit.exchanged(replica=unit.newer(bookings=(), acked=(1, unit.journal.last_seq)))
    assert unit.control.ledger.effective == ()


def test_an_older_replica_changes_nothing(mind: MakeMind) -> None:
    """A replica that is not newer than the unit's own is ignored."""
    unit = mind(B1)
    unit.exchanged(replica=replace(unit.replica, bookings=()))
    assert [b.id for b in unit.control.ledger.effective] == ["b1"]


def test_a_revocation_ends_the_run_at_once(mind: MakeMind) -> None:
    """A replica in which the running badge is revoked ends its run with the exchange."""
    unit = mind(B1)
    unit.tap()
    members = dict(unit.replica.members)
    members["ana"] = replace(members["ana"], badges=tuple(replace(b, revoked=True) for b in members["ana"].badges))
    unit.exchanged(replica=unit.newer(members=members))
    assert not unit.output.live and [run.end_reason for run in closed(unit)] == [Cause.REVOKED]


def test_a_lost_link_is_told_once_and_changes_no_output(mind: MakeMind) -> None:
    """A lost link is a fact, its return another, and the run under way goes on."""
    unit = mind(B1)
    unit.tap()
    unit.tell(LinkLost(3))
    assert unit.output.live and unit.control.contact.lost
    unit.exchanged()
    said = [(fact.kind, fact.backlog) for fact in unit.facts if isinstance(fact, SyncChanged)]
    assert said == [("lost", 3), ("restored", 0)]


def test_the_lease_is_over_without_the_twin(mind: MakeMind) -> None:
    """When the lease has run out walk-ups are refused, and a known booking is still honoured."""
    unit = mind(booking("b1", 24 * 60, 24 * 60 + 60))
    unit.wait(24 * 60)
    assert unit.walk_up("k1", member="ana") == [Refused((Refusal.OVERLAP, Refusal.LEASE_OVER))]
    unit.tap()
    assert unit.output.live


# --- what is left after an end ---------------------------------------------------------------------------


def test_an_interrupted_run_is_closed_at_its_last_checkpoint(mind: MakeMind) -> None:
    """After a death in mid-run the machine is dead, and the run is closed once with the time to its checkpoint."""
    unit = mind(B1)
    unit.tap()
    unit.tell(ContactChanged(True))
    unit.wait(ms=25_000)
    for _ in range(2):
        unit.die()
        unit.boot("power")
    assert not unit.control.live
    (run,) = closed(unit)
    assert (run.end_reason, run.powered_ms, run.booking) == (Cause.INTERRUPTED, 20_000, "b1")
    assert run.ended == run.started + timedelta(seconds=20)


def test_faults_and_numbers_outlive_a_restart(mind: MakeMind) -> None:
    """A welded relay is still one after a restart, boots are counted, and no run's id is used again."""
    unit = mind(B1)
    unit.tap()
    unit.tell(ContactChanged(True))
    unit.tap()
    unit.wait(ms=300)
    assert Fault.RELAY_WELDED in unit.control.state.faults
    unit.die()
    unit.boot("restart")
    assert Fault.RELAY_WELDED in unit.control.state.faults and unit.remembered.boots == 1
    unit.tell(BadgePresented("tag-chloe"))
    unit.tap()
    runs = [fact.run for fact in unit.facts if isinstance(fact, DecisionMade) and fact.run]
    assert len(runs) == len(set(runs)) == 2


def test_a_death_before_the_disk_leaves_nothing(mind: MakeMind) -> None:
    """A grant that never got to the disk is not a run: nothing is closed after the restart."""
    unit = mind(B1, slow=True)
    unit.write()
    unit.tap()
    unit.die()
    unit.slow = False
    unit.boot("restart")
    assert closed(unit) == [] and unit.remembered.interrupted is None


def test_a_power_cut_without_a_clock_waits_for_the_twin(mind: MakeMind) -> None:
    """After a cut without a real-time clock nobody is granted anything until an exchange brings the time."""
    unit = mind(B1)
    unit.die()
    unit.clock.power_cut()
    unit.clock.power_back(60_000)
    unit.boot("power")
    unit.tap()
    assert decisions(unit) == [(Outcome.REFUSED, Reason.CLOCK_UNTRUSTED)]
    unit.exchanged()
    unit.tap()
    assert unit.output.live and Fault.CLOCK not in unit.control.state.faults


def test_a_hold_ends_with_the_one_who_renews(mind: MakeMind) -> None:
    """Only `renew` on a live machine holds the power; without it the output is dead after one hold."""
    unit = mind(B1)
    unit.control.renew()
    assert not unit.output.live
    unit.tap()
    unit.clock.advance(400)
    unit.control.renew()
    unit.clock.advance(499)
    assert unit.output.live
    unit.clock.advance(1)
    assert not unit.output.live
    unit.control.renew()
    assert not unit.output.live
