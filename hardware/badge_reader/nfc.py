"""The NFC reader, through nfcpy: one way to open it, and one turn of sensing.

nfcpy's own `connect()` is not used: it swallows the reader's failures and takes seconds to stop. Nor is
`activate()`: a bare number needs none of it, and it raises IndexError or never returns on odd cards.
"""

import os
import re
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import nfc
import nfc.clf.pn532

from hardware.badge_reader.reading import ReaderGoneError, Reading

WHOLE_PATH = re.compile(r"usb(:\w+){0,2}|tty:[\w-]+:\w+|udp:[\w.-]+:\d+|/dev/.+")
"""A part of a `tty` path would make nfcpy write to every serial port in turn."""

GONE = (OSError, termios.error)
ODD_CARD = (IndexError, ValueError)
"""What nfcpy raises when a card's answer is too short or no answer at all."""


class NfcReader:
    """An open reader."""

    def __init__(self, path: str, frontend: Any) -> None:
        self._path = path
        self._frontend = frontend
        self._type_a = nfc.clf.RemoteTarget("106A")

    def sense(self) -> Reading | None:
        """The badge on the reader now, None for none or an odd card. May take seconds; ReaderGoneError."""
        try:
            target = self._frontend.sense(self._type_a)
            return None if target is None or target.sdd_res is None else Reading(target.sdd_res.hex().upper())
        except ODD_CARD:
            return None
        except GONE as error:
            raise _gone(self._path, error) from error

    def close(self) -> None:
        """Let go of the reader, also of one that was unplugged; safe to call twice."""
        with suppress(*GONE):
            self._frontend.close()


def open(path: str) -> NfcReader:
    """Open a reader by nfcpy's path (`usb`, `tty:S0:pn532`, `udp:127.0.0.1:54321`), or a PN532 by its device.

    Raises ReaderGoneError when it is not there, and ValueError for a path that names no one reader.
    """
    if not WHOLE_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no reader: usb, tty:S0:pn532, udp:127.0.0.1:54321 or /dev/ttyS0")
    try:
        with _slow_line():
            frontend = _pn532_at(path) if path.startswith("/dev/") else nfc.ContactlessFrontend(path)
    except GONE as error:
        raise _gone(path, error) from error
    return NfcReader(path, frontend)


def _pn532_at(device: str) -> Any:
    """A PN532 at a device that nfcpy's own search would not find."""
    transport = nfc.clf.transport.TTY(device)
    frontend = nfc.ContactlessFrontend()
    frontend.device = nfc.clf.pn532.init(transport)
    frontend.device._path = device
    return frontend


@contextmanager
def _slow_line() -> Iterator[None]:
    """Keep the PN532 at 115200 baud: after a kill at a higher rate it cannot be opened until its power goes.

    nfcpy looks for higher rates by running `stty`; this makes it see that fail.
    """
    real = os.system
    os.system = lambda command: 1
    try:
        yield
    finally:
        os.system = real


def _gone(path: str, error: Exception) -> ReaderGoneError:
    return ReaderGoneError(f"badge reader {path}: {error}")
