"""What the team did to machines and badges, one row an act: who, when, from where, and why. Never changed."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from access.facts import instant, stamp
from twin import tables
from twin.prepared import NewRow

_A = tables.acts
_NEW = NewRow(_A)


class Deed(StrEnum):
    """What can be done."""

    LOCK = "lock"
    UNLOCK = "unlock"
    SERVICE = "service"
    REPORTS_CLOSED = "reports_closed"
    BADGE_ENROLLED = "badge_enrolled"
    BADGE_LENT = "badge_lent"


def draw_id() -> str:
    """The id of an act that nobody will ask for twice."""
    return f"act-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `id` is the asker's own, so that asking twice is one act; `kiosk` where it was done, empty for the
    web; `about` the member whom it concerns, `detail` what else there is to say. Who was erased is None."""

    at: datetime
    deed: Deed
    by: str | None
    machine: str | None = None
    about: str | None = None
    kiosk: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=draw_id)


def note(conn: Connection, act: Act) -> None:
    """Write an act down, in the transaction that does it; one that is there already stays as it is."""
    values = {
        "id": act.id,
        "at": stamp(act.at),
        "deed": act.deed.value,
        "by": act.by,
        "machine": act.machine,
        "about": act.about,
        "kiosk": act.kiosk,
        "detail": json.dumps(dict(act.detail), ensure_ascii=False),
    }
    _NEW.change(conn, values)


def latest(conn: Connection, machine: str, deed: Deed) -> Act | None:
    """The latest act of a kind on a machine."""
    query = select(_A).where(_A.c.machine == machine, _A.c.deed == deed.value)
    row = conn.execute(query.order_by(_A.c.at.desc()).limit(1)).one_or_none()
    return None if row is None else _act(row)


def between(conn: Connection, start: datetime, end: datetime, most: int, machine: str | None) -> list[Act]:
    """The acts in [start, end), of one machine or of all, the latest first."""
    where = [_A.c.at >= stamp(start), _A.c.at < stamp(end)]
    if machine is not None:
        where.append(_A.c.machine == machine)
    query = select(_A).where(*where).order_by(_A.c.at.desc(), _A.c.id.desc()).limit(most)
    return [_act(row) for row in conn.execute(query)]


def _act(row: Row[Any]) -> Act:
    plain = dict(row._mapping)
    return Act(**plain | {"at": instant(row.at), "deed": Deed(row.deed), "detail": json.loads(row.detail)})
