"""One visit, played on the running demo: a tap, a run, a booking at the kiosk. And whether it all came about."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from lisiere.demo.processes import DemoError
from lisiere.demo.stage import Stage
from lisiere.demo.workshop import MACHINES, MEMBERS

PATIENCE_S = 60.0
"""How long to wait for what should come within a second or two."""
SEWING_S = 2.0
"""How long Ana sews."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of the visit; the keys of the demo's last line."""

    tap_to_power_ms: int
    run: str
    powered_seconds: int
    twin_has_run: bool
    kiosk_booking: str | None

    def as_json(self) -> dict[str, Any]:
        """The last line of `--once`."""
        return asdict(self)


def play(stage: Stage, tell: Callable[[str], None]) -> Visit:
    """Play the visit, and say what happens as it happens. DemoError when something does not."""
    ana, bilal = MEMBERS[0], MEMBERS[1]
    overlocker, sewing_machine = MACHINES
    bench = stage.benches[overlocker.id]
    laid = bench.tap(ana.badge)
    _wait(lambda: bench.wait_for(lambda s: s.live, PATIENCE_S), f"no power at {overlocker.name} after the tap")
    tap_to_power = bench.standing.since_ms - laid
    tell(f"{ana.name} badge sur « {overlocker.name} » : elle a réservé, la machine s'allume ({tap_to_power} ms)")
    bench.motor(True)
    time.sleep(SEWING_S)
    bench.motor(False)
    bench.tap(ana.badge)
    _wait(lambda: bench.wait_for(lambda s: not s.live, PATIENCE_S), "no power-off after the second tap")
    tell(f"{ana.name} badge de nouveau : la machine s'éteint, le passage est dans son journal")
    run = _run_at_twin(stage, overlocker.id)
    tell(f"Le jumeau a reçu le passage {run['run']} : {run['powered_seconds']} s sous tension")
    booking = _book_at_kiosk(stage, bilal.badge, sewing_machine.id)
    if booking:
        tell(f"{bilal.name} montre son badge à la borne, touche deux fois : « {sewing_machine.name} » est à lui")
    return Visit(tap_to_power, run["run"], run["powered_seconds"], True, booking)


def _run_at_twin(stage: Stage, machine: str) -> dict[str, Any]:
    """The run, as the twin has it."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = stage.twin.get(f"/api/runs?machine={machine}")
        return bool(found)

    _poll(there, "the run does not reach the twin")
    return found[0]


def _book_at_kiosk(stage: Stage, badge: str, machine: str) -> str | None:
    """Badge and two touches at the kiosk; the booking's id, as the twin has it."""
    kiosk = stage.kiosk
    assert kiosk is not None
    kiosk.tap(badge)
    time.sleep(1.0)  # a person looks at the screen
    _poll(lambda: kiosk.touch(machine=machine), "the kiosk shows no tile to touch")
    time.sleep(0.5)
    _poll(lambda: kiosk.touch(offer=0), "the kiosk offers no hours")
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = [b for b in stage.twin.get(f"/api/bookings?machine={machine}") if b["source"] == "kiosk"]
        return bool(found)

    _poll(there, "the kiosk's booking does not reach the twin")
    return str(found[0]["id"])


def _wait(came: Callable[[], bool], otherwise: str) -> None:
    if not came():
        raise DemoError(otherwise)


def _poll(there: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        if time.monotonic() > deadline:
            raise DemoError(otherwise)
        time.sleep(0.1)
