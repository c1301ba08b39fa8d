"""`lisiere twin`: the twin as one process, and the tokens that open it."""

import argparse
import errno
import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from server_sync.identity import IdentityError, PrivateKey
from twin.app import create_app
from twin.auth import PEOPLE, Role, make_token
from twin.live import Twin
from twin.store import Store

EXAMPLES = """examples:
  lisiere twin --data /srv/lisiere                       serve on 127.0.0.1:8400
  lisiere twin serve --data /srv/lisiere --port 8500     the same, elsewhere
  lisiere twin token --data /srv/lisiere --role admin    a token to paste on the sign-in page
  lisiere twin token --data /srv/lisiere --role member --member ana --days 90
"""


class CannotServe(Exception):
    """Why the twin cannot start, and what to do; one line."""


def serve(data: Path, host: str, port: int, database: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `database`: a URL; without it `twin.db` in `data`. CannotServe."""
    listening = _listen(host, port)
    with closing(listening):
        store = _store(data, database)
        app = create_app(store, _key(data), _now)
        print(f"lisiere twin: http://{host}:{port}", flush=True)
        _Server(app).run([listening])
        store.close()


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


class _Server(uvicorn.Server):
    """Lets go of everybody who waits for news as soon as it is told to stop, so that it stops at once."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,  # addresses hold badge numbers and names
                log_level="warning",
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
            )
        )
        self._twin: Twin = app.state.twin

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The process was told to stop."""
        self._twin.close()
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


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _store(data: Path, database: str | None) -> Store:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return Store(database or data / "twin.db")
    except (OSError, SQLAlchemyError) as error:
        first = str(error).splitlines()[0]
        raise CannotServe(f"{database or data}: cannot be opened: {first}") from None


def _key(data: Path) -> PrivateKey:
    try:
        return PrivateKey.load_or_make(data / "twin.key")
    except (OSError, IdentityError) as error:
        raise CannotServe(str(error)) from None


def _now() -> datetime:
    return datetime.now(UTC)


def command(argv: Sequence[str]) -> int:
    """`lisiere twin ...`: the exit status."""
    words = list(argv)
    if not words or words[0] not in ("serve", "token", "-h", "--help"):
        words.insert(0, "serve")
    asked = _parser().parse_args(words)
    try:
        if asked.what == "token":
            print(token(asked.data, asked.role, asked.database, asked.member, asked.days))
        else:
            serve(asked.data, asked.host, asked.port, asked.database)
    except (CannotServe, ValueError) as error:
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
    what = parser.add_subparsers(dest="what", metavar="serve | token")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the twin's folder: twin.db, twin.key"
    )
    place.add_argument("--database", metavar="URL", help="another database, such as postgresql+psycopg://...")
    serving = what.add_parser("serve", parents=[place], help="serve the API and the page (the default)")
    serving.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    serving.add_argument("--port", type=int, default=8400, help="the port to listen on (default 8400)")
    making = what.add_parser("token", parents=[place], help="make a token for a person, shown once")
    making.add_argument("--role", required=True, choices=sorted(PEOPLE), help="what its holder may do")
    making.add_argument("--member", metavar="ID", help="the member it belongs to, for bookings and locks")
    making.add_argument("--days", type=int, default=365, help="how long it is good for (default 365)")
    return parser
