"""Does this tap start the machine? Examples, and what must hold whatever is asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.bookings import Booking, BookingState
from access.decide import Denied, Granted, Occupancy, Standing, decide
from access.people import Member, Role
from access.policy import Policy, UntrustedClock
from access.vocabulary import BLOCKING_FAULTS, Fault, Reason, Source
from tests.access.workshop import (
    ANA,
    BILAL,
    CHLOE,
    EVERYBODY,
    NEWCOMER,
    NOON,
    OVERLOCK,
    PAST,
    SAM,
    at,
    booking,
    clock,
    replica,
    standing,
)

B1 = booking("b1", 0, 60)
HIS = booking("his", 0, 60, BILAL)
LOCKED = replace(OVERLOCK, locked=True)


def tap(member: Member, *bookings: Booking, minutes: float = 0, **more: Any) -> str:
    """What comes of a member's tap: outcome and reason in one word each."""
    policy = more.pop("policy", Policy())
    machine = more.pop("machine", OVERLOCK)
    trusted = more.pop("trusted", True)
    decision = decide(
        member.badges[0].tag, standing(*bookings, **more), replica(policy, machine), clock(minutes, trusted)
    )
    return f"{type(decision).__name__} {decision.reason}"


def test_a_booking_starts_within_its_hours_and_early_start_and_not_a_moment_later() -> None:
    """A booking is half-open: it may be started 5 minutes early, at its start, and never at its end."""
    when = {-60.01: "no_booking", -60: "too_early", -5.01: "too_early"}
    for minutes, reason in when.items():
        assert tap(ANA, B1, minutes=minutes) == f"Denied {reason}"
    for minutes in (-5, -0.01, 0, 30, 59.99):
        assert tap(ANA, B1, minutes=minutes) == "Granted booking"
    for minutes, reason in {60: "booking_over", 119.99: "booking_over", 120: "no_booking"}.items():
        assert tap(ANA, B1, minutes=minutes) == f"Denied {reason}"


def test_a_badge_that_was_lent_is_good_up_to_its_end_and_not_a_moment_longer() -> None:
    """A day badge is a badge like any other until its end, and none from then on. A doubtful clock judges none."""
    lent = replace(SAM, badges=(replace(SAM.badges[0], until=at(60)),))
    twin = replace(replica(policy=Policy(untrusted_clock=UntrustedClock.STAFF_ONLY)), members={lent.id: lent})
    for minutes, trusted, reason in ((59.99, True, "staff"), (60, True, "badge_revoked"), (60, False, "staff")):
        now = clock(minutes, trusted)
        assert decide("tag-sam", standing(confirmed=at(59)), twin, now).reason == reason


def test_an_early_start_waits_for_whoever_is_in_the_way() -> None:
    """No early start while somebody else's booking, held or accepted, lies before one's own."""
    for state in (BookingState.ACCEPTED, BookingState.HELD):
        before = booking("his", -60, 0, BILAL, state=state)
        assert tap(ANA, B1, before, minutes=-3) == "Denied booked_by_other"
    gone = booking("his", -60, 0, BILAL, state=BookingState.CANCELLED)
    assert tap(ANA, B1, gone, minutes=-3) == "Granted booking"
    assert tap(ANA, B1, booking("his", -60, -3, BILAL), minutes=-3) == "Granted booking"


@pytest.mark.parametrize("state", [BookingState.RELEASED, BookingState.CANCELLED, BookingState.HELD])
def test_only_an_accepted_booking_starts_anything(state: BookingState) -> None:
    """A released, cancelled or merely held booking starts nothing, and explains nothing either."""
    mine = replace(B1, state=state)
    assert tap(ANA, mine, minutes=30) == "Denied no_booking"
    assert tap(ANA, mine, minutes=-30) == "Denied no_booking"


