"""A software card for vpcd, the virtual reader of pcscd, which connects out to where it is told."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from hardware.badge_reader.simulated.cards import Desfire

PORTS = (35963, 35964)
"""vpcd has two slots, and looks for the second one port further."""
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
ANSWER_TO_RESET = bytes.fromhex("3B8180018080")
RESET, ASKED_FOR_IT = (b"\x00", b"\x01", b"\x02"), b"\x04"
GET_NUMBER = bytes.fromhex("FFCA000000")


class VirtualSlot:
    """What lies on both slots of the virtual reader."""

    def __init__(self, card: Desfire) -> None:
        self.card = card
        self._doors = [socket.create_server(("127.0.0.1", port)) for port in PORTS]
        for door in self._doors:
            Thread(target=self._serve, args=(door,), daemon=True).start()

    def close(self) -> None:
        """Take the reader's slots away."""
        for door in self._doors:
            door.close()

    def _serve(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with line, line.makefile("rb") as said:
                    while head := said.read(2):
                        answer = self._answer(said.read(int.from_bytes(head, "big")))
                        if answer is not None:
                            line.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, message: bytes) -> bytes | None:
        if message in RESET:
            self.card.wake()
            return None
        if message == ASKED_FOR_IT:
            return ANSWER_TO_RESET
        return self.card.uid + b"\x90\x00" if message == GET_NUMBER else self.card.apdu(message)


@contextmanager
def laid(card: Desfire) -> Iterator[VirtualSlot]:
    """A card in the virtual reader."""
    slot = VirtualSlot(card)
    try:
        yield slot
    finally:
        slot.close()
