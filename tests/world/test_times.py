"""The cases of time that a rehearsal has no words for: what is billed, shown, reported, and written in the rows.

The others, T1 to T27, are the rehearsals `t01-…` to `t27-…` of tests/appliance/rehearsals.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from access.facts import instant
from access.policy import Policy
from access.times import on_the_wall
from access.vocabulary import Outcome, Reason
from controller.journal_reader import JournalReader
from controller.journal_row import JournalRow
from server_sync.identity import seal, unseal
from server_sync.wire import reply_from_bytes, reply_to_bytes
from tests.world.town import Town
from twin.pages import clock
from twin.usage_csv import MachineUsage, period, usage_of

PARIS = ZoneInfo("Europe/Paris")
REHEARSALS = Path(__file__).parent.parent / "appliance" / "rehearsals"
PUNCTUAL = Policy(early_start_minutes=0, grace_after_end_minutes=0, no_show_minutes=60, lease_hours=96)
CASES = {1, 3, 4, *range(6, 11), *range(13, 28)} - {11, 12}
Open = Callable[..., Town]


@pytest.fixture
def town_from(tmp_path: Path) -> Iterator[Open]:
    """Opens a town at an instant; its unit has a clock of its own only if `rtc`."""
    towns: list[Town] = []

    def opened(start: str, rtc: bool = False) -> Town:
        towns.append(Town(tmp_path, PUNCTUAL, datetime.fromisoformat(start), rtc))
        towns[-1].site.open()
        return towns[-1]

    yield opened
    for town in towns:
        town.site.close()


def rows(town: Town, kind: str = "") -> list[JournalRow]:
    """The unit's journal, or its rows of one kind."""
    reader = JournalReader.open(town.unit_folder / "journal.db")
    found = [row for row in reader.all_rows() if kind in ("", row.kind)]
    reader.close()
    return found


def billed(town: Town, since: str, until: str) -> MachineUsage:
    """What the twin's report says of the machine between two dates."""
    town.site.finish()
    with town.twin() as store, store.read() as db:
        return usage_of(db, period(db, since, until, town.site.schedule.now())).machines[0]


def kept(town: Town) -> bytes:
    """The replica as it lies on the unit's card."""
    with closing(sqlite3.connect(town.unit_folder / "replica.db")) as file:
        return bytes(file.execute("SELECT sealed FROM kept WHERE name = 'replica'").fetchone()[0])


def test_every_case_has_its_test() -> None:
    """Each case of time is a rehearsal that is named after it, or a test here."""
    played = {int(path.name[1:3]) for path in REHEARSALS.glob("t[0-9][0-9]-*.toml")}
    here = {int(name[6:8]) for name in globals() if name.startswith("test_t") and name[6:8].isdigit()}
    assert played | here == CASES


def test_t01_an_hour_over_the_missing_one_is_billed_as_an_hour(town_from: Open) -> None:
    """Booked from half past one to half past three in the night that skips an hour: sixty minutes, not 120."""
    town = town_from("2027-03-28T00:00:00Z")
    town.booked("b1", "ana", 30, 90)
    town.wait(75)
    town.tap("ana")
    town.wait(30)
    night = billed(town, "2027-03-28", "2027-03-29")
    assert (night.booked.seconds, night.powered.seconds) == (3600, 900)


def test_t04_ten_to_half_past_is_shown_as_twenty_past_three() -> None:
    """The warning's instant is shown by the wall's new time."""
    assert on_the_wall(datetime.fromisoformat("2027-03-28T01:20:00Z"), PARIS) == "03:20"


def test_t06_the_hour_that_comes_twice_is_shown_with_its_name() -> None:
    """Screens tell the two half past twos of that night apart, and name no other hour."""
    now = datetime.fromisoformat("2027-10-31T00:10:00Z")
    shown = [clock(f"2027-10-31T{at}:00Z", now, PARIS) for at in ("00:30", "01:30", "02:00")]
    assert shown == ["02:30 CEST", "02:30 CET", "03:00"]


