"""From a blank card to a machine's unit: the desk, a real twin, and what lies on a unit's and a kiosk's disk."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from access.machines import Machine
from access.people import Badge, Role
from controller.config import Config, load
from hardware.badge_reader.keys import MACHINE_KEY, CardKey, master_of
from hardware.badge_reader.simulated.cards import Ntag424
from hardware.badge_reader.simulated.pn532 import Pn532
from kiosk.directory import TwinDirectory
from lisiere.badge.command import command, tell_twin
from lisiere.badge.keys import KeysByTag
from lisiere.badge.twin import Twin, TwinSaysNoError
from lisiere.enrol import Enrolment, enrol
from server_sync.client import HttpTransport
from server_sync.identity import Counter, PrivateKey, PublicKey, RequestSigner, badge_tag
from server_sync.replica_store import ReplicaStore
from tests.hardware.cards import MASTER
from tests.hardware.test_writing import PUBLISHED
from tests.lisiere.twins import running_twin
from twin.people import People
from twin.serve import code, token
from twin.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "badges.md"
BLANK = PUBLISHED[0]
OWN_KEY = "the device's own key, with which it speaks to the twin"
NUMBERS = {"ana": BLANK, "bilal": "04B1B1B1B1B1B1", "carl": "04C1C1C1C1C1C1"}
"""Ana may use the press; Bilal may not; Carl is a technician."""


@dataclass
class Workshop:
    """A twin that answers, over TLS and on its own computer, and its administrator's token."""

    tls: str
    url: str
    token: str
    folder: Path

    def enrolled(self, device: str, machine: str | None) -> Path:
        """The folder of a new unit, or of a kiosk, as `lisiere enrol` leaves it."""
        folder = self.folder / device
        enrol(Enrolment(folder, self.tls, code(self.folder / "twin", device, machine), "usb"))
        return folder


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A press that asks for a training, three members, and a twin in a process of its own."""
    folder = tmp_path_factory.mktemp("desk")
    data = folder / "twin"
    secret = token(data, "admin")
    store = Store(data / "twin.db")
    people = People(store)
    people.put_machine(Machine("press-1", frozenset({"press"}), hazardous=True))
    people.put_machine(Machine("saw-1"))
    people.put_member("ana", qualifications=["press"])
    people.put_member("bilal", ["04B0B0B0"])
    people.put_member("carl", role=Role.TECHNICIAN)
    store.close()
    with running_twin(data) as twin:
        yield Workshop(twin.url, twin.page, secret, folder)


@pytest.fixture
def desk_file(tmp_path: Path) -> Path:
    """The tests' master key."""
    path = tmp_path / "desk.json"
    path.write_text(json.dumps({"master": MASTER.secret.hex(), "system": MASTER.system.hex()}))
    return path


def test_a_master_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """A desk's file is random, readable by its owner alone, and never overwritten."""
    first, second = tmp_path / "one.json", tmp_path / "two.json"
    assert command(["desk", str(first)]) == 0 and command(["desk", str(second)]) == 0
    assert master_of(first) != master_of(second) and first.stat().st_mode & 0o777 == 0o600
    kept = first.read_text()
    assert command(["desk", str(first)]) == 1 and first.read_text() == kept


