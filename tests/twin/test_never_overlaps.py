"""Two bookings of one machine never overlap, whichever way they were made, whatever was lost."""

import shutil
from itertools import combinations, count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.facts import BookingChanged
from access.policy import Policy
from access.vocabulary import BookingOutcome
from twin.store import Store

QUARTERS = st.integers(min_value=1, max_value=40)
LENGTHS = st.integers(min_value=1, max_value=8)
WHICH = st.integers(min_value=0, max_value=9)
STEP = st.one_of(
    st.tuples(st.just("book"), QUARTERS, LENGTHS),
    st.tuples(st.just("extend"), WHICH, LENGTHS),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("walk_up"), LENGTHS),
    st.tuples(st.just("extend_at_kiosk"), WHICH, LENGTHS),
    st.tuples(st.just("cancel_at_kiosk"), WHICH),
    st.tuples(st.just("sync"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 17, 18, 600, 3600])),
)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store's file, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "twin.db"
    Store(path, durable=False).close()
    return path


def play(shop, unit, step, ids):
    """Let one thing happen; `ids` are the names given so far."""
    match step:
        case ("book", start, length):
            ids.append(f"b{len(ids)}")
            hours = (shop.now - shop.at(0)).total_seconds() / 3600
            begin = int(hours * 4) / 4 + start / 4
            shop.book(ids[-1], begin, begin + length / 4)
        case ("walk_up", length):
            ids.append(f"k{len(ids)}")
            unit.walk_up(ids[-1], length * 15)
        case ("sync", lost):
            unit.sync(lost)
        case ("wait", seconds):
            shop.wait(seconds=seconds)
            if (due := shop.bookings.deadline()) is not None and due <= shop.now:
                shop.bookings.give_up()
        case (what, which, *minutes) if ids:
            who = unit if what.endswith("_at_kiosk") else shop.bookings
            getattr(who, what.removesuffix("_at_kiosk"))(ids[which % len(ids)], *(15 * m for m in minutes))


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


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=1, max_size=40))
def test_no_sequence_of_anything_makes_two_bookings_overlap(blank, tmp_path, workshop, numbers, steps):
    """Web, kiosk, lost messages, leases that run out: no two promises overlap, and both sides agree in the end."""
    path = tmp_path / f"{next(numbers)}.db"
    shutil.copy(blank, path)
    shop = workshop(Store(path, durable=False), Policy(lease_hours=4, max_future_bookings=20))
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
    shop.store.close()


@pytest.fixture(scope="module")
def numbers():
    return count()
