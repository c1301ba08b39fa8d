"""Keeps a unit and its twin in step: facts up as they come, rules down as they change.

`Sync` is one exchange, without a thread; `LinkWatch` says when the link counts as lost; `SyncWorker` runs both on
two threads of its own: one that exchanges, one that waits at the twin for news.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn, Protocol

from access.bookings import Booking, RequestRefused
from access.replica import Replica, Version
from server_sync.canonical import encode
from server_sync.client import HttpTransport, TwinClient, TwinRefused, TwinUnreachable
from server_sync.replica_store import ReplicaStore
from server_sync.wire import MAX_ROWS, ExchangeReply, ExchangeRequest, Row, row_to_json

LOST_MS = 30_000
"""How long after the first failure the link counts as lost."""
KEEP_MS = 300_000
"""How often, in milliseconds, the twin's word is kept on disk while nothing changes."""
RETRY_S = 5.0
"""How long to wait after a failed exchange."""
GATHER_S = 0.3
"""How long facts are gathered before they go up together."""
MAX_ROW_BYTES = 192 * 1024
"""How many bytes of rows go up together: the twin takes 256 KiB at a time, and the rest has to fit too."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """What the unit has to say. Declared here, so that this folder needs no other."""

    @property
    def epoch(self) -> int:
        """The epoch of its journal."""

    def begin_epoch(self, after: int) -> None:
        """The journal is an old copy from row `after` on: let what follows be the first rows of a new epoch."""

    def noticed(self, what: str) -> None:
        """Something is wrong that staff should know."""

    def hash_at(self, seq: int) -> str:
        """The hash of a row on disk, or what the first row is chained to; empty where there is no such row."""

    def bookings(self) -> tuple[Booking, ...]:
        """Its machine's bookings as they stand, for a twin that was restored."""

    def rows_after(self, seq: int, limit: int) -> list[Row]:
        """The next journal rows on disk."""

    def last_seq(self) -> int:
        """The highest sequence on disk."""

    def refusals(self) -> tuple[RequestRefused, ...]:
        """The refused web requests that the twin may not know yet."""

    def state(self) -> Mapping[str, Any]:
        """How the unit stands, for the twin's page."""


class News(NamedTuple):
    """What an exchange brought. The readings around it are the unit's monotonic milliseconds."""

    reply: ExchangeReply
    replica: Replica | None
    sent_ms: int
    received_ms: int
    backlog: int


class Sync:
    """One unit's exchanges. Belongs to one thread. `owes`: the twin was restored, and gives no replica before it is
    told what only this unit knows."""

    def __init__(
        self, unit: str, source: Source, client: TwinClient, store: ReplicaStore, now_ms: Callable[[], int]
    ) -> None:
        replica, said = store.replica(), store.confirmation()
        self.have = replica.version if replica else Version(0, 0)
        self._unit = unit
        self._source = source
        self._client = client
        self._store = store
        self._now_ms = now_ms
        self._kept_ms: int | None = None
        self._fork = said.fork if said else None
        self.owes = False
        self._old: set[Version] = set()
        self._begin(max([at for at in (replica and replica.acked, said and said.acked) if at] or [(0, 0)]))

    def _begin(self, acked: tuple[int, int]) -> None:
        """Nothing was heard of the twin yet about this journal, but what was heard before."""
        self._epoch, self._starting, self._behind = self._source.epoch, True, False
        self.acked = acked[1] if acked[0] == self._epoch else 0

    def backlog(self) -> int:
        """How many rows wait for the twin; none in quarantine, when it takes none."""
        return self._waiting(self._source.last_seq())

    def _waiting(self, last_seq: int) -> int:
        return 0 if self._fork is not None else last_seq - self.acked

    @property
    def pressing(self) -> bool:
        """True when there is more to say at once. An old copy of a journal has not, until it has begun anew."""
        begun = self._source.epoch != self._epoch
        return begun or self.owes or (not self._behind and self.backlog() > 0)

    @property
    def refused(self) -> bool:
        """True while rows wait that the twin does not take: those of an old copy, until it has begun anew."""
        return self._behind and self.backlog() > 0

    def exchange(self) -> News:
        """Send what waits (at most MAX_ROWS rows), take what comes. TwinUnreachable, TwinRefused."""
        if self._source.epoch != self._epoch:
            self._begin((0, 0))
        last_seq, sent_ms = self._source.last_seq(), self._now_ms()
        backlog = self._waiting(last_seq)
        rows = _fitting(self._source.rows_after(self.acked, MAX_ROWS)) if backlog > 0 else ()
        request = ExchangeRequest(
            unit=self._unit,
            epoch=self._epoch,
            nonce=self._client.nonce(),
            have=self.have,
            rows=rows,
            last_seq=last_seq,
            refusals=self._source.refusals(),
            state=self._source.state(),
            starting=self._starting,
            bookings=self._source.bookings() if self.owes and len(rows) >= backlog else None,
        )
        reply, sealed = self._client.exchange(request)
        replica = self._take(reply, sealed, last_seq)
        return News(reply, replica, sent_ms, self._now_ms(), backlog)

    def _take(self, reply: ExchangeReply, sealed: bytes, last_seq: int) -> Replica | None:
        replica = None if reply.replica is None else self._client.opened(reply.replica)
        if replica is not None and replica.version <= self.have:
            self._rolled_back(replica.version)
        self._take_place(reply, last_seq)
        if replica is not None and reply.replica is not None:
            self._store.keep_replica(reply.replica)
            self.have = replica.version
        self.owes = reply.version.epoch > self.have.epoch > 0
        changed = replica is not None or reply.fork != self._fork
        self._fork = reply.fork
        self._keep(sealed, changed)
        return replica

    def _rolled_back(self, version: Version) -> NoReturn:
        """An old replica opens nothing any more; staff are told of each once."""
        if version not in self._old:
            self._old.add(version)
            self._source.noticed(f"rollback: replica {version} came after {self.have}, refused")
        raise TwinRefused(f"replica {version} is not newer than {self.have}: refused")

    def _take_place(self, reply: ExchangeReply, last_seq: int) -> None:
        """Where the twin stands with the journal, of which `last_seq` rows were there: an old copy of it begins
        anew, and so does one that another device continues; a twin that knows less than it did was restored, and
        must say so."""
        if reply.acked < self.acked and reply.version.epoch <= self.have.epoch and reply.fork is None:
            raise TwinRefused(f"the twin has lost rows {reply.acked + 1} to {self.acked}: start it with --restored")
        self._behind = self._is_behind(reply, last_seq)
        if self._behind:
            log.warning("journal: an old copy, the twin is ahead of it; a new epoch begins")
            self._source.begin_epoch(min(self.acked, last_seq))
            return
        self._starting = False
        self.acked = reply.acked

    def _is_behind(self, reply: ExchangeReply, last_seq: int) -> bool:
        """Whether the twin has rows of this epoch that are not ours, or takes no more of them."""
        if not self._starting:
            return reply.acked > last_seq and reply.fork is None
        if reply.head is None:
            return False
        return reply.head == "" or reply.head != self._source.hash_at(reply.acked)

    def _keep(self, sealed: bytes, changed: bool) -> None:
        now = self._now_ms()
        if changed or self._kept_ms is None or now - self._kept_ms >= KEEP_MS:
            self._store.keep_reply(sealed)
            self._kept_ms = now


