"""What a screen and a unit say to each other over the unit's LAN port: as values, as JSON, and the client.

The JSON is strict both ways: an unknown key, a missing one or a wrong type is a `LinkError`.
"""

import json
import math
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Protocol, TypeVar, Union, assert_never, cast, get_args, get_origin, get_type_hints

import h11

from access.book import Accepted, Answer, Refused
from access.bookings import Booking
from access.vocabulary import Fault, Outcome, Reason, Refusal, Warn

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LastTap:
    """The last decision at the machine, for the words on its tile. `n` rises with each tap."""

    n: int
    at: datetime
    outcome: Outcome
    reason: Reason
    member: str | None


@dataclass(frozen=True, slots=True)
class UnitState:
    """How a unit stands. `n` rises with every change, so that a screen can wait for the next one.

    `phase` is `idle`, `starting`, `running` or `finishing`; `since` and `until` (the end that is known now)
    are those of the run under way; `warning` the one its member has been given.
    """

    n: int
    machine: str
    now: datetime
    phase: str
    member: str | None = None
    booking: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    warning: Warn | None = None
    faults: frozenset[Fault] = frozenset()
    locked: bool = False
    clock_trusted: bool = True
    online: bool = True
    lease_end: datetime | None = None
    bookings: tuple[Booking, ...] = ()
    last: LastTap | None = None


@dataclass(frozen=True, slots=True)
class WalkUp:
    """`POST /walk-up`: this machine now, for `minutes` at most; `power`: at once. `id` is the kiosk's own."""

    id: str
    member: str
    minutes: float
    power: bool = True


@dataclass(frozen=True, slots=True)
class Reserve:
    """`POST /reserve`: this machine from `start` to `end`, later. `id` is the kiosk's own.

    `elsewhere`: the member's bookings to come on other machines, as far as the kiosk knows.
    """

    id: str
    member: str
    start: datetime
    end: datetime
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """`POST /begin`: a member's own booking is to start; the badge shown at the kiosk counts as the tap."""

    member: str
    booking: str


@dataclass(frozen=True, slots=True)
class Extend:
    """`POST /extend`: a booking is to last `minutes` longer at most.

    `end`: the end that the asker saw; where it is already later the booking stays as it is, so that asking
    twice lengthens once.
    """

    booking: str
    minutes: float
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """`POST /cancel`: a booking is given back."""

    booking: str


@dataclass(frozen=True, slots=True)
class Finish:
    """`POST /finish`: the member who runs the machine has finished."""

    member: str


@dataclass(frozen=True, slots=True)
class ReportFault:
    """`POST /fault`: somebody reports that something is wrong with the machine."""

    member: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Rate:
    """`POST /rating`: how it went, 1 to 3, or an answer to the association's question; nobody's by name."""

    face: int = 0
    question: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Clear:
    """`POST /clear`: a technician has mended the machine; a welded relay that is open again is forgiven."""

    member: str


Ask = WalkUp | Reserve | Begin | Extend | Cancel | Finish | ReportFault | Rate | Clear


@dataclass(frozen=True, slots=True)
class Done:
    """The unit took it; there is no booking to tell of (`Finish`, `ReportFault`, `Rate`, `Clear`)."""


UnitAnswer = Answer | Done
Reply = Callable[[UnitAnswer], None]

PATHS: dict[str, type[Ask]] = {
    "/walk-up": WalkUp,
    "/reserve": Reserve,
    "/begin": Begin,
    "/extend": Extend,
    "/cancel": Cancel,
    "/finish": Finish,
    "/fault": ReportFault,
    "/rating": Rate,
    "/clear": Clear,
}
"""What may be posted to the port, and what it carries."""

LONGEST_MINUTES = 7 * 24 * 60
"""No screen asks for more; what is beyond would not even be a date."""

FACES = 3
"""How many faces there are to say how it went."""

LONGEST_TEXT = 2000
"""Characters in any one text of an ask."""

LONGEST_REPLY = 1 << 20
"""Bytes of a reply that the client reads at most."""

NOT_KNOWN = 401
"""The status of a reply to somebody who is not known, or who said this before."""

TIMEOUT = 2.0
"""Seconds within which a unit answers, over and above the wait that it was asked for."""


class LinkError(ValueError):
    """A message is not one of this port's. The text is one line and says where."""


class UnreachableUnit(ConnectionError):  # noqa: N818 - it says what is the matter
    """The unit did not answer, or not as a unit does. The text is one line."""


