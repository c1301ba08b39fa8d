"""What a unit and the twin send each other: values, their JSON, and the twin's signature over it.

Decoding is strict: anything unexpected is a `WireError` of one line, never a half-read value.
An exchange is one `ExchangeRequest` (facts up) answered by one signed `ExchangeReply` (rules down).
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from access.bookings import Booking, BookingState, RequestRefused, WebRequest
from access.facts import instant, stamp
from access.machines import Machine, Output
from access.people import Badge, Category, Member, Role, Strength
from access.policy import Policy, UntrustedClock
from access.replica import Device, Replica, Version
from access.times import DAYS, Hours, Opening
from access.vocabulary import Refusal, Source

MAX_ROWS = 500
"""The most journal rows in one exchange."""

T = TypeVar("T")
V = TypeVar("V", Machine, Policy)


class WireError(ValueError):
    """A message that is not what it should be; the text says what and where."""


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


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
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
    state: Mapping[str, Any] = field(default_factory=dict)
    starting: bool = False
    bookings: tuple[Booking, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExchangeReply:
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


def encode(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8. The same value always gives the same bytes."""
    return _ENCODER.encode(value).encode()


def decode(raw: bytes) -> dict[str, Any]:
    """A JSON object. WireError for anything else, NaN and numbers that nothing here can hold included."""
    try:
        text = raw.decode()
        value = (_SLOW_DECODER if _LONG_NUMBER.search(text) else _DECODER).decode(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _of_64_bits(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("a number is too large")
    return number


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_LONG_NUMBER = re.compile(r"[:,\[ \t\r\n]-?\d{19}")
_SLOW_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, parse_int=_of_64_bits)
"""Looks at each whole number; only where the text may hold one that is too large."""


def checked(what: str, read: Callable[[], T]) -> T:
    """Run a reader; whatever a malformed message makes it raise becomes a WireError that names `what`."""
    try:
        return read()
    except WireError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, binascii.Error) as error:
        raise WireError(f"{what}: {type(error).__name__} {error}") from None


# --- rows and requests -------------------------------------------------------------------------------


def row_to_json(row: Row) -> dict[str, Any]:
    """A row as JSON."""
    return {f.name: getattr(row, f.name) for f in fields(row)}


def row_from_json(raw: Mapping[str, Any]) -> Row:
    """A row from JSON, its scalars checked."""

    def read() -> Row:
        row = Row(**raw)
        for name, kind in _ROW_TYPES.items():
            if not isinstance(getattr(row, name), kind) or isinstance(getattr(row, name), bool):
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


def booking_to_json(booking: Booking) -> dict[str, Any]:
    """A booking as JSON."""
    return {
        "id": booking.id,
        "machine": booking.machine,
        "member": booking.member,
        "start": stamp(booking.start),
        "end": stamp(booking.end),
        "source": booking.source,
        "state": booking.state,
        "started": booking.started,
    }


def booking_from_json(raw: Mapping[str, Any]) -> Booking:
    """A booking from JSON."""
    return checked(
        "booking",
        lambda: Booking(
            str(raw["id"]),
            str(raw["machine"]),
            str(raw["member"]),
            instant(raw["start"]),
            instant(raw["end"]),
            Source(raw["source"]),
            BookingState(raw["state"]),
            bool(raw["started"]),
        ),
    )


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
        int(raw["elsewhere"]),
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
            int(data["epoch"]),
            str(data["nonce"]),
            Version(*map(int, data["have"])),
            tuple(row_from_json(row) for row in data["rows"][:MAX_ROWS]),
            int(data["last_seq"]),
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
            int(data["acked"]),
            Version(*map(int, data["version"])),
            None if data["replica"] is None else base64.b64decode(data["replica"], validate=True),
            tuple(_web_request_from_json(request) for request in data["requests"]),
            int(data.get("epoch", 0)),
            _text_or_none(data.get("head")),
            _text_or_none(data.get("fork")),
        ),
    )


def _text_or_none(raw: Any) -> str | None:
    return None if raw is None else str(raw)


# --- the replica -------------------------------------------------------------------------------------


def replica_to_bytes(replica: Replica) -> bytes:
    """A replica, before the twin signs it."""
    return encode(
        {
            "version": [replica.version.epoch, replica.version.n],
            "issued": stamp(replica.issued),
            "machine": machine_to_json(replica.machine),
            "policy": policy_to_json(replica.policy),
            "opening": opening_to_json(replica.opening),
            "members": [member_to_json(member) for member in replica.members.values()],
            "bookings": [booking_to_json(booking) for booking in replica.bookings],
            "acked": list(replica.acked),
            "devices": [device_to_json(device) for device in replica.devices],
            "erased": sorted(replica.erased),
        }
    )


