"""Cards that were copied, put back or cloned, and a twin that came back from a backup."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from access.book import Answer, Refused
from access.facts import instant
from access.vocabulary import Fault, Outcome, Reason, Refusal
from controller.events import ExtendAsked, WalkUpAsked
from lisiere.world.bench import Bench
from server_sync.client import TwinRefused
from tests.world.town import BADGES, SAW, Town
from twin import epochs, restored
from twin.live import machine_states
from twin.pages import tile

PARIS = ZoneInfo("Europe/Paris")


def rolled_back(town: Town, offline: bool) -> None:
    """The unit's card is put back to what it was an hour and a run ago; it starts with or without the twin."""
    town.booked("b1", "ana", 0, 50)
    town.wait(1)
    town.off()
    copy = town.copied("backup")
    town.on()
    town.tap("ana")
    town.wait(5)
    town.tap("ana")
    town.wait(5)
    town.off()
    town.put_back(copy)
    if offline:
        town.bench.line.link(False)
    town.on()


def test_a_restored_card_begins_a_new_epoch_by_itself(town: Town) -> None:
    """The unit says so, goes on granting, and the twin has every row of both lives once."""
    rolled_back(town, offline=False)
    assert any("a new epoch" in said for said in town.reports())
    assert town.tap("ana").outcome is Outcome.GRANTED
    town.wait(2)
    town.tap("ana")
    town.site.finish()
    summary = town.site.summary()
    assert (summary["runs"], summary["gaps"]) == (2, 0)
    assert town.first_bad_row() is None
    assert town.forks() == 0


def test_a_restored_card_that_is_full_asks_on_at_its_usual_pace(town: Town) -> None:
    """While its disk takes no new epoch a unit does not press the twin, and what the web asks of it is given up in
    time; once there is room it begins anew, and nothing is missing."""
    rolled_back(town, offline=True)
    town.bench.fill_disk(True)
    town.bench.line.link(True)
    town.wait(5)
    start, before = town.site.schedule.now() + timedelta(hours=2), town.bench.line.executed
    town.site.book("w1", "bilal", SAW, start, start + timedelta(minutes=30))
    town.wait(30)
    assert town.bench.line.executed - before < 2 * 30 + 100
    assert "w1" not in town.bookings()
    town.bench.fill_disk(False)
    town.wait(2)
    assert any("a new epoch" in said for said in town.reports())
    town.site.finish()
    assert town.site.summary()["gaps"] == 0 and town.forks() == 0
    assert town.first_bad_row() is None


def test_what_a_restored_card_sold_before_it_knew_is_kept(town: Town) -> None:
    """A run and a walk-up made before the twin was reached go up with the new epoch; none is lost."""
    rolled_back(town, offline=True)
    town.tap("ana")
    town.wait(2)
    town.tap("ana")
    town.wait(45)
    town.walk_up("w1", "bilal")
    town.bench.line.link(True)
    town.wait(1)
    town.site.finish()
    assert town.site.summary()["runs"] == 2
    assert town.bookings()["w1"] == "accepted"
    assert town.tap("bilal").outcome is Outcome.GRANTED
    assert town.first_bad_row() is None


def test_hours_sold_before_the_new_epoch_stay_sold(town: Town) -> None:
    """While the rows of an old copy move to a new epoch, nobody else gets the hours of its walk-up."""
    rolled_back(town, offline=True)
    town.wait(45)
    town.walk_up("w1", "bilal", 60)
    town.bench.line.link(True)
    for _ in range(20):
        town.wait(0.05)
        assert town.tap("chloe").reason is Reason.BOOKED_BY_OTHER


def cloned(town: Town) -> Bench:
    """A second unit runs on a copy of the first one's card, both with the twin in reach."""
    town.booked("b1", "ana", 0, 240)
    town.wait(1)
    town.off()
    card = town.copied("clone")
    town.on()
    town.tap("chloe")
    town.wait(1)
    clone = town.clone(card)
    town.wait(1)
    town.tap("bilal")
    town.wait(2)
    clone.line.exchange()
    return clone


