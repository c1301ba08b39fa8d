"""The controller's side of the keeper's socket."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select
from threading import Event, Lock, Thread

from hardware.clock import mono_ms
from hardware.relay.report import LONGEST_PACKET, REPORT_EVERY_MS, Command, Order, Report, report_of

log = logging.getLogger(__name__)

SILENCE_S = 3 * REPORT_EVERY_MS / 1000
"""A keeper that reports nothing for this long is lost, though its socket may still be open."""
RETRY_S = 0.2


class KeeperOutput:
    """An output that a keeper keeps. Its commands never wait and never raise: `on_lost` tells failures."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._lock = Lock()
        self._closing = Event()
        self._thread: Thread | None = None
        self._lost = False

    def start(self, on_lost: Callable[[bool], None], on_report: Callable[[Report], None]) -> None:
        """Connect and stay connected. The callbacks come from its own thread, `on_lost` at changes only."""
        self._on_lost, self._on_report = on_lost, on_report
        self._thread = Thread(target=self._stay_connected, name="keeper", daemon=True)
        self._thread.start()

    def switch_on(self) -> None:
        """Close the relay, for one hold."""
        self._send(Command.ON)

    def renew(self) -> None:
        """Start the countdown afresh."""
        self._send(Command.RENEW)

    def switch_off(self) -> None:
        """Open the relay; where the keeper cannot be told, the hold runs out by itself."""
        self._send(Command.OFF)

    def close(self) -> None:
        """Leave the keeper, which opens the relay; safe to call twice."""
        self._closing.set()
        self._hang_up()
        if self._thread is not None:
            self._thread.join()

    def _send(self, command: Command) -> None:
        packet = Order(command, mono_ms()).packet()
        with self._lock:
            if self._socket is None:
                return
            try:
                self._socket.send(packet)
            except OSError:
                _shut(self._socket)

    def _hang_up(self) -> None:
        with self._lock:
            if self._socket is not None:
                _shut(self._socket)

    def _stay_connected(self) -> None:
        while not self._closing.is_set():
            try:
                self._listen()
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._tell_lost(True, str(error))
            self._closing.wait(RETRY_S)

    def _listen(self) -> None:
        """Connect, and pass reports on until the keeper is gone; an OSError or a parse error says why."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(SILENCE_S)
            connection.connect(str(self._path))
            connection.setblocking(False)  # a socket with a time-out would make send() wait for room
            self._socket = connection
            try:
                while not self._closing.is_set():
                    self._heard(_packet(connection))
            finally:
                with self._lock:
                    self._socket = None

    def _heard(self, packet: bytes) -> None:
        report = report_of(packet)
        self._tell_lost(False, "")
        self._on_report(report)

    def _tell_lost(self, lost: bool, why: str) -> None:
        """Log and tell the first failure and the recovery, not every failure between."""
        if lost == self._lost or self._closing.is_set():
            return
        self._lost = lost
        log.warning("keeper lost: %s", why) if lost else log.info("keeper is back")
        self._on_lost(lost)


def _packet(connection: socket.socket) -> bytes:
    """The next packet; ConnectionError when there is none for SILENCE_S, or no keeper any more."""
    if not select([connection], [], [], SILENCE_S)[0]:
        raise ConnectionError(f"the keeper has been silent for {SILENCE_S:g} s")
    if packet := connection.recv(LONGEST_PACKET):
        return packet
    raise ConnectionError("the keeper hung up")


def _shut(connection: socket.socket) -> None:
    """Make the thread that reads this socket notice; it may have noticed already."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
