"""Readers behind PC/SC: on a stand-in for pyscard, and on pcscd with its virtual reader where that is installed."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from access.people import Strength
from hardware.badge_reader import paths, pcsc
from hardware.badge_reader.pcsc import PcscReader
from hardware.badge_reader.port import BadgeReader
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.reading import ReaderGoneError, Reading
from hardware.badge_reader.simulated.cards import Desfire, Ntag424
from hardware.badge_reader.tap import turn
from tests.hardware.cards import MASTER, UID, clone, ours
from tests.hardware.vpcd import DRIVER, laid
from tests.hardware.waiting import eventually

GET_NUMBER = [0xFF, 0xCA, 0, 0, 0]
PYSCARD = ("System", "Exceptions", "pcsc", "pcsc.PCSCExceptions")


class SmartcardError(Exception):
    """Stands for pyscard's own."""


class NoCardError(SmartcardError):
    """Stands for pyscard's own."""


class Slot:
    """Stands for one of pyscard's readers, and for its connection."""

    def __init__(self) -> None:
        self.card: Desfire | None = None
        self.broken = False
        self.connected = 0

    def __str__(self) -> str:
        return "ACS ACR122U"

    def createConnection(self) -> "Slot":  # noqa: N802
        """See pyscard."""
        return self

    def connect(self) -> None:
        """See pyscard."""
        if self.broken:
            raise SmartcardError("unplugged")
        if self.card is None:
            raise NoCardError
        self.connected += 1
        self.card.wake()

    def disconnect(self) -> None:
        """See pyscard."""

    def transmit(self, apdu: list[int]) -> tuple[list[int], int, int]:
        """See pyscard."""
        if self.card is None or self.broken:
            raise SmartcardError("no card")
        answer = self.card.uid + b"\x90\x00" if apdu == GET_NUMBER else self.card.apdu(bytes(apdu))
        return list(answer[:-2]), answer[-2], answer[-1]


@pytest.fixture
def slot(monkeypatch: pytest.MonkeyPatch) -> Slot:
    """One reader that a stand-in for pyscard knows."""
    made = Slot()
    modules = {name: ModuleType(f"smartcard.{name}") for name in PYSCARD}
    modules["System"].readers = lambda: [made]  # type: ignore[attr-defined]
    modules["Exceptions"].SmartcardException = SmartcardError  # type: ignore[attr-defined]
    modules["Exceptions"].NoCardException = NoCardError  # type: ignore[attr-defined]
    modules["pcsc.PCSCExceptions"].BaseSCardException = SmartcardError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "smartcard", ModuleType("smartcard"))
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, f"smartcard.{name}", module)
    return made


def tap(reader: BadgeReader) -> Reading | None:
    """What the card on the reader is worth, None for none."""
    return turn(reader, Presence(), MASTER.key_for, lambda: None)


def test_cards_prove_themselves_through_pcsc(slot: Slot) -> None:
    """NTAG 424 and DESFire are verified, a copy is refused, and an empty reader has nothing."""
    reader = paths.open("pcsc:0")
    assert reader.name == "ACS ACR122U at pcsc:0" and tap(reader) is None
    expected = {ours(): Strength.NTAG424, ours(Desfire): Strength.DESFIRE, clone(): Strength.FAILED}
    for card, worth in expected.items():
        slot.card = card
        reading = tap(reader)
        assert reading is not None and (reading.uid, reading.worth) == (UID, worth)


def test_a_card_that_lies_there_is_connected_once(slot: Slot) -> None:
    """Looking again at the same card does not wake it up again; the next card is connected anew."""
    reader = paths.open("pcsc:0")
    slot.card = ours()
    for _ in range(3):
        assert reader.find() is not None
    assert slot.connected == 1
    slot.card = None
    assert reader.find() is None
    slot.card = ours()
    assert reader.find() is not None and slot.connected == 2


def test_a_card_that_leaves_in_the_middle_is_refused(slot: Slot) -> None:
    """A card that is taken away while it proves itself is refused."""

    class Leaving(Ntag424):
        def apdu(self, command: bytes) -> bytes:
            slot.card = None
            return super().apdu(command)

    slot.card = Leaving(bytes.fromhex(UID))
    reading = tap(paths.open("pcsc:0"))
    assert reading is not None and reading.worth is Strength.FAILED


def test_an_unplugged_reader_is_gone(slot: Slot) -> None:
    """A reader that was unplugged, one that never was, and a path without a number are told apart."""
    reader = paths.open("pcsc:0")
    slot.broken = True
    with pytest.raises(ReaderGoneError, match="unplugged"):
        reader.find()
    reader.test()
    reader.close()
    with pytest.raises(ReaderGoneError, match="no such reader"):
        paths.open("pcsc:7")
    with pytest.raises(ValueError, match="is no reader"):
        paths.open("pcsc:first")


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """pcscd with a virtual reader that connects out to this computer, instead of listening on every address."""
    daemon = shutil.which("pcscd")
    if daemon is None or not DRIVER.exists() or importlib.util.find_spec("smartcard") is None:
        pytest.skip("needs pcscd, vsmartcard-vpcd and requirements-pcsc.lock")
    text = f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME 127.0.0.1:35963\nLIBPATH {DRIVER}\nCHANNELID 0x8C7B\n'
    (tmp_path / "vpcd").write_text(text)
    with laid(ours()):
        process = subprocess.Popen([daemon, "--foreground", "-c", str(tmp_path)])
        yield process
        process.kill()
        process.wait()


def opened() -> list[PcscReader]:
    """The first reader, once pcscd has it."""
    try:
        return [pcsc.open("pcsc:0")]
    except ReaderGoneError:
        return []


# pyscard's own connection complains when it is let go after pcscd has ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_card_proves_itself_through_pcscd(pcscd: subprocess.Popen[bytes]) -> None:
    """Through pyscard, pcscd and its virtual reader a card is verified; when pcscd ends, the reader is gone."""
    found: list[PcscReader] = []
    eventually(lambda: bool(found or found.extend(opened()) or found))
    reading = tap(found[0])
    assert reading is not None and reading.worth is Strength.NTAG424
    pcscd.kill()
    pcscd.wait()
    with pytest.raises(ReaderGoneError):
        found[0].find()
