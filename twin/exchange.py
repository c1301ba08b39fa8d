"""What a unit and the twin say to each other: rows and refusals up; lease, replica and web requests down.

All of an exchange is one transaction, so a lease is never sent without every booking that was sold before it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from access.bookings import WebRequest
from access.facts import stamp
from access.replica import Version
from server_sync.canonical import encode
from server_sync.identity import PrivateKey, seal
from server_sync.wire import ExchangeReply, ExchangeRequest, reply_to_bytes
from twin import epochs, ingest, quiet, requests, restored, tables
from twin.bookings import Bookings
from twin.desk import Desk
from twin.ingest import Progress
from twin.knowledge import policy_of
from twin.prepared import Prepared
from twin.replicas import AHEAD, REFRESH, Unit, build, sealed
from twin.store import Store

_U, _P, _R = tables.units, tables.progress, tables.requests
_EVERY = tables.progress.alias()


def _meta(key: str) -> Any:
    return select(tables.meta.c.value).where(tables.meta.c.key == key).scalar_subquery().label(f"its_{key}")


_UNIT = Prepared(
    select(
        _U.c.machine,
        _U.c.version,
        _U.c.lease_end,
        _U.c.tag_key,
        _U.c.reach,
        _U.c.revoked,
        _P.c.applied,
        _P.c.highest,
        _P.c.duplicates,
        _P.c.retired,
        _P.c.fork,
        select(func.count())
        .select_from(_EVERY)
        .where(_EVERY.c.unit == _U.c.id, _EVERY.c.epoch != bindparam("epoch"), _EVERY.c.retired.is_(False))
        .scalar_subquery()
        .label("others"),
        _meta("policy"),
        _meta("epoch"),
        _meta(restored.KEY),
        select(_R.c.id)
        .where(_R.c.unit == _U.c.id, _R.c.state == "pending")
        .limit(1)
        .scalar_subquery()
        .label("waiting"),
    )
    .outerjoin_from(_U, _P, and_(_P.c.unit == _U.c.id, _P.c.epoch == bindparam("epoch")))
    .where(_U.c.id == bindparam("unit"))
)
_SEEN = Prepared(
    _U.update()
    .where(_U.c.id == bindparam("unit"))
    .values(
        version=_U.c.version + bindparam("raised"),
        lease_end=bindparam("lease"),
        last_seen=bindparam("seen"),
        state=bindparam("stands"),
        reach=bindparam("reaches"),
    )
    .returning(_U.c.version)
)


class UnknownUnit(LookupError):
    """A unit that was never enrolled, or was revoked."""


class Exchange:
    """The twin's end of the link with its units."""

    def __init__(self, store: Store, key: PrivateKey, now: Callable[[], datetime], bookings: Bookings) -> None:
        """`key` signs every reply and every replica."""
        self._store = store
        self._key = key
        self._now = now
        self._bookings = bookings
        self._policy: str | None = None

    def answer(self, request: ExchangeRequest) -> bytes:
        """The signed reply to a unit whose signature was checked."""
        now = self._now()
        reply = self._at_once(request, now) if quiet.says_nothing(request) else None
        if reply is None:
            with self._bookings.sitting(now) as desk:
                self._store.lock_machine_of(desk.conn, request.unit)
                reply = self.reply(desk, request)
        return seal(reply_to_bytes(reply), self._key)

    def _at_once(self, request: ExchangeRequest, now: datetime) -> ExchangeReply | None:
        with self._store.statement() as conn:
            self._store.lock_machine_of(conn, request.unit)
            return quiet.reply(Desk(conn, now), request, self._policy)

    def reply(self, desk: Desk, request: ExchangeRequest) -> ExchangeReply:
        """What a unit is told, before it is signed; all that it says is taken in."""
        row = _known(desk.conn, request.unit, request.epoch)
        self._policy = row.its_policy
        unit = Unit(request.unit, request.epoch, row.machine, bytes.fromhex(row.tag_key))
        fork = epochs.fork_of(desk, request, row)
        progress, raised = _take_in(desk, unit, request, row, fork)
        fork, applied = fork or progress.fork, progress.applied
        # A unit keeps the replica of the twin that was, until it has told what only that one knows.
        note = row.its_restored if request.bookings is None else restored.note(desk.conn)
        owes = request.have.epoch > 0 and restored.pending(note, unit.id)
        lease_end = desk.now + policy_of(row.its_policy).lease
        due = row.reach is None or row.reach < stamp(desk.now + REFRESH)
        raised = raised or due
        outdated = request.have < Version(int(row.its_epoch), row.version + raised)
        seen = {
            "unit": unit.id,
            "raised": int(raised),
            "lease": max(row.lease_end or "", stamp(lease_end)),
            "seen": stamp(desk.now),
            "stands": encode(request.state).decode(),
            "reaches": stamp(desk.now + AHEAD) if outdated else row.reach,
        }
        version = Version(int(row.its_epoch), _SEEN.one(desk.conn, seen).version)
        return ExchangeReply(
            request.nonce,
            desk.now,
            lease_end,
            applied,
            version,
            self._replica(desk, unit, version, applied) if request.have < version and not owes else None,
            _offers(desk, unit) if row.waiting and fork is None else (),
            request.epoch,
            epochs.head(desk, request, row, applied),
            fork,
        )

    def _replica(self, desk: Desk, unit: Unit, version: Version, applied: int) -> bytes:
        return sealed(build(desk.conn, unit, version, applied, desk.now), self._key)

    def summary(self) -> dict[str, Any]:
        """What the twin has of the units' journals, and the power time it counts from them."""
        with self._store.read() as conn:
            events = conn.execute(select(func.count()).select_from(tables.rows)).scalar_one()
            journals = conn.execute(_JOURNALS).one()
            powered = {row.id: int(row.seconds) for row in conn.execute(_POWERED)}
            runs = conn.execute(select(func.count()).select_from(tables.runs)).scalar_one()
        return {
            "runs": runs,
            "events": events,
            "duplicates": int(journals.duplicates),
            "gaps": int(journals.highest) - events,
            "powered_seconds": powered,
        }


