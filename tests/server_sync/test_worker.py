"""A unit and a real twin in step, whatever the network loses, repeats or keeps for later."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.bookings import Booking, RequestRefused
from access.facts import DecisionMade, FaultCleared, FaultReported
from access.machines import Machine
from access.replica import Version
from access.vocabulary import Fault, Outcome, Reason
from controller.assembly import wire_row
from controller.journal import Journal
from controller.journal_reader import JournalReader
from controller.journal_row import Stamped
from hardware.disk import SimulatedDisk
from server_sync.client import TwinClient, TwinRefused, TwinUnreachable
from server_sync.identity import PrivateKey, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from server_sync.wire import MAX_ROWS, ExchangeReply, Row, reply_from_bytes, reply_to_bytes, request_from_bytes
from server_sync.worker import KEEP_MS, LOST_MS, MAX_ROW_BYTES, LinkWatch, Sync
from tests.access.workshop import NOON
from twin import tables
from twin.auth import EXCHANGE_LIMIT
from twin.bookings import Bookings
from twin.exchange import Exchange
from twin.people import People
from twin.store import Store

NEW_EPOCH = 7


class Site:
    """A twin with one machine, its unit's journal and sync, and a network that can fail."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.store = Store(folder / "twin.db", durable=False)
        self.key = PrivateKey(bytes(range(32)))
        self.people, bookings = People(self.store), Bookings(self.store, lambda: self.now, lambda change: None)
        self.people.put_machine(Machine("m1"))
        self.people.put_unit("m1", "m1", "00" * 32, b"k" * 32)
        self.people.put_member("ana", badges=["04A1"])
        self.exchange = Exchange(self.store, self.key, lambda: self.now, bookings)
        self.fails = ""
        self.late: list[bytes] = []
        self.answers: list[bytes] = []
        self.sizes: list[int] = []
        self.nonces = 0
        self.said: list[str] = []
        self._folder = folder
        self.journal = Journal(folder / "journal.db", "m1", SimulatedDisk(), lambda n: bytes(n), NEW_EPOCH)
        self.reader = JournalReader.open(folder / "journal.db")
        self.epoch = self.journal.epoch
        self.boot()

    def boot(self) -> None:
        """The unit's program starts anew on its files."""
        self.kept = ReplicaStore(self._folder / "replica.db", self.key.public)
        client = TwinClient(self, self.key.public, self._nonce)
        self.sync = Sync("m1", self, client, self.kept, self._now_ms)

    def write(self, rows: int) -> None:
        """The unit's journal grows."""
        fact = DecisionMade("tag", "ana", Outcome.REFUSED, Reason.NO_BOOKING)
        self.journal.append([Stamped(self.now, 0, 1, fact)] * rows)

    def wait(self, seconds: float) -> None:
        """Time passes, for twin and unit."""
        self.now += timedelta(seconds=seconds)

    def summary(self) -> Mapping[str, Any]:
        """What the twin has."""
        return self.exchange.summary()

    def close(self) -> None:
        """Let go of the files."""
        self.kept.close()
        self.reader.close()
        self.journal.close()
        self.store.close()

    # the network: `server_sync.client.Transport`

    def post(self, path: str, body: bytes) -> bytes:
        """A message to the twin, and its answer, or what the network makes of them."""
        assert path == "/api/units/m1/exchange"
        self.sizes.append(len(body))
        if self.fails == "request lost":
            raise TwinUnreachable("lost on the way")
        if self.fails == "late":
            self.late.append(body)
            raise TwinUnreachable("late")
        answer = self._answer(body)
        if self.fails == "twice":
            self._answer(body)
        if self.fails == "reply lost":
            raise TwinUnreachable("lost on the way back")
        return answer

    def deliver_late(self) -> None:
        """What was on its way all the time arrives at the twin."""
        for body in self.late:
            self._answer(body)
        self.late.clear()

    def _answer(self, body: bytes) -> bytes:
        self.answers.append(self.exchange.answer(request_from_bytes(body)))
        return self.answers[-1]

    # the journal: `server_sync.worker.Source`

    def rows_after(self, seq: int, limit: int) -> list[Row]:
        return [wire_row("m1", row) for row in self.reader.rows_after(self.epoch, seq, limit)]

    def last_seq(self) -> int:
        return self.reader.last_seq(self.epoch)

    def begin_epoch(self, after: int) -> None:
        self.journal.begin_epoch(self.epoch + 1, after)
        self.epoch = self.journal.epoch

    def noticed(self, what: str) -> None:
        self.said.append(what)

    def hash_at(self, seq: int) -> str:
        return self.reader.hash_at(self.epoch, seq)

    def bookings(self) -> tuple[Booking, ...]:
        return ()

    def refusals(self) -> tuple[RequestRefused, ...]:
        return ()

    def state(self) -> Mapping[str, Any]:
        return {}

    def _nonce(self) -> str:
        self.nonces += 1
        return f"nonce-{self.nonces}"

    def _now_ms(self) -> int:
        return (self.now - NOON) // timedelta(milliseconds=1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A twin and a unit that have not spoken yet."""
    made = Site(tmp_path)
    yield made
    made.close()


