"""Two bookings of one machine never overlap, whichever way they were made, whatever was lost."""

import shutil
from datetime import timedelta
from itertools import combinations, count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.facts import BookingChanged
from access.policy import Policy
from access.vocabulary import BookingOutcome
from twin.store import Store

QUARTER = timedelta(minutes=15)
LENGTHS = st.integers(min_value=1, max_value=4)
WHICH = st.integers(min_value=0, max_value=3)
NEAR_LEASE_END = st.tuples(st.just("book_near_lease_end"), st.integers(min_value=-2, max_value=2), LENGTHS)
SYNC = st.tuples(st.just("sync"))
STEP = st.one_of(
    NEAR_LEASE_END,
    NEAR_LEASE_END,
    SYNC,
    SYNC,
    st.tuples(st.just("sync"), st.just("lost")),
    st.tuples(st.just("book"), st.integers(min_value=1, max_value=20), LENGTHS),
    st.tuples(st.just("extend"), WHICH, LENGTHS),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("walk_up"), LENGTHS),
    st.tuples(st.just("extend_at_kiosk"), WHICH, LENGTHS),
    st.tuples(st.just("cancel_at_kiosk"), WHICH),
    st.tuples(st.just("wait"), st.sampled_from([1, 18, 600, 3600])),
)
"""`which` counts back from the booking that was made last; lengths and starts are quarters of an hour."""


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store's file, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "twin.db"
    Store(path, durable=False).close()
    return path


def book(shop, id, start, length):
    """Ask the twin for some quarters of an hour."""
    shop.bookings.book(id, "ana", "saw", start, start + length * QUARTER)


def play(shop, unit, step, ids):
    """Let one thing happen; `ids` are the names given so far, the last one first."""
    match step:
        case ("book", start, length):
            ids.insert(0, f"b{len(ids)}")
            book(shop, ids[0], shop.now + start * QUARTER, length)
        case ("book_near_lease_end", start, length):
            ids.insert(0, f"b{len(ids)}")
            book(shop, ids[0], unit.lease_end + start * QUARTER, length)
        case ("walk_up", length):
            ids.insert(0, f"k{len(ids)}")
            unit.walk_up(ids[0], length * 15)
        case ("sync", *lost):
            unit.sync(lost=bool(lost))
        case ("wait", seconds):
            shop.wait(seconds=seconds)
            shop.bookings.give_up()
        case (what, which, *lengths) if ids:
            who = unit if what.endswith("_at_kiosk") else shop.bookings
            ask = getattr(who, what.removesuffix("_at_kiosk"))
            ask(ids[which % len(ids)], *(15 * length for length in lengths))


def promised(shop, unit):
    """What both sides have promised: the twin's bookings, and over them what the unit has not sent yet."""
    bookings = shop.accepted()
    ((applied,),) = shop.rows_of("SELECT coalesce(max(applied), 0) FROM progress")
    for fact in unit.facts[applied:]:
        if isinstance(fact, BookingChanged):
            bookings.pop(fact.id, None)
            if fact.outcome is not BookingOutcome.CANCELLED:
                bookings[fact.id] = fact
    return bookings


@pytest.mark.parametrize("walks", [25, pytest.param(3_000, marks=pytest.mark.long)])
def test_no_sequence_of_anything_makes_two_bookings_overlap(blank, tmp_path, workshop, walks):
    """Web, kiosk, lost messages, leases run out: no two promises overlap, and in the end both sides agree."""
    numbers = count()

    @settings(max_examples=walks, deadline=None, derandomize=True, database=None)
    @given(steps=st.lists(STEP, min_size=30, max_size=30))
    def walk(steps):
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(blank, path)
        shop = workshop(Store(path, durable=False), Policy(lease_hours=4, max_future_bookings=99))
        try:
            live_through(shop, steps)
        finally:
            shop.store.close()
            path.unlink()

    walk()


def live_through(shop, steps):
    """Play the steps, looking at what is promised after each; then let everything come to rest."""
    unit = shop.unit()
    unit.sync()
    ids: list[str] = []
    for step in steps:
        play(shop, unit, step, ids)
        for one, other in combinations(promised(shop, unit).values(), 2):
            assert one.end <= other.start or other.end <= one.start
    shop.wait(seconds=18)
    shop.bookings.give_up()
    unit.sync()
    unit.sync()
    assert unit.effective() == shop.accepted()
    assert shop.exchange.summary()["gaps"] == 0
