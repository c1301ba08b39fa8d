"""The NFC reader, through nfcpy: one way to open it, one way to find a card, and blocks to and from it.

nfcpy's own `connect()` is not used: it swallows the reader's failures and takes seconds to stop. Nor is
`activate()`: it raises IndexError or never returns on odd cards. docs/badges.md says how the drivers are used.
"""

import os
import re
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import nfc
import nfc.clf.pn53x
import nfc.clf.pn532

from hardware.badge_reader.isodep import PATIENCE_S, IsoDep
from hardware.badge_reader.port import CardError, CardLeftError, SeveralCardsError
from hardware.badge_reader.reading import NUMBER_LENGTHS, ReaderGoneError

WHOLE_PATH = re.compile(r"usb(:\w+){0,2}|tty:[\w-]+:\w+|udp:[\w.-]+:\d+|/.+")
"""A part of a `tty` path would make nfcpy write to every serial port in turn."""

GONE = (OSError, termios.error)
ODD = (IndexError, ValueError, TypeError, struct.error)
"""What nfcpy raises when an answer is too short or no answer at all."""
REFUSED = nfc.clf.pn53x.Chipset.Error
"""The chip refuses a command, or did not understand it."""
LIST_TARGETS = 0x4A
TYPE_A = 0
SELECTABLE_4 = 0x20
"""The bit of a card's answer to its selection that says that it takes commands."""


class NfcCard:
    """A card found through nfcpy."""

    def __init__(self, reader: "NfcReader", target: Any) -> None:
        self.uid = target.sdd_res.hex().upper()
        self.speaks = bool(target.sel_res and target.sel_res[0] & SELECTABLE_4)
        self._reader = reader
        self._talk: IsoDep | None = None

    @property
    def answer_to_select(self) -> bytes:
        """See `port.Card`."""
        return self._talking().answer_to_select

    def transceive(self, apdu: bytes) -> bytes:
        """See `port.Card`."""
        return self._talking().transceive(apdu)

    def _talking(self) -> IsoDep:
        if self._talk is None:
            self._talk = IsoDep(self._reader.exchange, self._reader.patience_s)
        return self._talk


class NfcReader:
    """A `port.BadgeReader` on one of nfcpy's drivers. `patience_s` is how long a card may take for one tap."""

    def __init__(self, path: str, frontend: Any, patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._frontend = frontend
        self._type_a = nfc.clf.RemoteTarget("106A")
        self._chip: Any = getattr(frontend.device, "chipset", None)
        self.patience_s = patience_s
        self._version = b""
        self.frames = 0
        self.sees_several = isinstance(frontend.device, nfc.clf.pn532.Device)
        if self._chip is not None:
            self._count_commands()
            if self.sees_several:
                self._chip.in_list_passive_target = self._only_target

    @property
    def name(self) -> str:
        """See `port.BadgeReader`."""
        return f"{self._frontend.device.chipset_name} at {self._path}"

    def find(self) -> NfcCard | None:
        """See `port.BadgeReader`. May take a second where nobody answers."""
        self.frames = 0 if self._chip is not None else 1
        try:
            target = self._frontend.sense(self._type_a)
            known = target is not None and len(target.sdd_res or b"") in NUMBER_LENGTHS
            return NfcCard(self, target) if known else None
        except ODD:
            return None
        except (*GONE, REFUSED) as error:
            raise _gone(self._path, error) from error

    def exchange(self, block: bytes, seconds: float) -> bytes:
        """Send a block to the card that was found, and return its answer. CardLeftError, CardError."""
        self.frames += self._chip is None
        try:
            return bytes(self._frontend.exchange(bytearray(block), seconds) or b"")
        except nfc.clf.CommunicationError:
            raise CardLeftError("the card was taken away too soon") from None
        except (*ODD, REFUSED):
            raise CardError("the card's answer is no answer") from None
        except GONE as error:
            raise _gone(self._path, error) from error

    def test(self) -> None:
        """See `port.BadgeReader`: the chip still says what it is, where there is such a chip."""
        if self._chip is None:
            return
        try:
            version = bytes(self._chip.get_firmware_version())
        except (*GONE, *ODD, REFUSED) as error:
            raise _gone(self._path, error) from error
        self._version = self._version or version
        if version != self._version:
            raise ReaderGoneError(f"badge reader {self._path}: fails its self-test")

    def close(self) -> None:
        """See `port.BadgeReader`; also of one that was unplugged."""
        with suppress(*GONE, *ODD, REFUSED):
            self._frontend.close()

    def _count_commands(self) -> None:
        send = self._chip.command

        def counted(*arguments: Any, **options: Any) -> Any:
            self.frames += 1
            return send(*arguments, **options)

        self._chip.command = counted

    def _only_target(self, most: int, technology: int, initiator: bytes) -> Any:
        """What nfcpy asks the chip for one target with: two are asked for, and two are refused."""
        wanted = 2 if technology == TYPE_A else most
        found = self._chip.command(LIST_TARGETS, bytearray((wanted, technology)) + initiator, timeout=1.0)
        if not found or found[0] == 0:
            return None
        if found[0] > 1:
            raise SeveralCardsError
        return found[2:]


def open(path: str, patience_s: float = PATIENCE_S) -> NfcReader:
    """Open a reader by nfcpy's path (`usb`, `tty:S0:pn532`, `udp:127.0.0.1:54321`), or a PN532 by its device.

    Raises ReaderGoneError when it is not there, and ValueError for a path that names no one reader.
    """
    if not WHOLE_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no reader: usb, tty:S0:pn532, udp:127.0.0.1:54321, /dev/ttyS0 or pcsc:0")
    try:
        with _slow_line():
            frontend = _pn532_at(path) if path.startswith("/") else nfc.ContactlessFrontend(path)
    except (*GONE, *ODD, REFUSED) as error:
        raise _gone(path, error) from error
    return NfcReader(path, frontend, patience_s)


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
    return ReaderGoneError(f"badge reader {path}: {str(error) or type(error).__name__}")