def test_the_reasons_come_in_their_order() -> None:
    """Of all that speaks against a tap, the first in the published order is given."""
    ladder: list[tuple[str, Reason, dict[str, Any]]] = [
        ("tag-paul", Reason.ESTOP, {"faults": frozenset({Fault.ESTOP, Fault.NO_POWER})}),
        ("tag-paul", Reason.FAULT, {"faults": frozenset({Fault.NO_POWER})}),
        ("nobody", Reason.LOCKED, {}),
        ("tag-lost", Reason.LOCKED, {}),
    ]
    world = replica(Policy(), LOCKED)
    for tag, reason, more in ladder:
        stands = standing(HIS, occupancy=Occupancy("sam"), confirmed=None, **more)
        assert decide(tag, stands, world, clock()) == Denied(reason, _owner(tag))
    unlocked = replica()
    stands = standing(HIS, occupancy=Occupancy("sam"), confirmed=None)
    for tag, reason in (
        ("nobody", Reason.BADGE_UNKNOWN),
        ("tag-lost", Reason.BADGE_REVOKED),
        ("tag-paul", Reason.MEMBERSHIP_EXPIRED),
        ("tag-nour", Reason.NOT_QUALIFIED),
        ("tag-ana", Reason.REPLICA_STALE),
    ):
        assert decide(tag, stands, unlocked, clock()) == Denied(reason, _owner(tag))
    assert decide("tag-ana", stands, unlocked, clock(trusted=False)).reason is Reason.CLOCK_UNTRUSTED
    assert decide("tag-ana", replace(stands, confirmed=NOON), unlocked, clock()).reason is Reason.IN_USE


def _owner(tag: str) -> Member | None:
    return next((m for m in EVERYBODY if any(b.tag == tag for b in m.badges)), None)


@pytest.mark.parametrize("fault", list(Fault))
def test_only_three_faults_and_the_emergency_stop_refuse(fault: Fault) -> None:
    """A welded relay, no power or a lost board are `fault`; the reader, the journal and the clock refuse by other
    ways."""
    expected = {Fault.ESTOP: "Denied estop"} | dict.fromkeys(BLOCKING_FAULTS, "Denied fault")
    assert tap(ANA, B1, faults=frozenset({fault})) == expected.get(fault, "Granted booking")


def test_a_lock_refuses_all_but_technicians() -> None:
    """A locked machine starts for a technician only, not even for staff."""
    assert tap(CHLOE, machine=LOCKED) == "Granted staff"
    for member in (ANA, SAM):
        assert tap(member, B1, machine=LOCKED) == "Denied locked"


def test_staff_need_neither_booking_nor_qualification() -> None:
    """Staff and technicians start at once, in somebody else's hours and on a stale replica too."""
    for member in (SAM, CHLOE):
        assert tap(member) == "Granted staff"
        assert tap(member, HIS) == "Granted staff"
        assert tap(member, confirmed=None) == "Granted staff"
        assert tap(member, booking("own", 0, 60, member)) == "Granted booking"
    assert tap(NEWCOMER) == "Denied not_qualified"


def test_a_membership_ends_at_its_instant() -> None:
    """`valid_until` is exclusive: a millisecond before it the member may, at it no more."""
    his = booking("p", -30, 30, PAST)
    assert tap(PAST, his, minutes=-0.001) == "Granted booking"
    assert tap(PAST, his, minutes=0) == "Denied membership_expired"


@pytest.mark.parametrize(
    ("policy", "member", "expected"),
    [
        (UntrustedClock.REFUSE, ANA, "Denied clock_untrusted"),
        (UntrustedClock.REFUSE, SAM, "Denied clock_untrusted"),
        (UntrustedClock.STAFF_ONLY, ANA, "Denied clock_untrusted"),
        (UntrustedClock.STAFF_ONLY, SAM, "Granted staff"),
        (UntrustedClock.STAFF_ONLY, PAST, "Denied clock_untrusted"),
    ],
)
def test_an_untrusted_clock_judges_no_date(policy: UntrustedClock, member: Member, expected: str) -> None:
    """While the clock is not trusted no booking and no membership is judged: members wait, staff by policy."""
    assert tap(member, B1, policy=Policy(untrusted_clock=policy), trusted=False) == expected


@pytest.mark.parametrize(
    ("offline_hours", "age_hours", "expected"),
    [
        (72, 71.99, "Granted booking"),
        (72, 72, "Denied replica_stale"),
        (1000, 7 * 24 - 0.01, "Granted booking"),
        (1000, 7 * 24, "Denied replica_stale"),
    ],
)
def test_a_replica_grants_for_so_long(offline_hours: float, age_hours: float, expected: str) -> None:
    """A replica grants to members for offline_hours after it was confirmed, and never longer than seven days."""
    confirmed = NOON - timedelta(hours=age_hours)
    assert tap(ANA, B1, confirmed=confirmed, policy=Policy(offline_hours=offline_hours)) == expected


def test_an_ended_run_is_handed_over_only_to_whoever_has_begun() -> None:
    """A running machine is taken over only when its booking is over and the next member's own has begun."""
    mine = booking("mine", 0, 60)
    over, under_way = Occupancy("bilal", booking_over=True), Occupancy("bilal")
    assert tap(ANA, mine, occupancy=under_way) == "Denied in_use"
    assert tap(ANA, mine, occupancy=over) == "Granted booking"
    assert tap(ANA, mine, occupancy=over, minutes=-1) == "Denied in_use"
    assert tap(SAM, mine, occupancy=over) == "Denied in_use"


