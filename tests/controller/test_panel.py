"""The unit's LAN port, against real sockets on the loopback."""

import hashlib
import hmac
import json
import random
import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from access.book import Accepted, Refused
from access.bookings import Booking
from access.vocabulary import Refusal, Source
from controller.link import Ask, Done, Finish, Reply, UnitLink, UnitState, UnreachableUnit, WalkUp, encode
from controller.panel import Panel
from server_sync.identity import Counter, FileFloors, PrivateKey, RequestSigner, RequestVerifier

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
IDLE = UnitState(1, "overlock-1", NOON, "idle")
RUNNING = UnitState(2, "overlock-1", NOON, "running", member="ana")
BOOKING = Booking("k1", "overlock-1", "zoé", NOON, NOON + timedelta(minutes=30), Source.KIOSK)
WALK_UP = WalkUp("k1", "zoé", 30.0)
LIMIT_S = 20
"""How long a test waits for something that must come: a bound for a broken panel, never waited for."""


class Key:
    """A secret that kiosk and unit share: the smallest thing that can sign."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        words = b"\n".join((method.encode(), path.encode(), body))
        return {"x-signature": hmac.new(self._secret, words, hashlib.sha256).hexdigest()}

    def verify(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        good = self.sign(method, path, body)["x-signature"].encode()
        return "kiosk" if hmac.compare_digest(headers.get("x-signature", "").encode(), good) else None


KEY = Key(b"a key")


class Stand:
    """A panel, what was asked of it, and a clock that only the test moves."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[tuple[Ask, Reply]] = SimpleQueue()
        self.now = 1000.0
        self.panel = Panel(lambda ask, reply: self.asked.put((ask, reply)), KEY, KEY, clock=lambda: self.now)
        self.panel.start()
        self.panel.publish(IDLE)
        self.lines: list[socket.socket] = []

    def link(self, key: Key = KEY) -> UnitLink:
        return UnitLink("overlock-1", self.panel.address, key, key, timeout=LIMIT_S)

    def call(self, sent: bytes = b"") -> socket.socket:
        line = socket.create_connection(self.panel.address, timeout=LIMIT_S)
        self.lines.append(line)
        line.sendall(sent)
        return line

    def later(self, seconds: float) -> None:
        """Let time pass for the panel, and have it look at the clock."""
        self.now += seconds
        self.panel.publish(IDLE)


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.panel.close()
    for line in stand.lines:
        line.close()


