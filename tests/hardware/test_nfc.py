"""The reader through the real nfcpy: over UDP with a software tag, and as a PN532 on a serial port."""

import os
import signal
import socket
from collections.abc import Iterator
from threading import Thread

import nfc as nfcpy
import pytest

from hardware.badge_reader import nfc
from hardware.badge_reader.nfc import NfcReader
from hardware.badge_reader.reading import ReaderGoneError, Reading
from hardware.badge_reader.simulated import SoftwareTag
from hardware.badge_reader.simulated.cards import Ntag215
from hardware.badge_reader.simulated.pn532 import SET_BAUD, Pn532
from hardware.badge_reader.supervisor import ReaderProcess, command_for
from tests.hardware.waiting import eventually

UID = "04A1B2C3D4E5F6"
ODD_ANSWERS = [b"\xff", b"RFOFF", b"212F 00"]
ODD_ANSWERS += [b"106A" + odd for odd in (b"", b" 0", b" 44", b" zz", b" 4400", b" 0400", b" 0000")]


def found(reader: NfcReader) -> str | None:
    """The number of the card on the reader."""
    card = reader.find()
    return None if card is None else card.uid


@pytest.fixture
def tag() -> Iterator[SoftwareTag]:
    """A software tag that is not on the reader yet."""
    made = SoftwareTag()
    yield made
    made.close()


@pytest.mark.parametrize("uid", ["DEADBEEF", UID, "04A1B2C3D4E5F6070809"])
def test_numbers_of_all_lengths_are_sensed(tag: SoftwareTag, uid: str) -> None:
    """A tag of 4, 7 or 10 bytes is sensed with its whole number."""
    reader = nfc.open(tag.path)
    tag.present(uid, seconds=60)
    assert found(reader) == uid
    reader.close()


def test_an_empty_field_is_nothing(tag: SoftwareTag) -> None:
    """Without a tag, or after it was taken away, nothing is sensed."""
    reader = nfc.open(tag.path)
    assert reader.find() is None
    tag.present(UID, seconds=60)
    tag.remove()
    assert reader.find() is None
    tag.present(UID, seconds=0)
    assert reader.find() is None
    reader.close()


def test_nfcpy_takes_the_software_tag_for_a_real_one(tag: SoftwareTag) -> None:
    """nfcpy activates the software tag as an NTAG215 and reads its own number from its memory."""
    frontend = nfcpy.ContactlessFrontend(tag.path)
    tag.present(UID, seconds=60)
    activated = nfcpy.tag.activate(frontend, frontend.sense(nfcpy.clf.RemoteTarget("106A")))
    assert activated.product == "NXP NTAG215"
    memory = activated.read(0)
    assert (memory[0:3] + memory[4:8]).hex().upper() == UID
    frontend.close()


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_an_odd_answer_is_no_badge(answer: bytes) -> None:
    """A card that answers too little, too much or nonsense is no badge, and no reason to lose the reader."""
    card = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    card.bind(("127.0.0.1", 0))

    def serve() -> None:
        while frame := card.recvfrom(1024):
            if frame[0] == b"end":
                return
            card.sendto(answer, frame[1])

    thread = Thread(target=serve, daemon=True)
    thread.start()
    reader = nfc.open(f"udp:127.0.0.1:{card.getsockname()[1]}")
    assert reader.find() is None
    card.sendto(b"end", card.getsockname())
    thread.join()
    reader.close()
    card.close()


@pytest.mark.parametrize("path", ["", "tty", "tty:S0", "tty:USB", "com", "udp", "bluetooth", "tty::pn532"])
def test_a_path_that_names_no_one_reader_is_refused(path: str) -> None:
    """A partial path, with which nfcpy would write to every serial port, is an error."""
    with pytest.raises(ValueError, match="is no reader"):
        nfc.open(path)


@pytest.mark.parametrize("path", ["/dev/no-such-port", "tty:NOSUCH9:pn532", "usb:fffe:fffe"])
def test_a_reader_that_is_not_there_is_gone(path: str) -> None:
    """Opening a reader that is not plugged in says so, with its path."""
    with pytest.raises(ReaderGoneError, match=path):
        nfc.open(path)


def test_a_pn532_on_a_serial_port_senses_a_tag() -> None:
    """nfcpy's PN532 driver, at a device of any name, senses a tag when it is there."""
    chip = Pn532()
    reader = nfc.open(chip.path)
    assert reader.find() is None
    chip.cards = [Ntag215(bytes.fromhex(UID))]
    assert found(reader) == UID
    reader.close()
    chip.unplug()


def test_a_pn532_is_never_told_to_speed_up() -> None:
    """A PN532 that is opened stays at 115200 baud, and running a command works again afterwards."""
    chip = Pn532()
    reader = nfc.open(chip.path)
    assert SET_BAUD not in chip.commands
    assert os.system("exit 0") == 0
    reader.close()
    chip.unplug()


def test_an_unplugged_pn532_is_gone() -> None:
    """Pulling the cable makes sensing say that the reader is gone; it can still be closed, even twice."""
    chip = Pn532()
    reader = nfc.open(chip.path)
    chip.unplug()
    with pytest.raises(ReaderGoneError, match=chip.path):
        reader.find()
    reader.close()
    reader.close()


def test_a_pn532_outlives_a_killed_process() -> None:
    """When the reader's process is killed, the next one opens the same PN532 and reads the next badge."""
    chip = Pn532()
    badges: list[Reading] = []
    lost: list[bool] = []
    reader = ReaderProcess(command_for(chip.path))
    reader.start(badges.append, lost.append)
    chip.cards = [Ntag215(bytes.fromhex(UID))]
    eventually(lambda: [each.uid for each in badges] == [UID])
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    eventually(lambda: lost == [True, False])
    eventually(lambda: [each.uid for each in badges] == [UID, UID])
    reader.close()
    chip.unplug()