def replica_from_bytes(raw: bytes) -> Replica:
    """A replica, after its signature was checked."""
    data = decode(raw)

    def read() -> Replica:
        members = [member_from_json(member) for member in data["members"]]
        return Replica(
            Version(*map(int, data["version"])),
            instant(data["issued"]),
            machine_from_json(data["machine"]),
            policy_from_json(data["policy"]),
            opening_from_json(data["opening"]),
            {member.id: member for member in members},
            tuple(booking_from_json(booking) for booking in data["bookings"]),
            (int(data["acked"][0]), int(data["acked"][1])),
            tuple(device_from_json(device) for device in data["devices"]),
            frozenset(map(str, data.get("erased", []))),
        )

    return checked("replica", read)


def device_to_json(device: Device) -> dict[str, Any]:
    """A device as JSON."""
    return {f.name: getattr(device, f.name) for f in fields(device)}


def device_from_json(raw: Mapping[str, Any]) -> Device:
    """A device from JSON."""
    machine = raw["machine"]
    return Device(str(raw["id"]), str(raw["key"]), str(raw["address"]), None if machine is None else str(machine))


def machine_to_json(machine: Machine) -> dict[str, Any]:
    """A machine as JSON."""
    plain = {f.name: getattr(machine, f.name) for f in fields(machine)}
    return plain | {"requires": sorted(machine.requires)}


def _strength(raw: Any) -> Strength | None:
    return None if raw is None else Strength(raw)


def machine_from_json(raw: Mapping[str, Any]) -> Machine:
    """A machine from JSON."""

    def read() -> Machine:
        kinds = {
            "requires": frozenset(raw["requires"]),
            "output": Output(raw["output"]),
            "weakest_badge": _strength(raw["weakest_badge"]),
        }
        return _of_its_kinds(Machine(**{**raw, **kinds}))

    return checked("machine", read)


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """A policy as JSON."""
    return {f.name: getattr(policy, f.name) for f in fields(policy)}


def policy_from_json(raw: Mapping[str, Any]) -> Policy:
    """A policy from JSON."""

    def read() -> Policy:
        policy = Policy(**{**raw, "untrusted_clock": UntrustedClock(raw["untrusted_clock"])})
        return _of_its_kinds(policy)

    return checked("policy", read)


def _of_its_kinds(value: V) -> V:
    """The value, if each of its plain fields is what its class says; a whole number will do for any other."""
    for f in fields(value):
        found = type(getattr(value, f.name))
        if isinstance(f.type, type) and found is not f.type and (f.type, found) != (float, int):
            raise WireError(f"{f.name} is not {f.type.__name__}")
    return value


def opening_to_json(opening: Opening) -> dict[str, Any]:
    """Opening hours as JSON; an end of 24:00 is written so."""
    return {
        "timezone": opening.timezone,
        "hours": [
            {
                "days": [DAYS[day] for day in sorted(hours.days)],
                "from": hours.start.isoformat("minutes"),
                "to": "24:00" if hours.end == time.max else hours.end.isoformat("minutes"),
            }
            for hours in opening.hours
        ],
    }


def opening_from_json(raw: Mapping[str, Any]) -> Opening:
    """Opening hours from JSON."""
    return checked(
        "opening",
        lambda: Opening(
            ZoneInfo(str(raw["timezone"]) or "?").key,
            tuple(
                Hours(
                    frozenset(DAYS.index(day) for day in hours["days"]),
                    time.fromisoformat(hours["from"]),
                    time.max if hours["to"] == "24:00" else time.fromisoformat(hours["to"]),
                )
                for hours in raw["hours"]
            ),
        ),
    )


def member_to_json(member: Member) -> dict[str, Any]:
    """A member as JSON: no name, and badges only as tags."""
    return {
        "id": member.id,
        "badges": [_badge_to_json(badge) for badge in member.badges],
        "qualifications": sorted(member.qualifications),
        "role": member.role,
        "category": member.category,
        "valid_until": None if member.valid_until is None else stamp(member.valid_until),
    }


def _badge_to_json(badge: Badge) -> list[Any]:
    """A badge's tag and whether it is revoked; its strength and key where it has more than a number, and until
    when it is good where it was lent."""
    bare = [badge.tag, badge.revoked]
    if badge.until is not None:
        return [*bare, badge.strength, badge.key, stamp(badge.until)]
    return bare if badge.strength is Strength.UID else [*bare, badge.strength, badge.key]


def _badge_from_json(
    tag: Any, revoked: Any, strength: Any = Strength.UID, key: Any = "", until: Any = None
) -> Badge:
    ends = None if until is None else instant(until)
    return Badge(str(tag), bool(revoked), Strength(strength), str(key), ends)


def member_from_json(raw: Mapping[str, Any]) -> Member:
    """A member from JSON."""
    return checked(
        "member",
        lambda: Member(
            str(raw["id"]),
            tuple(_badge_from_json(*badge) for badge in raw["badges"]),
            frozenset(raw["qualifications"]),
            Role(raw["role"]),
            Category(raw["category"]),
            None if raw["valid_until"] is None else instant(raw["valid_until"]),
        ),
    )
