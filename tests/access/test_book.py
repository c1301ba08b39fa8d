"""May these hours be had? Booking, walking up, extending and cancelling."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.book import Accepted, Answer, Circumstances, Refused, book, cancel, extend, no_show_at, over, walk_up
from access.bookings import Booking, BookingState, blocking, next_start
from access.policy import Policy
from access.times import Hours, Opening
from access.vocabulary import Refusal, Source
from tests.access.workshop import ANA, BILAL, NEWCOMER, NOON, OVERLOCK, PAST, SAM, at, booking

R = Refusal
DAYTIME = Opening(hours=(Hours(frozenset(range(7)), time(9), time(18)),))
"""From 9 to 18 at Mulhouse: on the tenth of March from 08:00 to 17:00 in UTC."""
LOCKED = replace(OVERLOCK, locked=True)


def circumstances(*bookings: Booking, minutes: float = 0, **more: Any) -> Circumstances:
    """A free machine so many minutes after noon, with a lease of a day unless it is said otherwise."""
    return Circumstances(at(minutes), **{"machine": OVERLOCK, "bookings": bookings, "lease_end": at(1440), **more})


def reasons(answer: Answer) -> tuple[Refusal, ...]:
    """Why not; empty when it was accepted."""
    return answer.reasons if isinstance(answer, Refused) else ()


def minutes_of(answer: Answer) -> float:
    """How long the accepted booking is."""
    assert isinstance(answer, Accepted), answer
    return (answer.booking.end - answer.booking.start).total_seconds() / 60


# --- booking ahead -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "more", "expected"),
    [
        (60, 120, {}, ()),
        (0, 15, {}, ()),
        (-0.001, 60, {}, (R.IN_THE_PAST,)),
        (60, 60, {}, (R.END_BEFORE_START,)),
        (60, 30, {"opening": DAYTIME}, (R.END_BEFORE_START,)),
        (-60, -90, {}, (R.END_BEFORE_START, R.IN_THE_PAST)),
        (60, 74.99, {}, (R.TOO_SHORT,)),
        (60, 300, {}, ()),
        (60, 300.01, {}, (R.TOO_LONG,)),
        (30 * 1440, 30 * 1440 + 60, {}, ()),
        (30 * 1440 + 0.01, 30 * 1440 + 60, {}, (R.TOO_FAR_AHEAD,)),
        (240, 300, {"opening": DAYTIME}, ()),
        (240, 300.1, {"opening": DAYTIME}, (R.CLOSED,)),
        (60, 120, {"machine": None}, (R.UNKNOWN_MACHINE,)),
        (60, 120, {"machine": LOCKED}, (R.MACHINE_LOCKED,)),
        (60, 120, {"recordable": False}, (R.NOT_RECORDED,)),
        (60, 120, {"elsewhere": 4}, ()),
        (60, 120, {"elsewhere": 5}, (R.TOO_MANY_BOOKINGS,)),
        (60, 120, {"reachable": False}, (R.UNIT_UNREACHABLE,)),
        (60, 61, {"reachable": False}, (R.TOO_SHORT,)),
        (1440, 1500, {"reachable": False}, ()),
        (1439, 1500, {"reachable": False}, (R.UNIT_UNREACHABLE,)),
        (60, 120, {"reachable": False, "lease_end": None}, ()),
    ],
)
def test_booking_ahead(start: float, end: float, more: dict[str, Any], expected: tuple[Refusal, ...]) -> None:
    """A booking is refused for exactly the rules it breaks, each at its limit."""
    assert reasons(book("b", ANA, at(start), at(end), circumstances(**more))) == expected


def test_every_reason_is_given_in_the_published_order() -> None:
    """A booking that breaks many rules is refused for all of them, in the order of the vocabulary."""
    taken = booking("taken", 0, 600, BILAL)
    world = circumstances(taken, machine=LOCKED, opening=DAYTIME, elsewhere=9, recordable=False, minutes=480)
    answer = book("b", replace(NEWCOMER, valid_until=NOON), at(0), at(600), world)
    assert reasons(answer) == (
        R.NOT_RECORDED,
        R.MEMBERSHIP_EXPIRED,
        R.NOT_QUALIFIED,
        R.MACHINE_LOCKED,
        R.IN_THE_PAST,
        R.TOO_LONG,
        R.CLOSED,
        R.OVERLAP,
        R.TOO_MANY_BOOKINGS,
    )
    assert reasons(book("b", None, at(60), at(120), circumstances())) == (R.UNKNOWN_MEMBER,)


def test_a_membership_must_last_to_the_start() -> None:
    """A booking that starts when the membership is over is refused; one that starts just before is not."""
    assert reasons(book("b", PAST, at(0), at(60), circumstances(minutes=-60))) == (R.MEMBERSHIP_EXPIRED,)
    assert reasons(book("b", PAST, at(-1), at(60), circumstances(minutes=-60))) == ()


def test_bookings_that_touch_do_not_overlap() -> None:
    """Two bookings may share an instant, never a moment; released and cancelled ones are no obstacle."""
    taken = booking("taken", 60, 120, BILAL)
    for start, end in ((0, 60), (120, 180)):
        assert reasons(book("b", ANA, at(start), at(end), circumstances(taken))) == ()
    for start, end in ((0, 60.01), (119.99, 180), (70, 100), (0, 180)):
        for state in (BookingState.ACCEPTED, BookingState.HELD):
            world = circumstances(replace(taken, state=state))
            assert reasons(book("b", ANA, at(start), at(end), world)) == (R.OVERLAP,)
    for state in (BookingState.RELEASED, BookingState.CANCELLED):
        assert reasons(book("b", ANA, at(70), at(100), circumstances(replace(taken, state=state)))) == ()


def test_future_bookings_are_counted_without_the_one_asked_for() -> None:
    """A member's live bookings that start in the future count towards the limit, those of others never."""
    mine = [booking(f"m{n}", 1500 + n * 60, 1560 + n * 60) for n in range(5)]
    begun = booking("begun", -10, 50)
    assert reasons(book("b", ANA, at(60), at(120), circumstances(*mine[:4], begun))) == ()
    assert reasons(book("b", ANA, at(60), at(120), circumstances(*mine))) == (R.TOO_MANY_BOOKINGS,)
    assert reasons(book("m0", ANA, at(60), at(120), circumstances(*mine))) == ()
    assert reasons(book("b", BILAL, at(60), at(120), circumstances(*mine))) == ()