def _known(conn: Connection, unit: str, epoch: int) -> Any:
    """A unit, and how far the twin is with that epoch of its journal."""
    found = _UNIT.one(conn, {"unit": unit, "epoch": epoch})
    if found is None or found.revoked:
        raise UnknownUnit(f"unit {unit} is {'unknown' if found is None else 'revoked'}")
    return found


def _offers(desk: Desk, unit: Unit) -> tuple[WebRequest, ...]:
    return requests.offers(desk.conn, unit.id, unit.machine, desk.now) if unit.machine is not None else ()


def _take_in(desk: Desk, unit: Unit, request: ExchangeRequest, row: Any, fork: str | None) -> tuple[Progress, bool]:
    """Everything that came up, unless it cannot be believed; what waited too long is given up before."""
    if row.waiting:
        requests.withdraw_old(desk)
    so_far = Progress()
    if row.applied is not None:
        so_far = Progress(row.applied, row.highest, row.duplicates)
    if fork is not None or row.retired:
        return so_far, False
    progress, raised = ingest.take(desk, unit, request, so_far)
    if request.bookings is not None and unit.machine is not None:
        restored.take(desk, unit.id, unit.machine, request.bookings)
        raised = True
    for refusal in request.refusals:
        requests.refuse(desk, unit.id, unit.machine or "", refusal.request, refusal.reasons)
    return progress, raised


_JOURNALS = select(
    func.coalesce(func.sum(_P.c.highest), 0).label("highest"),
    func.coalesce(func.sum(_P.c.duplicates), 0).label("duplicates"),
)
_SECONDS = func.coalesce(func.sum((tables.runs.c.powered_ms + 500) // 1000), 0).label("seconds")
_POWERED = (
    select(tables.machines.c.id, _SECONDS)
    .outerjoin_from(tables.machines, tables.runs, tables.runs.c.machine == tables.machines.c.id)
    .group_by(tables.machines.c.id)
    .order_by(tables.machines.c.id)
)
