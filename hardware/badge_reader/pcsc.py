"""Readers behind PC/SC (ACR122U and its like), through pyscard, which is installed only where they are used."""

from contextlib import suppress
from typing import Any

from hardware.badge_reader.port import CardError, CardLeftError
from hardware.badge_reader.reading import NUMBER_LENGTHS, ReaderGoneError

GET_NUMBER = bytes.fromhex("FFCA000000")
"""The reader's own command for the number of the card on it."""


class PcscCard:
    """A card on a PC/SC reader. It speaks, or its reader speaks for it."""

    speaks = True
    answer_to_select = b""

    def __init__(self, reader: "PcscReader", uid: str) -> None:
        self.uid = uid
        self._reader = reader

    def transceive(self, apdu: bytes) -> bytes:
        """See `port.Card`."""
        return self._reader.send(apdu)


class PcscReader:
    """A `port.BadgeReader` on one of the readers that pcscd knows."""

    sees_several = False

    def __init__(self, path: str, reader: Any) -> None:
        self.name = f"{reader} at {path}"
        self.frames = 0
        self._path = path
        self._reader = reader
        self._connection: Any = None

    def find(self) -> PcscCard | None:
        """See `port.BadgeReader`. A card that lies there stays connected: it is only asked for its number again."""
        self.frames = 0
        answer = self._number() or (self._number() if self._connected() else b"")
        if not answer:
            self._disconnect()
            return None
        known = answer[-2:] == b"\x90\x00" and len(answer) - 2 in NUMBER_LENGTHS
        return PcscCard(self, answer[:-2].hex().upper()) if known else None

    def _number(self) -> bytes:
        """What the reader says of the number of the card that is connected; nothing where none is, or it left."""
        if self._connection is None:
            return b""
        try:
            return self.send(GET_NUMBER)
        except CardError:
            return b""

    def _connected(self) -> bool:
        """True when there is a card, and it was connected afresh."""
        self._disconnect()
        try:
            self._connection = self._reader.createConnection()
            self._connection.connect()
        except _nobody():
            return False
        except _gone() as error:
            raise ReaderGoneError(f"badge reader {self._path}: {error}") from error
        return True

    def send(self, apdu: bytes) -> bytes:
        """A card's answer to a command. CardLeftError."""
        self.frames += 1
        try:
            data, one, two = self._connection.transmit(list(apdu))
        except (_nobody(), *_gone()):
            raise CardLeftError("the card was taken away too soon") from None
        return bytes((*data, one, two))

    def test(self) -> None:
        """See `port.BadgeReader`: pcscd watches its readers itself."""

    def close(self) -> None:
        """See `port.BadgeReader`."""
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(*_gone()):
                self._connection.disconnect()
            self._connection = None


def open(path: str) -> PcscReader:
    """The reader of a number, `pcsc:0` being the first. ReaderGoneError; ValueError for a path with none."""
    number = path.partition(":")[2]
    if not number.isdigit():
        raise ValueError(f"{path!r} is no reader: pcsc:0 is the first one that pcscd knows")
    try:
        from smartcard.System import readers
    except ImportError:
        raise ReaderGoneError(f"badge reader {path}: pyscard is not installed here") from None
    try:
        return PcscReader(path, readers()[int(number)])
    except IndexError:
        raise ReaderGoneError(f"badge reader {path}: pcscd knows no such reader") from None
    except _gone() as error:
        raise ReaderGoneError(f"badge reader {path}: {error}") from error


def _nobody() -> type[Exception]:
    from smartcard.Exceptions import NoCardException

    return NoCardException  # type: ignore[no-any-return]


def _gone() -> tuple[type[Exception], ...]:
    """What pyscard raises when pcscd or a reader is not there: its errors have two roots."""
    from smartcard.Exceptions import SmartcardException
    from smartcard.pcsc.PCSCExceptions import BaseSCardException

    return SmartcardException, BaseSCardException