# --- walking up ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        (10, {}, ()),
        (9.99, {}, (R.TOO_SHORT,)),
        (0, {}, (R.END_BEFORE_START,)),
        (-5, {}, (R.END_BEFORE_START,)),
        (30, {"clock_trusted": False}, (R.CLOCK_UNTRUSTED,)),
        (30, {"recordable": False}, (R.NOT_RECORDED,)),
        (30, {"staff_run": True}, (R.OVERLAP,)),
        (30, {"lease_end": NOON}, (R.LEASE_OVER,)),
        (30, {"lease_end": at(9.9)}, (R.TOO_SHORT,)),
        (30, {"opening": DAYTIME, "minutes": 300}, (R.CLOSED,)),
        (30, {"opening": DAYTIME, "minutes": 291}, (R.TOO_SHORT,)),
        (30, {"machine": LOCKED}, (R.MACHINE_LOCKED,)),
        (30, {"machine": None}, (R.UNKNOWN_MACHINE,)),
        (30, {"reachable": False}, (R.UNIT_UNREACHABLE,)),
        (5, {"reachable": False}, (R.TOO_SHORT,)),
    ],
)
def test_walking_up(asked: float, more: dict[str, Any], expected: tuple[Refusal, ...]) -> None:
    """A walk-up is refused for exactly the rules it breaks."""
    assert reasons(walk_up("k", ANA, asked, circumstances(**more))) == expected


def test_a_walk_up_is_cut_to_what_is_free() -> None:
    """A walk-up lasts until what was asked, the longest, the next booking, closing or the lease."""
    assert minutes_of(walk_up("k", ANA, 500, circumstances())) == 120
    assert minutes_of(walk_up("k", ANA, 500, circumstances(booking("b", 45, 90, BILAL)))) == 45
    assert minutes_of(walk_up("k", ANA, 500, circumstances(booking("own", 45, 90)))) == 45
    assert minutes_of(walk_up("k", ANA, 500, circumstances(opening=DAYTIME, minutes=250))) == 50
    assert minutes_of(walk_up("k", ANA, 500, circumstances(lease_end=at(33)))) == 33
    assert reasons(walk_up("k", ANA, 60, circumstances(booking("b", 9, 90, BILAL)))) == (R.TOO_SHORT,)


@pytest.mark.parametrize("member", [ANA, BILAL])
def test_nobody_walks_up_into_hours_that_are_taken(member: Any) -> None:
    """A walk-up inside anybody's booking, one's own too, is an overlap."""
    assert reasons(walk_up("k", member, 60, circumstances(booking("b", 0, 60)))) == (R.OVERLAP,)
    assert reasons(walk_up("k", member, 60, circumstances(booking("b", -60, 0)))) == ()


