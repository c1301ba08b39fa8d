"""`lisiere reader`, as whoever wires a reader up uses it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.badge_reader.simulated.cards import Ntag215, SoftwareCard
from hardware.badge_reader.simulated.pn532 import Pn532
from tests.hardware.cards import MASTER, UID, Greedy, clone, keys_of, ours

RUN = "import sys; from lisiere.reader.command import command; sys.exit(command(sys.argv[1:]))"


@pytest.fixture
def chip() -> Iterator[Pn532]:
    """A PN532 on a pseudo-terminal."""
    made = Pn532()
    yield made
    made.unplug()


@pytest.fixture
def desk(tmp_path: Path) -> str:
    """The file of an enrolment desk."""
    path = tmp_path / "desk.json"
    path.write_text(json.dumps({"master": MASTER.secret.hex(), "system": MASTER.system.hex()}))
    return str(path)


@pytest.fixture
def unit(tmp_path: Path) -> str:
    """The file of a unit that knows one card."""
    path = tmp_path / "unit.json"
    path.write_text(json.dumps({"cards": {UID: {"key": MASTER.key(UID, 1).hex()}}}))
    return str(path)


def lisiere(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `lisiere reader` to its end."""
    command = (sys.executable, "-c", RUN, *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def tap(chip: Pn532, card: SoftwareCard, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status and what was printed of one tap."""
    chip.cards = [card]
    done = lisiere(chip.path, "--once", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def test_a_number_is_told_as_such(chip: Pn532) -> None:
    """A tag's number is printed in upper-case hexadecimal as identification only, and that is well."""
    status, told = tap(chip, Ntag215(bytes.fromhex(UID)))
    assert status == 0 and told.keys() == {"badge", "strength", "verified", "ms", "frames"}
    assert (told["badge"], told["strength"], told["verified"]) == (UID, "uid", False)


def test_a_card_is_verified_with_either_file(chip: Pn532, desk: str, unit: str) -> None:
    """A card of the workshop is verified at a desk and at a unit, in 18 frames."""
    for keys in (desk, unit):
        status, told = tap(chip, ours(), "--keys", keys)
        assert status == 0 and (told["strength"], told["verified"], told["frames"]) == ("ntag424", True, 18)


def test_a_card_that_fails_is_told_with_the_reason(chip: Pn532, unit: str) -> None:
    """A copy, and a card that asks for time for ever, are not verified: the reason, and exit status 1."""
    for card in (clone(), Greedy(bytes.fromhex(UID), keys_of())):
        status, told = tap(chip, card, "--keys", unit)
        assert status == 1 and told["verified"] is False and told["reason"]


def test_words_are_for_people(chip: Pn532, desk: str) -> None:
    """Without --json a tap is a line that a person reads; what was found is said too."""
    chip.cards = [ours()]
    done = lisiere(chip.path, "--once", "--keys", desk)
    assert "verified" in done.stdout and UID in done.stdout and "PN532" in done.stderr


@pytest.mark.parametrize("path", ["/dev/no-such-port", "pcsc:99", "pcsc:x", "tty"])
def test_without_a_reader_it_says_what_to_check(path: str) -> None:
    """No reader is exit status 2, with the reason and what to look at."""
    done = lisiere(path, "--once")
    assert done.returncode == 2 and path in done.stderr and "check" in done.stderr and not done.stdout


def test_keys_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """A file of keys that is not there is said before anything is opened."""
    done = lisiere("/dev/no-such-port", "--keys", str(tmp_path / "none.json"))
    assert done.returncode == 2 and "none.json" in done.stderr


def test_no_key_is_printed(chip: Pn532, desk: str) -> None:
    """Neither the master key nor the card's is anywhere in what is printed."""
    chip.cards = [ours()]
    done = lisiere(chip.path, "--once", "--json", "--keys", desk)
    printed = (done.stdout + done.stderr).lower()
    assert MASTER.secret.hex() not in printed and MASTER.key(UID, 1).hex() not in printed
