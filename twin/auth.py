"""Who may do what: one table, and the guard that reads it before anything else sees a request.

A route that is not in `ROUTES` does not exist for anybody, whatever the application has registered. Tokens
are kept as SHA-256 only. A person sends one as `Authorization: Bearer`, or pastes it once on the sign-in page
and has it in a cookie that no script can read. Units and kiosks sign their requests instead (`twin.devices`).
"""

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Protocol, cast
from urllib.parse import urlsplit

from fastapi import Depends
from sqlalchemy import Connection, insert, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.facts import stamp
from twin.store import Store
from twin.tables import tokens

COOKIE = "lisiere"
SIGN_IN = "/connexion"
EXCHANGE_LIMIT = 256 * 1024
BODY_LIMIT = 16 * 1024
BODY_SECONDS = 15
"""How long a body may take to arrive."""


class Role(StrEnum):
    """What a caller is. The first two are devices."""

    UNIT = "unit"
    KIOSK = "kiosk"
    MEMBER = "member"
    TRAINER = "trainer"
    TECHNICIAN = "technician"
    ADMIN = "admin"
    AUDITOR = "auditor"


DEVICES = frozenset({Role.UNIT, Role.KIOSK})
PEOPLE = frozenset(Role) - DEVICES
TEAM = frozenset({Role.TRAINER, Role.TECHNICIAN, Role.ADMIN})
READERS = frozenset({Role.TECHNICIAN, Role.ADMIN, Role.AUDITOR})
TECHNICAL = frozenset({Role.TECHNICIAN, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
KIOSK = frozenset({Role.KIOSK})

SEES_PEOPLE = TEAM | READERS
"""Who is told which member a run, a booking or a refusal is of; a member is told of his own."""

NO_TOKEN = None

EXCHANGE = "POST /api/units/{unit}/exchange"

ROUTES: Mapping[str, frozenset[Role] | None] = {
    "GET /healthz": NO_TOKEN,
    "GET /openapi.json": NO_TOKEN,
    "GET /ca.pem": NO_TOKEN,
    "GET /connexion": NO_TOKEN,
    "POST /connexion": NO_TOKEN,
    "GET /connexion/style.css": NO_TOKEN,
    "POST /deconnexion": PEOPLE,
    "GET /": PEOPLE,
    "GET /vivant": PEOPLE,
    "GET /traces": PEOPLE,
    "GET /static/{name}": PEOPLE,
    EXCHANGE: frozenset({Role.UNIT}),
    "GET /api/units/{unit}/changes": DEVICES,
    "GET /api/kiosk/replica": KIOSK,
    "GET /api/members": TEAM | {Role.AUDITOR},
    "POST /api/members": ADMIN,
    "PATCH /api/members/{member}": ADMIN,
    "DELETE /api/members/{member}": ADMIN,
    "GET /api/machines": PEOPLE | {Role.KIOSK},
    "POST /api/machines": ADMIN,
    "PATCH /api/machines/{machine}": ADMIN,
    "POST /api/machines/{machine}/lock": TECHNICAL,
    "POST /api/machines/{machine}/unlock": TECHNICAL,
    "GET /api/units": READERS,
    "POST /api/codes": ADMIN,
    "POST /api/enrol": NO_TOKEN,
    "PATCH /api/units/{unit}": ADMIN,
    "GET /api/bookings": PEOPLE,
    "POST /api/bookings": TEAM | {Role.MEMBER},
    "POST /api/bookings/{booking}/extend": TEAM | {Role.MEMBER},
    "POST /api/bookings/{booking}/cancel": TEAM | {Role.MEMBER},
    "PUT /api/badges/{number}/card": ADMIN,
    "POST /api/badges/{number}/revoke": TECHNICAL,
    "POST /api/badges/{number}/restore": TECHNICAL,
    "GET /api/runs": PEOPLE,
    "GET /api/rows": READERS,
    "GET /api/states": PEOPLE | {Role.KIOSK},
    "GET /api/refusals": READERS | {Role.TRAINER},
    "GET /api/usage": PEOPLE,
    "GET /api/acts": READERS,
    "GET /api/screen": TEAM | {Role.AUDITOR},
    "PUT /api/screen": ADMIN,
    "GET /api/kiosk/team/record": KIOSK,
    "POST /api/kiosk/team/lock": KIOSK,
    "POST /api/kiosk/team/unlock": KIOSK,
    "POST /api/kiosk/team/service": KIOSK,
    "POST /api/kiosk/team/reports": KIOSK,
    "POST /api/kiosk/team/lend": KIOSK,
    "POST /api/kiosk/team/card": KIOSK,
}
"""Every route there is, and the roles that may use it. Nothing else is let through."""

BY_BADGE: Mapping[str, frozenset[Role]] = {
    "GET /api/kiosk/team/record": TECHNICAL,
    "POST /api/kiosk/team/lock": TECHNICAL,
    "POST /api/kiosk/team/unlock": TECHNICAL,
    "POST /api/kiosk/team/service": TECHNICAL,
    "POST /api/kiosk/team/reports": TECHNICAL,
    "POST /api/kiosk/team/lend": frozenset({Role.TRAINER, Role.ADMIN}),
    "POST /api/kiosk/team/card": ADMIN,
}
"""What a kiosk asks for somebody who has badged at it, and who that has to be. What lies under `AT_KIOSK` and is
not here is refused to everybody."""

AT_KIOSK = "/api/kiosk/team/"


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path))


