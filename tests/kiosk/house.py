"""The real kiosk before the real twin and the real units: only time, devices and wires are simulated."""

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from access.machines import Machine
from access.people import Role
from access.policy import Policy
from access.times import Hours, Opening
from controller.link import Ask, UnitAnswer, UnitState
from controller.status import Status
from kiosk.app import KioskApp
from kiosk.directory import TwinDirectory
from kiosk.office import OfficeAnswer, OfficeAsk, Writing
from kiosk.twin_office import TwinOffice
from lisiere.unit.command import event_of
from lisiere.world.bench import Bench
from lisiere.world.site import Site, Watch
from server_sync.client import HttpTransport, TwinUnreachable
from server_sync.identity import Counter, PrivateKey, RequestSigner, badge_tag
from tests.kiosk.conftest import Robot
from twin.app import create_app
from twin.auth import Role as TwinRole
from twin.auth import make_token

START = datetime.fromisoformat("2026-03-10T14:02:00+01:00")
TAG_KEY = bytes(range(32))
KIOSK = "kiosk-1"
MACHINES = (
    Machine("piqueuse-1", rtc=True),
    Machine("surjeteuse-1", frozenset({"surjeteuse"}), rtc=True),
    Machine("presse-1", hazardous=True, rtc=True),
)
NAMES = {"piqueuse-1": "Piqueuse plate 1", "surjeteuse-1": "Surjeteuse 1", "presse-1": "Presse à chaud"}
PEOPLE = {
    "ana": ("Ana Becker", "04A1A1A1A1A1A1", Role.MEMBER),
    "karim": ("Karim Haddad", "04A2A2A2A2A2A2", Role.MEMBER),
    "malik": ("Malik Hamdi", "04B1B1B1B1B1B1", Role.TECHNICIAN),
    "paul": ("Paul Klein", "04C1C1C1C1C1C1", Role.TRAINER),
    "jeanne": ("Jeanne Weiss", "04D1D1D1D1D1D1", Role.STAFF),
}
DAY_BADGE = "04DADADADADADA"


class Wire(HttpTransport):
    """The kiosk's network: signed and read as the shipped client does it, without a socket. `away`: it is cut;
    `deaf`: the twin hears, and its answers are lost."""

    def __init__(self, client: TestClient, signer: RequestSigner) -> None:
        super().__init__("http://twin", signer)
        self._client = client
        self.away = False
        self.deaf = False

    def _sent(self, method: str, path: str, body: bytes, read_s: float) -> Any:
        if self.away:
            raise TwinUnreachable("the wire is cut")
        headers = self._signer.sign(method, path, body) | {"Content-Type": "application/json"}
        answer = self._client.request(method, path, content=body, headers=headers)
        if self.deaf:
            raise TwinUnreachable("the answer is lost")
        return answer


class Office(TwinOffice):
    """The shipped one, without its thread."""

    def ask(self, badge: str, ask: OfficeAsk, answered: Callable[[OfficeAnswer], None]) -> None:
        answered(self.answer(badge, ask))