def test_the_first_exchange_brings_the_replica(site: Site) -> None:
    """The first exchange brings a replica, a lease and the time; the next one brings no replica again."""
    news = site.sync.exchange()
    assert news.replica is not None and news.replica.machine.id == "m1" and "ana" in news.replica.members
    assert news.reply.lease_end == NOON + timedelta(hours=24) and news.reply.time == NOON
    assert site.kept.replica() == news.replica and site.sync.have == news.replica.version
    assert site.sync.exchange().replica is None


def test_rows_go_up_once(site: Site) -> None:
    """What the journal holds is at the twin after an exchange, and is not sent again."""
    site.write(3)
    assert site.sync.backlog() == 3
    news = site.sync.exchange()
    assert (news.backlog, news.reply.acked, site.sync.backlog()) == (3, 3, 0)
    site.sync.exchange()
    assert site.summary()["events"] == 3 and site.summary()["duplicates"] == 0


def test_a_long_backlog_goes_up_in_pieces(site: Site) -> None:
    """An exchange carries at most MAX_ROWS rows; the rest follows in order."""
    site.journal.append([Stamped(site.now, 0, 1, FaultCleared(Fault.JOURNAL))] * (MAX_ROWS + 1))
    assert site.sync.exchange().reply.acked == MAX_ROWS
    assert site.sync.exchange().reply.acked == MAX_ROWS + 1
    assert site.summary()["gaps"] == 0


def test_a_backlog_of_long_rows_goes_up_in_pieces_that_the_twin_takes(site: Site) -> None:
    """Rows are sent as many as the twin takes in one body, and a row that is long alone is sent alone."""
    fact = FaultReported("ana", "l'aiguille est cassée " * 100)
    site.journal.append([Stamped(site.now, 0, 1, fact)] * 300)
    site.journal.append([Stamped(site.now, 0, 1, FaultReported("ana", "x" * MAX_ROW_BYTES))])
    for _ in range(20):
        site.sync.exchange()
    assert site.sync.backlog() == 0
    assert site.summary()["events"] == 301
    assert max(site.sizes) <= EXCHANGE_LIMIT


def test_a_lost_reply_costs_nothing(site: Site) -> None:
    """Rows whose reply was lost are sent again and counted once."""
    site.write(2)
    site.fails = "reply lost"
    with pytest.raises(TwinUnreachable):
        site.sync.exchange()
    site.fails = ""
    site.write(1)
    assert site.sync.exchange().reply.acked == 3
    assert site.summary()["events"] == 3 and site.summary()["duplicates"] == 2


def test_a_restart_knows_what_was_acknowledged(site: Site) -> None:
    """After a restart the unit has its replica and its lease; what it sends again the twin already has."""
    site.write(2)
    site.sync.exchange()
    have = site.sync.have
    site.kept.close()
    site.boot()
    assert site.sync.have == have
    site.sync.exchange()
    assert site.sync.backlog() == 0 and site.summary()["events"] == 2


def test_an_epoch_that_was_left_is_left_by_a_shorter_copy_too(site: Site) -> None:
    """A unit that starts on less than the twin has of an epoch that is closed begins a new one."""
    site.write(2)
    site.sync.exchange()
    with site.store.write() as conn:
        conn.execute(tables.progress.update().values(retired=True, applied=9, highest=9))
    site.boot()
    site.sync.exchange()
    assert site.epoch == NEW_EPOCH + 1


def test_an_old_copy_presses_nobody_until_it_has_begun_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its disk takes no new epoch a unit has nothing to say at once; when the epoch has begun, it has."""
    site.write(2)
    site.sync.exchange()
    with site.store.write() as conn:
        conn.execute(tables.progress.update().values(retired=True))
    site.boot()
    site.write(1)
    with monkeypatch.context() as full:
        full.setattr(site, "begin_epoch", lambda after: None)
        site.sync.exchange()
    assert site.sync.backlog() > 0 and not site.sync.pressing
    site.sync.exchange()
    assert site.epoch == NEW_EPOCH + 1 and site.sync.pressing
    site.sync.exchange()
    assert not site.sync.pressing


def test_rows_that_another_wrote_are_noticed_without_a_restart(site: Site) -> None:
    """The twin has more of this epoch than the unit ever wrote: the unit leaves the epoch, and loses no row."""
    site.write(2)
    site.sync.exchange()
    with site.store.write() as conn:
        conn.execute(tables.progress.update().values(applied=4, highest=4))
    site.sync.exchange()
    assert site.epoch == NEW_EPOCH + 1
    site.write(2)
    site.sync.exchange()
    assert site.sync.acked == 2 and site.sync.backlog() == 0


def test_a_change_at_the_twin_comes_down(site: Site) -> None:
    """A revocation at the twin is in the replica of the next exchange, under a higher version."""
    first = site.sync.exchange().replica
    site.people.revoke("04A1")
    second = site.sync.exchange().replica
    assert first is not None and second is not None and second.version > first.version
    assert second.members["ana"].all_badges_revoked


def resigned(site: Site, reply: ExchangeReply, key: PrivateKey | None = None) -> bytes:
    """A reply under the twin's seal, or under another's."""
    return seal(reply_to_bytes(reply), key or site.key)


def answered(site: Site, sealed: bytes) -> Sync:
    """The unit's sync on a network whose every answer is this one."""

    class Parrot:
        def post(self, path: str, body: bytes) -> bytes:
            return sealed

    client = TwinClient(Parrot(), site.key.public, lambda: "nonce")
    return Sync("m1", site, client, site.kept, site._now_ms)