def test_a_member_whose_badges_are_all_revoked_walks_up_no_more() -> None:
    """One revoked badge beside a good one is no obstacle; no good badge left is."""
    revoked = replace(ANA, badges=ANA.badges[1:])
    assert reasons(walk_up("k", ANA, 30, circumstances())) == ()
    assert reasons(walk_up("k", revoked, 30, circumstances())) == (R.BADGE_REVOKED,)


def test_a_lock_refuses_the_start_not_the_booking() -> None:
    """A walk-up that is to start at once may be booked on a locked machine: the tap is what the lock refuses."""
    assert reasons(walk_up("k", ANA, 30, circumstances(machine=LOCKED), power=True)) == ()


# --- extending and cancelling ------------------------------------------------------------------------------

MINE = booking("mine", -30, 30)


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        (10, {}, ()),
        (9, {}, (R.TOO_SHORT,)),
        (-10, {}, (R.TOO_SHORT,)),
        (180, {}, ()),
        (181, {}, (R.TOO_LONG,)),
        (30, {"minutes": 30}, (R.IN_THE_PAST,)),
        (5, {"minutes": 31}, (R.IN_THE_PAST, R.TOO_SHORT)),
        (30, {"machine": LOCKED}, (R.MACHINE_LOCKED,)),
        (30, {"lease_end": NOON}, (R.LEASE_OVER,)),
        (30, {"lease_end": at(39)}, (R.TOO_SHORT,)),
        (30, {"opening": DAYTIME, "minutes": 0}, ()),
        (30, {"reachable": False}, (R.UNIT_UNREACHABLE,)),
        (30, {"recordable": False}, (R.NOT_RECORDED,)),
    ],
)
def test_extending(asked: float, more: dict[str, Any], expected: tuple[Refusal, ...]) -> None:
    """An extension is refused for exactly the rules it breaks."""
    assert reasons(extend(MINE, ANA, asked, circumstances(MINE, **more))) == tuple(
        sorted(expected, key=list(Refusal).index)
    )


def test_an_extension_is_cut_to_what_is_free() -> None:
    """An extension ends at the next booking, at closing or with the lease, and leaves the start as it was."""
    answer = extend(MINE, ANA, 60, circumstances(MINE, booking("his", 50, 90, BILAL)))
    assert answer == Accepted(replace(MINE, end=at(50)))
    late = booking("late", 240, 280)
    assert minutes_of(extend(late, ANA, 60, circumstances(late, opening=DAYTIME, minutes=250))) == 60
    assert minutes_of(extend(MINE, ANA, 60, circumstances(MINE, lease_end=at(45)))) == 75
    touching = extend(MINE, ANA, 60, circumstances(MINE, booking("his", 30, 90, BILAL)))
    assert reasons(touching) == (R.TOO_SHORT,)


def test_an_extension_ends_with_the_membership() -> None:
    """Hours after the end of the membership are refused, not cut."""
    leaving = replace(ANA, valid_until=at(60))
    assert reasons(extend(MINE, leaving, 30, circumstances(MINE))) == ()
    assert reasons(extend(MINE, leaving, 31, circumstances(MINE))) == (R.MEMBERSHIP_EXPIRED,)


@pytest.mark.parametrize("state", [BookingState.RELEASED, BookingState.CANCELLED, BookingState.HELD])
def test_what_is_over_is_changed_no_more(state: BookingState) -> None:
    """A booking that is over, released, cancelled or not confirmed is neither extended nor cancelled."""
    gone = replace(MINE, state=state)
    assert over(gone, NOON)
    assert reasons(cancel(gone, circumstances(gone))) == (R.IN_THE_PAST,)
    assert R.IN_THE_PAST in reasons(extend(gone, ANA, 30, circumstances(gone)))


def test_cancelling() -> None:
    """A live booking is given back up to its end, if that can be written down and its owner be reached."""
    assert cancel(MINE, circumstances(MINE)) == Accepted(replace(MINE, state=BookingState.CANCELLED))
    assert reasons(cancel(MINE, circumstances(MINE, minutes=29.99))) == ()
    assert reasons(cancel(MINE, circumstances(MINE, minutes=30))) == (R.IN_THE_PAST,)
    assert reasons(cancel(MINE, circumstances(MINE, recordable=False))) == (R.NOT_RECORDED,)
    assert reasons(cancel(MINE, circumstances(MINE, reachable=False))) == (R.UNIT_UNREACHABLE,)


