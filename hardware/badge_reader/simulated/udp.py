"""A field for nfcpy's udp driver, in which one software card can be laid."""

import socket
import time
from binascii import Error as NoHex
from dataclasses import dataclass
from threading import Thread

from hardware.badge_reader.reading import Reading
from hardware.badge_reader.simulated.cards import Ntag215, SoftwareCard, cascade_levels

NO_CARD = b"RFOFF"
SENS_REQ, ALL_REQ = b"\x26", b"\x52"
SELECT = (b"\x93", b"\x95", b"\x97")
SENS_RES = {1: b"\x04\x00", 2: b"\x44\x00", 3: b"\x84\x00"}
"""The first answer, by the number of cascade levels: 4, 7 and 10 bytes."""
CASCADE = b"\x04"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A card in the field, until a monotonic second."""

    card: SoftwareCard
    until: float


class SoftwareTag:
    """A field that answers nfcpy's udp driver (`udp:127.0.0.1:PORT`) frame by frame.

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
        """Lay a tag that has only a number on the reader, and take it away after this long."""
        self.lay(Ntag215(bytes.fromhex(Reading(uid).uid)), seconds)

    def lay(self, card: SoftwareCard, seconds: float) -> None:
        """Lay a card on the reader, and take it away after this long."""
        card.wake()
        self._placed = _Placed(card, time.monotonic() + seconds)

    def remove(self) -> None:
        """Take the card away."""
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
            return NO_CARD
        try:
            response = answer(placed.card, bytes.fromhex(request.decode("latin")))
        except (ValueError, NoHex):
            return b""
        return b"" if response is None else rate + b" " + response.hex().encode()


def answer(card: SoftwareCard, frame: bytes) -> bytes | None:
    """A card's answer to any frame, its selection included; None for silence."""
    levels = cascade_levels(card.uid)
    if frame in (SENS_REQ, ALL_REQ):
        card.wake()
        return SENS_RES[len(levels)]
    for select, level in zip(SELECT, levels, strict=False):
        if frame == select + b"\x20":
            return level
        if frame == select + b"\x70" + level:
            return card.kind if level is levels[-1] else CASCADE
    return card.answer(frame)