def post(path: str, body: bytes, key: Key = KEY, length: int | None = None, **headers: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "host: unit",
        f"content-length: {len(body) if length is None else length}",
    ]
    lines += [f"{name}: {value}" for name, value in {**key.sign("POST", path, body), **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str) -> bytes:
    signature = KEY.sign("GET", path, b"")["x-signature"]
    return f"GET {path} HTTP/1.1\r\nhost: unit\r\nx-signature: {signature}\r\n\r\n".encode()


def rest_of(line: socket.socket) -> bytes:
    """All that comes until the panel hangs up."""
    found = b""
    while data := line.recv(65536):
        found += data
    return found


def status_and_error(line: socket.socket) -> tuple[int, str]:
    head, _, body = rest_of(line).partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert "\n" not in error
    return int(head.split()[1]), error


def await_callers(stand: Stand, number: int, stage: str = "READING") -> None:
    """Until the panel has this many callers at that stage: its own thread takes them in."""
    while [caller.stage.name for caller in list(stand.panel._callers)].count(stage) != number:
        threading.Event().wait(0.001)  # lets the panel's thread have the processor


def test_the_state_is_told_at_once_to_who_has_none(stand: Stand) -> None:
    """A screen that has no state yet gets the latest one without waiting."""
    assert stand.link().state() == IDLE


def test_a_long_poll_wakes_when_a_state_is_published(stand: Stand) -> None:
    """A screen that has the latest state is answered the moment there is another."""
    heard: SimpleQueue[UnitState | None] = SimpleQueue()
    thread = threading.Thread(target=lambda: heard.put(stand.link().state(since=1, wait=20)))
    thread.start()
    await_callers(stand, 1, "POLLING")
    stand.panel.publish(RUNNING)
    assert heard.get(timeout=LIMIT_S) == RUNNING
    thread.join()


def test_a_long_poll_that_nothing_interrupts_ends_with_no_news(stand: Stand) -> None:
    """A screen that waited in vain is told so, and knows that the unit is there."""
    line = stand.call(get("/state?since=1&wait=20"))
    await_callers(stand, 1, "POLLING")
    stand.later(19)
    stand.later(2)
    assert rest_of(line).startswith(b"HTTP/1.1 204 ")


def test_a_restarted_unit_counts_afresh(stand: Stand) -> None:
    """A screen that knows a higher number than the unit gets the unit's state all the same."""
    assert stand.link().state(since=99, wait=20) == IDLE


@pytest.mark.parametrize("answer", [Accepted(BOOKING), Refused((Refusal.OVERLAP,))], ids=["yes", "no"])
def test_a_walk_up_goes_in_and_its_answer_comes_out(stand: Stand, answer: Accepted | Refused) -> None:
    """A walk-up is handed on, and the reply given later by another thread reaches the screen."""
    heard: SimpleQueue[object] = SimpleQueue()
    thread = threading.Thread(target=lambda: heard.put(stand.link().ask(WALK_UP)))
    thread.start()
    ask, reply = stand.asked.get(timeout=LIMIT_S)
    assert ask == WALK_UP
    reply(answer)
    reply(Refused(()))  # a second reply is one too many, and changes nothing
    assert heard.get(timeout=LIMIT_S) == answer
    thread.join()


def test_a_finish_is_done(stand: Stand) -> None:
    """An ask that makes no booking is answered too."""
    thread = threading.Thread(target=lambda: stand.asked.get(timeout=LIMIT_S)[1](Done()))
    thread.start()
    assert stand.link().ask(Finish("ana")) == Done()
    thread.join()


def test_nobody_to_answer_is_said_so(stand: Stand) -> None:
    """A screen is not left waiting for ever for a unit that does not reply."""
    line = stand.call(post("/walk-up", encode(WALK_UP)))
    _, reply = stand.asked.get(timeout=LIMIT_S)
    stand.later(11)
    assert status_and_error(line)[0] == 504
    reply(Accepted(BOOKING))
    assert stand.link().state() == IDLE


def test_an_unsigned_request_is_refused(stand: Stand) -> None:
    """Who is not known gets neither the state nor anything done."""
    stranger = Key(b"another key")
    assert status_and_error(stand.call(post("/walk-up", encode(WALK_UP), stranger)))[0] == 401
    assert status_and_error(stand.call(b"GET /state HTTP/1.1\r\nhost: unit\r\n\r\n"))[0] == 401
    assert stand.asked.empty()


def test_an_unsigned_reply_is_not_believed(stand: Stand) -> None:
    """A kiosk does not take the word of whoever stands at a unit's address."""
    link = UnitLink("overlock-1", stand.panel.address, KEY, Key(b"another key"), timeout=LIMIT_S)
    with pytest.raises(UnreachableUnit, match="not certain"):
        link.state()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (get("/door"), 404),
        (get("//[/"), 404),
        (get("/walk-up"), 405),
        (post("/state", b""), 405),
        (post("/walk-up", b"{}"), 400),
        (post("/walk-up?x=1", encode(WALK_UP)), 400),
        (get("/state?since=x"), 400),
        (get("/state?since=1&wait=1e9"), 400),
        (get("/state?door=1"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /state HTTP/1.1\r\nx: " + b"y" * 70000, 431),
        (post("/walk-up", b"", length=16 * 1024 + 1), 413),
        (post("/walk-up", b"x" * 200_000), 413),
        (
            b"POST /walk-up HTTP/1.1\r\nhost: u\r\ntransfer-encoding: chunked\r\n\r\n4e20\r\n" + b"x" * 20000,
            413,
        ),
    ],
    ids=range(14),
)
def test_what_is_wrong_gets_its_status_and_one_line(stand: Stand, sent: bytes, status: int) -> None:
    """A wrong request gets the status that fits and one line of JSON, and the port goes on."""
    assert status_and_error(stand.call(sent))[0] == status
    assert stand.link().state() == IDLE


def test_a_head_request_gets_no_body(stand: Stand) -> None:
    """HEAD is refused as HTTP wants it: with a head."""
    head, _, body = rest_of(stand.call(b"HEAD /state HTTP/1.1\r\nhost: unit\r\n\r\n")).partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"405", b"")


def test_who_waits_for_a_go_on_gets_one(stand: Stand) -> None:
    """A client that asks first whether it may send its body is told to."""
    head, _, body = post("/walk-up", b"{}", expect="100-continue").partition(b"\r\n\r\n")
    line = stand.call(head + b"\r\n\r\n")
    assert line.recv(4096).startswith(b"HTTP/1.1 100 ")
    line.sendall(body)
    assert status_and_error(line)[0] == 400


def test_a_slow_header_is_turned_away_after_five_seconds(stand: Stand) -> None:
    """Who has not said what he wants after five seconds is turned away, however busily he trickles."""
    line = stand.call(b"GET /st")
    await_callers(stand, 1)
    stand.later(4.9)
    line.sendall(b"ate HTTP/1.1\r\n")
    stand.later(0.2)
    assert status_and_error(line)[0] == 408


