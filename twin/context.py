"""The twin as its routes see it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Connection

from server_sync.identity import PrivateKey
from twin import knowledge
from twin.bookings import Bookings
from twin.enrolment import Enrolments
from twin.exchange import Exchange
from twin.people import People
from twin.store import Store
from twin.waiting import Asked, Standing, Watch, asked_of, standings


def epoch_of(db: Connection) -> int:
    """The twin's epoch: it rises when the twin is restored from a backup."""
    return int(knowledge.meta(db, "epoch") or 0)


@dataclass(frozen=True)
class Twin:
    """The twin as its routes see it. `authority`: the certificate that its links stand under (PEM)."""

    store: Store
    key: PrivateKey
    now: Callable[[], datetime]
    bookings: Bookings
    exchange: Exchange
    people: People
    enrolments: Enrolments
    authority: str
    changes: Watch[Standing] = field(init=False)
    answers: Watch[Asked] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", Watch(self._standings))
        object.__setattr__(self, "answers", Watch(self._asked))

    def close(self) -> None:
        """Let everybody go who waits."""
        self.changes.closing = self.answers.closing = True

    def epoch(self) -> int:
        """The epoch of its versions."""
        with self.store.read() as db:
            return epoch_of(db)

    def _standings(self, units: frozenset[str]) -> dict[str, Standing]:
        with self.store.read() as db:
            return standings(db)

    def _asked(self, requests: frozenset[str]) -> dict[str, Asked]:
        with self.store.read() as db:
            return asked_of(db, requests)


def twin_of(request: Request) -> Twin:
    """The application's twin."""
    return cast(Twin, request.app.state.twin)


TheTwin = Annotated[Twin, Depends(twin_of)]
