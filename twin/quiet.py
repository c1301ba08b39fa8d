"""The exchange of a unit that has nothing to say, and for whom there is nothing: as most are, most of the time.

One statement notes that the unit was here, if all of that is so; the reply is the one that the whole exchange would
give. The policy is the one that was read last, and that it is still so is a condition like the others.
"""

from typing import Any

from sqlalchemy import bindparam, case, select

from access.facts import stamp
from server_sync.canonical import encode
from server_sync.wire import ExchangeReply, ExchangeRequest
from twin import tables
from twin.desk import Desk
from twin.knowledge import policy_of
from twin.prepared import Prepared
from twin.replicas import REFRESH

_U, _P, _R, _M = tables.units.c, tables.progress.c, tables.requests.c, tables.meta.c


def _meta(key: str) -> Any:
    return select(_M.value).where(_M.key == key).scalar_subquery()


_IS_WHOLE = (
    select(_P.applied)
    .where(_P.unit == _U.id, _P.epoch == bindparam("its_epoch"), _P.fork.is_(None), _P.retired.is_(False))
    .where(_P.applied == bindparam("told"), _P.highest == bindparam("told"))
    .exists()
)
_ANOTHER_SPEAKS = (
    select(_P.epoch)
    .where(_P.unit == _U.id, _P.epoch != bindparam("its_epoch"), _P.retired.is_(False))
    .exists()
)
_IS_ASKED = select(_R.id).where(_R.unit == _U.id, _R.state == "pending").exists()
_WAS_HERE = Prepared(
    tables.units.update()
    .where(_U.id == bindparam("unit"), _U.revoked.is_(False), _IS_WHOLE, ~_ANOTHER_SPEAKS, ~_IS_ASKED)
    .where(_U.version == bindparam("has"), _meta("epoch") == bindparam("twin_epoch"))
    .where(_U.reach >= bindparam("far"), _meta("policy") == bindparam("known"))
    .values(
        lease_end=case((_U.lease_end > bindparam("lease"), _U.lease_end), else_=bindparam("lease")),
        last_seen=bindparam("seen"),
        state=bindparam("stands"),
    )
)


def says_nothing(request: ExchangeRequest) -> bool:
    """Whether the unit only asks."""
    speaks = request.rows or request.refusals or request.starting or request.bookings is not None
    return not speaks


def reply(desk: Desk, request: ExchangeRequest, policy: str | None) -> ExchangeReply | None:
    """What the unit is told; None where something is new, and nothing was written. `policy`: as `meta` keeps it,
    as far as we know; None where we do not."""
    if policy is None or not says_nothing(request):
        return None
    lease_end = desk.now + policy_of(policy).lease
    here = {
        "unit": request.unit,
        "its_epoch": request.epoch,
        "told": request.last_seq,
        "has": request.have.n,
        "twin_epoch": str(request.have.epoch),
        "far": stamp(desk.now + REFRESH),
        "known": policy,
        "lease": stamp(lease_end),
        "seen": stamp(desk.now),
        "stands": encode(request.state).decode(),
    }
    if _WAS_HERE.change(desk.conn, here) == 0:
        return None
    acked, epoch = request.last_seq, request.epoch
    return ExchangeReply(request.nonce, desk.now, lease_end, acked, request.have, epoch=epoch)
