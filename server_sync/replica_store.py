"""The unit's copy of what the twin signed: a cache in one SQLite file, deletable at any time.

What is kept are the signed bytes themselves, checked again each time they are read: an edited file grants nothing.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlite_utils

from access.replica import Replica
from server_sync.canonical import WireError
from server_sync.identity import IdentityError, PublicKey, unseal
from server_sync.replica_wire import replica_from_bytes
from server_sync.wire import ExchangeReply, reply_from_bytes

T = TypeVar("T")

log = logging.getLogger(__name__)


_KEEP = "INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed"


class ReplicaError(Exception):
    """The kept replica cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the twin said last: when it confirmed the replica, until when the unit owns its hours, up to which
    (epoch, seq) it has the journal, and why the unit is in quarantine, if it is."""

    confirmed: datetime
    lease_end: datetime
    acked: tuple[int, int] = (0, 0)
    fork: str | None = None


class ReplicaStore:
    """The file `replica.db` of a unit. Belongs to one thread."""

    def __init__(self, path: Path, twin: PublicKey) -> None:
        self._path = path
        self._twin = twin
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            database = sqlite_utils.Database(self._connection)
            database.enable_wal()
            self._connection.execute("PRAGMA secure_delete=ON")  # an erased person's name is overwritten
            self._connection.execute("PRAGMA synchronous=NORMAL")  # a cache: the twin has it all
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, sealed BLOB NOT NULL)"
            )
        except sqlite3.DatabaseError as error:
            raise ReplicaError(f"{path}: {error}") from None

    def replica(self) -> Replica | None:
        """The replica that was kept last, its signature checked; None when there is none."""
        payload = self._opened("replica")
        return None if payload is None else self._read(lambda: replica_from_bytes(payload))

    def confirmation(self) -> Confirmation | None:
        """The twin's last word that was kept, its signature checked; None when there is none."""
        payload = self._opened("reply")
        if payload is None:
            return None
        reply: ExchangeReply = self._read(lambda: reply_from_bytes(payload))
        return Confirmation(reply.time, reply.lease_end, (reply.epoch, reply.acked), reply.fork)

    def keep_replica(self, sealed: bytes) -> None:
        """Keep a signed replica in place of the one before."""
        self._keep("replica", sealed)

    def keep_reply(self, sealed: bytes) -> None:
        """Keep the signed reply that confirms the replica and carries the lease."""
        self._keep("reply", sealed)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def _keep(self, name: str, sealed: bytes) -> None:
        """A disk that takes nothing is no reason to hear nothing: what is not kept now is sent again one day."""
        try:
            self._connection.execute(_KEEP, (name, sealed))
        except sqlite3.Error as error:
            log.warning("%s: %s not kept: %s", self._path, name, error)

    def _kept(self, name: str) -> bytes | None:
        try:
            row = self._connection.execute("SELECT sealed FROM kept WHERE name = ?", (name,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise ReplicaError(f"{self._path}: {error}") from None
        return None if row is None else bytes(row[0])

    def _opened(self, name: str) -> bytes | None:
        sealed = self._kept(name)
        try:
            return None if sealed is None else unseal(sealed, self._twin)
        except IdentityError as error:
            raise ReplicaError(f"{self._path}: {name}: {error}") from None

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except WireError as error:
            raise ReplicaError(f"{self._path}: {error}") from None
