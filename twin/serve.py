"""`lisiere twin`: the twin as one process, and the tokens and codes that open it."""

import argparse
import asyncio
import errno
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from server_sync.enrolment import fingerprint
from server_sync.identity import IdentityError, PrivateKey
from twin.app import create_app
from twin.auth import PEOPLE, Role, make_token
from twin.authority import Authority, AuthorityError
from twin.context import Twin
from twin.enrolment import CodeRefused, Enrolments
from twin.impatient import Impatient
from twin.people import Unknown
from twin.restored import begin_epoch
from twin.store import Store

EXAMPLES = """examples:
  lisiere twin --data /srv/lisiere                       serve on https://127.0.0.1:8400
  lisiere twin --data /srv/lisiere --host 0.0.0.0 --name twin.example.org
                                                         the same for the whole network, also under that name
  lisiere twin --data /srv/lisiere --plain-http 8480     and on http://127.0.0.1:8480, for this computer only
  lisiere twin --data /srv/lisiere --restored            the first start after a backup was put back
  lisiere twin token --data /srv/lisiere --role admin    a token to paste on the sign-in page
  lisiere twin token --data /srv/lisiere --role member --member ana --days 90
  lisiere twin code --data /srv/lisiere --unit overlock-1 --machine overlock-1
                                                         a one-time code for 'lisiere enrol' on a machine's unit
  lisiere twin code --data /srv/lisiere --unit kiosk-1   the same for a kiosk
"""
LOOPBACK = "127.0.0.1"


class CannotServe(Exception):
    """Why the twin cannot start, and what to do; one line."""


def serve(
    data: Path,
    host: str,
    port: int,
    database: str | None = None,
    names: Sequence[str] = (),
    plain_port: int | None = None,
    restored: bool = False,
) -> None:
    """Serve over TLS until SIGTERM or SIGINT, and on `plain_port` without it, to this computer only.

    `database`: a URL; without it `twin.db` in `data`. `names`: what else the twin is called. `restored`: the
    folder came back from a backup, and a new epoch begins. CannotServe.
    """
    with ExitStack() as parts:
        listening = parts.enter_context(closing(_listen(host, port)))
        plain = None if plain_port is None else parts.enter_context(closing(_listen(LOOPBACK, plain_port)))
        store = parts.enter_context(closing(_store(data, database)))
        authority = _authority(data)
        if restored:
            print(f"lisiere twin: restored: epoch {begin_epoch(store, _now())} begins", flush=True)
        app = create_app(store, _key(data), _now, authority=authority.pem)
        doors = [_Door(app, listening, authority.certify([host, *names]))]
        print(f"lisiere twin: https://{_in_url(host)}:{port}", flush=True)
        if plain is not None:
            doors.append(_Door(app, plain))
            print(f"lisiere twin: http://{LOOPBACK}:{plain_port} (this computer only)", flush=True)
        _Door.serve_all(doors)


def code(data: Path, unit: str, machine: str | None, database: str | None = None) -> str:
    """A one-time code for a device, shown once. CodeRefused, Unknown."""
    with closing(_store(data, database)) as store:
        return str(Enrolments(store, fingerprint(_authority(data).pem)).offer(unit, machine, _now()))


def opened(data: Path, database: str | None = None) -> AbstractContextManager[Store]:
    """The twin's database, also while the twin serves. CannotServe."""
    return closing(_store(data, database))


def token(
    data: Path,
    role: str,
    database: str | None = None,
    member: str | None = None,
    days: int | None = 365,
) -> str:
    """A new token for a person, shown once. `days`: how long it is good for. ValueError for a wrong role."""
    store = _store(data, database)
    try:
        life = None if days is None else timedelta(days=days)
        return make_token(store, Role(role), _now(), member, life)
    finally:
        store.close()


