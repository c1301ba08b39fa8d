"""The hold, the replica's index of badges, and what facts look like in a journal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.facts import BookingChanged, DecisionMade, Fact, RunClosed, body, instant, stamp
from access.hold import Hold
from access.people import Badge, Member
from access.replica import Version
from access.vocabulary import BookingOutcome, Cause, Outcome, Reason, Refusal, Source
from tests.access.workshop import ANA, NOON, at, booking, replica


def test_a_hold_runs_out_by_itself() -> None:
    """A relay that is held opens exactly one hold after the last renewal."""
    held = Hold(500).switch_on(1000).renew(1400)
    assert held.closed(1899) and not held.closed(1900)


def test_a_hold_that_ran_out_stays_open() -> None:
    """A renewal that comes too late closes nothing: only switching on does."""
    assert Hold(500).renew(0) == Hold(500)
    assert not Hold(500).switch_on(0).renew(500).closed(501)
    assert Hold(500).switch_on(0).renew(500).switch_on(600).closed(601)


@given(st.lists(st.tuples(st.sampled_from(["on", "renew", "off"]), st.integers(0, 700)), max_size=30))
def test_no_hold_outlives_its_last_word(words: list[tuple[str, int]]) -> None:
    """Whatever is said and when, the relay is closed only within one hold of the last switch-on or renewal, and
    never between an `off` and the next `on`."""
    hold, now, last, may = Hold(500), 0, -(10**9), False
    for word, later in words:
        now += later
        assert not hold.closed(now) or (may and now - last < 500)
        may = {"on": True, "renew": hold.closed(now), "off": False}[word]
        hold = hold.let_go() if word == "off" else hold.switch_on(now) if word == "on" else hold.renew(now)
        last = now if may else last
        assert hold.closed(now) is may


def test_a_badge_belongs_to_one_member() -> None:
    """`owner` gives the member and the badge of a tag, revoked ones too, and None for a stranger's."""
    world = replica()
    assert world.owner("tag-ana") == (ANA, Badge("tag-ana"))
    assert world.owner("tag-lost") == (ANA, Badge("tag-lost", revoked=True))
    assert world.owner("nobody") is None
    assert replace(world, members={"b": Member("b", (Badge("tag-b"),))}).owner("tag-ana") is None


def test_versions_rise_by_epoch_first() -> None:
    """A replica of a later epoch is newer, whatever its number."""
    assert Version(1, 9) < Version(1, 10) < Version(2, 1)
    assert sorted([Version(2, 0), Version(1, 7), Version(1, 1)]) == [Version(1, 1), Version(1, 7), Version(2, 0)]


zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(2099, 1, 1), timezones=zones
).map(lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000))


@given(moments)
def test_a_stamp_is_its_instant(moment: datetime) -> None:
    """A stamp read back is the same instant, whatever offset it was taken in, and always looks the same."""
    text = stamp(moment)
    assert instant(text) == moment and instant(text).tzinfo is UTC
    assert len(text) == len("2026-03-10T12:00:00.000Z") and text.endswith("Z")


@given(moments, moments)
def test_stamps_sort_as_their_instants(one: datetime, other: datetime) -> None:
    """Stamps compared as text are in the order of their instants."""
    assert (stamp(one) < stamp(other)) is (one < other)


def test_an_instant_is_in_utc() -> None:
    """A stamp with any offset is read as an instant in UTC."""
    assert instant("2026-03-10T13:00:00+01:00").isoformat() == "2026-03-10T12:00:00+00:00"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-12-31T23:00:00Z"])
def test_an_instant_at_the_end_of_the_calendar_is_none(text: str) -> None:
    """What cannot be told in every zone of the world is nobody's time."""
    with pytest.raises(ValueError, match="not a year from 1970 to 9000"):
        instant(text)


@pytest.mark.parametrize("text", ["2026-03-10T12:00:00", "2026-03-10", "noon", ""])
def test_an_instant_without_an_offset_is_none(text: str) -> None:
    """A text without an offset, or that is no instant at all, is a ValueError."""
    with pytest.raises(ValueError):
        instant(text)


@pytest.mark.parametrize(
    "fact",
    [
        DecisionMade("tag", None, Outcome.REFUSED, Reason.BADGE_UNKNOWN, clock=NOON),
        RunClosed("r", "ana", None, NOON, at(1), 60_000, 0, Cause.MEMBER),
        replace(
            BookingChanged.of(booking("b", 0, 60), BookingOutcome.REFUSED, Source.KIOSK),
            reasons=(Refusal.CLOSED, Refusal.OVERLAP),
        ),
    ],
    ids=lambda fact: fact.KIND,
)
def test_a_fact_is_plain_in_a_journal(fact: Fact) -> None:
    """A fact's body holds every field as a JSON value: words as text, instants as stamps, tuples as lists."""
    plain = body(fact)
    assert plain.keys() == set(fact.__slots__)
    for name, value in plain.items():
        original = getattr(fact, name)
        expected = stamp(original) if isinstance(original, datetime) else original
        assert value == (list(expected) if isinstance(expected, tuple) else expected)