@pytest.mark.parametrize(("day", "next_day", "hours"), [("03-28", "03-29", 23), ("10-31", "11-01", 25)])
def test_t10_a_day_has_the_hours_it_has(town_from: Open, day: str, next_day: str, hours: int) -> None:
    """A day's report counts from its midnight to the next: 23 hours in March, 25 in October."""
    town = town_from("2027-03-01T00:00:00Z")
    assert billed(town, f"2027-{day}", f"2027-{next_day}").opening_seconds == hours * 3600


@pytest.mark.parametrize(("step_s", "reading"), [(3600, "insane"), (-3600, "insane")])
def test_t15_t16_a_step_is_in_every_row_after_it(town_from: Open, step_s: int, reading: str) -> None:
    """From the fault on, every row says that the clock was stepped, until the twin has said the time again."""
    town = town_from("2027-05-12T08:50:00Z")
    town.booked("b1", "ana", 10, 70)
    town.wait(10)
    town.tap("ana")
    town.wait(9)
    town.bench.line.link(False)
    town.bench.set_clock(town.site.schedule.now() + timedelta(seconds=step_s))
    town.wait(60)
    town.bench.line.link(True)
    town.wait(1)
    told = [(row.kind, row.clock) for row in rows(town)]
    stepped = told.index(("fault", reading))
    mended = next(place for place, (kind, _) in enumerate(told) if kind == "sync" and place > stepped + 1)
    assert {clock for _, clock in told[:stepped]} == {"holdover", "synced"}
    assert {clock for _, clock in told[stepped:mended]} == {reading}
    assert {clock for _, clock in told[mended:]} == {"synced"}


def test_t18_after_71_hours_alone_the_row_says_how_uncertain_it_is(town_from: Open) -> None:
    """Granted at 09:00:00 sharp; that the clock may be off by 25.6 seconds is written down and decides nothing."""
    town = town_from("2027-05-09T09:50:00Z")
    town.booked("b1", "ana", 71 * 60 + 10, 71 * 60 + 40)
    town.wait(10)
    town.bench.line.exchange()
    town.bench.line.link(False)
    town.wait(71 * 60)
    decision = town.tap("ana")
    assert decision is not None and (decision.outcome, decision.reason) == (Outcome.GRANTED, Reason.BOOKING)
    (row,) = rows(town, "decision")
    assert row.at == "2027-05-12T09:00:00.000Z"
    assert (row.clock, row.uncertainty_ms) == ("holdover", pytest.approx(25_560, abs=10))


def test_t21_an_old_replica_opens_nothing_and_is_told(town_from: Open) -> None:
    """A replica that comes after a newer one, signed and all, is refused; staff are told once, the newer stays."""
    town = town_from("2027-05-12T08:50:00Z")
    town.wait(1)
    old = kept(town)
    town.booked("b1", "ana", 5, 60)
    town.wait(1)
    newer, answer = kept(town), town.site.answer

    def with_the_old_one(body: bytes) -> bytes:
        reply = reply_from_bytes(unseal(answer(body), town.site._key.public))
        return seal(reply_to_bytes(reply._replace(replica=old)), town.site._key)

    town.site.answer = with_the_old_one  # type: ignore[method-assign]
    town.wait(3)
    assert town.tap("ana").outcome is Outcome.GRANTED
    town.wait(3)
    assert kept(town) == newer != old
    (said,) = town.reports()
    assert said.startswith("rollback: replica 1.") and said.endswith("refused")
    assert [row.fields["what"] for row in rows(town, "report")] == [said]


def test_t22_a_clock_never_starts_before_the_twins_last_word(town_from: Open) -> None:
    """A computer that starts two days before the last signed time goes on from there, and says that this is the
    least it can be."""
    town = town_from("2027-06-01T12:00:00Z")
    town.wait(1)
    town.bench.line.link(False)
    town.bench.set_clock(datetime.fromisoformat("2027-05-30T12:00:00Z"))
    town.off()
    town.on()
    started = rows(town, "boot")[-1]
    assert started.clock == "lower_bound"
    assert instant(started.at) >= datetime.fromisoformat("2027-06-01T12:00:00Z")
    assert town.tap("ana").reason is Reason.CLOCK_UNTRUSTED


