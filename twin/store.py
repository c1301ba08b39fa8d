"""Where the twin keeps everything: one SQLite file, or a PostgreSQL database that several processes share."""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Row,
    Table,
    bindparam,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from access.policy import Policy
from access.times import Opening
from server_sync.replica_wire import opening_to_json, policy_to_json
from twin import tables
from twin.prepared import NewRow, Prepared, defaults

Record = Row[*tuple[Any, ...]]
"""A row of an answer, whatever its columns."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_LOCK_MACHINE_OF = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('machine ' || coalesce(machine, id), 0))"
    " FROM units WHERE id = :unit"
)


class Store:
    """The tables, and the two ways in: `write`, one transaction at a time, and `read`.

    Nothing is kept in memory, so that several processes may share a store.
    """

    def __init__(self, place: str | Path, durable: bool = True) -> None:
        """`place`: a database URL, or the path of an SQLite file. Not `durable`: for what may be lost in a
        power cut, such as a rehearsal in a temporary folder."""
        self._engine = _engine(place, durable)
        self._shared = self._engine.dialect.name == "postgresql"
        self._writing = threading.RLock()
        self._writer: Connection | None = None
        self._readers: list[Connection] = []
        with self.write() as conn:
            self.lock(conn, "site")
            tables.metadata.create_all(conn)
            NewRow(tables.meta).change_each(conn, _defaults())

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction that may change things: all of it is on disk when it ends, or none of it."""
        if self._shared:
            return self._engine.begin()
        return _Transaction("BEGIN IMMEDIATE", self._take_writer, self._release_writer)

    def statement(self) -> AbstractContextManager[Connection]:
        """One statement that may change things: to SQLite it is a transaction of its own."""
        if self._shared:
            return self._engine.begin()
        return _Transaction(None, self._take_writer, self._release_writer)

    def _take_writer(self) -> Connection:
        self._writing.acquire()
        try:
            if self._writer is None:
                self._writer = self._engine.connect()
        except BaseException:
            self._writing.release()
            raise
        return self._writer

    def _release_writer(self, writer: Connection) -> None:
        self._writing.release()

    def read(self) -> AbstractContextManager[Connection]:
        """One transaction that only looks. It waits for no writer."""
        if self._shared:
            return self._engine.begin()
        return _Transaction("BEGIN", self._take_reader, self._readers.append)

    def _take_reader(self) -> Connection:
        try:
            return self._readers.pop()
        except IndexError:
            return self._engine.connect()

    def lock(self, conn: Connection, name: str) -> None:
        """Wait until no other transaction holds this name. SQLite has one writer, and needs no names."""
        if self._shared:
            conn.execute(_LOCK, {"name": name})

    def lock_machine(self, conn: Connection, machine: str) -> None:
        """Be the only one who decides on this machine's hours."""
        self.lock(conn, f"machine {machine}")

    def lock_machine_of(self, conn: Connection, unit: str) -> None:
        """Be the only one who decides on the hours of this unit's machine."""
        if self._shared:
            conn.execute(_LOCK_MACHINE_OF, {"unit": unit})

    def close(self) -> None:
        """Let go of every connection."""
        for conn in (*self._readers, *([self._writer] if self._writer else [])):
            conn.close()
        self._readers, self._writer = [], None
        self._engine.dispose()


class _Transaction(AbstractContextManager[Connection]):
    """An SQLite transaction, which SQLAlchemy does not know of. What the driver says of a busy or broken file is
    said as SQLAlchemy does, whoever asked it. `begin`: how it begins; None where its only statement is one by
    itself. `take` gives the connection, which is given back at the end."""

    def __init__(
        self, begin: str | None, take: Callable[[], Connection], give_back: Callable[[Connection], None]
    ) -> None:
        self._begin = begin
        self._take = take
        self._give_back = give_back

    def __enter__(self) -> Connection:
        self._conn = self._take()
        try:
            self._raw: Any = self._conn.connection.dbapi_connection
        except BaseException:
            self._give_back(self._conn)
            raise
        if self._begin is not None:
            self._execute(self._begin)
        return self._conn

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._undo(error)
            return
        if self._begin is not None:
            self._execute("COMMIT")
        self._give_back(self._conn)

    def _execute(self, statement: str) -> None:
        try:
            self._raw.execute(statement)
        except BaseException as error:
            self._undo(error)
            raise

    def _undo(self, error: BaseException) -> None:
        try:
            self._raw.rollback()
        finally:
            self._give_back(self._conn)
        if isinstance(error, sqlite3.OperationalError):
            raise OperationalError(None, None, error) from error


def put(conn: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a row's values, whether it is there already or not."""
    change, add = _written(table, tuple(key), tuple(values))
    where = {f"its_{name}": value for name, value in key.items()}
    if change.change(conn, where | {f"new_{name}": value for name, value in values.items()}) == 0:
        add.change(conn, {**key, **values})


@cache
def _written(table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> tuple[Prepared, Prepared]:
    where = [table.c[name] == bindparam(f"its_{name}") for name in key]
    change = table.update().where(*where).values({name: bindparam(f"new_{name}") for name in names})
    given: dict[str, Any] = {name: bindparam(name) for name in (*key, *names)}
    return Prepared(change), Prepared(table.insert().values({**defaults(table), **given}))


_ONE_MORE = tables.units.update().values(version=tables.units.c.version + 1)
_RAISE = Prepared(_ONE_MORE)
_RAISE_MACHINE = Prepared(_ONE_MORE.where(tables.units.c.machine == bindparam("for_machine")))


def raise_versions(conn: Connection, machine: str | None = None) -> None:
    """Every unit must have a new replica, or that of one machine."""
    if machine is None:
        _RAISE.change(conn, {})
    else:
        _RAISE_MACHINE.change(conn, {"for_machine": machine})


def _defaults() -> list[dict[str, str]]:
    opening = Opening()
    values = {
        "epoch": "1",
        "timezone": opening.timezone,
        "policy": json.dumps(policy_to_json(Policy())),
        "opening": json.dumps(opening_to_json(opening)),
    }
    return [{"key": key, "value": value} for key, value in values.items()]


def _engine(place: str | Path, durable: bool) -> Engine:
    if "://" in str(place):
        return create_engine(str(place))
    url = URL.create("sqlite", database=str(place))
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, poolclass=NullPool)
    synchronous = f"synchronous={'FULL' if durable else 'OFF'}"
    pragmas = ("journal_mode=WAL", synchronous, "foreign_keys=ON", "secure_delete=ON")

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: object) -> None:
        # The driver would begin transactions by itself, too late and without the write lock: see `_transaction`.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return engine
