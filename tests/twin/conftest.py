"""A small workshop on the twin's core: one clock, two machines, and units that obey the same rules."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from access import book as rules
from access.book import Accepted, Circumstances, Refused
from access.bookings import Booking, BookingState, RequestRefused, WebRequest
from access.facts import BookingChanged, Fact, RequestAccepted, body, stamp
from access.machines import Machine
from access.policy import Policy
from access.replica import Replica, Version
from access.vocabulary import BookingOutcome, Source
from server_sync.identity import PrivateKey, unseal
from server_sync.replica_wire import replica_from_bytes
from server_sync.wire import ExchangeReply, ExchangeRequest, Row, reply_from_bytes
from twin import knowledge, requests, tables
from twin.bookings import Bookings
from twin.desk import Change
from twin.exchange import Exchange
from twin.people import People
from twin.store import Store
from twin.waiting import standings

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TAG_KEY = b"k" * 32
STATES = {
    BookingOutcome.ACCEPTED: BookingState.ACCEPTED,
    BookingOutcome.EXTENDED: BookingState.ACCEPTED,
    BookingOutcome.CANCELLED: BookingState.CANCELLED,
}


class Workshop:
    """The twin of a workshop with the machines `saw` and `lathe`, and the members `ana` and `bilal`."""

    def __init__(self, store: Store, policy: Policy | None = None) -> None:
        self.store = store
        self.now = NOON
        self.told: list[Change] = []
        self.key = PrivateKey(b"t" * 32)
        self.people = People(store)
        self.bookings = Bookings(store, lambda: self.now, self.told.append)
        self.exchange = Exchange(store, self.key, lambda: self.now, self.bookings)
        self.people.put_policy(policy or Policy())
        for machine in ("saw", "lathe"):
            self.people.put_machine(Machine(machine))
            self.people.put_unit(f"unit-{machine}", machine, "00" * 32, TAG_KEY)
        self.people.put_member("ana", badges=["04a1"])
        self.people.put_member("bilal", badges=["04b1", "04b2"])

    def at(self, hours: float) -> datetime:
        """The instant that many hours after noon of the first day."""
        return NOON + timedelta(hours=hours)

    def book(self, id: str, start: float, end: float, member: str = "ana", machine: str = "saw"):
        """Book between hours after noon."""
        return self.bookings.book(id, member, machine, self.at(start), self.at(end))

    def wait(self, **length: float) -> None:
        """Let time pass."""
        self.now += timedelta(**length)

    def outcomes(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What the listener heard: id, outcome, reasons."""
        return [(c.id, c.outcome, c.reasons) for c in self.told]

    def rows_of(self, query: str) -> list[tuple]:
        """What the tables answer."""
        with self.store.read() as conn:
            return [tuple(row) for row in conn.execute(text(query))]

    def deadline(self) -> datetime | None:
        """When the next unanswered request is given up."""
        with self.store.read() as conn:
            return requests.deadline(conn)

    def is_news(self, have: Version) -> bool:
        """Whether an exchange would bring the saw's unit something, which has this version."""
        with self.store.read() as conn:
            return standings(conn)["unit-saw"].news_for(have)

    def accepted(self) -> dict[str, Booking]:
        """The accepted bookings of the saw, by id."""
        with self.store.read() as conn:
            return {b.id: b for b in knowledge.bookings(conn, "saw", NOON - timedelta(days=9))}

    def unit(self, machine: str = "saw", epoch: int = 1) -> "Unit":
        """A unit that has not exchanged anything yet."""
        return Unit(self, machine, epoch)


