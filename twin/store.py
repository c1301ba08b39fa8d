"""Where the twin keeps everything: one SQLite file, or a PostgreSQL database that several processes share."""

import json
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Insert,
    Row,
    Select,
    Table,
    UpdateBase,
    bindparam,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from access.policy import Policy
from access.times import Opening
from server_sync.wire import opening_to_json, policy_to_json
from twin import tables

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
        with self.write() as conn:
            self.lock(conn, "site")
            tables.metadata.create_all(conn)
            conn.execute(insert_new(conn, tables.meta), _defaults())

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction that may change things: all of it is on disk when it ends, or none of it."""
        return self._engine.begin() if self._shared else self._write_alone()

    @contextmanager
    def _write_alone(self) -> Iterator[Connection]:
        with self._writing:
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(writes=True)
            with self._writer.begin():
                yield self._writer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only looks. It waits for no writer."""
        with self._engine.connect() as conn, conn.begin():
            yield conn

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
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._engine.dispose()


def insert_new(conn: Connection, table: Table) -> Insert:
    """An insertion that leaves a row alone whose key is there already."""
    return _insert_new(conn.dialect.name, table)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def put(conn: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a row's values, whether it is there already or not."""
    where = [table.c[name] == value for name, value in key.items()]
    if conn.execute(table.update().where(*where).values(**values)).rowcount == 0:
        conn.execute(table.insert(), {**key, **values})


class Prepared:
    """A statement that runs so often that SQLAlchemy's care for each run is felt. On SQLite it is compiled once and
    handed to the driver as it is, its results untouched; elsewhere it runs like any other."""

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        self._text = ""
        self._order: tuple[str, ...] = ()
        self._fixed: dict[str, Any] = {}
        self._row: Callable[[Any], Any] = tuple

    def run(self, conn: Connection, values: Mapping[str, Any]) -> list[Any]:
        """All its rows, their columns by name."""
        if conn.dialect.name != "sqlite":
            return list(conn.execute(self._statement, values))
        if not self._text:
            self._compile(conn)
        bound = {**self._fixed, **values}
        raw: Any = conn.connection.dbapi_connection
        return [self._row(row) for row in raw.execute(self._text, [bound[name] for name in self._order])]

    def _compile(self, conn: Connection) -> None:
        compiled: Any = self._statement.compile(conn.engine, compile_kwargs={"render_postcompile": True})
        self._fixed, self._order = dict(compiled.params), tuple(compiled.positiontup)
        named: Any = namedtuple
        self._row = named("Row", [name for name, *_ in compiled._result_columns])._make
        self._text = str(compiled)


_RAISE = tables.units.update().values(version=tables.units.c.version + 1)
_RAISE_MACHINE = _RAISE.where(tables.units.c.machine == bindparam("for_machine"))


def raise_versions(conn: Connection, machine: str | None = None) -> None:
    """Every unit must have a new replica, or that of one machine."""
    if machine is None:
        conn.execute(_RAISE)
    else:
        conn.execute(_RAISE_MACHINE, {"for_machine": machine})


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
    engine = create_engine(URL.create("sqlite", database=str(place)), connect_args={"timeout": 30})
    synchronous = f"synchronous={'FULL' if durable else 'OFF'}"
    pragmas = ("journal_mode=WAL", synchronous, "foreign_keys=ON", "secure_delete=ON")

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: object) -> None:
        # The driver would begin transactions by itself, too late and without the write lock.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        raw: Any = conn.connection.dbapi_connection
        raw.execute("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")

    return engine
