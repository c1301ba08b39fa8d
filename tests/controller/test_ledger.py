"""The unit's bookings: the twin's, and over them its own that the twin does not know yet."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from access.bookings import Booking, BookingState
from access.facts import BookingChanged, RequestAccepted
from access.replica import Replica
from access.vocabulary import BookingOutcome, Source
from controller.ledger import UNWRITTEN, Ledger
from tests.access.workshop import BILAL, at, booking, replica

B1 = booking("b1", 0, 60)


def changed(b: Booking, outcome: BookingOutcome = BookingOutcome.ACCEPTED) -> BookingChanged:
    """The unit's own fact about a booking."""
    return BookingChanged.of(b, outcome, Source.KIOSK)


def held(b: Booking, outcome: BookingOutcome = BookingOutcome.ACCEPTED) -> RequestAccepted:
    """The unit's acceptance of a web request."""
    return RequestAccepted(f"r-{b.id}", outcome, b.id, b.machine, b.member, b.start, b.end)


def knowing(row: tuple[int, int], *bookings: Booking) -> Replica:
    """A replica made when the twin had the unit's journal up to a row."""
    return replica(bookings=bookings, acked=row)


def test_a_pull_keeps_what_the_twin_does_not_know() -> None:
    """An own change lies over every replica that was made without its row, and under the first that knows it."""
    ledger = Ledger(knowing((1, 0), B1)).laid().written(changed(B1, BookingOutcome.CANCELLED), (1, 5))
    for known in ((1, 0), (1, 4), (0, 99)):
        pulled = ledger.with_replica(knowing(known, B1))
        assert [b.state for b in pulled.effective] == [BookingState.CANCELLED]
    for known in ((1, 5), (1, 6), (2, 0)):
        pulled = ledger.with_replica(knowing(known, B1))
        assert pulled.effective == (B1,)


def test_what_is_not_on_disk_yet_no_replica_can_know() -> None:
    """A change that waits for the disk outlives every pull, and is one change when its row is there."""
    release = changed(B1, BookingOutcome.RELEASED)
    ledger = Ledger(knowing((1, 0), B1)).laid().written(release, UNWRITTEN)
    ledger = ledger.with_replica(knowing((9, 9), B1))
    assert [b.state for b in ledger.effective] == [BookingState.RELEASED]
    assert ledger.written(release, (9, 10)).own[0].row == (9, 10)
    assert len(ledger.written(release, (9, 10)).own) == 1


def test_held_hours_block_and_are_nobodys() -> None:
    """Hours accepted for the web block, cannot be found by their id, and leave an extended booking as it is."""
    ledger = Ledger(knowing((1, 0))).laid().written(held(B1), (1, 1))
    (only,) = ledger.effective
    assert only.blocks and not only.live and ledger.find("b1") is None
    longer = replace(B1, end=at(90))
    ledger = Ledger(knowing((1, 0), B1)).laid().written(held(longer, BookingOutcome.EXTENDED), (1, 1))
    assert ledger.find("b1") == B1 and {b.end for b in ledger.effective} == {at(60), at(90)}


def test_a_promised_cancellation_still_blocks() -> None:
    """Until the twin confirms a cancellation asked on the web, the hours stay taken."""
    ledger = Ledger(knowing((1, 0), B1)).laid().written(held(B1, BookingOutcome.CANCELLED), (1, 1))
    assert ledger.effective == (B1,)


def test_a_refusal_changes_nothing() -> None:
    """A refused booking is a fact of the journal and none of the ledger."""
    ledger = Ledger(knowing((1, 0), B1)).laid()
    assert ledger.written(changed(B1, BookingOutcome.REFUSED), (1, 1)) == ledger


def test_a_started_booking_is_marked() -> None:
    """A booking for which a run was granted is no no-show, also in the next replica."""
    ledger = Ledger(knowing((1, 0), B1)).laid()
    assert [at_ for at_, _ in ledger.no_shows] == [at(15)]
    started = ledger.with_started("b1").with_replica(knowing((1, 3), B1))
    assert started.effective == (replace(B1, started=True),) and not list(started.no_shows)


spans = st.tuples(st.integers(0, 600), st.integers(1, 60))


@given(st.lists(spans, max_size=8))
def test_the_first_no_show_comes_first(found: list[tuple[int, int]]) -> None:
    """No-shows come in the order in which they are due: whoever looks may stop at the first that is not."""
    bookings = [booking(f"b{n}", start, start + length) for n, (start, length) in enumerate(found)]
    due = [instant for instant, _ in Ledger(knowing((1, 0), *bookings)).laid().no_shows]
    assert due == sorted(due)


outcomes = st.sampled_from([BookingOutcome.ACCEPTED, BookingOutcome.CANCELLED, BookingOutcome.RELEASED])


@given(st.lists(st.tuples(st.integers(0, 3), outcomes, st.booleans()), max_size=12), st.integers(0, 12))
def test_the_last_own_word_counts_until_it_is_known(
    changes: list[tuple[int, BookingOutcome, bool]], acked: int
) -> None:
    """Whatever the unit did to its bookings, and however many of its rows the twin knows: of each booking the last
    own change that the twin does not know counts; what it knows is the twin's word alone."""
    ledger, last = Ledger(knowing((1, 0))).laid(), {}
    for seq, (n, outcome, web) in enumerate(changes, 1):
        b = booking(f"b{n}", n * 60, n * 60 + 60, BILAL)
        if web:
            ledger = ledger.written(held(b), (1, seq))
            continue
        ledger = ledger.written(changed(b, outcome), (1, seq))
        last[b.id] = (seq, outcome is BookingOutcome.ACCEPTED)
    pulled = ledger.with_replica(knowing((1, acked)))
    expected = {id: live for id, (seq, live) in last.items() if seq > acked}
    assert {b.id: b.live for b in pulled.effective if b.state is not BookingState.HELD} == expected
    assert [b.start for b in pulled.effective] == sorted(b.start for b in pulled.effective)