_PATTERNS = [(key.split()[0], _pattern(key.split()[1]), key) for key in ROUTES]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request: `id` is the device's, `member` the person's where the token is bound to one, or
    where that person has badged at a kiosk (the role is then the person's, the id the kiosk's)."""

    role: Role
    id: str = ""
    member: str | None = None

    @property
    def sees_people(self) -> bool:
        """True for those who are told the names behind what happened."""
        return self.role in SEES_PEOPLE

    def may_see(self, member: str | None) -> bool:
        """True when the caller may be told that this member was involved."""
        return self.sees_people or (member is not None and member == self.member)


class Denied(Exception):
    """A request that goes no further: its status, a word for programs, and what to do for people."""

    def __init__(self, status: int, error: str, what_to_do: str) -> None:
        super().__init__(what_to_do)
        self.status, self.error, self.what_to_do = status, error, what_to_do

    def response(self) -> Response:
        """One line of JSON."""
        said = json.dumps({"error": self.error, "what_to_do": self.what_to_do}, ensure_ascii=False)
        return Response(said + "\n", self.status, media_type="application/json")


def digest(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(
    store: Store, role: Role, now: datetime, member: str | None = None, life: timedelta | None = None
) -> str:
    """A new token for a person. It is shown once: only its digest is kept."""
    if role in DEVICES:
        raise ValueError(f"a {role} has no token: it signs its requests with its own key")
    token = f"lisiere_{secrets.token_urlsafe(32)}"
    expires = None if life is None else stamp(now + life)
    row = {"hash": digest(token), "role": role, "member": member, "made": stamp(now), "expires": expires}
    with store.write() as db:
        db.execute(insert(tokens).values(row))
    return token


def bearer(store: Store, token: str, now: datetime) -> Caller | None:
    """Whose token it is; None when it is unknown or over."""
    with store.read() as db:
        row = db.execute(select(tokens).where(tokens.c.hash == digest(token))).one_or_none()
    if row is None or (row.expires is not None and row.expires <= stamp(now)):
        return None
    return Caller(Role(row.role), member=row.member)


def caller_of(request: Request) -> Caller:
    """Who sent a request that the guard let through."""
    return cast(Caller, request.state.caller)


TheCaller = Annotated[Caller, Depends(caller_of)]


def rule(method: str, path: str) -> str | None:
    """The key in `ROUTES` of a request; None when there is none. Denied when only the method is wrong."""
    fits = [(allowed, key) for allowed, pattern, key in _PATTERNS if pattern.fullmatch(path)]
    for allowed, key in fits:
        if allowed == method:
            return key
    if fits:
        methods = ", ".join(sorted(allowed for allowed, _ in fits))
        raise Denied(405, "wrong_method", f"Cette adresse accepte : {methods}.")
    return None


class DeviceCheck(Protocol):
    """How a device proves who it is: `twin.devices`."""

    def claims(self, request: Request, /) -> bool:
        """True when a request says that it comes from a device."""

    def device(self, db: Connection, request: Request, body: bytes, /) -> Caller | None:
        """The device that sent it; None when that is not proved."""

    def person(self, db: Connection, kiosk: str, tag: str, now: datetime, /) -> Caller | None:
        """Whose good badge a kiosk knows by this tag; None when it is nobody's."""