def test_a_no_show_is_a_booking_nobody_started() -> None:
    """A live booking is released no_show_minutes after its start, unless it was started or is over by then."""
    policy = Policy(no_show_minutes=15)
    assert no_show_at(booking("b", 0, 60), policy) == at(15)
    assert no_show_at(booking("b", 0, 15), policy) is None
    assert no_show_at(booking("b", 0, 60, started=True), policy) is None
    assert no_show_at(booking("b", 0, 60, state=BookingState.HELD), policy) is None


# --- whatever is asked -------------------------------------------------------------------------------------

minutes = st.integers(-200, 400)
calendars = st.lists(
    st.builds(
        lambda n, start, length, who, state: booking(f"c{n}", start, start + length, who, state=state),
        st.integers(0, 9),
        minutes,
        st.integers(1, 120),
        st.sampled_from([ANA, BILAL]),
        st.sampled_from(BookingState),
    ),
    max_size=5,
    unique_by=lambda b: b.id,
).map(tuple)
worlds = st.builds(
    Circumstances,
    now=minutes.map(at),
    machine=st.sampled_from([OVERLOCK, LOCKED, None]),
    opening=st.sampled_from([Opening(), DAYTIME]),
    bookings=calendars,
    elsewhere=st.integers(0, 6),
    lease_end=st.none() | minutes.map(at),
    reachable=st.booleans(),
    clock_trusted=st.booleans(),
    recordable=st.booleans(),
    staff_run=st.booleans(),
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Answer, Circumstances, str]:
    """Anything asked of anybody, and the booking's id."""
    world, member = draw(worlds), draw(st.sampled_from([ANA, BILAL, SAM, NEWCOMER, PAST]))
    known = draw(st.sampled_from(world.bookings)) if world.bookings else booking("none", 0, 60)
    length = draw(st.integers(-20, 300))
    match draw(st.sampled_from(["book", "walk_up", "extend", "cancel"])):
        case "book":
            start = draw(minutes)
            return book("new", member, at(start), at(start + length), world), world, "new"
        case "walk_up":
            return walk_up("new", member, length, world, power=draw(st.booleans())), world, "new"
        case "extend":
            return extend(known, member, length, world), world, known.id
        case _:
            return cancel(known, world), world, known.id


@given(answers())
def test_what_is_accepted_never_overlaps(asked: tuple[Answer, Circumstances, str]) -> None:
    """Whatever is asked, accepted hours overlap no other blocking booking beyond those they already had."""
    answer, world, id = asked
    if isinstance(answer, Refused):
        assert answer.reasons and list(answer.reasons) == sorted(set(answer.reasons), key=list(Refusal).index)
        return
    made = answer.booking
    assert made.id == id and world.recordable
    before = next((b for b in world.bookings if b.id == id), None)
    if not made.live:
        return
    since = made.start if before is None or before.end > made.end else before.end
    assert not [b for b in blocking(world.bookings, since, made.end) if b.id != id]
    assert made.end > world.now and made.start < made.end


@given(worlds, st.integers(-20, 300))
def test_a_walk_up_stays_within_its_limits(world: Circumstances, asked: int) -> None:
    """An accepted walk-up starts now, within the opening and the lease, and is neither too short nor too long."""
    answer = walk_up("k", ANA, asked, world, source=Source.KIOSK)
    if isinstance(answer, Accepted):
        made = answer.booking
        assert made.start == world.now and world.clock_trusted
        assert 10 <= (made.end - made.start).total_seconds() / 60 <= min(asked, 120)
        assert world.opening.covers(made.start, made.end)
        assert world.lease_end is None or made.end <= world.lease_end


@given(calendars, minutes, minutes)
def test_the_next_start_is_the_first(bookings: tuple[Booking, ...], after: int, start: int) -> None:
    """`next_start` is the earliest start of a blocking booking that does not lie before the instant."""
    found = next_start(bookings, at(after), but="c0")
    starts = sorted(b.start for b in bookings if b.blocks and b.id != "c0" and b.start >= at(after))
    assert found == (starts[0] if starts else None)


def test_a_winter_day_of_25_hours_sells_its_doubled_hour_twice() -> None:
    """On the night the clocks go back, both hours called 02:00 to 03:00 are hours of their own."""
    night = datetime(2027, 10, 31, tzinfo=UTC)
    first = Booking("a", OVERLOCK.id, "ana", night, night + timedelta(hours=1))
    world = circumstances(first, lease_end=None)
    world = replace(world, now=night - timedelta(days=1))
    again = book("b", BILAL, first.end, night + timedelta(hours=2), world)
    assert isinstance(again, Accepted)
    assert reasons(book("c", BILAL, first.start, first.end, world)) == (R.OVERLAP,)
