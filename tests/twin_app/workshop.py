"""A workshop's twin on a real SQLite file, and everybody who calls it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from access.facts import stamp
from access.machines import Machine
from access.people import Role as Person
from access.replica import Version
from server_sync.identity import Counter, PrivateKey, RequestSigner, unseal
from server_sync.wire import ExchangeReply, ExchangeRequest, Row, reply_from_bytes, request_to_bytes
from twin.app import create_app
from twin.auth import Role, make_token
from twin.people import People
from twin.store import Store

START = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
BADGE = "04A1B2C3D4E5F6"


@dataclass
class Clock:
    """The twin's clock, moved by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Site:
    """A workshop's twin, and ways to speak to it."""

    app: FastAPI
    store: Store
    people: People
    clock: Clock
    twin_key: PrivateKey
    keys: dict[str, PrivateKey]
    path: Path
    client: TestClient
    tokens: dict[Role, str] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    counter: Counter = field(default_factory=Counter)

    def token(self, role: Role, member: str | None = None) -> str:
        """A token of that role."""
        return make_token(self.store, role, self.clock.now, member)

    def ask(self, role: Role | None, method: str, path: str, **options: object) -> Response:
        """A request of somebody of that role; of nobody when None."""
        headers = {}
        if role is not None:
            self.tokens.setdefault(role, self.token(role, "ana" if role is Role.MEMBER else None))
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return self.client.request(method, path, headers=headers, follow_redirects=False, **options)  # type: ignore[arg-type]

    def signed(self, device: str, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """The headers with which a device signs a request, good once."""
        return RequestSigner(device, self.keys[device], "twin", self.counter).sign(method, path, body)

    def device(self, device: str, method: str, path: str, body: bytes = b"") -> Response:
        """A request of a device, as `server_sync.client` sends it."""
        headers = self.signed(device, method, path, body) | {"Content-Type": "application/json"}
        return self.client.request(method, path, content=body, headers=headers)

    def restarted(self) -> TestClient:
        """The twin's next process, on the same store."""
        return TestClient(create_app(self.store, self.twin_key, self.clock))

    def exchange(self, unit: str, *rows: Row, state: dict[str, object] | None = None) -> ExchangeReply:
        """One exchange of a unit, its answer checked."""
        last = max([self.seqs.get(unit, 0), *(row.seq for row in rows)])
        self.seqs[unit] = last
        request = ExchangeRequest(unit, 1, "nonce", Version(0, 0), rows, last, state=state or {})
        answer = self.device(unit, "POST", f"/api/units/{unit}/exchange", request_to_bytes(request))
        assert answer.status_code == 200, answer.text
        return reply_from_bytes(unseal(answer.content, self.twin_key.public))

    def row(self, unit: str, kind: str, /, opening: dict[str, object] | None = None, **body: object) -> Row:
        """The next row of a unit's journal."""
        seq = self.seqs[unit] = self.seqs.get(unit, 0) + 1
        at = stamp(self.clock.now)
        return Row(unit, 1, seq, at, 0, 1, "synced", 0, kind, body, "", "", f"hash {unit} {seq}", opening or {})

    def run(self, unit: str, id: str, start: datetime, seconds: int, running: int) -> Row:
        """A closed run of ana's."""
        return self.row(
            unit,
            "run",
            {"member": "ana"},
            run=id,
            booking=None,
            started=stamp(start),
            ended=stamp(start + timedelta(seconds=seconds)),
            powered_ms=seconds * 1000,
            running_ms=running * 1000,
            end_reason="member",
        )


@contextmanager
def opened(path: Path) -> Iterator[Site]:
    """Machines `overlock-1` and `press-1`, members ana and ben, one unit each, and a kiosk."""
    store, clock, key = Store(path, durable=False), Clock(), PrivateKey(bytes(32))
    people = People(store)
    people.put_member("ana", [BADGE], name="Ana")
    people.put_member("ben", ["04FFFFFFFFFFFF"], role=Person.TECHNICIAN)
    people.put_machine(Machine("overlock-1"), "Surjeteuse 1")
    people.put_machine(Machine("press-1"), "Presse 1")
    keys = {name: PrivateKey(bytes([n]) * 32) for n, name in enumerate(("u-overlock", "u-press", "kiosk-1"), 1)}
    machines = {"u-overlock": "overlock-1", "u-press": "press-1", "kiosk-1": None}
    for name, private in keys.items():
        people.put_unit(name, machines[name], private.public.hex, bytes(32), "192.0.2.7:8410")
    app = create_app(store, key, clock)
    with TestClient(app) as client:
        yield Site(app, store, people, clock, key, keys, path, client)
    store.close()