def test_a_slow_body_is_turned_away_after_five_seconds(stand: Stand) -> None:
    """A body that does not come is not waited for."""
    line = stand.call(post("/walk-up", b"{", length=200))
    await_callers(stand, 1)
    stand.later(5.1)
    assert status_and_error(line)[0] == 408


def test_a_silent_caller_is_dropped(stand: Stand) -> None:
    """Who connects and says nothing is hung up on."""
    line = stand.call()
    await_callers(stand, 1)
    stand.later(5.1)
    assert rest_of(line) == b""


def test_the_twenty_first_caller_takes_the_place_of_the_slowest(stand: Stand) -> None:
    """Twenty idle connections do not keep a screen out: the one that dawdled longest goes."""
    first = stand.call(b"GET /st")
    await_callers(stand, 1)
    stand.later(1)
    for _ in range(19):
        stand.call()
    await_callers(stand, 20)
    assert stand.link().state() == IDLE
    assert rest_of(first) == b""


def test_a_caller_too_many_is_hung_up_on_when_all_are_being_served(stand: Stand) -> None:
    """Twenty screens that wait for news are not disturbed by a twenty-first."""
    for _ in range(20):
        stand.call(get("/state?since=1&wait=20"))
    await_callers(stand, 20, "POLLING")
    late = stand.call()
    assert rest_of(late) == b""
    stand.panel.publish(RUNNING)
    assert all(b'"running"' in rest_of(line) for line in stand.lines[:20])


def test_noise_does_not_stop_the_port(stand: Stand) -> None:
    """Two hundred callers who talk nonsense and hang up leave the port serving."""
    dice = random.Random(7)
    good = post("/walk-up", b"{}")
    for _ in range(200):
        noise = bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            noise[dice.randrange(len(noise))] = dice.randrange(256)
        stand.call(bytes(noise[: dice.randrange(len(noise))])).close()
    assert stand.link().state() == IDLE


def test_real_signatures_hold_both_ways(stand: Stand) -> None:
    """A kiosk and a unit that know each other's keys talk; a kiosk with another key is not let in."""
    kiosk, unit = PrivateKey(b"k" * 32), PrivateKey(b"u" * 32)
    keys = {"kiosk-1": kiosk.public, "overlock-1": unit.public}
    panel = Panel(
        lambda ask, reply: reply(Accepted(BOOKING)),
        RequestSigner("overlock-1", unit, "kiosk", Counter()),
        RequestVerifier("overlock-1", keys.get),
    )
    panel.start()
    for key, let_in in ((kiosk, True), (PrivateKey(b"x" * 32), False)):
        signer = RequestSigner("kiosk-1", key, "overlock-1", Counter())
        link = UnitLink("overlock-1", panel.address, signer, RequestVerifier("kiosk", keys.get), LIMIT_S)
        if let_in:
            assert link.ask(WALK_UP) == Accepted(BOOKING)
        else:
            with pytest.raises(UnreachableUnit, match="401"):
                link.ask(WALK_UP)
    panel.close()


def test_a_panel_closes_twice_and_before_it_starts() -> None:
    """Closing is safe at any time."""
    panel = Panel(lambda ask, reply: None, KEY, KEY)
    panel.close()
    panel.close()


def test_a_restarted_unit_takes_no_old_request_and_the_kiosk_goes_on(tmp_path: Path) -> None:
    """What was captured before the unit started again is refused; the kiosk leaves its numbers and is heard."""
    unit, kiosk, answers = PrivateKey(b"u" * 32), PrivateKey(b"k" * 32), Counter()
    signer = RequestSigner("kiosk-1", kiosk, "overlock-1", Counter())

    def started() -> Panel:
        verifier = RequestVerifier("overlock-1", lambda id: kiosk.public, FileFloors(tmp_path / "floors.json"))
        replies = RequestSigner("overlock-1", unit, "kiosk", answers)
        panel = Panel(lambda ask, reply: reply(Done()), replies, verifier)
        panel.start()
        return panel

    def status(panel: Panel) -> bytes:
        with socket.create_connection(panel.address, timeout=LIMIT_S) as line:
            line.sendall(captured)
            return line.makefile("rb").readline().split()[1]

    body = encode(Finish("ana"))
    signed = signer.sign("POST", "/finish", body) | {"host": "u", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    captured = f"POST /finish HTTP/1.1\r\n{head}\r\n".encode() + body
    panel = started()
    assert [status(panel), status(panel)] == [b"200", b"401"]
    panel.close()
    panel = started()
    assert status(panel) == b"401"
    verifier = RequestVerifier("kiosk", lambda id: unit.public)
    link = UnitLink("overlock-1", panel.address, signer, verifier, timeout=LIMIT_S)
    assert link.ask(Finish("ana")) == Done()
    panel.close()
