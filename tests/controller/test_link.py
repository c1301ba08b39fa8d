"""The messages of the unit's LAN port, and what the client does with units that do not behave."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access.book import Accepted, Refused
from access.bookings import Booking
from access.vocabulary import Fault, Outcome, Reason, Refusal, Source, Warn
from controller.link import (
    PATHS,
    Ask,
    Begin,
    Cancel,
    Clear,
    Done,
    Extend,
    Finish,
    LastTap,
    LinkError,
    Rate,
    ReportFault,
    Reserve,
    UnitLink,
    UnitState,
    UnreachableUnit,
    WalkUp,
    decode_answer,
    decode_ask,
    decode_state,
    encode,
    encode_answer,
    path_of,
)

NOON = datetime(2026, 3, 10, 12, 0, 0, 125000, tzinfo=UTC)
BOOKING = Booking("b1", "overlock-1", "ana", NOON, NOON + timedelta(hours=1), Source.KIOSK)
STATE = UnitState(
    n=7,
    machine="overlock-1",
    now=NOON,
    phase="running",
    member="ana",
    booking="b1",
    since=NOON,
    until=NOON + timedelta(hours=1),
    warning=Warn.ENDING,
    faults=frozenset({Fault.CLOCK, Fault.BOARD_LOST}),
    bookings=(BOOKING,),
    last=LastTap(3, NOON, Outcome.REFUSED, Reason.IN_USE, None),
)
ASKS: tuple[Ask, ...] = (
    WalkUp("k1", "zoé", 30.0),
    Reserve("k2", "zoé", NOON, NOON + timedelta(hours=1), 2),
    Begin("zoé", "b1"),
    Extend("b1", 15.0),
    Extend("b1", 15.0, NOON),
    Cancel("b1"),
    Finish("ana"),
    ReportFault(None, "l'aiguille est cassée"),
    Rate(3),
    Clear("chloe"),
    Rate(0, "Vous reviendrez ?", "Oui"),
)


class Anybody:
    """Signs nothing and believes everybody."""

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        return {}

    def verify(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        return "anybody"


def test_a_state_comes_back_as_it_was_sent() -> None:
    """A state survives the wire whole, to the last field."""
    assert decode_state(encode(STATE)) == STATE
    idle = UnitState(1, "overlock-1", NOON, "idle")
    assert decode_state(encode(idle)) == idle


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: type(ask).__name__)
def test_an_ask_comes_back_as_it_was_sent(ask: Ask) -> None:
    """Whatever a screen asks for survives the wire whole, on a path of its own."""
    assert decode_ask(path_of(ask), encode(ask)) == ask


@pytest.mark.parametrize(
    "answer", [Accepted(BOOKING), Refused((Refusal.CLOSED, Refusal.OVERLAP)), Refused(()), Done()], ids=str
)
def test_an_answer_comes_back_as_it_was_sent(answer: Accepted | Refused | Done) -> None:
    """Whatever a unit answers survives the wire whole."""
    assert decode_answer(encode_answer(answer)) == answer


def test_every_ask_has_a_path() -> None:
    """No kind of ask was forgotten on the port."""
    assert {type(ask) for ask in ASKS} == set(PATHS.values())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"[" * 16000,
        b"1" * 16000,
        b'{"id":"k","member":"m"}',
        b'{"id":"k","member":"m","minutes":"30"}',
        b'{"id":"k","member":"m","minutes":true}',
        b'{"id":"k","member":"m","minutes":NaN}',
        b'{"id":"k","member":"m","minutes":1e999}',
        b'{"id":"k","member":"m","minutes":1e300}',
        b'{"id":"k","member":"m","minutes":' + b"9" * 400 + b"}",
        b'{"id":"k","member":"m","minutes":30,"power":1}',
        b'{"id":"k","member":"m","minutes":30,"door":true}',
        b'{"id":"k","id":"l","member":"m","minutes":30}',
        b'{"id":"\\ud800","member":"m","minutes":30}',
        b'{"id":"' + b"k" * 3000 + b'","member":"m","minutes":30}',
    ],
    ids=range(18),
)
def test_a_wrong_ask_is_a_link_error_of_one_line(body: bytes) -> None:
    """A message that is not exactly right is refused, with one line that says where."""
    with pytest.raises(LinkError) as error:
        decode_ask("/walk-up", body)
    assert 0 < len(str(error.value)) < 200
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("face", [-1, 4, 10**30])
def test_there_are_three_faces(face: int) -> None:
    """A kiosk cannot have a rating written that is none, least of all a number that no twin can take."""
    with pytest.raises(LinkError, match="face"):
        decode_ask("/rating", json.dumps({"face": face}).encode())


@pytest.mark.parametrize("at", ["2026-03-10T12:00:00", "yesterday", 5, "0001-01-01T00:00:00+20:00"])
def test_an_instant_without_an_offset_is_no_instant(at: object) -> None:
    """A date that could mean two instants, or none, is refused."""
    state = json.loads(encode(STATE)) | {"now": at}
    with pytest.raises(LinkError, match="state.now"):
        decode_state(json.dumps(state).encode())


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"done":false}', b'{"refused":["no_idea"]}', b'{"accepted":{}}', b'{"done":true,"also":1}'],
)
def test_an_answer_that_is_none_is_a_link_error(body: bytes) -> None:
    """An answer that is neither accepted, refused nor done is refused."""
    with pytest.raises(LinkError):
        decode_answer(body)


@contextmanager
def unit_that_says(reply: bytes) -> Iterator[tuple[str, int]]:
    """A server that sends one caller these bytes, then holds the line until the caller leaves."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = door.accept()
        with line, suppress(OSError):
            line.sendall(reply)
            while line.recv(4096):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield door.getsockname()
    door.close()
    thread.join(5)


def link(address: tuple[str, int], timeout: float = 5.0) -> UnitLink:
    return UnitLink("overlock-1", address, Anybody(), Anybody(), timeout)


def test_nobody_there_is_an_unreachable_unit() -> None:
    """A port where nobody listens is an unreachable unit, not a traceback."""
    door = socket.create_server(("127.0.0.1", 0))
    address = door.getsockname()
    door.close()
    with pytest.raises(UnreachableUnit, match="overlock-1"):
        link(address).state()


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["mute", "half a reply"])
def test_a_unit_that_does_not_finish_is_unreachable(reply: bytes) -> None:
    """A unit that takes the request and never finishes its answer is given up."""
    with unit_that_says(reply) as address, pytest.raises(UnreachableUnit):
        link(address, timeout=0.1).state()


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n" + b"x" * 2000000,
    ],
    ids=["not http", "500", "not a state", "endless"],
)
def test_a_unit_that_talks_nonsense_is_unreachable(reply: bytes) -> None:
    """Whatever stands at a unit's address and is no unit is an unreachable unit."""
    with unit_that_says(reply) as address, pytest.raises(UnreachableUnit):
        link(address).state()


def test_another_units_state_is_not_taken_for_this_ones() -> None:
    """Two units that swapped their addresses are seen as unreachable, not as each other."""
    body = encode(replace(STATE, machine="press-1"))
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    with unit_that_says(reply) as address, pytest.raises(UnreachableUnit, match="press-1"):
        link(address).state()
