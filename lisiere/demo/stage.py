"""Sets the demo's workshop up: folders, processes, and what an association would enter at the twin."""

import fcntl
import os
import shutil
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import requests

from controller.config import Panel, Simulated
from lisiere.demo.bench import MachineBench
from lisiere.demo.processes import DemoError, Processes
from lisiere.demo.workshop import MACHINES, MEMBERS, SERVICE_HOURS, Ports
from lisiere.enrol import Enrolment, enrol

KIOSK = "kiosk-1"


class Twin:
    """The twin's API, as an administrator uses it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What a POST answers; DemoError unless it went well."""
        return self._answer("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """What a PATCH answers; DemoError unless it went well."""
        return self._answer("PATCH", path, body)

    def get(self, path: str) -> Any:
        """What a GET answers; DemoError unless it went well."""
        return self._answer("GET", path, None)

    def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        answer = self._session.request(method, self.url + path, json=body, timeout=30)
        if not answer.ok:
            raise DemoError(f"the twin refuses {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def code(self, unit: str, machine: str | None = None) -> str:
        """A one-time code for a device."""
        return str(self.post("/api/codes", {"unit": unit, "machine": machine})["code"])

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            return self._session.get(self.url + "/healthz", timeout=2).ok
        except requests.RequestException:
            return False


class Stage:
    """The whole workshop. `open` builds it up, `close` takes it down."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._lock = _only_demo(ports)
        _free(ports)
        self.folder = Path(tempfile.mkdtemp(prefix="lisiere-demo-"))
        self.processes = Processes(self.folder / "logs")
        self.benches: dict[str, MachineBench] = {}
        self.kiosk: MachineBench | None = None
        self.twin = Twin(f"http://127.0.0.1:{ports.twin}", "")
        self.twin_address = f"https://127.0.0.1:{ports.twin_tls}"

    def open(self) -> None:
        """Start everything, each part ready before the next needs it."""
        self._start_twin()
        self._enter_people_and_machines()
        for number, machine in enumerate(MACHINES):
            self._start_unit(number, machine.id)
        self._start_kiosk()

    def close(self, keep: bool) -> None:
        """End everything. `keep`: what was written stays, to be looked at."""
        self.processes.stop()
        for bench in (*self.benches.values(), *filter(None, [self.kiosk])):
            bench.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    @property
    def has_display(self) -> bool:
        """Whether the kiosk is a real window."""
        return bool(os.environ.get("DISPLAY"))

    def _start_twin(self) -> None:
        from twin.serve import token

        data, ports = self.folder / "twin", self.ports
        self.twin = Twin(self.twin.url, token(data, "admin"))
        words = ("-m", "lisiere.cli", "twin", "serve", "--data", str(data))
        self.processes.start("twin", *words, "--port", str(ports.twin_tls), "--plain-http", str(ports.twin))
        self.processes.wait_until("the twin", self.twin.answers)

    def _enter_people_and_machines(self) -> None:
        for machine in MACHINES:
            body = {"id": machine.id, "name": machine.name, "requires": list(machine.requires)}
            self.twin.post("/api/machines", body | {"service_hours": SERVICE_HOURS})
        for member in MEMBERS:
            self.twin.post(
                "/api/members",
                {
                    "id": member.id,
                    "name": member.name,
                    "badges": [member.badge],
                    "role": member.role,
                    "qualifications": list(member.qualifications),
                },
            )
        start = datetime.now(UTC) + timedelta(seconds=5)
        self.twin.post(
            "/api/bookings",
            {
                "id": "reservation-ana",
                "member": MEMBERS[0].id,
                "machine": MACHINES[0].id,
                "start": start.isoformat(),
                "end": (start + timedelta(hours=1)).isoformat(),
            },
        )

    def _start_unit(self, number: int, machine: str) -> None:
        folder = self.folder / machine
        folder.mkdir()
        bench = MachineBench(machine, folder / "bench.sock", self.ports.reader(number))
        self.benches[machine] = bench
        enrol(
            Enrolment(
                folder,
                self.twin_address,
                self.twin.code(machine, machine),
                bench.tag.path,
                Panel(port=self.ports.panel(number)),
                Simulated("bench.sock"),
            )
        )
        socket_path = folder / "keeper.sock"
        self.processes.start(
            f"keeper-{machine}",
            *("-m", "hardware.relay.keeper", "--socket", str(socket_path), "--pin", "17", "--mock"),
        )
        self.processes.wait_until("the keeper", socket_path.exists)
        self.processes.start(machine, "-m", "lisiere.cli", "unit", "--data", str(folder))
        self.processes.wait_until(machine, lambda: bench.connected and _ready(folder.parent, machine))

    def _start_kiosk(self) -> None:
        folder = self.folder / KIOSK
        folder.mkdir()
        self.kiosk = MachineBench(KIOSK, folder / "bench.sock", self.ports.kiosk_reader)
        reader, simulated = self.kiosk.tag.path, Simulated("bench.sock")
        enrol(Enrolment(folder, self.twin_address, self.twin.code(KIOSK), reader, simulated=simulated))
        self.processes.start("kiosk", "-m", "lisiere.cli", "kiosk", "--data", str(folder))
        self.processes.wait_until("the kiosk", lambda: self.kiosk is not None and self.kiosk.connected)


def _ready(folder: Path, name: str) -> bool:
    return "ready:" in (folder / "logs" / f"{name}.log").read_text(errors="replace")


def _only_demo(ports: Ports) -> IO[str]:
    """The lock of a demo on these ports; DemoError when another one holds it."""
    lock = (Path(tempfile.gettempdir()) / f"lisiere-demo-{ports.base}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DemoError(
            f"a demo already runs on ports {ports.base} and up: end it, or choose --port-base {ports.base + 100}"
        ) from None
    return lock


def _free(ports: Ports) -> None:
    """DemoError when a port that the demo needs is taken."""
    kinds = [(port, socket.SOCK_STREAM) for port in ports.tcp()] + [(p, socket.SOCK_DGRAM) for p in ports.udp()]
    for port, kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise DemoError(
                    f"port {port} is taken by another program: end it, or choose another --port-base"
                ) from None
