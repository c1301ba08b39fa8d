"""What a twin does that was restored from a backup: it begins a new epoch, and promises nothing too early."""

from datetime import datetime

from sqlalchemy import func, select

from access.facts import stamp
from twin import knowledge, tables
from twin.store import Store, raise_versions

_EPOCH = tables.meta.c.key == "epoch"
_U = tables.units


def begin_epoch(store: Store, now: datetime) -> None:
    """Raise the epoch, so that every unit takes the twin's word anew; until each of them has been heard, its hours
    count as its own for a whole lease: it may have sold them since the backup.

    The epoch is taken from the time: a backup may be restored twice, and knows nothing of the first time."""
    with store.write() as conn:
        store.lock(conn, "site")
        before = int(conn.execute(select(tables.meta.c.value).where(_EPOCH)).scalar_one())
        epoch = max(before + 1, int(now.timestamp()))
        conn.execute(tables.meta.update().where(_EPOCH).values(value=str(epoch)))
        owned = stamp(now + knowledge.policy(conn).lease)
        conn.execute(_U.update().values(lease_end=func.max(func.coalesce(_U.c.lease_end, ""), owned)))
        raise_versions(conn)