def test_t22_a_clock_battery_that_lies_is_found_out(town_from: Open) -> None:
    """A clock of its own that says it is before the twin's last word has an empty battery: it is not trusted."""
    town = town_from("2027-06-01T12:00:00Z", rtc=True)
    town.wait(1)
    town.bench.line.link(False)
    town.off()
    town.bench.clock.power_back(0)
    town.bench.clock.set_wall(datetime.fromisoformat("2027-05-30T12:00:00Z"))
    town.bench.clock.power_cut()
    town.on()
    assert rows(town, "boot")[-1].clock == "insane"
    assert town.tap("ana").reason is Reason.CLOCK_UNTRUSTED


def test_t24_the_night_of_new_year_is_reported_in_both_years(town_from: Open) -> None:
    """Two hours around the local midnight: half an hour in 2026, an hour and a half in 2027."""
    town = town_from("2026-12-31T22:00:00Z")
    town.booked("b1", "ana", 30, 150)
    town.wait(30)
    town.tap("ana")
    town.bench.draw(1.0)
    town.wait(130)
    years = [billed(town, f"{year}-01-01", f"{year + 1}-01-01") for year in (2026, 2027)]
    assert [(year.booked.seconds, year.powered.seconds) for year in years] == [(1800, 1800), (5400, 5400)]


def test_t25_a_unit_that_boots_in_1970(town_from: Open) -> None:
    """Its rows keep their order, say that its clock is out of its mind, and get from the twin the interval in which
    they really happened."""
    town = town_from("2027-05-12T08:50:00Z")
    town.wait(1)
    town.bench.line.link(False)
    town.bench.set_clock(datetime.fromisoformat("1970-01-01T00:00:00Z"))
    town.off()
    gone = town.site.schedule.now()
    town.wait(60)
    town.on()
    back = town.site.schedule.now()
    assert town.tap("ana").reason is Reason.CLOCK_UNTRUSTED
    town.wait(30)
    town.bench.line.link(True)
    town.wait(1)
    town.site.finish()
    heard = town.site.schedule.now()
    (tapped,) = rows(town, "decision")
    assert rows(town, "boot")[-1].clock == tapped.clock == "insane"
    stamped = town.asked("SELECT seq, clock, earliest, latest FROM rows ORDER BY seq")
    assert [seq for seq, *_ in stamped] == list(range(1, len(stamped) + 1))
    earliest, latest = next((instant(a), instant(b)) for seq, _, a, b in stamped if seq == tapped.seq)
    assert gone - timedelta(minutes=2) < earliest <= back <= latest <= heard
    spans = [(instant(a), instant(b)) for _, _, a, b in stamped]
    assert all(a <= b for a, b in spans) and spans == sorted(spans, key=lambda span: span[0])


def test_t26_a_second_that_comes_twice_turns_no_order_round(town_from: Open) -> None:
    """Rows of the repeated second stand in the order in which things happened, and no duration is negative."""
    town = town_from("2026-12-31T23:30:00Z")
    town.booked("b1", "ana", 0, 60)
    town.wait(29.995)
    town.tap("ana")
    town.bench.set_clock(town.site.schedule.now() - timedelta(seconds=1))
    town.tap("ana")
    told = rows(town)
    assert [row.kind for row in told][-4:] == ["decision", "power", "power", "run"]
    assert told[-1].at < told[-3].at and [row.seq for row in told] == list(range(1, len(told) + 1))
    (run,) = rows(town, "run")
    assert run.fields["powered_ms"] == 0 and run.fields["ended"] >= run.fields["started"]


def test_t27_an_instant_past_32_bits_is_stored_as_it_is(town_from: Open) -> None:
    """A booking at 2038-01-19T03:14:08Z is that in the twin's tables, on the unit, and when it is compared."""
    town = town_from("2038-01-19T03:00:00Z")
    start = datetime.fromisoformat("2038-01-19T03:14:08Z")
    town.site.book("b1", "ana", "saw", start, start + timedelta(hours=1))
    town.wait(1)
    assert town.asked("SELECT start FROM bookings WHERE id = 'b1'") == [("2038-01-19T03:14:08.000Z",)]
    assert [b.start for b in town.bench.replica.bookings] == [start]
