"""A PN532 on a pseudo-terminal: as much of the chip as nfcpy's driver asks for, with software cards on it."""

import os
import pty
import tty
from threading import Thread

from hardware.badge_reader.simulated.cards import SoftwareCard

ACK = bytes.fromhex("0000FF00FF00")
FIRMWARE, SET_BAUD, POWER_DOWN = 0x02, 0x10, 0x16
FIELD_OFF = b"\x01\x02"
FIFO, RX_MODE = b"\x63\x39", b"\x63\x03"
NOTHING_THERE = 0x26
"""The FIFO still holds the request, as it does when no card answered it."""
DIVIDED = {4: b"\x00\x04", 7: b"\x00\x44", 10: b"\x00\x84"}
ANSWERS = {FIRMWARE: bytes.fromhex("32010607"), POWER_DOWN: b"\x00"}
NO_ANSWER = b"\x01"
CRC_OFF = 0x80


class Pn532:
    """The chip and what lies on it. `path` is its serial port; `commands` is what it was sent, and `octets` how
    many bytes went over the line, in both directions."""

    def __init__(self) -> None:
        self._chip, self._port = pty.openpty()
        tty.setraw(self._port)
        self.path = os.ttyname(self._port)
        self.cards: list[SoftwareCard] = []
        self.commands: list[int] = []
        self.octets = 0
        self._checks = True
        Thread(target=self._serve, name="software pn532", daemon=True).start()

    def unplug(self) -> None:
        """Pull the serial cable."""
        for end in (self._port, self._chip):
            os.close(end)

    def _serve(self) -> None:
        heard = b""
        while True:
            try:
                chunk = os.read(self._chip, 1024)
                self.octets += len(chunk)
                heard += chunk
                while (frame := _frame(heard)) is not None:
                    command, heard = frame
                    self._obey(command)
            except OSError:
                return

    def _obey(self, command: bytes) -> None:
        if command:
            self.commands.append(command[0])
            said = ACK + _answer(command[0], self.result(command[0], command[1:]))
            self.octets += len(said)
            os.write(self._chip, said)

    def result(self, command: int, data: bytes) -> bytes:
        """What the chip answers to a command."""
        match command:
            case 0x4A:
                return self._listed(data[0])
            case 0x42:
                return self._through(data)
            case 0x06:
                return bytes(_register(data[at : at + 2]) for at in range(0, len(data), 2))
            case 0x08:
                self._written(data)
                return b""
            case 0x00:
                return data
            case 0x32 if data == FIELD_OFF:
                for card in self.cards:
                    card.wake()
        return ANSWERS.get(command, b"")

    def _written(self, data: bytes) -> None:
        for at in range(0, len(data), 3):
            if data[at : at + 2] == RX_MODE:
                self._checks = bool(data[at + 2] & CRC_OFF)

    def _listed(self, most: int) -> bytes:
        """The cards that were found, as many as were asked for."""
        self._checks = True
        found = self.cards[:most]
        listed = bytes((len(found),))
        for number, card in enumerate(found, 1):
            listed += bytes((number,)) + DIVIDED[len(card.uid)] + card.kind + bytes((len(card.uid),)) + card.uid
        return listed

    def _through(self, frame: bytes) -> bytes:
        """What the first card answers; without the chip's check, with its own checksum."""
        answer = self.cards[0].answer(frame) if self.cards else None
        if answer is None:
            return NO_ANSWER
        return b"\x00" + answer + (b"" if self._checks or len(answer) < 2 else _checksum(answer))


def _register(name: bytes) -> int:
    return NOTHING_THERE if name == FIFO else CRC_OFF


def _checksum(data: bytes) -> bytes:
    """CRC_A of ISO 14443-3."""
    register = 0x6363
    for octet in data:
        octet ^= register & 0xFF
        octet ^= octet << 4 & 0xFF
        register = register >> 8 ^ octet << 8 ^ octet << 3 ^ octet >> 4
    return (register & 0xFFFF).to_bytes(2, "little")


def _frame(heard: bytes) -> tuple[bytes, bytes] | None:
    """The first whole frame's command (empty for an ACK) and what follows it."""
    start = heard.find(b"\x00\xff")
    rest = heard[start + 2 :]
    if start < 0 or len(rest) < 2:
        return None
    if rest[:2] == b"\x00\xff":
        return b"", rest[2:]
    extended = rest[:2] == b"\xff\xff"
    if extended and len(rest) < 5:
        return None
    length, head = (int.from_bytes(rest[2:4], "big"), 5) if extended else (rest[0], 2)
    if len(rest) < head + length + 1:
        return None
    return rest[head + 1 : head + length], rest[head + length + 1 :]


def _answer(command: int, result: bytes) -> bytes:
    body = bytes((0xD5, command + 1)) + result
    if len(body) > 255:
        size = len(body).to_bytes(2, "big")
        head = b"\xff\xff" + size + bytes((-sum(size) % 256,))
    else:
        head = bytes((len(body), -len(body) % 256))
    return b"\x00\x00\xff" + head + body + bytes((-sum(body) % 256, 0))
