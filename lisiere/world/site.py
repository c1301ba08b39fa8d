"""The simulated site: benches, the twin, the network between them, and the people who use them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from access import book as rules
from access.book import Answer, Circumstances, Refused
from access.bookings import Booking
from access.machines import Machine
from access.policy import Policy
from access.replica import Version
from access.times import Opening
from access.vocabulary import BookingOutcome, Cause, Refusal, Source
from controller.events import WalkUpAsked
from controller.journal_row import Stamped
from lisiere.world.bench import Bench
from lisiere.world.schedule import Schedule, Turn
from server_sync.client import Transport, TwinClient, TwinUnreachable
from server_sync.identity import PrivateKey
from server_sync.replica_store import ReplicaStore
from server_sync.wire import ExchangeRequest, request_from_bytes
from twin import requests
from twin.bookings import Bookings
from twin.desk import Change
from twin.epochs import forgive
from twin.exchange import Exchange
from twin.people import People
from twin.restored import begin_epoch
from twin.store import Store, raise_versions
from twin.waiting import standings


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told what happens: facts as units make them, outputs as they really are, bookings as the twin
    decides them, and walk-ups that found no unit."""

    fact: Callable[[str, Stamped], None]
    power: Callable[[str, bool, Cause], None]
    booking: Callable[[Change], None]


class Wire:
    """The network between one unit and the twin: whole messages, lost while the link is down."""

    def __init__(self, site: "Site", machine: str) -> None:
        self._site = site
        self._machine = machine

    def post(self, path: str, body: bytes) -> bytes:
        """See `server_sync.client.Transport`."""
        if not self._site.benches[self._machine].line.linked:
            raise TwinUnreachable("the simulated link is down")
        return self._site.answer(body)


class FreeWire:
    """A network that is never down."""

    def __init__(self, site: "Site") -> None:
        self._site = site

    def post(self, path: str, body: bytes) -> bytes:
        """See `server_sync.client.Transport`."""
        return self._site.answer(body)