@dataclass
class Unit:
    """The far end: keeps a journal and a replica, holds what it accepts, and sells only within its lease."""

    shop: Workshop
    machine: str
    epoch: int = 1
    journal: list[Row] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    acked: int = 0
    have: Version = Version(0, 0)
    replica: Replica | None = None
    lease_end: datetime | None = None
    answered: set[str] = field(default_factory=set)
    refusals: tuple[RequestRefused, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or f"unit-{self.machine}"

    def row(self, fact: Fact, content: str = "") -> Row:
        """The next row of the journal."""
        fields = body(fact)
        opening = {name: fields.pop(name) for name in ("member", "badge") if name in fields}
        seq = len(self.journal) + 1
        hash = f"{self.name}.{self.epoch}.{seq}.{content}"
        at = stamp(self.shop.now)
        key = (self.name, self.epoch, seq, at, seq * 1000, 1, "synced", 0)
        return Row(*key, fact.KIND, fields, "c", "p", hash, opening)

    def note(self, fact: Fact) -> Row:
        """Write a fact into the journal."""
        self.journal.append(self.row(fact))
        self.facts.append(fact)
        return self.journal[-1]

    def say(self, *rows: Row, last_seq: int = 0) -> ExchangeReply:
        """One exchange with exactly these rows; what comes back is taken over."""
        reply = self.ask(*rows, last_seq=last_seq)
        self.take(reply)
        return reply

    def ask(self, *rows: Row, last_seq: int = 0) -> ExchangeReply:
        """One exchange whose reply gets lost on the way back, unless it is given to `take`."""
        request = ExchangeRequest(
            self.name, self.epoch, "n", self.have, rows, last_seq or len(self.journal), self.refusals, {}
        )
        return reply_from_bytes(unseal(self.shop.exchange.answer(request), self.shop.key.public))

    def sync(self, lost: bool = False) -> ExchangeReply:
        """One exchange with every row that is not acknowledged; `lost`: the reply never arrives."""
        reply = self.ask(*self.journal[self.acked :])
        if not lost:
            self.take(reply)
        return reply

    def take(self, reply: ExchangeReply) -> None:
        """Take over what the twin answered; web requests are answered by the rules."""
        self.acked, self.lease_end = reply.acked, reply.lease_end
        if reply.replica is not None:
            self.replica = replica_from_bytes(unseal(reply.replica, self.shop.key.public))
            assert self.replica.version > self.have
            self.have = self.replica.version
        for request in reply.requests:
            if request.id not in self.answered:
                self.answered.add(request.id)
                self._answer(request)

    def effective(self) -> dict[str, Booking]:
        """The live bookings: the replica's, and over them the own ones that the replica does not know yet."""
        assert self.replica is not None
        known = {b.id: b for b in self.replica.bookings}
        start = self.replica.acked[1] if self.replica.acked[0] == self.epoch else 0
        for fact in self.facts[start:]:
            if isinstance(fact, BookingChanged):
                hours = (fact.machine, fact.member, fact.start, fact.end)
                known[fact.id] = Booking(fact.id, *hours, fact.source, STATES[fact.outcome])
            elif isinstance(fact, RequestAccepted) and fact.outcome is not BookingOutcome.CANCELLED:
                hours = (fact.machine, fact.member, fact.start, fact.end)
                known[f"held:{fact.id}"] = Booking(fact.id, *hours, state=BookingState.HELD)
        return {key: booking for key, booking in known.items() if booking.blocks}

    def walk_up(self, id: str, minutes: float) -> None:
        """Somebody books at the kiosk, from now."""
        assert self.replica is not None
        self._sell(rules.walk_up(id, self.replica.members["bilal"], minutes, self._at()), "accepted")

    def extend(self, id: str, minutes: float) -> None:
        """Somebody extends at the kiosk."""
        assert self.replica is not None
        if (booking := self.effective().get(id)) is not None:
            member = self.replica.members[booking.member]
            self._sell(rules.extend(booking, member, minutes, self._at()), "extended")

    def cancel(self, id: str) -> None:
        """Somebody cancels at the kiosk."""
        if (booking := self.effective().get(id)) is not None:
            self._sell(rules.cancel(booking, self._at()), "cancelled")

    def _sell(self, answer: rules.Answer, outcome: str) -> None:
        if isinstance(answer, Accepted):
            self.note(BookingChanged.of(answer.booking, BookingOutcome(outcome), Source.KIOSK))

    def _answer(self, request: WebRequest) -> None:
        assert self.replica is not None
        asked = request.booking
        member = self.replica.members[asked.member]
        at = replace(self._at(), elsewhere=request.elsewhere)
        known = self.effective().get(asked.id) or replace(asked, state=BookingState.RELEASED)
        match request.kind:
            case "book":
                answer = rules.book(asked.id, member, asked.start, asked.end, at)
                outcome = BookingOutcome.ACCEPTED
            case "extend":
                answer = rules.extend(known, member, request.minutes, at)
                outcome = BookingOutcome.EXTENDED
            case _:
                answer, outcome = rules.cancel(known, at), BookingOutcome.CANCELLED
        if isinstance(answer, Refused):
            self.refusals += (RequestRefused(request.id, answer.reasons),)
        else:
            b = answer.booking
            self.note(RequestAccepted(request.id, outcome, b.id, b.machine, b.member, b.start, b.end))

    def _at(self) -> Circumstances:
        assert self.replica is not None
        known, bookings = self.replica, tuple(self.effective().values())
        rules_of = (known.machine, known.policy, known.opening)
        return Circumstances(self.shop.now, *rules_of, bookings, lease_end=self.lease_end)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own on the loopback, or the reason why there is none."""
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if found is None:
        pytest.skip("no PostgreSQL server is installed here")
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed here")
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="lisiere-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bin, data = Path(found).resolve().parent, folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [str(bin / program), "-D", str(data), *arguments]
        subprocess.run(
            command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    try:
        run("initdb", "-U", "twin", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
        settings = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql+psycopg://twin@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root; None where we are somebody else anyway."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each of the two engines."""
    if request.param == "sqlite":
        made = Store(tmp_path / "twin.db", durable=False)
    else:
        made = Store(emptied(request.getfixturevalue("postgres")))
    yield made
    made.close()


def emptied(url: str) -> str:
    """A PostgreSQL database with nothing in it."""
    engine = create_engine(url)
    with engine.begin() as conn:
        tables.metadata.create_all(conn)
        names = ", ".join(table.name for table in tables.metadata.sorted_tables)
        conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    engine.dispose()
    return url


@pytest.fixture
def shop(store: Store) -> Workshop:
    """A workshop in which nothing has happened."""
    return Workshop(store)


@pytest.fixture
def unit(shop: Workshop) -> Unit:
    """The saw's unit, after its first exchange: it owns the next 24 hours."""
    unit = shop.unit()
    unit.sync()
    return unit


@pytest.fixture
def workshop() -> type[Workshop]:
    """For a workshop of a test's own making."""
    return Workshop