class Signer(Protocol):
    """Says who sends a message. For a reply, `method` is its request's followed by the status: `GET 200`."""

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """The headers to send with it. `path` is the whole target, with its query."""

    def skip(self) -> None:
        """What was signed last was not taken as new: leave the numbers that may have been used already."""


class Verifier(Protocol):
    """Says who sent a message, as far as one can be sure."""

    def verify(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        """The sender, or None when it is not certain who that is. Header names are in lower case.

        Never raises, whatever the headers hold.
        """


def encode(message: UnitState | Ask) -> bytes:
    """A message as JSON."""
    return _json(_plain(message))


def encode_answer(answer: UnitAnswer) -> bytes:
    """What came of an ask, as JSON: `{"accepted": booking}`, `{"refused": [reasons]}` or `{"done": true}`."""
    match answer:
        case Accepted(booking):
            return _json({"accepted": _plain(booking)})
        case Refused(reasons):
            return _json({"refused": _plain(reasons)})
        case Done():
            return _json({"done": True})
        case _:
            assert_never(answer)


def decode_state(body: bytes) -> UnitState:
    """A unit's state, out of its JSON."""
    return cast(UnitState, _read(UnitState, _parse(body), "state"))


def decode_ask(path: str, body: bytes) -> Ask:
    """What was posted to this path, out of its JSON."""
    if path not in PATHS:
        raise LinkError(f"{path}: no such path")
    ask = cast(Ask, _read(PATHS[path], _parse(body), path))
    _within_reason(ask, path)
    return ask


def decode_answer(body: bytes) -> UnitAnswer:
    """What came of an ask, out of its JSON."""
    match _parse(body):
        case {"accepted": booking, **rest} if not rest:
            return Accepted(_read(Booking, booking, "accepted"))
        case {"refused": reasons, **rest} if not rest:
            return Refused(_read(tuple[Refusal, ...], reasons, "refused"))
        case {"done": True, **rest} if not rest:
            return Done()
        case _:
            raise LinkError("answer: to be accepted, refused or done")


def path_of(ask: Ask) -> str:
    """Where an ask is posted to."""
    return next(path for path, kind in PATHS.items() if type(ask) is kind)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """A value as JSON knows it; sets are sorted, so that the same value gives the same bytes."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)  # type: ignore[type-var]  # sets here hold words only
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _parse(body: bytes) -> object:
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except LinkError:
        raise
    except (ValueError, RecursionError) as error:
        raise LinkError("not JSON") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise LinkError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise LinkError(f"{name} is no number")


def _read(kind: Any, value: object, where: str) -> Any:
    """A value of a declared type out of parsed JSON. The declarations above are the whole wire format."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _read(next(arg for arg in get_args(kind) if arg is not NoneType), value, where)
    if origin in (tuple, frozenset):
        if not isinstance(value, list):
            raise LinkError(f"{where}: to be a list")
        return origin(_read(get_args(kind)[0], item, where) for item in value)
    if is_dataclass(kind):
        return _read_object(kind, value, where)
    return _read_one(kind, value, where)


def _read_object(kind: Any, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise LinkError(f"{where}: to be an object")
    hints = get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise LinkError(f"{where}: unknown key {key[:40]!r}")
    for f in fields(kind):
        if f.default is MISSING and f.name not in value:
            raise LinkError(f"{where}: {f.name} is missing")
    return kind(**{key: _read(hints[key], item, f"{where}.{key}") for key, item in value.items()})


def _read_one(kind: type, value: object, where: str) -> object:
    if kind is datetime:
        return _read_instant(value, where)
    if issubclass(kind, StrEnum):
        if value not in tuple(kind):
            raise LinkError(f"{where}: to be one of {', '.join(kind)}")
        return kind(str(value))
    if kind is float and type(value) in (int, float) and _finite(value):
        return float(cast(float, value))
    if kind is str and type(value) is str and _sendable(value):
        return value
    if kind in (bool, int) and type(value) is kind:
        return value
    raise LinkError(f"{where}: to be a {kind.__name__}")


def _read_instant(value: object, where: str) -> datetime:
    try:
        if isinstance(value, str) and (at := datetime.fromisoformat(value)).tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise LinkError(f"{where}: to be a date and time with an offset")


def _finite(value: object) -> bool:
    try:
        return math.isfinite(cast(float, value))
    except OverflowError:
        return False


def _sendable(text: str) -> bool:
    """True when the text can be written again: JSON can spell half a character."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _within_reason(ask: Ask, path: str) -> None:
    """What the types cannot say: how long a text and a stretch of time may be, and how many faces there are."""
    if isinstance(ask, Rate) and not 0 <= ask.face <= FACES:
        raise LinkError(f"{path}.face: to be 1 to {FACES}, or 0 for none")
    for f in fields(ask):
        value = getattr(ask, f.name)
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise LinkError(f"{path}.{f.name}: to be {LONGEST_TEXT} characters at most")
        if isinstance(value, float) and abs(value) > LONGEST_MINUTES:
            raise LinkError(f"{path}.{f.name}: to be {LONGEST_MINUTES} at most")


class UnitLink:
    """A screen's way to one unit's LAN port. It blocks: it belongs in a thread of its own.

    Every exchange is one connection with one deadline over the whole of it, so that a unit which trickles
    holds nobody longer than one that is dead.
    """

    def __init__(
        self,
        machine: str,
        address: tuple[str, int],
        signer: Signer,
        verifier: Verifier,
        timeout: float = TIMEOUT,
    ) -> None:
        self.machine = machine
        self._address = address
        self._signer = signer
        self._verifier = verifier
        self._timeout = timeout
        self._known = True

    def state(self, since: int = -1, wait: int = 0) -> UnitState | None:
        """The unit's state as soon as its number is not `since`; None when `wait` seconds bring no other."""
        status, body = self._exchange("GET", f"/state?since={since}&wait={wait}", b"", self._timeout + wait)
        if status == 204:
            return None
        state = self._understood(decode_state, body)
        if state.machine != self.machine:
            raise UnreachableUnit(f"{self.machine}: the unit of {state.machine} answers there")
        return state

    def ask(self, ask: Ask) -> UnitAnswer:
        """Ask for something. After `UnreachableUnit` nobody knows whether it was done: ask the same again."""
        _, body = self._exchange("POST", path_of(ask), encode(ask), self._timeout)
        return self._understood(decode_answer, body)

    def _understood(self, decode: Callable[[bytes], _T], body: bytes) -> _T:
        try:
            return decode(body)
        except LinkError as error:
            raise UnreachableUnit(f"{self.machine}: {error}") from error

    def _exchange(self, method: str, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        status, reply = self._asked(method, path, body, timeout)
        if status == NOT_KNOWN and self._known:
            # A unit that was started again refuses the rest of a block of numbers: leave it, and ask once more.
            self._signer.skip()
            status, reply = self._asked(method, path, body, timeout)
        self._known = status != NOT_KNOWN
        if status not in (200, 204):
            raise UnreachableUnit(f"{self.machine}: answered {status} {reply[:200].decode(errors='replace')}")
        return status, reply

    def _asked(self, method: str, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        try:
            status, headers, reply = self._over_the_wire(method, path, body, time.monotonic() + timeout)
        except (OSError, h11.ProtocolError) as error:
            raise UnreachableUnit(f"{self.machine}: {error}") from error
        if self._verifier.verify(f"{method} {status}", path, reply, headers) is None:
            raise UnreachableUnit(f"{self.machine}: it is not certain who answers there")
        return status, reply

    def _over_the_wire(
        self, method: str, path: str, body: bytes, deadline: float
    ) -> tuple[int, dict[str, str], bytes]:
        headers = self._signer.sign(method, path, body) | {
            "host": self._address[0],
            "content-length": str(len(body)),
            "connection": "close",
        }
        http = h11.Connection(h11.CLIENT)
        with socket.create_connection(self._address, timeout=_left(deadline)) as line:
            events = (
                h11.Request(method=method, target=path, headers=list(headers.items())),
                h11.Data(data=body),
                h11.EndOfMessage(),
            )
            line.sendall(b"".join(http.send(event) or b"" for event in events))
            return _receive(http, line, deadline)


def _receive(http: h11.Connection, line: socket.socket, deadline: float) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = 0, dict[str, str](), b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            line.settimeout(_left(deadline))
            data = line.recv(65536)
            if not data:
                raise ConnectionResetError("closed without a whole reply")
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LONGEST_REPLY:
                raise h11.RemoteProtocolError("the reply is too long")
        elif isinstance(event, h11.EndOfMessage):
            return status, headers, body


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left