class Site:
    """See the module. `schedule` is its time; `benches` its machines by id; `people` the twin's office."""

    def __init__(
        self,
        folder: Path,
        start: datetime,
        machines: tuple[Machine, ...],
        policy: Policy,
        opening: Opening,
        seed: int,
        watch: Watch,
        wire: Callable[["Site", str], Transport] = Wire,
        key: Callable[[bytes], PrivateKey] = PrivateKey,
    ) -> None:
        """`wire` makes the network between the twin and one machine's unit, `key` a key out of its 32 bytes."""
        self.schedule = Schedule(start)
        self._folder = folder
        self._policy = policy
        self._rng = random.Random(seed)
        self._watch = watch
        self._wire = wire
        self._make_key = key
        self._key = self._make_key(self._rng.randbytes(32))
        self.benches: dict[str, Bench] = {}
        self._give_up_at: datetime | None = None
        self._store = Store(self.twin_file, durable=False)
        self._open_twin()
        self.people.put_policy(policy)
        self.people.put_opening(opening)
        for machine in machines:
            self._add(machine)

    def _open_twin(self) -> None:
        """All of the twin that remembers anything; a store that was closed knows nothing but its file."""
        self.people = People(self._store)
        self.bookings = Bookings(self._store, self.schedule.now, self._decided)
        self._exchange = Exchange(self._store, self._key, self.schedule.now, self.bookings)
        self.twin_runs = True

    def _add(self, machine: Machine) -> None:
        folder = self._folder / f"unit-{len(self.benches)}"
        folder.mkdir()
        tag_key = self._rng.randbytes(32)
        self.people.put_machine(machine)
        key = self._make_key(self._rng.randbytes(32))
        self.people.put_unit(machine.id, machine.id, key.public.hex, tag_key)
        self.benches[machine.id] = Bench(
            machine,
            self._policy,
            folder,
            self.schedule,
            self._wire(self, machine.id),
            self._key.public,
            tag_key,
            key,
            random.Random(self._rng.random()),
            self._watch.fact,
            self._watch.power,
        )

    def clone(self, machine: str, card: Path) -> Bench:
        """Another device that runs on a copy of a unit's card, and reaches the twin by a way of its own."""
        return self.benches[machine].copied(card, FreeWire(self))

    def enrol_again(self, machine: str) -> None:
        """The office ends the quarantine of a machine's unit."""
        with self._store.write() as conn:
            forgive(conn, machine)
            raise_versions(conn)

    def open(self) -> None:
        """Enrol every unit, with its first exchange, and start it."""
        for number, bench in enumerate(self.benches.values()):
            self._enrol(bench, self._folder / f"unit-{number}")
            bench.boot("power")
            bench.line.exchange()

    def _enrol(self, bench: Bench, folder: Path) -> None:
        """What `lisiere enrol` leaves on a unit: a first replica, and the time."""
        client = TwinClient(Wire(self, bench.machine.id), self._key.public, lambda: "enrolment")
        request = ExchangeRequest(
            bench.machine.id, int(self.schedule.now().timestamp()), "enrolment", Version(0, 0)
        )
        reply, sealed = client.exchange(request)
        store = ReplicaStore(folder / "replica.db", self._key.public)
        assert reply.replica is not None
        store.keep_replica(reply.replica)
        store.keep_reply(sealed)
        store.close()
        bench.trust_clock(folder)

    def close(self) -> None:
        """Let go of every file."""
        for bench in self.benches.values():
            if bench.unit is not None:
                bench.unit.close()
        self._store.close()

    # --- the twin ------------------------------------------------------------------------------------

    @property
    def twin_file(self) -> Path:
        """Where the twin keeps everything."""
        return self._folder / "twin.db"

    def stop_twin(self) -> None:
        """The twin's program ends; nobody reaches it."""
        self._store.close()
        self.twin_runs = False

    def start_twin(self, restored: bool = False) -> None:
        """The twin's program starts on what is on its disk; `restored` says that this is a backup."""
        self._open_twin()
        if restored:
            begin_epoch(self._store, self.schedule.now())
        self._give_up_at = None
        self.spread()

    def answer(self, body: bytes) -> bytes:
        """The twin's end of the network."""
        if not self.twin_runs:
            raise TwinUnreachable("the simulated twin is down")
        request = request_from_bytes(body)
        sealed = self._exchange.answer(request)
        if request.rows or request.refusals:
            self.spread()
        return sealed

    def spread(self) -> None:
        """Something changed at the twin: who waits for news has it at once; what waits too long is given up."""
        with self._store.read() as conn:
            standing, due = standings(conn), requests.deadline(conn)
        for id, bench in self.benches.items():
            if bench.unit is not None and bench.line.linked and standing[id].news_for(bench.unit.sync.have):
                bench.line.news()
        if due is not None and due != self._give_up_at:
            self._give_up_at = due
            ms = (due - self.schedule.now()) // timedelta(milliseconds=1)
            self.schedule.at(self.schedule.ms + ms, Turn.DEADLINE, self._give_up)

    def _give_up(self) -> None:
        self._give_up_at = None
        if self.twin_runs:
            self.bookings.give_up()
            self.spread()

    def _decided(self, change: Change) -> None:
        self._watch.booking(change)

    def book(self, id: str, member: str, machine: str, start: datetime, end: datetime) -> None:
        """Somebody books from the web."""
        self.bookings.book(id, member, machine, start, end)
        self.spread()

    def extend(self, booking: str, minutes: float) -> None:
        """Somebody wants a booking to last longer, from the web."""
        self.bookings.extend(booking, minutes)
        self.spread()

    def cancel(self, booking: str) -> None:
        """Somebody gives a booking back, from the web."""
        self.bookings.cancel(booking)
        self.spread()

    # --- the kiosk -----------------------------------------------------------------------------------

    def walk_up(self, id: str, machine: str, member: str, minutes: float, power: bool) -> None:
        """Somebody at the kiosk wants a machine now; the kiosk asks its unit over the local network."""
        bench = self.benches[machine]
        if bench.unit is None:
            self._unanswered(bench, id, member, minutes)
            return
        bench.tell_unit(WalkUpAsked(id, member, minutes, power, lambda answer: None))

    def _unanswered(self, bench: Bench, id: str, member: str, minutes: float) -> None:
        """The unit does not answer: the kiosk says what else it knows against it, or just that."""
        now = self.schedule.now()
        asked = Booking(id, bench.machine.id, member, now, now + timedelta(minutes=minutes), Source.KIOSK)
        hours = (asked.machine, asked.member, asked.start, asked.end)
        answer = self._judged_by_kiosk(bench, id, member, minutes, now)
        reasons = answer.reasons if isinstance(answer, Refused) else (Refusal.UNIT_UNREACHABLE,)
        self._watch.booking(Change(now, id, BookingOutcome.REFUSED, reasons, Source.KIOSK, *hours))

    def _judged_by_kiosk(self, bench: Bench, id: str, member: str, minutes: float, now: datetime) -> Answer:
        replica = bench.replica
        at = Circumstances(now, replica.machine, replica.policy, replica.opening, replica.bookings, reachable=False)
        return rules.walk_up(id, replica.members[member], minutes, at)

    # --- the end -------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Units with a link finish their exchanges."""
        for bench in self.benches.values():
            if bench.unit is not None and bench.line.linked:
                bench.finish()

    def summary(self) -> dict[str, Any]:
        """What the twin has."""
        return self._exchange.summary()