class Guard:
    """The outermost layer: size, identity and role of every request; safe headers on every answer."""

    def __init__(self, app: ASGIApp, store: Store, now: Callable[[], datetime], devices: DeviceCheck) -> None:
        """`devices` knows a device by what it signed."""
        self._app, self._store, self._now, self._devices = app, store, now, devices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through to the application, or answer it here."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        sender = _with_headers(scope, send)
        try:
            body = await self._admit(Request(scope, receive))
        except Denied as denied:
            return await _refusal(Request(scope), denied)(scope, receive, sender)
        return await self._app(scope, _replay(body, receive), sender)

    async def _admit(self, request: Request) -> bytes:
        """The request's body, once the caller was found to be allowed; `request.state.caller` says who."""
        key, body = rule(request.method, request.scope["path"]), None
        roles = NO_TOKEN if key is None else ROUTES[key]
        limit = EXCHANGE_LIMIT if key == EXCHANGE else BODY_LIMIT
        if key is None or roles is not NO_TOKEN:
            if self._devices.claims(request):
                body = await _body(request, limit)
            caller = await run_in_threadpool(self._identify, request, body)
            if key is None:
                raise Denied(404, "not_found", "Il n'y a rien à cette adresse. Voir /openapi.json.")
            if roles is None or caller.role not in roles:
                raise Denied(403, "not_allowed", f"Le rôle « {caller.role} » n'a pas ce droit.")
            if AT_KIOSK in key:
                caller = await run_in_threadpool(self._badged, key, caller.id, request)
            request.state.caller = caller
        elif request.method != "GET":
            _same_origin(request)
        return await _body(request, limit) if body is None else body

    def _identify(self, request: Request, body: bytes | None) -> Caller:
        if body is not None:
            return self._device(request, body)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.cookies.get(COOKIE, "")
            if token and request.method != "GET":
                _same_origin(request)
        caller = bearer(self._store, token.strip(), self._now()) if token else None
        if caller is None:
            raise Denied(
                401,
                "not_signed_in",
                "Se connecter sur /connexion, ou envoyer « Authorization: Bearer JETON ».",
            )
        return caller

    def _badged(self, key: str, kiosk: str, request: Request) -> Caller:
        """Who has badged at a kiosk, once they were found to be allowed. The query is signed by the kiosk."""
        with self._store.read() as db:
            caller = self._devices.person(db, kiosk, request.query_params.get("badge", ""), self._now())
        if caller is None:
            raise Denied(403, "no_such_badge", "Ce badge n'est pas, ou plus, celui d'un membre.")
        if caller.role not in BY_BADGE.get(key, frozenset()):
            raise Denied(403, "badge_not_allowed", f"Le rôle « {caller.role} » n'a pas ce droit.")
        return caller

    def _device(self, request: Request, body: bytes) -> Caller:
        with self._store.read() as db:
            caller = self._devices.device(db, request, body)
        if caller is None:
            raise Denied(
                401,
                "not_this_device",
                "Appareil inconnu, retiré, ou signature fausse : l'enregistrer à nouveau.",
            )
        return caller


def _same_origin(request: Request) -> None:
    """Another page on this computer may not use the cookie: browsers say where a form was sent from."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Denied(403, "other_origin", "Envoyer le formulaire depuis la page du jumeau elle-même.")


async def _body(request: Request, limit: int) -> bytes:
    """The whole body. Denied once it is over the limit, or takes too long."""
    too_large = Denied(413, "too_large", f"Envoyer au plus {limit // 1024} Kio à la fois.")
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > limit:
        raise too_large
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                read += part
                if len(read) > limit:
                    raise too_large
    except ClientDisconnect:
        raise Denied(400, "cut_short", "Envoyer la demande à nouveau : elle n'est pas arrivée entière.") from None
    except TimeoutError:
        raise Denied(408, "too_slow", "Envoyer la demande à nouveau : elle n'est pas arrivée entière.") from None
    return bytes(read)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read here, once; after it, whatever the connection says."""
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


def _refusal(request: Request, denied: Denied) -> Response:
    """A person in a browser who is not signed in is shown where to; everything else gets the one line."""
    page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if denied.status == 401 and page:
        return RedirectResponse(SIGN_IN, 303)
    return denied.response()


_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CONTENT,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _with_headers(scope: Scope, send: Send) -> Send:
    """Answers leave with safe headers, and are kept by nobody unless they say otherwise."""

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sender
