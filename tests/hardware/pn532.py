"""A PN532 on a pseudo-terminal: as much of the chip as nfcpy's driver asks for, to select one Type 2 tag."""

import os
import pty
import tty
from threading import Thread

ACK = bytes.fromhex("0000FF00FF00")
FIRMWARE, POWER_DOWN, LIST_TARGETS, READ_REGISTER, SET_BAUD = 0x02, 0x16, 0x4A, 0x06, 0x10
NOTHING_THERE = b"\x26"
"""The FIFO still holds the request, as it does when no tag answered it."""
ANSWERS = {FIRMWARE: bytes.fromhex("32010607"), POWER_DOWN: b"\x00"}


class Pn532:
    """The chip and the tag on it, if any. `path` is its serial port; `commands` is what it was sent."""

    def __init__(self) -> None:
        self._chip, self._port = pty.openpty()
        tty.setraw(self._port)
        self.path = os.ttyname(self._port)
        self.uid = b""
        self.commands: list[int] = []
        Thread(target=self._serve, daemon=True).start()

    def unplug(self) -> None:
        """Pull the serial cable."""
        for end in (self._port, self._chip):
            os.close(end)

    def _serve(self) -> None:
        heard = b""
        while True:
            try:
                heard += os.read(self._chip, 1024)
                while (frame := _frame(heard)) is not None:
                    command, heard = frame
                    self._obey(command)
            except OSError:
                return

    def _obey(self, command: bytes) -> None:
        if command:
            self.commands.append(command[0])
            os.write(self._chip, ACK + _answer(command[0], self._result(command)))

    def _result(self, command: bytes) -> bytes:
        if command[0] == LIST_TARGETS:
            found = b"\x01\x01\x00\x44\x00" + bytes((len(self.uid),)) + self.uid
            return found if self.uid else b"\x00"
        if command[0] == READ_REGISTER:
            return NOTHING_THERE * (len(command) // 2)
        return ANSWERS.get(command[0], command[1:] if command[0] == 0x00 else b"")


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
