"""What a unit and the twin send each other: the same value comes out, and nothing half-read ever does."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from access.bookings import Booking, BookingState, RequestRefused, WebRequest
from access.machines import Machine, Output
from access.people import Badge, Category, Member, Role
from access.policy import Policy, UntrustedClock
from access.replica import Device, Replica, Version
from access.times import Hours, Opening
from access.vocabulary import Refusal, Source
from controller.journal_row import canonical
from server_sync.canonical import WireError, as_chained, decode, encode
from server_sync.replica_wire import replica_from_bytes, replica_to_bytes
from server_sync.wire import (
    ExchangeReply,
    ExchangeRequest,
    Row,
    reply_from_bytes,
    reply_to_bytes,
    request_from_bytes,
    request_to_bytes,
)

words = st.text(st.characters(codec="utf-8"), max_size=12)
counts = st.integers(0, 2**53)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000)
)
versions = st.builds(Version, counts, counts)
bookings = st.builds(
    Booking,
    words,
    words,
    words,
    instants,
    instants,
    st.sampled_from(Source),
    st.sampled_from(BookingState),
    st.booleans(),
)
plain = st.dictionaries(words, st.none() | words | counts | st.booleans(), max_size=3)
stamps = (words, counts, counts, words, counts, counts, words, counts)
rows = st.builds(Row, *stamps, words, plain, words, words, words, plain)
refusals = st.builds(RequestRefused, words, st.lists(st.sampled_from(Refusal), max_size=3).map(tuple))
requests = st.builds(
    ExchangeRequest,
    words,
    counts,
    words,
    versions,
    st.lists(rows, max_size=3).map(tuple),
    counts,
    st.lists(refusals, max_size=2).map(tuple),
    plain,
    st.booleans(),
    st.none() | st.lists(bookings, max_size=2).map(tuple),
)
web_requests = st.builds(
    WebRequest, words, words, instants, bookings, st.floats(0, 1e6, allow_nan=False), st.integers(0, 9)
)
replies = st.builds(
    ExchangeReply,
    words,
    instants,
    instants,
    counts,
    versions,
    st.none() | st.binary(max_size=30),
    st.lists(web_requests, max_size=2).map(tuple),
    counts,
    st.none() | words,
    st.none() | words,
)
badges = st.builds(Badge, words, st.booleans(), until=st.none() | instants)
members = st.builds(
    Member,
    words,
    st.lists(badges, max_size=2).map(tuple),
    st.frozensets(words, max_size=2),
    st.sampled_from(Role),
    st.sampled_from(Category),
    st.none() | instants,
)
machines = st.builds(
    Machine,
    words,
    st.frozensets(words, max_size=2),
    st.sampled_from(Output),
    st.booleans(),
    st.floats(0, 99, allow_nan=False),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
hours = st.builds(Hours, st.frozensets(st.integers(0, 6)), minutes, minutes | st.just(time.max))
policies = st.builds(
    Policy,
    walk_up_on_tap=st.booleans(),
    lease_hours=st.floats(0, 99, allow_nan=False),
    untrusted_clock=st.sampled_from(UntrustedClock),
)
replicas = st.builds(
    lambda version, issued, machine, policy, opening, people, booked, acked, devices: Replica(
        version, issued, machine, policy, opening, {m.id: m for m in people}, tuple(booked), acked, tuple(devices)
    ),
    versions,
    instants,
    machines,
    policies,
    st.builds(Opening, st.just("Europe/Paris"), st.lists(hours, max_size=2).map(tuple)),
    st.lists(members, max_size=3),
    st.lists(bookings, max_size=3),
    st.tuples(counts, counts),
    st.lists(st.builds(Device, words, words, words, st.none() | words), max_size=2),
)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: ExchangeRequest) -> None:
    """Any exchange's request read back is the same value."""
    assert request_from_bytes(request_to_bytes(request)) == request


@given(replies)
def test_a_reply_arrives_as_it_was_sent(reply: ExchangeReply) -> None:
    """Any exchange's reply read back is the same value."""
    assert reply_from_bytes(reply_to_bytes(reply)) == reply


@given(replicas)
def test_a_replica_arrives_as_it_was_made(replica: Replica) -> None:
    """Any replica read back is the same value, and its badges have the same owners."""
    found = replica_from_bytes(replica_to_bytes(replica))
    assert found == replica
    for member in replica.members.values():
        assert all(found.owner(badge.tag) == replica.owner(badge.tag) for badge in member.badges)


@given(replicas)
def test_the_same_value_is_the_same_bytes(replica: Replica) -> None:
    """What is signed does not depend on the order in which sets and mappings happen to lie."""
    raw = replica_to_bytes(replica)
    assert replica_to_bytes(replica_from_bytes(raw)) == raw == encode(json.loads(raw))


# --- strictness ----------------------------------------------------------------------------------------

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROW = Row("m", 1, 1, "2026-03-10T12:00:00.000Z", 0, 1, "synced", 25, "boot", {}, "", "0", "0")
BOOKING = Booking("b", "m", "ana", NOON, NOON + timedelta(hours=1))
REQUEST = ExchangeRequest("m", 1, "n", Version(1, 1), (ROW,), 1, (RequestRefused("r", (Refusal.OVERLAP,)),), {})
REPLY = ExchangeReply("n", NOON, NOON, 1, Version(1, 1), b"replica", (WebRequest("w", "book", NOON, BOOKING),))
REPLICA = Replica(
    Version(1, 1),
    NOON,
    Machine("m"),
    opening=Opening(hours=(Hours(frozenset({0}), time(9), time.max),)),
    members={"ana": Member("ana", (Badge("t"),))},
    bookings=(BOOKING,),
    devices=(Device("k", "00"),),
)
MESSAGES = {
    request_from_bytes: request_to_bytes(REQUEST),
    reply_from_bytes: reply_to_bytes(REPLY),
    replica_from_bytes: replica_to_bytes(REPLICA),
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The way to every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, item in inner for place in places(item, (*path, key))]