def quarantined(bench: Bench) -> bool:
    """Whether the unit says that its journal is at fault."""
    assert bench.unit is not None
    return Fault.JOURNAL in bench.unit.control.state.faults


def test_a_cloned_card_puts_both_in_quarantine(town: Town) -> None:
    """Two units that write under one key are both told, and grant nothing to anybody, staff included."""
    clone = cloned(town)
    assert quarantined(town.bench) and quarantined(clone)
    before = len(town.live)
    assert town.tap("ana").reason is Reason.NOT_RECORDED
    clone.tap(BADGES["ana"])
    assert len(town.live) == before
    assert any("journal forked" in said for said in town.reports())


def test_a_clone_that_speaks_before_the_unit_has_written_anything_is_found(town: Town) -> None:
    """Both continue the same epoch from the same row: the unit leaves it as soon as the twin knows more than it
    wrote itself, and goes on in one of its own; the clone's next word puts both in quarantine."""
    town.booked("b1", "ana", 0, 240)
    town.wait(1)
    clone = town.clone(town.copied("clone"))
    town.bench.line.exchange()
    town.tap("bilal")
    town.wait(1)
    clone.tap(BADGES["bilal"])
    town.wait(1)
    clone.line.exchange()
    town.bench.line.exchange()
    assert quarantined(town.bench) and quarantined(clone)
    assert len(town.asked("SELECT DISTINCT epoch FROM rows")) == 2


def test_a_quarantine_outlives_a_restart(town: Town) -> None:
    """A unit in quarantine that starts out of the twin's reach still grants nothing."""
    cloned(town)
    town.off()
    town.bench.line.link(False)
    town.on()
    assert town.tap("ana").reason is Reason.NOT_RECORDED


def test_a_quarantine_sells_nothing(town: Town) -> None:
    """At the kiosk a walk-up is refused, because nothing that the unit writes would be believed."""
    cloned(town)
    refused: list[Answer] = []
    town.bench.tell_unit(WalkUpAsked("w1", "bilal", 30, False, refused.append))
    assert isinstance(refused[0], Refused) and Refusal.NOT_RECORDED in refused[0].reasons


def test_the_page_shows_a_quarantine(town: Town) -> None:
    """The machine's tile says that two units speak under its name."""
    cloned(town)
    with town.twin() as store, store.read() as db:
        (state,) = machine_states(db, town.site.schedule.now())
    assert tile(state, town.site.schedule.now(), PARIS).word == "Boîtier en quarantaine"


def test_an_enrolment_ends_a_quarantine(town: Town) -> None:
    """After a new code the unit begins a new epoch, and grants again."""
    cloned(town)
    with town.twin() as store, store.write() as conn:
        epochs.forgive(conn, SAW)
    town.off()
    town.on()
    town.wait(1)
    assert not quarantined(town.bench)
    assert town.tap("ana").outcome is Outcome.GRANTED
    assert town.first_bad_row() is None


# --- the twin ----------------------------------------------------------------------------------------


def test_a_restored_twin_gets_rows_and_bookings_again(town: Town) -> None:
    """What happened since the backup is in the twin as before: runs, walk-ups, bookings from the web."""
    town.wait(1)
    town.back_up()
    town.booked("today", "ana", 5, 60)
    town.booked("next-week", "bilal", 7 * 1440, 7 * 1440 + 60)
    town.booked("given-back", "bilal", 3000, 3060)
    town.site.cancel("given-back")
    town.wait(6)
    town.tap("ana")
    town.wait(10)
    town.tap("ana")
    town.wait(60)
    town.walk_up("w1", "bilal")
    town.wait(1)
    before = (town.bookings(), town.site.summary()["runs"])
    town.restore()
    assert town.bookings() == {}
    town.wait(1)
    assert (town.bookings(), town.site.summary()["runs"]) == before
    assert town.site.summary()["gaps"] == 0


