"""Requests that nobody foresaw, made from the twin's own OpenAPI document by Schemathesis, sent as somebody."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from zlib import crc32

import schemathesis
from hypothesis import strategies as st
from schemathesis import HookContext
from schemathesis.schemas import APIOperation, BaseSchema
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.bookings import Booking, RequestRefused
from access.replica import Version
from access.vocabulary import Refusal
from server_sync.identity import Counter, PrivateKey, RequestSigner
from server_sync.wire import ExchangeRequest, Row, request_to_bytes
from tests.twin_app.workshop import START, Site
from twin.auth import DEVICES, ROUTES, Role
from twin.context import Twin

NOBODY = None
EVERYBODY = (NOBODY, *Role)
NEWCOMER = PrivateKey(bytes([9]) * 32)
"""The key of a device that enrols."""
DEVICE = {Role.UNIT: "u-overlock", Role.KIOSK: "kiosk-1"}

KNOWN = {
    "member": ["ana", "ben"],
    "machine": ["overlock-1", "press-1"],
    "unit": ["u-overlock", "kiosk-1", "new-1"],
    "booking": ["b1", "b2"],
    "number": ["04A1B2C3D4E5F6"],
    "name": ["style.css"],
    "by": ["ben"],
}
"""What is really there, by the name under which it is asked for."""
HOURS = ["2026-03-10T12:30:00Z", "2026-03-10T14:00:00Z", "2026-03-10T15:00:00Z", "2026-03-11T15:00:00+01:00"]
EDGES = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999-12:00",
    "",
    "2026-02-30",
    "\ud800",
    "\x00",
    "é" * 300,
]
NUMBERS = [10**13, 2**63, -(2**63), 10**400]
"""What is often forgotten: the ends of time, no text, a day that is none, half a character, no character."""


def operations(app: ASGIApp) -> list[APIOperation[Any, Any, Any, Any]]:
    """Every operation of the twin."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    _set_up(schema)
    return [found.ok() for found in schema.get_all_operations()]


def allowed(operation: APIOperation[Any, Any, Any, Any]) -> set[Role | None]:
    """Who may use an operation; everybody where nobody has to be signed in."""
    roles = ROUTES[f"{operation.method.upper()} {operation.path}"]
    return set(EVERYBODY) if roles is None else set(roles)


# --- who sends it ---


class Disguise:
    """An ASGI application that sends what comes on to a workshop's twin, signed in as somebody."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.headers: Callable[[str, str, bytes], Mapping[str, str]] = lambda method, target, body: {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        assert self.app is not None
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        own = self.headers(scope["method"], target.decode("latin-1"), body)
        said = [(name.lower().encode(), value.encode("latin-1")) for name, value in own.items()]
        scope = scope | {"headers": [*scope["headers"], *said]}

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    def be(self, role: Role | None, site: Site) -> None:
        """From now on the requests are somebody's, at that site."""
        self.app = site.app
        if role in DEVICES:
            self.headers = lambda method, target, body: site.signed(DEVICE[role], method, target, body)
        elif role is NOBODY:
            signer = RequestSigner(NEWCOMER.public.hex, NEWCOMER, "twin", Counter())
            self.headers = lambda method, target, body: signer.sign(method, target, body) if body else {}
        else:
            token = site.token(role, "ana" if role is Role.MEMBER else None)
            self.headers = lambda method, target, body: {"Authorization": f"Bearer {token}"}


# --- what is sent ---


def _set_up(schema: BaseSchema) -> None:
    schema.hook("map_path_parameters")(lambda context, found: _grounded(found))
    schema.hook("map_query")(_at_once)
    schema.hook("map_body")(lambda context, found: _grounded(found))
    schema.hook("flatmap_body")(_exchange)