@given(st.sampled_from(list(MESSAGES)), st.data())
def test_a_message_with_one_wrong_value_is_refused_or_read_whole(read: object, data: st.DataObject) -> None:
    """Whatever one value of a message is replaced by, or is left out, reading gives a value, whose whole numbers
    a database can hold, or a WireError of one line, never another error."""
    message = json.loads(MESSAGES[read])  # type: ignore[index]
    *path, last = data.draw(st.sampled_from(places(message)))
    holder = message
    for key in path:
        holder = holder[key]
    if data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(anything)
    try:
        found = read(json.dumps(message).encode())  # type: ignore[operator]
    except WireError as error:
        assert "\n" not in str(error)
    else:
        assert all(-(2**63) <= number < 2**63 for number in whole_numbers(found))


def whole_numbers(value: object) -> list[int]:
    """Every whole number that stands in a message as it was read."""
    if type(value) is int:
        return [value]
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [number for one in inner for number in whole_numbers(one)]


@pytest.mark.parametrize("raw", [b"", b"[]", b"1", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b"[" * 99_999])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    """Anything but a JSON object, NaN and endless nesting included, is a WireError."""
    for read in (decode, *MESSAGES):
        with pytest.raises(WireError):
            read(raw)


@pytest.mark.parametrize(
    ("read", "path", "value"),
    [
        (request_from_bytes, ("rows", 0, "seq"), "1"),
        (request_from_bytes, ("rows", 0, "seq"), True),
        (request_from_bytes, ("epoch",), 1e300),
        (request_from_bytes, ("epoch",), "1"),
        (request_from_bytes, ("last_seq",), 1.5),
        (request_from_bytes, ("rows", 0, "body"), []),
        (request_from_bytes, ("rows", 0, "more"), 1),
        (request_from_bytes, ("have",), [1]),
        (request_from_bytes, ("refusals", 0, "reasons"), ["because"]),
        (reply_from_bytes, ("time",), "2026-03-10T12:00:00"),
        (reply_from_bytes, ("replica",), "not base64!"),
        (reply_from_bytes, ("requests", 0, "booking", "state"), "perhaps"),
        (replica_from_bytes, ("machine", "wheels"), 4),
        (replica_from_bytes, ("machine", "output"), "steam"),
        (replica_from_bytes, ("policy", "generous"), True),
        (replica_from_bytes, ("members", 0, "role"), "king"),
        (replica_from_bytes, ("members", 0, "badges"), [["t"]]),
        (replica_from_bytes, ("opening", "hours", 0, "days"), ["someday"]),
        (replica_from_bytes, ("opening", "hours", 0, "to"), "24:01"),
        (replica_from_bytes, ("acked",), [1]),
        (replica_from_bytes, ("machine", "idle_below_a"), "much"),
        (replica_from_bytes, ("machine", "hazardous"), "no"),
        (replica_from_bytes, ("machine", "id"), 7),
        (replica_from_bytes, ("policy", "lease_hours"), "24"),
        (replica_from_bytes, ("policy", "walk_up_on_tap"), 1),
        (replica_from_bytes, ("policy", "max_future_bookings"), True),
        (replica_from_bytes, ("opening", "timezone"), "Europe/Atlantis"),
        (replica_from_bytes, ("opening", "timezone"), ""),
    ],
)
def test_what_is_not_known_is_refused(read: object, path: tuple[object, ...], value: object) -> None:
    """An unknown word or a value of the wrong kind is a WireError, not a guess."""
    message = json.loads(MESSAGES[read])  # type: ignore[index]
    holder = message
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(WireError):
        read(encode(message))  # type: ignore[operator]


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9223372036854775808", b"-9223372036854775809"])
@pytest.mark.parametrize(
    ("read", "old"),
    [
        (request_from_bytes, b'"epoch":1'),
        (request_from_bytes, b'"seq":1'),
        (reply_from_bytes, b'"minutes":0'),
        (reply_from_bytes, b'"acked":1'),
        (replica_from_bytes, b'"lease_hours":24'),
    ],
)
def test_a_number_beyond_all_bounds_is_refused(read: object, old: bytes, number: bytes) -> None:
    """A number that no clock and no database can hold is a WireError wherever it stands."""
    raw = MESSAGES[read]  # type: ignore[index]
    assert old in raw
    with pytest.raises(WireError):
        read(raw.replace(old, old.partition(b":")[0] + b":" + number))  # type: ignore[operator]


@given(st.dictionaries(words, st.none() | words | counts | st.floats(allow_nan=False, allow_infinity=False)))
@example({"large": 9.223372036854776e18, "small": 0.0003685781958926667})
def test_what_a_hash_covers_outlives_the_journey(body: dict[str, object]) -> None:
    """Whatever numbers a row holds, the twin keeps the very text that its unit hashed."""
    assert as_chained(decode(encode({"body": body}))["body"]) == canonical(body)