def test_a_blank_is_enrolled(
    workshop: Workshop, desk_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A blank that is laid on the desk's reader becomes Ana's; laid down again, it stays so."""
    chip = Pn532()
    chip.cards = [Ntag424(bytes.fromhex(BLANK), signature=bytes.fromhex(PUBLISHED[1]))]
    words = ["enrol", "ana", "--reader", chip.path, "--keys", str(desk_file)]
    authority = workshop.folder / "twin" / "tls" / "ca.pem"
    at_twin = ["--twin", workshop.tls, "--ca", str(authority), "--token", workshop.token]
    assert command([*words, *at_twin]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"member": "ana", "badge": BLANK, "strength": "ntag424"}
    assert MASTER.secret.hex() not in printed.out + printed.err
    assert command([*words, *at_twin, "--replaces", "04B0B0B0"]) == 0, "a finished card can be enrolled again"
    chip.unplug()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["enrol", "nobody"], "no member"),
        (["enrol", "ana"], "desk.json"),
        (["lost", "04FFFFFFFFFFFF"], "404"),
    ],
)
def test_what_cannot_be_done_is_said(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    """An unknown member, a missing master key and an unknown badge are said in a line, and nothing is written."""
    desk = tmp_path / "desk.json"
    if words[1] == "nobody":
        desk.write_text(json.dumps({"master": "00" * 16, "system": "00"}))
    keys = ["--reader", "/dev/no-such-port", "--keys", str(desk)] if words[0] == "enrol" else []
    assert command([*words, *keys, "--twin", workshop.url, "--token", workshop.token]) == 1
    assert why in capsys.readouterr().err


def test_a_desk_without_a_reader_says_so(workshop: Workshop, desk_file: Path) -> None:
    """No reader is exit status 2."""
    words = ["enrol", "ana", "--reader", "/dev/no-such-port", "--keys", str(desk_file)]
    assert command([*words, "--twin", workshop.url, "--token", workshop.token]) == 2


def test_a_lost_badge_is_found_again(workshop: Workshop) -> None:
    """A badge that was lost is revoked at the twin, and one that was found is good again."""
    at_twin = ["--twin", workshop.url, "--token", workshop.token]
    assert command(["lost", "04b0b0b0", *at_twin]) == 0
    assert command(["found", "04B0B0B0", *at_twin]) == 0


def test_somebody_elses_card_is_refused(workshop: Workshop) -> None:
    """A card that is one member's does not become another's."""
    desk = Twin(workshop.url, workshop.token)
    tell_twin(desk, MASTER, "bilal", "04B7B7B7B7B7B7")
    with pytest.raises(TwinSaysNoError, match="409"):
        tell_twin(desk, MASTER, "ana", "04B7B7B7B7B7B7")


def files_of(folder: Path) -> bytes:
    """All that a device's disk holds, in lower case."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()).lower()


def unit_disk(workshop: Workshop) -> tuple[bytes, Config]:
    """A unit's disk as it is once it was enrolled; its database also as it reads."""
    folder = workshop.enrolled("unit-1", "press-1")
    with closing(sqlite3.connect(folder / "replica.db")) as database:
        rows = database.execute("SELECT sealed FROM kept").fetchall()
    return files_of(folder) + b"".join(bytes(sealed).lower() for (sealed,) in rows), load(folder)


def kiosk_disk(workshop: Workshop) -> tuple[bytes, Config]:
    """A kiosk's disk once it has its copy."""
    folder = workshop.enrolled("kiosk-1", None)
    config, key = load(folder), PrivateKey.load_or_make(folder / "unit.key")
    transport = HttpTransport(workshop.url, RequestSigner("kiosk-1", key, "twin", Counter(folder / "counter")))
    TwinDirectory("kiosk-1", transport, PublicKey(config.twin_key), folder / "copy.sealed", "").refresh()
    return files_of(folder), config


def secrets(config: Config) -> dict[str, list[str]]:
    """What the page has a row for, as it would lie on the disk of this device."""
    key = {(member, n): MASTER.key(uid, n).hex() for member, uid in NUMBERS.items() for n in range(5)}
    tags = [badge_tag(uid, bytes.fromhex(config.tag_key)) for uid in NUMBERS.values()]
    return {
        "the master key": [MASTER.secret.hex()],
        "key 0 of any card": [key[member, 0] for member in NUMBERS],
        "the machine keys of members who may use the machine, and of the staff": [key["ana", 1], key["carl", 1]],
        "the machine keys of everybody else": [key["bilal", 1]],
        "the kiosk keys of all cards": [key[member, 2] for member in NUMBERS],
        "the numbers of badges": list(NUMBERS.values()),
        "the tags under which the device knows badges": tags,
    }


def said_on_the_page() -> dict[str, tuple[str, str]]:
    """The table of the page: what lies on a unit, and on a kiosk."""
    table = PAGE.read_text().partition("## What a thief gets")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (yes|no) \| (yes|no) \|$", table, re.MULTILINE)
    return {what: (unit, kiosk) for what, unit, kiosk in rows}


def test_the_page_says_what_a_thief_gets(workshop: Workshop) -> None:
    """Each row of the page's table is true of the disk of a real unit, and of a real kiosk."""
    for member, uid in NUMBERS.items():
        tell_twin(Twin(workshop.url, workshop.token), MASTER, member, uid)
    said = said_on_the_page()
    for place, (disk, config) in enumerate((unit_disk(workshop), kiosk_disk(workshop))):
        held = secrets(config)
        assert held.keys() | {OWN_KEY} == said.keys()
        for what, values in held.items():
            found = {value.lower().encode() in disk for value in values}
            assert found == {said[what][place] == "yes"}, what
        own = (workshop.folder / config.unit / "unit.key").read_bytes()
        assert said[OWN_KEY][place] == "yes" and own in disk


def test_a_unit_verifies_the_card_that_the_desk_wrote(workshop: Workshop) -> None:
    """From the twin's replica a unit finds the key of the card by its tag, and so does a kiosk, its own."""
    tell_twin(Twin(workshop.url, workshop.token), MASTER, "ana", BLANK)
    folder = workshop.enrolled("unit-2", "saw-1")
    config = load(folder)
    store = ReplicaStore(folder / "replica.db", PublicKey(config.twin_key))
    replica = store.replica()
    store.close()
    assert replica is not None
    owners = replica.owner

    def badge_of(tag: str) -> Badge | None:
        owner = owners(tag)
        return None if owner is None else owner[1]

    key = KeysByTag(bytes.fromhex(config.tag_key), badge_of, MACHINE_KEY)(BLANK)
    assert key == CardKey(MASTER.key(BLANK, MACHINE_KEY)) and key.listed
    assert KeysByTag(bytes.fromhex(config.tag_key), badge_of, MACHINE_KEY)("04FFFFFFFFFFFF") is None
