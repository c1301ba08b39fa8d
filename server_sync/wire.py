"""What a unit and the twin send each other, and its JSON.

An exchange is one `ExchangeRequest` (facts up) answered by one signed `ExchangeReply` (rules down).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from access.bookings import Booking, RequestRefused, WebRequest
from access.facts import instant, stamp
from access.replica import Version
from access.vocabulary import Refusal
from server_sync.canonical import WireError, checked, decode, encode, whole
from server_sync.replica_wire import booking_from_json, booking_to_json

MAX_ROWS = 500
"""The most journal rows in one exchange."""


@dataclass(frozen=True, slots=True)
class Row:
    """A journal row on its way up, keyed (unit, epoch, seq).

    `body` is the fact's fields without the personal ones, which lie in `opening` with their salt under the
    row's `commitment`; `opening` is empty where there are none, or once the person was erased.
    """

    unit: str
    epoch: int
    seq: int
    at: str
    mono_ms: int
    boot: int
    clock: str
    uncertainty_ms: int
    kind: str
    body: Mapping[str, Any]
    commitment: str
    prev: str
    hash: str
    opening: Mapping[str, Any] = field(default_factory=dict)


class ExchangeRequest(NamedTuple):
    """What a unit says: its rows, what it has, and how it stands (`state`, for the twin's page only).

    `starting`: nothing was heard of the twin since the unit's program started, so its journal may be an old copy.
    `bookings`: those of its replica, told to a twin that was restored; None while it does not tell them.
    """

    unit: str
    epoch: int
    nonce: str
    have: Version
    rows: tuple[Row, ...] = ()
    last_seq: int = 0
    refusals: tuple[RequestRefused, ...] = ()
    state: Mapping[str, Any] = {}
    starting: bool = False
    bookings: tuple[Booking, ...] | None = None


class ExchangeReply(NamedTuple):
    """What the twin answers. `acked` is the highest contiguous sequence it has on disk for the journal's `epoch`;
    `replica` is the signed replica's bytes when the unit's is older, else None. `head`, for a unit that is
    starting, is the hash of its row `acked`, empty for an epoch that was left. `fork` says why the unit is in
    quarantine, None where it is not."""

    nonce: str
    time: datetime
    lease_end: datetime
    acked: int
    version: Version
    replica: bytes | None = None
    requests: tuple[WebRequest, ...] = ()
    epoch: int = 0
    head: str | None = None
    fork: str | None = None


# --- rows and requests -------------------------------------------------------------------------------


def row_to_json(row: Row) -> dict[str, Any]:
    """A row as JSON."""
    return dict(zip(_ROW_TYPES, _ROW_VALUES(row), strict=True))


def row_from_json(raw: Mapping[str, Any]) -> Row:
    """A row from JSON, its scalars checked."""

    def read() -> Row:
        row = Row(**raw)
        for value, (name, kind) in zip(_ROW_VALUES(row), _ROW_TYPES.items(), strict=True):
            if type(value) is not kind:
                raise WireError(f"row: {name} is not {kind.__name__}")
        return row

    return checked("row", read)


_ROW_TYPES: dict[str, type] = {
    "unit": str,
    "epoch": int,
    "seq": int,
    "at": str,
    "mono_ms": int,
    "boot": int,
    "clock": str,
    "uncertainty_ms": int,
    "kind": str,
    "body": dict,
    "commitment": str,
    "prev": str,
    "hash": str,
    "opening": dict,
}
_ROW_VALUES = attrgetter(*_ROW_TYPES)


def _web_request_to_json(request: WebRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind,
        "asked": stamp(request.asked),
        "booking": booking_to_json(request.booking),
        "minutes": request.minutes,
        "elsewhere": request.elsewhere,
    }


def _web_request_from_json(raw: Mapping[str, Any]) -> WebRequest:
    return WebRequest(
        str(raw["id"]),
        str(raw["kind"]),
        instant(raw["asked"]),
        booking_from_json(raw["booking"]),
        float(raw["minutes"]),
        whole(raw["elsewhere"]),
    )


# --- the exchange ------------------------------------------------------------------------------------


def request_to_bytes(request: ExchangeRequest) -> bytes:
    """An exchange's request as it goes over the network."""
    return encode(
        {
            "unit": request.unit,
            "epoch": request.epoch,
            "nonce": request.nonce,
            "have": [request.have.epoch, request.have.n],
            "rows": [row_to_json(row) for row in request.rows],
            "last_seq": request.last_seq,
            "refusals": [{"request": r.request, "reasons": list(r.reasons)} for r in request.refusals],
            "state": dict(request.state),
            "starting": request.starting,
            "bookings": None if request.bookings is None else [booking_to_json(b) for b in request.bookings],
        }
    )


def request_from_bytes(raw: bytes) -> ExchangeRequest:
    """An exchange's request as the twin reads it."""
    data = decode(raw)
    return checked(
        "exchange request",
        lambda: ExchangeRequest(
            str(data["unit"]),
            whole(data["epoch"]),
            str(data["nonce"]),
            Version(*map(whole, data["have"])),
            tuple(row_from_json(row) for row in data["rows"][:MAX_ROWS]),
            whole(data["last_seq"]),
            tuple(
                RequestRefused(str(r["request"]), tuple(Refusal(reason) for reason in r["reasons"]))
                for r in data["refusals"]
            ),
            dict(data["state"]),
            bool(data.get("starting", False)),
            _bookings_told(data.get("bookings")),
        ),
    )


def _bookings_told(raw: Any) -> tuple[Booking, ...] | None:
    return None if raw is None else tuple(booking_from_json(booking) for booking in raw)


def reply_to_bytes(reply: ExchangeReply) -> bytes:
    """An exchange's reply, before the twin signs it."""
    return encode(
        {
            "nonce": reply.nonce,
            "time": stamp(reply.time),
            "lease_end": stamp(reply.lease_end),
            "acked": reply.acked,
            "version": [reply.version.epoch, reply.version.n],
            "replica": None if reply.replica is None else base64.b64encode(reply.replica).decode(),
            "requests": [_web_request_to_json(request) for request in reply.requests],
            "epoch": reply.epoch,
            "head": reply.head,
            "fork": reply.fork,
        }
    )


def reply_from_bytes(raw: bytes) -> ExchangeReply:
    """An exchange's reply, after its signature was checked."""
    data = decode(raw)
    return checked(
        "exchange reply",
        lambda: ExchangeReply(
            str(data["nonce"]),
            instant(data["time"]),
            instant(data["lease_end"]),
            whole(data["acked"]),
            Version(*map(whole, data["version"])),
            None if data["replica"] is None else base64.b64decode(data["replica"], validate=True),
            tuple(_web_request_from_json(request) for request in data["requests"]),
            whole(data.get("epoch", 0)),
            _text_or_none(data.get("head")),
            _text_or_none(data.get("fork")),
        ),
    )


def _text_or_none(raw: Any) -> str | None:
    return None if raw is None else str(raw)
