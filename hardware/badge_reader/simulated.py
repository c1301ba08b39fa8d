"""Badges that are not there: a tag for nfcpy's udp driver, and a reader without any hardware."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from threading import Thread

from hardware.badge_reader.reading import Reading

NO_TAG = b"RFOFF"
SENS_REQ, ALL_REQ, GET_VERSION, READ = b"\x26", b"\x52", b"\x60", 0x30
SELECT = (b"\x93", b"\x95", b"\x97")
SENS_RES = {1: b"\x04\x00", 2: b"\x44\x00", 3: b"\x84\x00"}
"""The first answer, by the number of cascade levels: 4, 7 and 10 bytes."""
CASCADE, TYPE_2 = b"\x04", b"\x00"
NTAG215 = bytes.fromhex("0004040201001103")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A tag in the field, until a monotonic second."""

    responses: dict[bytes, bytes]
    until: float


class SoftwareTag:
    """A Type 2 tag that answers nfcpy's udp driver (`udp:127.0.0.1:PORT`) frame by frame.

    An empty field is answered too: silence would make the driver wait a second. Times are in seconds.
    """

    def __init__(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError when the port is taken."""
        self._placed: _Placed | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._thread = Thread(target=self._serve, name="software tag", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """The path to open a reader with."""
        host, port = self._socket.getsockname()
        return f"udp:{host}:{port}"

    def present(self, uid: str, seconds: float) -> None:
        """Lay a tag on the reader, and take it away after this long."""
        self._placed = _Placed(tag_responses(bytes.fromhex(Reading(uid).uid)), time.monotonic() + seconds)

    def remove(self) -> None:
        """Take the tag away."""
        self._placed = None

    def close(self) -> None:
        """Answer no more; safe to call twice."""
        if self._thread.is_alive():
            self._socket.sendto(b"", self._socket.getsockname())
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        """Answer until an empty datagram comes, which no reader sends."""
        while True:
            frame, reader = self._socket.recvfrom(1024)
            if not frame:
                return
            if answer := self._answer(frame):
                self._socket.sendto(answer, reader)

    def _answer(self, frame: bytes) -> bytes:
        placed, (rate, _, request) = self._placed, frame.partition(b" ")
        if not request:
            return b""
        if placed is None or time.monotonic() >= placed.until:
            return NO_TAG
        response = placed.responses.get(request)
        return rate + b" " + response if response else b""


def tag_responses(uid: bytes) -> dict[bytes, bytes]:
    """Each frame that a Type 2 tag with this number answers, with its answer, in the driver's hexadecimal."""
    levels = _cascade_levels(uid)
    responses = {SENS_REQ: SENS_RES[len(levels)], ALL_REQ: SENS_RES[len(levels)], GET_VERSION: NTAG215}
    for select, level in zip(SELECT, levels, strict=False):
        responses[select + b"\x20"] = level
        responses[select + b"\x70" + level] = TYPE_2 if level is levels[-1] else CASCADE
    memory = _memory(uid)
    for page in range(len(memory) // 4):
        responses[bytes((READ, page))] = (memory + memory)[4 * page : 4 * page + 16]
    return {request.hex().encode(): response.hex().encode() for request, response in responses.items()}


def _cascade_levels(uid: bytes) -> list[bytes]:
    """The number in pieces of four bytes and a check byte; 88 says that more follows."""
    pieces = [b"\x88" + uid[at : at + 3] for at in range(0, len(uid) - 4, 3)] + [uid[-4:]]
    return [piece + bytes((reduce(xor, piece),)) for piece in pieces]


def _memory(uid: bytes) -> bytes:
    """The first pages of an NTAG215 that holds nothing: its number, its capabilities, an empty message."""
    levels = b"".join(_cascade_levels(uid))
    return levels[1:10].ljust(12, b"\x00") + bytes.fromhex("E1103E00 0300FE00")


class SimulatedReader:
    """A reader without any hardware: the driver taps."""

    def __init__(self) -> None:
        self._lost = False

    def start(self, on_badge: Callable[[str], None], on_lost: Callable[[bool], None]) -> None:
        """Begin; the callbacks come from the thread that calls `tap`, `lose` and `restore`."""
        self._on_badge, self._on_lost = on_badge, on_lost

    def tap(self, uid: str) -> None:
        """Show a badge and take it away; a lost reader reads none. ValueError for what is no badge number."""
        reading = Reading(uid)
        if not self._lost:
            self._on_badge(reading.uid)

    def lose(self) -> None:
        """Unplug the reader."""
        self._lost = True
        self._on_lost(True)

    def restore(self) -> None:
        """Plug the reader in again."""
        self._lost = False
        self._on_lost(False)

    def close(self) -> None:
        """End; safe to call twice."""
        self._lost = True
