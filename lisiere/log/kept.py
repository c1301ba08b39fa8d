"""What a unit keeps of the twin's word, read without its program and without writing."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from access.replica import Replica
from lisiere.log.files import opened
from server_sync.canonical import WireError
from server_sync.identity import IdentityError, PublicKey, unseal
from server_sync.replica_wire import replica_from_bytes
from server_sync.wire import ExchangeReply, reply_from_bytes

Open = Callable[[bytes], bytes]


class NotKept(Exception):
    """There is no replica, or none that can be read or believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The replica, and the reply that confirmed it last, if one was kept."""

    replica: Replica
    reply: ExchangeReply | None


def kept(path: Path, twin: PublicKey | None) -> Kept:
    """What lies in `replica.db`, its signature checked where the twin's key is given. NotKept."""
    if not path.is_file():
        raise NotKept(f"{path}: no such file")
    take: Open = (lambda sealed: unseal(sealed, twin)) if twin else (lambda sealed: sealed.partition(b".")[2])
    try:
        with opened(path) as connection:
            found = dict(connection.execute("SELECT name, sealed FROM kept"))
        if "replica" not in found:
            raise NotKept(f"{path}: holds no replica yet")
        reply = reply_from_bytes(take(found["reply"])) if "reply" in found else None
        return Kept(replica_from_bytes(take(found["replica"])), reply)
    except (OSError, sqlite3.Error, IdentityError, WireError) as error:
        raise NotKept(f"{path}: {error}") from None
