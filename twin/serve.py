"""`lisiere twin`: the twin as one process, and the tokens that open it."""

import argparse
import errno
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from access.times import UTC
from server_sync.identity import IdentityError, PrivateKey
from twin.app import create_app
from twin.auth import DEVICES, Role, make_token
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
    store = _store(data, database)
    app = create_app(store, _key(data), _now)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    _check_free(config, host, port)
    print(f"lisiere twin: http://{host}:{port}", flush=True)
    _Server(config, app.state.twin.close).run()
    store.close()


class _Server(uvicorn.Server):
    """Lets go of the devices that wait for news as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, let_go: "object") -> None:
        super().__init__(config)


def token(
    data: Path,
    role: str,
    database: str | None = None,
    member: str | None = None,
    days: int | None = 365,
) -> str:
    """A new token for a person; it is shown once. `days`: how long it is good for. ValueError for a wrong role."""
    store = _store(data, database)
    try:
        life = None if days is None else timedelta(days=days)
        return make_token(store, Role(role), _now(), member, life)
    finally:
        store.close()