def _grounded(found: Any) -> Any:
    """Half of what is asked for is there, and half of the times are today's: else nothing goes deep."""
    if not isinstance(found, dict):
        return found
    mark = crc32(json.dumps(found, default=str).encode())
    known = dict(found)
    for place, name in enumerate(sorted(found)):
        mine = mark >> 2 * place
        if name in KNOWN and mine & 1:
            known[name] = KNOWN[name][mine // 2 % len(KNOWN[name])]
        elif name in ("start", "end", "valid_until") and mine & 1:
            known[name] = [*HOURS, *EDGES][mine // 2 % (len(HOURS) + len(EDGES))]
        elif name == "public_key" and mine & 1:
            known[name] = NEWCOMER.public.hex
    return known


def _at_once(context: HookContext, query: Any) -> Any:
    """Nobody waits here: a question for news is answered at once."""
    found = _grounded(query or {})
    if context.operation is not None and context.operation.path.endswith("/changes"):
        found["wait"] = min(found["wait"], 0) if isinstance(found.get("wait"), int | float) else 0
    return found


def _exchange(context: HookContext, body: Any) -> st.SearchStrategy[Any]:
    if context.operation is None or not context.operation.path.endswith("/exchange"):
        return st.just(body)
    return st.just(body) | spoilt_exchanges()


words = st.text(max_size=8) | st.sampled_from(EDGES)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.sampled_from(NUMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoilt_exchanges(draw: st.DrawFn) -> bytes:
    """An exchange of a unit as it should be, but for a few places."""
    told: Any = json.loads(request_to_bytes(an_exchange(draw(st.integers(1, 4)))))
    for _ in range(draw(st.integers(0, 3))):
        at, key = told, draw(st.sampled_from(sorted(told)))
        while isinstance(at[key], dict | list) and at[key] and draw(st.booleans()):
            at = at[key]
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        at[key] = draw(values)
    return json.dumps(told).encode()


def an_exchange(seq: int) -> ExchangeRequest:
    """A run, a decision, a walk-up and an acceptance, a refusal, and how the unit stands."""
    hours = {"start": HOURS[1], "end": HOURS[2]}
    run = {"run": f"r{seq}", "booking": "b1", "started": HOURS[0], "ended": HOURS[1], "end_reason": "member"}
    walk_up = {"id": f"k{seq}", "outcome": "accepted", "source": "kiosk", "machine": "overlock-1", "reasons": []}
    rows = (
        ("run", run | {"powered_ms": 60_000, "running_ms": 1000}),
        ("decision", {"outcome": "refused", "reason": "no_booking", "booking": "b1"}),
        ("booking", walk_up | hours),
        ("request", {"request": REQUEST, "outcome": "accepted", "end": HOURS[2]}),
    )
    return ExchangeRequest(
        unit="u-overlock",
        epoch=1,
        nonce="nonce",
        have=Version(0, 0),
        rows=tuple(_row(seq + n, kind, body) for n, (kind, body) in enumerate(rows)),
        last_seq=seq + len(rows) - 1,
        refusals=(RequestRefused(REQUEST, (Refusal.OVERLAP,)),),
        state={"phase": "running", "since": HOURS[0], "until": HOURS[1], "faults": ["journal"]},
        bookings=(booked("b1", 1),) if seq % 2 else None,
    )


REQUEST = "u-overlock:1.000001"
CLOCKS = ["synced", "lower_bound", "insane"]


def _row(seq: int, kind: str, body: dict[str, Any]) -> Row:
    clock, who = CLOCKS[seq % 3], {"member": "ana"}
    return Row("u-overlock", 1, seq, HOURS[0], 0, 1, clock, 50, kind, body, "", "", f"hash {seq}", who)


def booked(id: str, hours: float) -> Booking:
    """An hour of ana's on the overlocker, so many hours after the start."""
    start = START + timedelta(hours=hours)
    return Booking(id, "overlock-1", "ana", start, start + timedelta(hours=1))


# --- a workshop in which there is something to find ---


def furnish(site: Site) -> None:
    """Two bookings, a run and a refusal, a code for a device, and a request that waits for its unit."""
    twin: Twin = site.app.state.twin
    twin.bookings.put(booked("b1", 1))
    twin.bookings.put(booked("b2", 50))
    twin.exchange.answer(an_exchange(1))
    twin.bookings.book("w1", "ana", "overlock-1", START + timedelta(hours=3), START + timedelta(hours=4))
    twin.enrolments.offer("new-1", None, site.clock.now)