def test_a_tap_books_where_the_policy_says_so() -> None:
    """With walk_up_on_tap a free machine is booked by the tap for the default time, cut to the next booking."""
    policy = Policy(walk_up_on_tap=True)
    later = booking("later", 40, 100, BILAL)
    decision = decide("tag-ana", standing(later), replica(policy), clock())
    assert decision == Granted(Reason.WALK_UP, ANA, booking("", 0, 40, source=Source.TAP))
    assert tap(ANA, booking("soon", 9, 30, BILAL), policy=policy) == "Denied no_booking"
    assert tap(ANA, booking("mine", 30, 90), policy=policy) == "Granted walk_up"
    assert tap(ANA, booking("mine", 9, 90), policy=policy) == "Denied too_early"
    assert tap(ANA, HIS, policy=policy) == "Denied booked_by_other"
    assert tap(ANA, policy=policy, lease_end=NOON) == "Denied no_booking"


# --- whatever is asked ---------------------------------------------------------------------------------

spans = st.tuples(st.integers(-180, 180), st.integers(1, 180))
bookings = st.lists(
    st.builds(
        lambda n, span, member, state: booking(f"b{n}", span[0], span[0] + span[1], member, state=state),
        st.integers(0, 99),
        spans,
        st.sampled_from([ANA, BILAL, SAM]),
        st.sampled_from(BookingState),
    ),
    max_size=6,
)
standings = st.builds(
    Standing,
    st.frozensets(st.sampled_from(Fault), max_size=2),
    st.none() | st.builds(Occupancy, st.sampled_from(["ana", "bilal"]), st.booleans()),
    bookings.map(tuple),
    st.none() | st.integers(-9_000, 0).map(at),
    st.none() | st.integers(-100, 1_500).map(at),
)
tags = st.sampled_from(["nobody", "tag-lost", *(m.badges[0].tag for m in EVERYBODY)])
policies = st.builds(
    Policy,
    walk_up_on_tap=st.booleans(),
    untrusted_clock=st.sampled_from(UntrustedClock),
    early_start_minutes=st.integers(0, 30),
)


@given(tags, standings, policies, st.booleans(), st.integers(-60, 60), st.booleans())
def test_a_grant_is_always_covered(
    tag: str, stands: Standing, policy: Policy, locked: bool, minutes: int, trusted: bool
) -> None:
    """Whatever the circumstances, a grant goes to a valid badge and is covered by hours of that very member, or by
    a role that needs none."""
    world = replica(policy, replace(OVERLOCK, locked=locked))
    reading = clock(minutes, trusted)
    decision = decide(tag, stands, world, reading)
    assert decision == decide(tag, stands, world, reading)
    if isinstance(decision, Denied):
        return
    member, now = decision.member, reading.wall
    owner = world.owner(tag)
    assert owner is not None and owner[0] == member and not owner[1].revoked
    assert not stands.faults & (BLOCKING_FAULTS | {Fault.ESTOP})
    assert not locked or member.role is Role.TECHNICIAN
    assert trusted or (decision.reason is Reason.STAFF and policy.untrusted_clock is UntrustedClock.STAFF_ONLY)
    assert not (trusted and member.expired(now))
    if decision.booking is None:
        assert not member.needs_booking and decision.reason is Reason.STAFF
        return
    made = decision.booking
    assert made.member == member.id and made.live
    assert made.start - policy.early_start <= now < made.end
    if decision.reason is Reason.WALK_UP:
        others = [b for b in stands.bookings if b.blocks]
        assert not any(b.overlaps(made.start, made.end) for b in others)
        assert made.end - made.start >= policy.walk_up_min


@given(tags, standings, st.integers(-60, 60))
def test_a_member_never_starts_in_anothers_hours(tag: str, stands: Standing, minutes: int) -> None:
    """A member without a booking of his own for this moment starts nothing while somebody else's hours run."""
    reading = clock(minutes)
    decision = decide(tag, stands, replica(Policy(walk_up_on_tap=True)), reading)
    if isinstance(decision, Granted) and decision.member.needs_booking:
        others = [b for b in stands.bookings if b.member != decision.member.id]
        taken = [b for b in others if b.blocks and b.covers(reading.wall)]
        assert not taken or (decision.booking in stands.bookings and decision.booking.covers(reading.wall))
