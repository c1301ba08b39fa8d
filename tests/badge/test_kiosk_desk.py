"""A kiosk that is a desk: the real reader's process lends its port to the one that writes, and has it back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.config import Config, load, write
from hardware.badge_reader.keys import KIOSK_KEY, MACHINE_KEY
from hardware.badge_reader.simulated.cards import Ntag215, Ntag424
from hardware.badge_reader.simulated.pn532 import Pn532
from kiosk.office import Card, Obstacle, Progress, Writing
from kiosk.ports import Site
from lisiere.kiosk.command import TagReader
from lisiere.kiosk.writer import CardWriter
from server_sync.identity import badge_tag
from tests.hardware.cards import MASTER
from tests.hardware.test_writing import PUBLISHED
from tests.hardware.waiting import eventually

TAG_KEY = bytes(32)
BLANK, SIGNATURE = PUBLISHED[0], bytes.fromhex(PUBLISHED[1])
OLD = "04B0B0B0B0B0B0"


class Nobody:
    """A kiosk's copy in which there is nobody."""

    def site(self) -> Site:
        """See `kiosk.ports.Directory`."""
        return Site("here")


class Desk:
    """The kiosk's reader, its card desk, and what both told."""

    def __init__(self, folder: Path) -> None:
        self.chip = Pn532()
        self.keys = folder / "desk.json"
        self.keys.write_text(json.dumps({"master": MASTER.secret.hex(), "system": MASTER.system.hex()}))
        config = Config("kiosk-1", "http://127.0.0.1:1", "00" * 32, TAG_KEY.hex(), self.chip.path)
        self.shown: list[str] = []
        self.told: list[Writing] = []
        self.reader = TagReader(config, Nobody())  # type: ignore[arg-type]
        self.reader.start(self.shown.append, lambda lost: None)
        self.writer = CardWriter(self.chip.path, self.keys, self.reader)

    def reads(self, number: str) -> bool:
        """Whether a badge that is laid down is read."""
        self.chip.cards = [Ntag215(bytes.fromhex(number))]
        tag = badge_tag(number, TAG_KEY)
        eventually(lambda: tag in self.shown)
        return True

    def close(self) -> None:
        """Take everything down."""
        self.writer.stop()
        self.reader.close()
        self.chip.unplug()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with its stick plugged in."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_a_blank_becomes_a_card_and_the_reader_reads_again(desk: Desk) -> None:
    """The card's own two keys come back and the master's do not; the new card is not a badge that was shown."""
    assert desk.reads(OLD)
    desk.chip.cards = []
    desk.writer.start(desk.told.append)
    eventually(lambda: Progress.WAITING in desk.told)
    desk.chip.cards = [Ntag424(bytes.fromhex(BLANK), signature=SIGNATURE)]
    eventually(lambda: isinstance(desk.told[-1], Card))
    keys = [MASTER.key(BLANK, number).hex() for number in (MACHINE_KEY, KIOSK_KEY)]
    assert desk.told[-1] == Card(BLANK, *keys) and Progress.WRITING in desk.told
    assert MASTER.secret.hex() not in repr(desk.told)
    assert desk.reads("04B1B1B1B1B1B1")
    assert badge_tag(BLANK, TAG_KEY) not in desk.shown


def test_a_card_that_is_no_blank_is_refused(desk: Desk) -> None:
    """A tag that cannot be written says so, and the reader reads again."""
    desk.chip.cards = [Ntag215(bytes.fromhex(OLD))]
    desk.writer.start(desk.told.append)
    eventually(lambda: bool(desk.told) and desk.told[-1] is Obstacle.NO_BLANK)
    assert desk.reads("04B2B2B2B2B2B2")


def test_without_the_stick_nothing_begins(desk: Desk) -> None:
    """No file of keys: it is said at once, and the reader was never let go."""
    desk.keys.unlink()
    desk.writer.start(desk.told.append)
    eventually(lambda: desk.told == [Obstacle.NO_KEYS])
    assert desk.reads(OLD)


def test_who_leaves_the_page_gets_no_card(desk: Desk) -> None:
    """Stopped while it waits, it writes nothing more, and the reader reads again."""
    desk.writer.start(desk.told.append)
    eventually(lambda: Progress.WAITING in desk.told)
    desk.writer.stop()
    assert desk.reads(OLD)
    assert not any(isinstance(told, Card | Obstacle) for told in desk.told)


def test_the_desk_is_named_in_the_kiosks_configuration(tmp_path: Path) -> None:
    """`desk` is where the stick's file will be; a kiosk without it is none."""
    config = Config("kiosk-1", "http://127.0.0.1:1", "00" * 32, TAG_KEY.hex(), "usb", "/media/key/desk.json")
    write(tmp_path, config)
    assert load(tmp_path) == config