def test_a_restored_twin_hears_what_the_unit_changed_itself(town: Town) -> None:
    """A walk-up that was extended while the twin was away keeps its longer hours: the unit tells its bookings as
    they stand, not as the twin that was lost last sent them."""
    town.wait(1)
    town.back_up()
    town.walk_up("w1", "bilal", 20)
    town.wait(1)
    town.bench.line.link(False)
    town.bench.tell_unit(ExtendAsked("w1", 15, lambda answer: None))
    town.wait(1)
    town.restore()
    town.bench.line.link(True)
    town.wait(1)
    (hours,) = town.asked("SELECT start, end FROM bookings WHERE id = 'w1'")
    assert instant(hours[1]) - instant(hours[0]) == timedelta(minutes=35)


def test_a_restored_twin_says_what_came_back(town: Town) -> None:
    """Its report names the units that have not spoken, then counts what they brought."""
    town.wait(1)
    town.back_up()
    town.booked("next-week", "bilal", 7 * 1440, 7 * 1440 + 60)
    town.wait(1)
    town.bench.line.link(False)
    town.restore()
    assert told(town).silent == (SAW,)
    town.bench.line.link(True)
    town.wait(1)
    assert (told(town).silent, told(town).found, told(town).lost) == ((), 1, ())


def told(town: Town) -> restored.Restoration:
    """The twin's report."""
    with town.twin() as store, store.read() as conn:
        report = restored.report(conn)
    assert report is not None
    return report


def test_hours_that_were_given_away_meanwhile_are_told_as_lost(town: Town) -> None:
    """A booking beyond the lease that the new twin has sold again is on the list of the lost."""
    town.wait(1)
    town.back_up()
    town.booked("first", "bilal", 7 * 1440, 7 * 1440 + 60)
    town.wait(1)
    town.bench.line.link(False)
    town.restore()
    town.booked("second", "ana", 7 * 1440 + 30, 7 * 1440 + 90)
    town.bench.line.link(True)
    town.wait(1)
    assert [(lost.id, lost.member) for lost in told(town).lost] == [("first", "bilal")]
    assert town.bookings() == {"second": "accepted"}


def test_hours_inside_a_lease_are_not_sold_again(town: Town) -> None:
    """A restored twin that has not heard a unit yet sells none of the hours which that unit may have sold."""
    town.back_up()
    town.wait(120)
    town.bench.line.link(False)
    town.walk_up("w1", "bilal", 60)
    town.restore()
    start = town.site.schedule.now() + timedelta(minutes=30)
    town.site.book("web", "ana", SAW, start, start + timedelta(minutes=60))
    town.wait(1)
    assert "web" not in town.bookings()
    town.bench.line.link(True)
    town.wait(1)
    assert town.bookings() == {"w1": "accepted"}


def test_a_twin_that_lost_rows_must_say_so(town: Town) -> None:
    """Without --restored the unit believes nothing of it, goes on alone, and says why."""
    town.wait(1)
    town.back_up()
    town.tap("chloe")
    town.wait(1)
    assert town.bench.unit is not None
    version = town.bench.unit.control.replica.version
    town.restore(said=False)
    town.wait(2)
    with pytest.raises(TwinRefused, match="--restored"):
        town.bench.unit.sync.exchange()
    assert town.bench.unit.control.replica.version == version


def test_a_restored_twin_is_told_its_requests_apart(town: Town) -> None:
    """A request that was answered before the backup came back is not taken for a new one of that number."""
    town.back_up()
    start = town.site.schedule.now() + timedelta(hours=2)
    town.site.book("one", "ana", SAW, start, start + timedelta(hours=1))
    town.wait(1)
    town.restore()
    town.wait(1)
    town.site.book("two", "bilal", SAW, start + timedelta(hours=2), start + timedelta(hours=3))
    town.wait(1)
    assert town.bookings() == {"one": "accepted", "two": "accepted"}