def _fitting(rows: list[Row]) -> tuple[Row, ...]:
    """As many of the first rows as may go up together; one at the least."""
    sizes = accumulate(len(encode(row_to_json(row))) for row in rows)
    room = sum(size <= MAX_ROW_BYTES for size in sizes)
    return tuple(rows[: max(1, room)])


class LinkWatch:
    """Says, once, when a link has failed for so long that it counts as lost."""

    def __init__(self) -> None:
        self._failing_since: int | None = None
        self._told = False

    def failed(self, now_ms: int) -> None:
        """An exchange failed, or the line broke."""
        if self._failing_since is None:
            self._failing_since = now_ms

    def succeeded(self) -> None:
        """An exchange came through."""
        self._failing_since, self._told = None, False

    def lost_at(self) -> int | None:
        """When the link will count as lost; None while it is well, or once that was told."""
        return None if self._told or self._failing_since is None else self._failing_since + LOST_MS

    def newly_lost(self, now_ms: int) -> bool:
        """True the one time that the link has just become lost."""
        due = self.lost_at()
        if due is None or now_ms < due:
            return False
        self._told = True
        return True


class SyncWorker:
    """The two threads: `lisiere-sync` exchanges, `lisiere-news` waits at the twin for changes."""

    def __init__(
        self,
        sync: Sync,
        transport: HttpTransport,
        unit: str,
        on_news: Callable[[News], None],
        on_lost: Callable[[int], None],
        every_s: Callable[[], float],
    ) -> None:
        """`on_news` and `on_lost(backlog)` are called on the sync thread; `every_s()` is the longest pause."""
        self._sync = sync
        self._transport = transport
        self._unit = unit
        self._on_news = on_news
        self._on_lost = on_lost
        self._every_s = every_s
        self._watch = LinkWatch()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._failing: type[Exception] | None = None
        self._threads = [
            threading.Thread(target=self._exchange_for_ever, name="lisiere-sync", daemon=True),
            threading.Thread(target=self._listen_for_ever, name="lisiere-news", daemon=True),
        ]

    def start(self) -> None:
        """Begin with an exchange at once."""
        self._wake.set()
        for thread in self._threads:
            thread.start()

    def urge(self) -> None:
        """There is something for the twin."""
        self._wake.set()

    def close(self) -> None:
        """End both threads; the one that waits at the twin ends with its request."""
        self._closed.set()
        self._wake.set()
        self._transport.close()

    def _exchange_for_ever(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(RETRY_S if self._failing else self._every_s())
            if self._wake.is_set() and not self._failing:
                self._closed.wait(GATHER_S)
            self._wake.clear()
            if not self._closed.is_set():
                self._exchange()

    def _exchange(self) -> None:
        try:
            news = self._sync.exchange()
        except (TwinUnreachable, TwinRefused) as error:
            self._failed(error)
            return
        if self._failing:
            log.info("twin: reached again, %d rows to send", news.backlog)
        self._failing = None
        self._watch.succeeded()
        self._on_news(news)
        if self._sync.pressing:
            self._wake.set()

    def _failed(self, error: Exception) -> None:
        if type(error) is not self._failing:
            log.warning("twin: %s", error)
        self._failing = type(error)
        now_ms = time.monotonic_ns() // 1_000_000
        self._watch.failed(now_ms)
        if self._watch.newly_lost(now_ms):
            self._on_lost(self._sync.backlog())

    def _listen_for_ever(self) -> None:
        while not self._closed.is_set():
            have = self._sync.have
            wait = max(1, int(self._every_s()))
            path = f"/api/units/{self._unit}/changes?epoch={have.epoch}&version={have.n}&wait={wait}"
            try:
                changed = self._transport.get(path, read_s=wait + 5.0)
            except (TwinUnreachable, TwinRefused):
                self._closed.wait(RETRY_S)
                continue
            if b"true" in changed:
                self._wake.set()
                self._closed.wait(GATHER_S)