class UnitLink:
    """The way to a simulated bench's real unit."""

    def __init__(self, bench: Bench) -> None:
        self.status = Status(bench.machine.id)
        self._bench = bench
        self._heard: Callable[[UnitState | None], None] = lambda state: None
        self._told: UnitState | None = None

    def watch(self, heard: Callable[[UnitState | None], None]) -> None:
        self._heard = heard
        self.pulse()

    def ask(self, ask: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        self._bench.tell_unit(event_of(ask, answered))

    def pulse(self) -> None:
        """Tell the kiosk what is new."""
        assert self._bench.unit is not None
        state = self.status.now(self._bench.unit.control)
        self._heard(None if state is self._told else state)
        self._told = state

    def close(self) -> None:
        self._heard = lambda state: None


class Badges:
    """The kiosk's reader: badges are shown by their numbers."""

    def __init__(self) -> None:
        self.last = ("", "")

    def start(self, on_badge: Callable[[str], None], on_lost: Callable[[bool], None]) -> None:
        self._on_badge = on_badge

    def show(self, number: str) -> None:
        self.last = badge_tag(number, TAG_KEY), number
        self._on_badge(self.last[0])

    def number_of(self, tag: str) -> str | None:
        return self.last[1] if tag == self.last[0] else None

    def close(self) -> None:
        pass


class Writer:
    """The card desk, as the test says."""

    def __init__(self) -> None:
        self.at_work = False

    def start(self, told: Callable[[Writing], None]) -> None:
        self.at_work, self.tell = True, told

    def stop(self) -> None:
        self.at_work = False


class SiteClock:
    """The site's virtual time, as the kiosk's clock."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def now(self) -> datetime:
        return self._site.schedule.now()

    def monotonic(self) -> float:
        return self._site.schedule.ms / 1000


class House(Robot):
    """A workshop with three machines, its team, and somebody before the kiosk."""

    def __init__(self, folder: Path, desk: bool = True) -> None:
        self._statuses: dict[str, Status] = {}
        opening = Opening("Europe/Paris", (Hours(frozenset(range(7)), time(9), time(18)),))
        self.site = Site(folder, START, MACHINES, Policy(), opening, 0, self._watch())
        self._enter(desk)
        self.site.open()
        self.client = TestClient(create_app(self.site._store, self.site._key, self.site.schedule.now))
        counter = Counter()
        self.wire = Wire(self.client, RequestSigner(KIOSK, self._key, "twin", counter))
        self.directory = TwinDirectory(KIOSK, self.wire, self.site._key.public, folder / "copy.sealed", "")
        self.directory.refresh()
        self.badges, self.writer = Badges(), Writer()
        self.office = Office(self.wire, self.badges.number_of)
        self.links = {id: UnitLink(bench) for id, bench in self.site.benches.items()}
        self._statuses |= {id: link.status for id, link in self.links.items()}
        clock = SiteClock(self.site)
        world = (self.links, self.directory, self.badges, clock)
        self.open_app(KioskApp(*world, office=self.office, writer=self.writer if desk else None))
        self.pump()

    def _watch(self) -> Watch:
        def fact(machine: str, stamped: Any) -> None:
            if machine in self._statuses:
                self._statuses[machine].heard(stamped)

        return Watch(fact, lambda machine, on, cause: None, lambda change: None)

    def _enter(self, desk: bool) -> None:
        people = self.site.people
        for id, (name, number, role) in PEOPLE.items():
            trained = ["surjeteuse"] if id in ("ana", "paul") else []
            people.put_member(id, [number], trained, role, name=name)
        for machine in MACHINES:
            people.put_machine(machine, NAMES[machine.id], service_hours=100)
        self._key = PrivateKey(bytes(31) + b"\1")
        people.put_unit(KIOSK, None, self._key.public.hex, TAG_KEY)
        people.name_desk(KIOSK, desk)

    # what happens

    def pump(self, seconds: float = 0.2) -> None:
        """Time passes, news spread, and the kiosk shows what it hears."""
        self.site.spread()
        self.site.schedule.run_until(self.site.schedule.ms + round(seconds * 1000))
        if not self.wire.away and not self.wire.deaf:
            self.directory.refresh()
        for link in self.links.values():
            link.pulse()
        self.stage.settle()

    def wait(self, seconds: float) -> None:
        """Time passes, second by second: units say all the while that they are there."""
        while seconds > 0:
            self.pump(min(2.0, seconds))
            seconds -= 2.0

    def exchange(self) -> None:
        """Every unit's journal reaches the twin."""
        self.pump(20)

    def badge(self, who: str) -> None:
        """Show somebody's badge to the kiosk, or the badge with a number."""
        self.acts += 1
        self.badges.show(PEOPLE[who][1] if who in PEOPLE else who)
        self.stage.settle()
        self.pump()

    def tap(self, machine: str, number: str) -> None:
        """Show a badge to a machine."""
        self.site.benches[machine].tap(number)
        self.pump()

    def live(self, machine: str) -> bool:
        """Whether the machine has power."""
        self.site.benches[machine].look()
        return bool(self.site.benches[machine].output.live)

    def tag(self, who: str) -> str:
        """A badge's tag at the kiosk."""
        return badge_tag(PEOPLE[who][1], TAG_KEY)

    def asked(self, path: str) -> Any:
        """What the twin tells an administrator."""
        if not hasattr(self, "_token"):
            self._token = make_token(self.site._store, TwinRole.ADMIN, self.site.schedule.now())
        answer = self.client.get(path, headers={"Authorization": f"Bearer {self._token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def machine(self, id: str) -> Any:
        """What the twin tells of a machine."""
        return next(machine for machine in self.asked("/api/machines") if machine["id"] == id)

    def acts_at_twin(self) -> list[tuple[str, str, str | None, str | None]]:
        """What the twin has written down: deed, by whom, machine, about whom; the first first."""
        told = reversed(self.asked("/api/acts"))
        return [(act["deed"], act["by"], act["machine"], act["about"]) for act in told]

    def pass_a_moment(self) -> None:
        """Nobody is quicker."""
        self.site.schedule.run_until(self.site.schedule.ms + 500)

    def after_a_touch(self) -> None:
        self.pump()

    def close(self) -> None:
        """Take everything down."""
        self.stage.close()
        self.site.close()
