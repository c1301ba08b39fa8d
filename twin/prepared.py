"""Statements that run so often that SQLAlchemy's care for each run is felt.

On SQLite such a statement is compiled once and handed to the driver as it is, its results untouched; elsewhere it
runs like any other. The columns of a result are reached by name.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, UpdateBase, bindparam
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]


class Prepared:
    """A statement whose every value is a `bindparam`."""

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        self._text = ""
        self._in_order: Callable[[Values], Sequence[Any]] = tuple
        self._fixed: dict[str, Any] = {}
        self._row: Callable[[Any], Any] = tuple

    def run(self, conn: Connection, values: Values) -> list[Any]:
        """All its rows."""
        if conn.dialect.name != "sqlite":
            return list(conn.execute(self._in(conn), values))
        return [self._row(row) for row in self._handed_over(conn, values)]

    def one(self, conn: Connection, values: Values) -> Any:
        """Its only row; None where there is none."""
        rows = self.run(conn, values)
        return rows[0] if rows else None

    def change(self, conn: Connection, values: Values) -> int:
        """Write; how many rows that changed."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self._in(conn), values).rowcount
        return int(self._handed_over(conn, values).rowcount)

    def change_each(self, conn: Connection, many: Sequence[Values]) -> None:
        """Write once for each of `many`."""
        if conn.dialect.name != "sqlite":
            conn.execute(self._in(conn), many)
            return
        for values in many:
            self.change(conn, values)

    def _in(self, conn: Connection) -> Select[Any] | UpdateBase:
        """The statement, as this database says it."""
        return self._statement

    def _handed_over(self, conn: Connection, values: Values) -> Any:
        if not self._text:
            self._compile(conn)
        if self._fixed:
            values = {**self._fixed, **values}
        raw: Any = conn.connection.dbapi_connection
        return raw.execute(self._text, self._in_order(values))

    def _compile(self, conn: Connection) -> None:
        compiled: Any = self._in(conn).compile(conn.engine, compile_kwargs={"render_postcompile": True})
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._in_order = _picks(tuple(compiled.positiontup))
        named: Any = namedtuple
        row = named("Row", [name for name, *_ in compiled._result_columns or ()])
        self._row = partial(tuple.__new__, row)
        self._text = str(compiled)


def _picks(names: tuple[str, ...]) -> Callable[[Values], Sequence[Any]]:
    """The values of these names, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def defaults(table: Table) -> dict[str, Any]:
    """What the columns are that nobody gives a value."""
    found: dict[str, Any] = {column.name: column.default for column in table.columns if column.default is not None}
    return {name: default.arg for name, default in found.items() if default.is_scalar}


class NewRow(Prepared):
    """An insertion, of every column or of those named, that leaves a row alone whose key is there. What is not
    named has its default."""

    def __init__(self, table: Table, *columns: str) -> None:
        names = columns or tuple(column.name for column in table.columns)
        super().__init__(table.insert())
        self._table = table
        self._values: dict[str, Any] = {**defaults(table), **{name: bindparam(name) for name in names}}

    def _in(self, conn: Connection) -> Insert:
        if conn.dialect.name == "postgresql":
            return postgresql.insert(self._table).values(self._values).on_conflict_do_nothing()
        return sqlite.insert(self._table).values(self._values).on_conflict_do_nothing()
