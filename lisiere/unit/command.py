"""`lisiere unit --data DIR`: the unit's process, with its threads.

control (main)      owns the machine            controller.loop
lisiere-journal     writes what happened        controller.loop
lisiere-sync        facts up, rules down        server_sync.worker
lisiere-news        waits at the twin           server_sync.worker
panel               the LAN port                controller.panel
keeper, badge reader, indicator                 hardware
"""

import argparse
import logging
import os
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from access.people import Badge
from controller import timekeeping
from controller.assembly import Devices, Unit, Watchers, assemble, exchanged
from controller.config import TWIN_AUTHORITY, Config, ConfigError, load
from controller.events import (
    BeginAsked,
    CancelAsked,
    ClearAsked,
    Event,
    ExtendAsked,
    FaultSeen,
    LinkLost,
    RatingGiven,
    ReserveAsked,
    StopAsked,
    WalkUpAsked,
)
from controller.journal_file import JournalError
from controller.journal_row import Stamped
from controller.link import (
    Ask,
    Begin,
    Cancel,
    Clear,
    Done,
    Extend,
    Finish,
    Rate,
    Reply,
    ReportFault,
    Reserve,
    WalkUp,
)
from controller.loop import Loop, RecorderThread
from controller.panel import Panel
from controller.recorder import Recorder
from controller.status import Status, pattern
from hardware.clock import SystemClock
from hardware.disk import FreeSpace
from lisiere.unit.edges import Edges
from server_sync.client import HttpTransport
from server_sync.identity import (
    Counter,
    FileFloors,
    IdentityError,
    PrivateKey,
    PublicKey,
    RequestSigner,
    RequestVerifier,
)
from server_sync.worker import SyncWorker

RESERVE_BYTES = 16 * 1024 * 1024
"""Free space that is left alone, so that a full disk is noticed before it stops everything."""

log = logging.getLogger(__name__)


def command(arguments: list[str]) -> int:
    """Run a unit until it is told to end; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere unit",
        description="Run a machine's unit: it gives power only while a valid booking lasts.",
        epilog="example: lisiere unit --data /var/lib/lisiere/overlock-1",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the unit's folder")
    folder: Path = parser.parse_args(arguments).data
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        config = load(folder)
        with ExitStack() as parts:
            UnitProcess(config, folder, parts).run()
    except (ConfigError, JournalError, IdentityError, OSError) as error:
        print(f"lisiere unit: {error}", file=sys.stderr)
        return 1
    return 0


class UnitProcess:
    """Everything that a unit is, while it runs. `parts` closes it, the last begun first."""

    def __init__(self, config: Config, folder: Path, parts: ExitStack) -> None:
        self._config = config
        self._folder = folder
        self._parts = parts
        self._loop = Loop()
        self._status = Status(config.unit)
        self._edges = Edges(config, folder)
        self._key = PrivateKey.load_or_make(folder / "unit.key")
        self._counter = Counter(folder / "counter")
        signer = RequestSigner(config.unit, self._key, "twin", self._counter)
        self._transport = HttpTransport(config.twin, signer, folder / TWIN_AUTHORITY)
        self._recorders: list[RecorderThread] = []
        self._cause = _cause(folder)
        self._unit = self._assembled(folder)
        self._worker = self._sync_worker()
        self._panel = self._lan_port()

    def run(self) -> None:
        """Start everything, own the machine until SIGTERM, end everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._loop.stop())
        self._recorders[0].start()
        self._parts.callback(self._recorders[0].close)
        self._unit.control.boot(self._cause)
        self._edges.start(self._loop.post, self._badge_of)
        self._parts.callback(self._edges.close)
        self._worker.start()
        self._parts.callback(self._worker.close)
        self._panel.start()
        self._parts.callback(self._panel.close)
        log.info("ready: %s on port %d", self._config.unit, self._panel.address[1])
        _notify("READY=1")
        self._loop.run(self._unit.control, self._after_turn)

    def _assembled(self, folder: Path) -> Unit:
        disk = FreeSpace(folder, RESERVE_BYTES)
        devices = Devices(SystemClock(), disk, self._edges.output, os.urandom, self._key)
        unit = assemble(
            self._config.unit,
            folder,
            PublicKey(self._config.twin_key),
            devices,
            self._transport,
            self._loop.post,
            Watchers(self._told, lambda: self._worker.urge()),
            self._on_a_thread,
        )
        self._parts.callback(unit.close)
        return unit

    def _on_a_thread(self, recorder: Recorder) -> RecorderThread:
        self._recorders.append(RecorderThread(recorder, self._loop.stop))
        return self._recorders[0]

    def _sync_worker(self) -> SyncWorker:
        return SyncWorker(
            self._unit.sync,
            self._transport,
            self._config.unit,
            lambda news: self._loop.post(exchanged(news)),
            lambda backlog: self._loop.post(LinkLost(backlog)),
            lambda: self._unit.control.replica.policy.sync_seconds,
        )

    def _lan_port(self) -> Panel:
        signer = RequestSigner(self._config.unit, self._key, "kiosk", self._counter)
        verifier = RequestVerifier(self._config.unit, self._key_of, FileFloors(self._folder / "floors.json"))
        address = (self._config.panel.host, self._config.panel.port)
        return Panel(lambda ask, reply: self._loop.post(event_of(ask, reply)), signer, verifier, address)

    def _key_of(self, device: str) -> PublicKey | None:
        """The key of a kiosk, as the twin's replica has it."""
        devices = self._unit.control.replica.devices
        return next((PublicKey(d.key) for d in devices if d.id == device and d.machine is None), None)

    def _badge_of(self, tag: str) -> Badge | None:
        """A badge as the replica has it."""
        owner = self._unit.control.replica.owner(tag)
        return None if owner is None else owner[1]

    def _told(self, stamped: Stamped) -> None:
        self._edges.told(stamped.fact)
        brief = self._status.heard(stamped)
        if brief is not None:
            self._edges.show(brief)

    def _after_turn(self) -> None:
        state = self._status.now(self._unit.control)
        self._panel.publish(state)
        self._edges.show(pattern(state))
        _notify("WATCHDOG=1")


def event_of(ask: Ask, reply: Reply) -> Event:
    """What a screen asks for, as an event; what needs no answer of the machine is answered at once."""
    match ask:
        case WalkUp():
            return WalkUpAsked(ask.id, ask.member, ask.minutes, ask.power, reply)
        case Reserve():
            return ReserveAsked(ask.id, ask.member, ask.start, ask.end, ask.elsewhere, reply)
        case Begin():
            return BeginAsked(ask.member, ask.booking, reply)
        case Extend():
            return ExtendAsked(ask.booking, ask.minutes, reply, ask.end)
        case Cancel():
            return CancelAsked(ask.booking, reply)
        case Finish():
            reply(Done())
            return StopAsked(ask.member)
        case Clear():
            reply(Done())
            return ClearAsked(ask.member)
        case ReportFault():
            reply(Done())
            return FaultSeen(ask.member, ask.what)
        case Rate():
            reply(Done())
            return RatingGiven(ask.face, ask.question, ask.answer)


def _cause(folder: Path) -> str:
    """Why the unit starts: another boot of the computer than the clock was last known in is a power cut."""
    anchor = timekeeping.kept(folder / "clock.json")
    same = anchor is not None and anchor.raw.boot_id == SystemClock().read().boot_id
    return "restart" if same else "power"


def _notify(word: str) -> None:
    """Tell systemd, where it listens (`sd_notify`)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.sendto(word.encode(), "\0" + address[1:] if address.startswith("@") else address)