def reply(**more: Any) -> ExchangeReply:
    """What the twin would say."""
    return ExchangeReply("nonce", NOON, NOON, 0, Version(1, 1))._replace(**more)


def test_an_older_replica_is_refused(site: Site) -> None:
    """A replica that is not newer than the unit's own is refused, though the twin signed it; the kept one stays."""
    replica = site.sync.exchange().replica
    assert replica is not None
    for version in (replica.version, Version(replica.version.epoch, replica.version.n - 1), Version(0, 99)):
        old = seal(replica_to_bytes(replace(replica, version=version, members={})), site.key)
        with pytest.raises(TwinRefused, match="not newer"):
            answered(site, resigned(site, reply(replica=old))).exchange()
    assert site.kept.replica() == replica


def test_what_the_twin_did_not_sign_is_refused(site: Site) -> None:
    """A reply or a replica under another key, and a reply to another question, change nothing on the unit."""
    replica = site.sync.exchange().replica
    confirmed = site.kept.confirmation()
    assert replica is not None
    other = PrivateKey(bytes(32))
    newer = replace(replica, version=Version(replica.version.epoch, replica.version.n + 1))
    forged = seal(replica_to_bytes(newer), other)
    for sealed in (
        resigned(site, reply(), other),
        resigned(site, reply(replica=forged)),
        resigned(site, reply(nonce="another")),
        b"no seal",
        seal(b"{}", site.key),
    ):
        sync = answered(site, sealed)
        with pytest.raises(TwinRefused):
            sync.exchange()
        assert sync.have == replica.version
    assert site.kept.replica() == replica and site.kept.confirmation() == confirmed


def test_a_replayed_reply_is_refused(site: Site) -> None:
    """An answer that was given before does not fit a new question."""
    site.sync.exchange()
    old = site.answers[-1]
    assert reply_from_bytes(old.partition(b".")[2]).nonce == "nonce-1"
    with pytest.raises(TwinRefused, match="replay"):
        answered(site, old).exchange()


def test_the_twins_word_is_kept_now_and_then(site: Site) -> None:
    """While nothing changes, the reply is written to the card once in KEEP_MS, and at once with a new replica."""

    def confirmed() -> datetime:
        found = site.kept.confirmation()
        assert found is not None
        return found.confirmed

    site.sync.exchange()
    site.wait(KEEP_MS / 1000 - 1)
    site.sync.exchange()
    assert confirmed() == NOON
    site.wait(1)
    site.sync.exchange()
    assert confirmed() == site.now
    site.wait(1)
    site.people.revoke("04A1")
    site.sync.exchange()
    assert confirmed() == site.now


def test_a_link_is_lost_once() -> None:
    """A link counts as lost LOST_MS after its first failure, is told once, and afresh after a success."""
    watch = LinkWatch()
    watch.failed(1_000)
    watch.failed(20_000)
    assert watch.lost_at() == 1_000 + LOST_MS
    assert not watch.newly_lost(1_000 + LOST_MS - 1)
    assert watch.newly_lost(1_000 + LOST_MS)
    assert not watch.newly_lost(10**9) and watch.lost_at() is None
    watch.succeeded()
    watch.failed(10**9)
    assert watch.lost_at() == 10**9 + LOST_MS


faults = st.sampled_from(["", "", "request lost", "reply lost", "twice", "late", "deliver", "restart"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(st.lists(st.tuples(faults, st.integers(0, 3)), max_size=12))
def test_nothing_is_lost_and_nothing_counts_twice(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, int]]
) -> None:
    """Whatever the network loses, repeats or delivers late, once it is well the twin has every row of the journal
    exactly once, in a chain without a gap."""
    site = Site(tmp_path_factory.mktemp("site"))
    for fault, rows in plan:
        site.write(rows)
        site.wait(1)
        match fault:
            case "deliver":
                site.deliver_late()
            case "restart":
                site.kept.close()
                site.boot()
            case _:
                site.fails = fault
                _try(site)
    site.fails = ""
    site.deliver_late()
    site.sync.exchange()
    assert site.sync.backlog() == 0
    told = site.summary()
    assert (told["events"], told["gaps"]) == (site.last_seq(), 0)
    assert site.reader.first_bad_row() is None
    site.close()


def _try(site: Site) -> None:
    """One exchange, which may fail."""
    before = site.sync.acked
    try:
        site.sync.exchange()
    except TwinUnreachable:
        assert site.sync.acked == before
