"""The unit's one LAN port, for the workshop's screens: its state, told as it changes, and what they ask for.

One thread owns every connection; it decides nothing. `GET /state?since=N&wait=S` is answered as soon as the
published state is not number N, or with 204 after S seconds. A `POST` (paths in `controller.link.PATHS`) is
handed on with a `reply` that may be called later, from any thread. Every request must be signed by somebody
the verifier knows. One exchange a connection; what is slow, big or too many is turned away.
"""

import json
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import parse_qsl

import h11

from controller.link import (
    PATHS,
    Ask,
    LinkError,
    Reply,
    Signer,
    UnitAnswer,
    UnitState,
    Verifier,
    decode_ask,
    encode,
    encode_answer,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one caller may cost. Times in seconds.

    `header`: from the connection to the end of the request. `answer`: for whoever was asked. `leave`: for the
    caller to take the reply and go. `wait`: the longest long poll.
    """

    body: int = 16 * 1024
    header: float = 5
    answer: float = 10
    leave: float = 5
    wait: int = 25
    connections: int = 20


class _Stage(Enum):
    """Where an exchange stands; each has a deadline."""

    READING = auto()
    POLLING = auto()
    ASKED = auto()
    LEAVING = auto()


@dataclass(eq=False, slots=True)
class _Caller:
    """One connection. `seen`: the number of the state that a long poll has; `out`: what is yet to be sent."""

    line: socket.socket
    deadline: float
    stage: _Stage = _Stage.READING
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.SERVER))
    request: h11.Request | None = None
    body: bytes = b""
    seen: int = -1
    out: bytes = b""

    @property
    def method(self) -> str:
        return self.request.method.decode("ascii") if self.request else ""

    @property
    def target(self) -> str:
        return self.request.target.decode("ascii") if self.request else ""

    @property
    def headers(self) -> dict[str, str]:
        found = self.request.headers if self.request else ()
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in found}


class _TurnedAwayError(Exception):
    """The caller gets this status and this line instead of an answer."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers


class Panel:
    """The port. `publish` and the replies may be called from any thread; the rest is its own thread's."""

    def __init__(
        self,
        ask: Callable[[Ask, Reply], None],
        signer: Signer,
        verifier: Verifier,
        address: tuple[str, int] = ("127.0.0.1", 0),
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._signer = signer
        self._verifier = verifier
        self._limits = limits or Limits()
        self._clock = clock
        self._state: UnitState | None = None
        self._callers: list[_Caller] = []
        self._inbox: deque[UnitState | tuple[_Caller, UnitAnswer] | None] = deque()
        self._selector = selectors.DefaultSelector()
        self._door = socket.create_server(address)
        self._door.setblocking(False)
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="panel", daemon=True)
        self.address: tuple[str, int] = self._door.getsockname()[:2]

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def publish(self, state: UnitState) -> None:
        """From now on this is the unit's state; who waits for another one is told."""
        self._ring(state)

    def close(self) -> None:
        """End; safe to call twice, and before `start`."""
        self._ring(None)
        if self._thread.ident is not None:
            self._thread.join()
        self._selector.close()
        for open_socket in (self._door, self._bell, self._rope, *(caller.line for caller in self._callers)):
            open_socket.close()

    def _ring(self, message: UnitState | tuple[_Caller, UnitAnswer] | None) -> None:
        self._inbox.append(message)
        with suppress(OSError):  # already rung, or closed
            self._rope.send(b"\0")

    # The thread

    def _serve(self) -> None:
        self._selector.register(self._door, selectors.EVENT_READ)
        self._selector.register(self._bell, selectors.EVENT_READ)
        while self._turn():
            pass

    def _turn(self) -> bool:
        for key, _ in self._selector.select(self._patience()):
            if key.fileobj is self._door:
                self._welcome()
            elif key.fileobj is self._bell:
                with suppress(OSError):
                    self._bell.recv(4096)
            elif key.data in self._callers:
                self._attend(key.data)
        going_on = self._read_inbox()
        self._look_at_the_clock()
        return going_on

    def _patience(self) -> float | None:
        if not self._callers:
            return None
        return max(0.0, min(caller.deadline for caller in self._callers) - self._clock())

    def _read_inbox(self) -> bool:
        while self._inbox:
            message = self._inbox.popleft()
            if message is None:
                return False
            if isinstance(message, UnitState):
                self._state = message
                for caller in [c for c in self._callers if c.stage is _Stage.POLLING]:
                    self._tell_state(caller)
            else:
                caller, answer = message
                if caller in self._callers and caller.stage is _Stage.ASKED:
                    self._send(caller, 200, encode_answer(answer))
        return True

    def _look_at_the_clock(self) -> None:
        now = self._clock()
        for caller in [c for c in self._callers if c.deadline <= now]:
            match caller.stage:
                case _Stage.READING if caller.request or caller.http.trailing_data[0]:
                    self._turn_away(caller, _TurnedAwayError(408, "the request took too long"))
                case _Stage.POLLING:
                    self._send(caller, 204, b"")
                case _Stage.ASKED:
                    self._turn_away(caller, _TurnedAwayError(504, "the unit took too long"))
                case _:
                    self._drop(caller)

    # Coming and going

    def _welcome(self) -> None:
        try:
            line, _ = self._door.accept()
        except OSError:
            return  # gone again already
        line.setblocking(False)
        if len(self._callers) >= self._limits.connections and not self._make_room():
            line.close()
            return
        caller = _Caller(line, self._clock() + self._limits.header)
        self._callers.append(caller)
        self._selector.register(line, selectors.EVENT_READ, caller)

    def _make_room(self) -> bool:
        """Drop the caller that has dawdled longest; False when all of them are being served."""
        dawdlers = [c for c in self._callers if c.stage in (_Stage.READING, _Stage.LEAVING)]
        if dawdlers:
            self._drop(min(dawdlers, key=lambda caller: caller.deadline))
        return bool(dawdlers)

    def _drop(self, caller: _Caller) -> None:
        self._callers.remove(caller)
        self._selector.unregister(caller.line)
        caller.line.close()

    def _attend(self, caller: _Caller) -> None:
        try:
            if caller.out:
                self._push(caller)
            else:
                self._take(caller, caller.line.recv(4096))
        except BlockingIOError:
            pass
        except OSError:
            self._drop(caller)

    def _take(self, caller: _Caller, data: bytes) -> None:
        if not data or caller.stage in (_Stage.POLLING, _Stage.ASKED):
            self._drop(caller)  # gone, or talking while it should be waiting
        elif caller.stage is _Stage.READING:
            try:
                self._read(caller, data)
            except h11.RemoteProtocolError as error:
                self._turn_away(caller, _TurnedAwayError(error.error_status_hint, "not a request"))
            except (_TurnedAwayError, LinkError) as error:
                self._turn_away(caller, error)
        # what a leaving caller still sends is thrown away: closing on it would take our reply back

    # One exchange

    def _read(self, caller: _Caller, data: bytes) -> None:
        caller.http.receive_data(data)
        for event in _events(caller.http):
            if isinstance(event, h11.Request):
                caller.request = event
                self._check_way(caller)
            elif isinstance(event, h11.Data):
                caller.body += event.data
                self._check_size(len(caller.body))
            elif isinstance(event, h11.EndOfMessage):
                self._answer(caller)

    def _check_way(self, caller: _Caller) -> None:
        """What can be said before the body has come."""
        path = caller.target.partition("?")[0]
        allowed = "GET" if path == "/state" else "POST"
        if path != "/state" and path not in PATHS:
            raise _TurnedAwayError(404, "no such path")
        if caller.method != allowed:
            raise _TurnedAwayError(405, f"only {allowed}", allow=allowed)
        self._check_size(int(caller.headers.get("content-length", "0")))
        if caller.http.they_are_waiting_for_100_continue:
            go_on = caller.http.send(h11.InformationalResponse(status_code=100, headers=[]))
            self._write(caller, go_on or b"")

    def _check_size(self, size: int) -> None:
        if size > self._limits.body:
            raise _TurnedAwayError(413, f"{self._limits.body} bytes at most")

    def _answer(self, caller: _Caller) -> None:
        sender = self._verifier.verify(caller.method, caller.target, caller.body, caller.headers)
        if sender is None:
            raise _TurnedAwayError(401, "not signed by anybody known here")
        if caller.method == "GET":
            self._poll(caller)
        else:
            ask = decode_ask(caller.target, caller.body)
            caller.stage = _Stage.ASKED
            caller.deadline = self._clock() + self._limits.answer
            self._ask(ask, lambda answer: self._ring((caller, answer)))

    def _poll(self, caller: _Caller) -> None:
        caller.seen, wait = _state_query(caller.target)
        caller.stage = _Stage.POLLING
        caller.deadline = self._clock() + min(wait, self._limits.wait)
        self._tell_state(caller)

    def _tell_state(self, caller: _Caller) -> None:
        """Answer a long poll if there is another state than its own (a restarted unit counts afresh)."""
        if self._state is not None and self._state.n != caller.seen:
            self._send(caller, 200, encode(self._state))

    def _turn_away(self, caller: _Caller, error: _TurnedAwayError | LinkError) -> None:
        if isinstance(error, LinkError):
            error = _TurnedAwayError(400, str(error))
        body = json.dumps({"error": error.why}, ensure_ascii=False).encode()
        self._send(caller, error.status, body, **error.headers)

    def _send(self, caller: _Caller, status: int, body: bytes, **headers: str) -> None:
        """Begin to send the reply; the caller has `leave` seconds to take it and to hang up."""
        caller.stage = _Stage.LEAVING
        caller.deadline = self._clock() + self._limits.leave
        headers |= self._signer.sign(f"{caller.method} {status}", caller.target, body)
        headers |= {"connection": "close"}
        head_only = caller.method == "HEAD"
        if status != 204:
            headers |= {"content-type": "application/json", "content-length": str(len(body))}
        try:
            caller.out += b"".join(_reply(caller.http, status, headers, b"" if head_only else body))
            self._push(caller)
        except (OSError, h11.LocalProtocolError):
            self._drop(caller)  # gone, or too confused to be told so

    def _write(self, caller: _Caller, data: bytes) -> None:
        caller.out += data
        self._push(caller)

    def _push(self, caller: _Caller) -> None:
        with suppress(BlockingIOError):
            caller.out = caller.out[caller.line.send(caller.out) :]
        self._selector.modify(caller.line, selectors.EVENT_WRITE if caller.out else selectors.EVENT_READ, caller)
        if not caller.out and caller.stage is _Stage.LEAVING:
            caller.line.shutdown(socket.SHUT_WR)


def _events(http: h11.Connection) -> Iterator[object]:
    """The events that have come whole; pipelined requests are left where they are."""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return
        yield event


def _reply(http: h11.Connection, status: int, headers: dict[str, str], body: bytes) -> Iterator[bytes]:
    yield http.send(h11.Response(status_code=status, headers=list(headers.items()))) or b""
    if body:
        yield http.send(h11.Data(data=body)) or b""
    yield http.send(h11.EndOfMessage()) or b""


def _state_query(target: str) -> tuple[int, int]:
    """`since` and `wait`, out of the query."""
    query = dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))
    since, wait = query.pop("since", "-1"), query.pop("wait", "0")
    if query or not re.fullmatch(r"-1|[0-9]{1,15}", since) or not re.fullmatch(r"[0-9]{1,4}", wait):
        raise LinkError("/state: since and wait are to be whole numbers")
    return int(since), int(wait)
