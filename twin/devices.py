"""Units and kiosks: how they prove who they are, what they say and hear, and how they are enrolled.

A device signs each of its requests with its own Ed25519 key (RFC 9421, the profile of `server_sync.identity`).
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select
from starlette.concurrency import run_in_threadpool

from access import people
from access.facts import stamp
from access.replica import Version
from server_sync import canonical, replica_wire, wire
from server_sync.enrolment import NUMBERS
from server_sync.identity import PublicKey, RequestVerifier, seal
from twin import knowledge, screen, tables
from twin.auth import Caller, Denied, Role, TheCaller
from twin.context import TheTwin, Twin, epoch_of
from twin.enrolment import LIFE, CodeRefused
from twin.live import site_name
from twin.shapes import Body, Id, Name
from twin.store import Store, put
from twin.waiting import Standing

LONGEST_WAIT = 25
"""Seconds that a device may wait for news."""

ROLES = {
    people.Role.MEMBER: Role.MEMBER,
    people.Role.TRAINER: Role.TRAINER,
    people.Role.TECHNICIAN: Role.TECHNICIAN,
    people.Role.STAFF: Role.ADMIN,
}
"""What a member of the workshop is to the twin."""

devices = APIRouter(tags=["devices"])


class StoredFloors:
    """The floors of the devices' numbers, in the twin's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def floor(self, key: str) -> int:
        """See `server_sync.identity.Floors`."""
        with self._store.read() as db:
            kept = db.execute(select(tables.floors.c.floor).where(tables.floors.c.key == key)).scalar_one_or_none()
        return int(kept or 0)

    def raised(self, key: str, floor: int) -> None:
        """See `server_sync.identity.Floors`."""
        with self._store.write() as db:
            put(db, tables.floors, {"key": key}, {"floor": floor})


class SignedDevices:
    """Knows a device by what it signed, each message once."""

    def __init__(self, store: Store) -> None:
        self._verifier = RequestVerifier("twin", lambda id: None, StoredFloors(store))

    def claims(self, request: Request) -> bool:
        """True when a request says that it comes from a device."""
        return "signature-input" in request.headers

    def device(self, db: Connection, request: Request, body: bytes) -> Caller | None:
        """The device that signed the request; None when it is unknown, revoked or did not sign it.

        A device with no machine of its own is a kiosk.
        """
        u = tables.units.c
        found: dict[str, str | None] = {}

        def key_of(id: str) -> PublicKey | None:
            query = select(u.machine, u.public_key).where(u.id == id, u.revoked.is_(False))
            row = db.execute(query).one_or_none()
            if row is not None:
                found[id] = row.machine
            return None if row is None else PublicKey(row.public_key)

        target = _target(request)
        id = self._verifier.verify_with(key_of, request.method, target, body, dict(request.headers))
        if id is None:
            return None
        return Caller(Role.KIOSK if found[id] is None else Role.UNIT, id=id)

    def person(self, db: Connection, kiosk: str, tag: str, now: datetime) -> Caller | None:
        """Whose good badge the kiosk knows by this tag; None when it is nobody's, or when it or the membership
        is over."""
        key = db.execute(select(tables.units.c.tag_key).where(tables.units.c.id == kiosk)).scalar_one()
        for member in knowledge.members(db, bytes.fromhex(key)).values():
            for badge in member.badges:
                if badge.tag == tag and not (badge.revoked or badge.ended(now) or member.expired(now)):
                    return Caller(ROLES[member.role], kiosk, member.id)
        return None


def _target(request: Request) -> str:
    """The path and the query, as they were sent."""
    path, query = bytes(request.scope["raw_path"]), bytes(request.scope["query_string"])
    return (path + b"?" + query if query else path).decode("latin-1")


# --- what they say and hear --------------------------------------------------------------------------------


class Changes(BaseModel):
    """Whether there is news for a device: its version now, and whether a request waits for its answer."""

    changed: bool
    epoch: int
    version: int
    pending: bool


def _own(caller: TheCaller, unit: Id) -> str:
    if caller.id != unit:
        raise Denied(403, "not_this_device", f"Cet appareil est « {caller.id} » : il ne parle que pour lui-même.")
    return unit