class _Door(uvicorn.Server):
    """One port. It lets go of everybody who waits for news as soon as the process is told to stop, and tells
    the other doors, so that it stops at once."""

    def __init__(self, app: FastAPI, listening: socket.socket, certified: tuple[Path, Path] | None = None) -> None:
        """`certified`: the certificate and the key to serve under; None for plain HTTP."""
        chain, key = certified or (None, None)
        super().__init__(
            uvicorn.Config(
                app,
                http=Impatient,
                access_log=False,  # addresses hold badge numbers and names
                log_level="warning",
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
                ssl_certfile=chain,
                ssl_keyfile=key,
            )
        )
        self._twin: Twin = app.state.twin
        self._listening = listening
        self._doors = [self]

    @classmethod
    def serve_all(cls, doors: "list[_Door]") -> None:
        """Serve until the process is told to stop."""

        async def serving() -> None:
            await asyncio.gather(*(door.serve([door._listening]) for door in doors))

        for door in doors:
            door._doors = doors
            door.config.load()
            if door.config.ssl is not None:
                door.config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
        asyncio.run(serving())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The process was told to stop."""
        self._twin.close()
        for door in self._doors:
            door.should_exit = True
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=_family(host), backlog=512)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken by another program: stop it, or choose another --port" if taken else error.strerror
        raise CannotServe(f"{host} port {port} {why}") from None
    except OverflowError:
        raise CannotServe(f"port {port}: choose one from 1 to 65535") from None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _store(data: Path, database: str | None) -> Store:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Store(database or data / "twin.db")
    except (OSError, SQLAlchemyError) as error:
        first = str(error).splitlines()[0]
        raise CannotServe(f"{database or data}: cannot be opened: {first}") from None


def _key(data: Path) -> PrivateKey:
    try:
        return PrivateKey.load_or_make(data / "twin.key")
    except (OSError, IdentityError) as error:
        raise CannotServe(str(error)) from None


def _authority(data: Path) -> Authority:
    try:
        return Authority.load_or_make(data)
    except (OSError, AuthorityError) as error:
        raise CannotServe(str(error)) from None


def _now() -> datetime:
    return datetime.now(UTC)


def command(argv: Sequence[str]) -> int:
    """`lisiere twin ...`: the exit status."""
    words = list(argv)
    if not words or words[0] not in ("serve", "token", "code", "-h", "--help"):
        words.insert(0, "serve")
    asked = _parser().parse_args(words)
    try:
        match asked.what:
            case "token":
                print(token(asked.data, asked.role, asked.database, asked.member, asked.days))
            case "code":
                print(code(asked.data, asked.unit, asked.machine, asked.database))
            case _:
                place = (asked.data, asked.host, asked.port, asked.database)
                serve(*place, asked.name, asked.plain_http, asked.restored)
    except (CannotServe, CodeRefused, Unknown, ValueError) as error:
        print(f"lisiere twin: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lisiere twin",
        description="The central twin: authority for people and rules, keeper of what units report.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(dest="what", metavar="serve | token | code")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the twin's folder: twin.db, twin.key, tls/"
    )
    place.add_argument("--database", metavar="URL", help="another database, such as postgresql+psycopg://...")
    _serving(what.add_parser("serve", parents=[place], help="serve the API and the page (the default)"))
    making = what.add_parser("token", parents=[place], help="make a token for a person, shown once")
    making.add_argument("--role", required=True, choices=sorted(PEOPLE), help="what its holder may do")
    making.add_argument("--member", metavar="ID", help="the member it belongs to, for bookings and locks")
    making.add_argument("--days", type=int, default=365, help="how long it is good for (default 365)")
    coding = what.add_parser("code", parents=[place], help="make a one-time code for a device, shown once")
    coding.add_argument("--unit", required=True, metavar="ID", help="what the device is to be called")
    coding.add_argument("--machine", metavar="ID", help="the machine it switches; none: a kiosk, or as before")
    return parser


def _serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--restored", action="store_true", help="the folder came back from a backup: begin a new epoch (once)"
    )
    parser.add_argument("--host", default=LOOPBACK, help=f"the address to listen on (default {LOOPBACK})")
    parser.add_argument("--port", type=int, default=8400, help="the port to listen on (default 8400)")
    parser.add_argument(
        "--name", action="append", default=[], help="a name or address that devices reach the twin by; repeat it"
    )
    parser.add_argument(
        "--plain-http", type=int, metavar="PORT", help=f"also serve without TLS, on {LOOPBACK} only"
    )
