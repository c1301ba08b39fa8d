"""How any number of requests wait for the database, and what they wait for."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, exists, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from access.replica import Version
from twin import tables
from twin.prepared import Prepared

LOOK_EVERY = 0.1
"""Seconds between two looks at the database while somebody waits."""


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiter(Generic[T]):
    key: str
    enough: Callable[[T], bool]
    answer: "asyncio.Future[T | None]"


class Watch(Generic[T]):
    """Lets any number of requests wait for the database, whichever process writes it, with one query at a
    time.

    `look` answers, for the keys somebody waits for, how each stands; it runs on a thread, and only while
    somebody waits.
    """

    def __init__(self, look: Callable[[frozenset[str]], Mapping[str, T]]) -> None:
        self._look = look
        self._waiters: list[_Waiter[T]] = []
        self._looking: asyncio.Task[None] | None = None
        self.closing = False

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiters)

    async def wait(self, key: str, enough: Callable[[T], bool], seconds: float) -> T | None:
        """How `key` stands once that is `enough`, or after `seconds`; None when there is no such key."""
        now = (await run_in_threadpool(self._look, frozenset({key}))).get(key)
        if now is None or enough(now) or seconds <= 0:
            return now
        waiter = _Waiter(key, enough, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            async with asyncio.timeout(seconds):
                return await waiter.answer
        except TimeoutError:
            return now
        finally:
            self._waiters.remove(waiter)

    async def _keep_looking(self) -> None:
        while waiters := list(self._waiters):
            try:
                seen = await run_in_threadpool(self._look, frozenset(waiter.key for waiter in waiters))
            except SQLAlchemyError as error:
                _fail(waiters, error)
            else:
                self._tell(waiters, seen)
            await asyncio.sleep(LOOK_EVERY)

    def _tell(self, waiters: list[_Waiter[T]], seen: Mapping[str, T]) -> None:
        for waiter in waiters:
            now = seen.get(waiter.key)
            if not waiter.answer.done() and (self.closing or now is None or waiter.enough(now)):
                waiter.answer.set_result(now)


def _fail(waiters: Iterable[_Waiter[Any]], error: SQLAlchemyError) -> None:
    for waiter in waiters:
        if not waiter.answer.done():
            waiter.answer.set_exception(error)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a unit waits for: its replica's version, and whether the web asks something of it."""

    version: Version
    pending: bool

    def news_for(self, have: Version) -> bool:
        """Whether an exchange would bring this unit something, which has this version."""
        return have < self.version or self.pending


_U, _R, _M = tables.units.c, tables.requests.c, tables.meta.c
_STANDINGS = Prepared(
    select(
        _U.id,
        _U.version,
        select(_M.value).where(_M.key == "epoch").scalar_subquery().label("epoch"),
        exists().where(_R.unit == _U.id, _R.state == "pending").label("pending"),
    ).where(_U.revoked.is_(False))
)


def standings(db: Connection) -> dict[str, Standing]:
    """How every unit and kiosk stands that was not revoked."""
    rows = _STANDINGS.run(db, {})
    return {row.id: Standing(Version(int(row.epoch), row.version), bool(row.pending)) for row in rows}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request that a unit has to answer; `answer` once it is no longer pending."""

    state: str
    answer: str | None

    @property
    def settled(self) -> bool:
        """True once it will not change any more."""
        return self.state != "pending"


def asked_of(db: Connection, requests: frozenset[str]) -> dict[str, Asked]:
    """What became of these requests."""
    r = tables.requests.c
    found = db.execute(select(r.id, r.state, r.answer).where(r.id.in_(requests)))
    return {row.id: Asked(row.state, row.answer) for row in found}