class _Sealed(Response):
    media_type = "application/octet-stream"


@devices.post(
    "/api/units/{unit}/exchange",
    response_class=_Sealed,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def exchange(unit: Annotated[str, Depends(_own)], request: Request, twin: TheTwin) -> Response:
    """Facts up, rules down: an `ExchangeRequest` of `server_sync.wire`, answered by a sealed reply."""
    body = await request.body()

    def answer() -> bytes:
        asked = wire.request_from_bytes(body)
        if asked.unit != unit:
            raise canonical.WireError(f"this is an exchange of {asked.unit}, not of {unit}")
        return twin.exchange.answer(asked)

    try:
        return _Sealed(await run_in_threadpool(answer))
    except canonical.WireError as error:
        raise Denied(400, "unreadable", f"Mettre le boîtier à jour : {error}.") from None


@devices.get("/api/units/{unit}/changes")
async def changes(
    unit: Annotated[str, Depends(_own)],
    twin: TheTwin,
    version: Annotated[int, Query(ge=0, le=2**53)],
    epoch: Annotated[int, Query(ge=0, le=2**53)],
    wait: Annotated[float, Query(ge=0)] = 15,
) -> Changes:
    """Answers as soon as there is something newer than `epoch`.`version`, or a request to answer; else after
    `wait` seconds, of which 25 at the most."""
    have = Version(epoch, version)

    def enough(standing: Standing) -> bool:
        return standing.news_for(have)

    standing = await twin.changes.wait(unit, enough, min(wait, LONGEST_WAIT))
    if standing is None:
        raise Denied(404, "not_found", "Cet appareil n'est plus enregistré.")
    newest = standing.version
    return Changes(changed=enough(standing), epoch=newest.epoch, version=newest.n, pending=standing.pending)


@devices.get("/api/kiosk/replica", response_class=_Sealed)
def kiosk_replica(caller: TheCaller, twin: TheTwin) -> Response:
    """Everything a kiosk needs, sealed by the twin: JSON as `kiosk_copy` describes it."""
    with twin.store.read() as db:
        return _Sealed(seal(canonical.encode(kiosk_copy(db, caller.id, twin.now())), twin.key))


def kiosk_copy(db: Connection, kiosk: str, now: datetime) -> dict[str, Any]:
    """A kiosk's copy. Members, machines, policy and opening are as in a unit's replica, badges as tags
    under the kiosk's own key. `names` are for the screen; `units` say where each machine's unit answers."""
    u, m, p = tables.units.c, tables.machines.c, tables.members.c
    own = db.execute(select(u.version, u.tag_key).where(u.id == kiosk)).one()
    machines = {row.id: row.name or row.id for row in db.execute(select(m.id, m.name).order_by(m.id))}
    names = {row.id: row.name for row in db.execute(select(p.id, p.name))}
    found = [knowledge.machine(db, id) for id in machines]
    live = select(u.id, u.machine, u.address, u.public_key).where(u.machine.is_not(None), u.revoked.is_(False))
    return {
        "kiosk": kiosk,
        "version": [epoch_of(db), own.version],
        "issued": stamp(now),
        "site": site_name(db),
        "policy": replica_wire.policy_to_json(knowledge.policy(db)),
        "opening": replica_wire.opening_to_json(knowledge.opening(db)),
        "machines": [replica_wire.machine_to_json(machine) for machine in found if machine is not None],
        "members": [
            replica_wire.member_to_json(member)
            for member in knowledge.members(db, bytes.fromhex(own.tag_key)).values()
        ],
        "names": {"machines": machines, "members": names},
        "screen": screen.for_kiosk(db, names, now),
        "units": [
            {"id": row.id, "machine": row.machine, "address": row.address, "public_key": row.public_key}
            for row in db.execute(live.order_by(u.id))
        ],
    }


# --- enrolling them ---

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Address = Annotated[str, Field(pattern=r"^[\w.:/\[\]-]*$", max_length=200)]


class UnitChange(Body):
    """What is to change about a unit. `revoked`: it is not answered any more; only a new code and a new key
    make it known again. `desk`: badges are given out at this kiosk."""

    address: Address | None = None
    revoked: bool | None = None
    desk: bool | None = None


class NewCode(Body):
    """Who the code is for: a machine's unit, or without a machine a kiosk, or a device that is known already."""

    unit: Name
    machine: Name | None = None


class CodeMade(BaseModel):
    """A one-time code, shown once, and how long it is good for."""

    code: str
    minutes: int


class Enrolling(Body):
    """A device that shows its code: the number and the digest of the secret in it. `public_key` is the device's
    own, and the one that this message is signed with. `address` is that of its LAN port."""

    number: Annotated[int, Field(ge=0, lt=NUMBERS)]
    digest: Key
    public_key: Key
    address: Address = ""


class EnrolledOut(BaseModel):
    """What a new device is told, this once: who it is, the key of its badge tags, and the twin's public key."""

    unit: str
    machine: str | None
    tag_key: str
    twin_public_key: str


class UnitOut(BaseModel):
    """A unit as the twin knows it, without its secrets."""

    id: str
    machine: str | None
    public_key: str
    address: str
    version: int
    lease_end: str | None
    last_seen: str | None
    revoked: bool
    desk: bool


@devices.get("/api/units", tags=["units"])
def list_units(twin: TheTwin) -> list[UnitOut]:
    """Every unit and kiosk."""
    with twin.store.read() as db:
        return [_unit(row) for row in db.execute(select(tables.units).order_by(tables.units.c.id))]


@devices.post("/api/codes", status_code=201, tags=["units"])
def make_code(asked: NewCode, twin: TheTwin) -> CodeMade:
    """Make a one-time code for a device."""
    try:
        code = twin.enrolments.offer(asked.unit, asked.machine, twin.now())
    except CodeRefused as error:
        raise Denied(409, "no_code", str(error)) from None
    return CodeMade(code=str(code), minutes=int(LIFE.total_seconds() // 60))


@devices.post("/api/enrol", tags=["devices"])
async def enrol(asked: Enrolling, request: Request, twin: TheTwin) -> EnrolledOut:
    """Make the device known that shows a code and signs with its own key."""
    own_key = RequestVerifier("twin", lambda id: PublicKey(asked.public_key) if id == asked.public_key else None)
    if own_key.verify("POST", _target(request), await request.body(), dict(request.headers)) is None:
        raise Denied(403, "not_signed", "Signer la demande avec la clé qu'elle annonce.")

    def redeem() -> EnrolledOut:
        now = twin.now()
        told = twin.enrolments.redeem(asked.number, asked.digest, asked.public_key, asked.address, now)
        return EnrolledOut(
            unit=told.unit, machine=told.machine, tag_key=told.tag_key, twin_public_key=twin.key.public.hex
        )

    try:
        return await run_in_threadpool(redeem)
    except CodeRefused as error:
        raise Denied(403, "wrong_code", str(error)) from None


@devices.get("/ca.pem")
def authority(twin: TheTwin) -> Response:
    """The certificate of the twin's own authority: devices check it by their code, browsers are given it."""
    return Response(twin.authority, media_type="application/x-x509-ca-cert")


@devices.patch("/api/units/{unit}", tags=["units"])
def change_unit(unit: Id, asked: UnitChange, twin: TheTwin) -> UnitOut:
    """Change a unit's address, make a kiosk a desk, or revoke it."""
    known = _known_unit(twin, unit)
    if asked.address is not None:
        tag_key = bytes.fromhex(known.tag_key)
        twin.people.put_unit(unit, known.machine, known.public_key, tag_key, asked.address)
    if asked.desk is not None:
        if known.machine is not None:
            raise Denied(422, "no_kiosk", "Seule une borne peut être un bureau où l'on remet des badges.")
        twin.people.name_desk(unit, asked.desk)
    if asked.revoked:
        twin.people.revoke_unit(unit)
    return _unit(_known_unit(twin, unit))


def _known_unit(twin: Twin, id: str) -> Row[Any]:
    with twin.store.read() as db:
        row = db.execute(select(tables.units).where(tables.units.c.id == id)).one_or_none()
    if row is None:
        raise Denied(404, "not_found", f"Il n'y a pas de boîtier « {id} ».")
    return row


def _unit(row: Row[Any]) -> UnitOut:
    return UnitOut(**{name: getattr(row, name) for name in UnitOut.model_fields})
