"""Files of keys: what they may hold, and that what is wrong is said without saying a key."""

from pathlib import Path

import pytest

from hardware.badge_reader.keys import CardKey, KeysError, keys_of, master_of
from hardware.badge_reader.lines import key_line, key_of
from tests.hardware.cards import MASTER, UID

SECRET = "000102030405060708090A0B0C0D0E0F"
DESK = f'{{"master": "{SECRET}", "system": "4E585020416275"}}'
UNIT = f'{{"cards": {{"04a1b2c3d4e5f6": {{"key": "{SECRET}"}}}}}}'
WRONG = [
    "",
    "[]",
    "{}",
    DESK.replace("0F", ""),
    DESK.replace("4E585020416275", ""),
    DESK.replace("4E585020416275", "00" * 30),
    DESK.replace("00010203", "ghij"),
    UNIT.replace("0F", "0F0F"),
    UNIT.replace('{"key"', '["key"').replace('"}}}', '"]}}').replace(": " + f'"{SECRET}"', ""),
]


def written(folder: Path, text: str) -> Path:
    """A file with this in it."""
    path = folder / "keys.json"
    path.write_text(text)
    return path


def test_a_desk_makes_the_key_of_any_card(tmp_path: Path) -> None:
    """A desk's file gives each number its own key, and says that the card may be a stranger."""
    key_for = keys_of(written(tmp_path, DESK))
    assert key_for(UID) == CardKey(MASTER.key(UID, 1), listed=False)
    assert key_for(UID) != key_for("04FFFFFFFFFFFF")
    assert master_of(tmp_path / "keys.json") == MASTER


def test_a_unit_has_the_keys_of_its_cards(tmp_path: Path) -> None:
    """A unit's file gives the keys it lists, whatever case the numbers are in, and no others."""
    key_for = keys_of(written(tmp_path, UNIT))
    assert key_for(UID) == CardKey(bytes.fromhex(SECRET)) and key_for("04FFFFFFFFFFFF") is None


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_wrong_is_an_error_without_a_key(tmp_path: Path, text: str) -> None:
    """What cannot be used is refused with the file's name, and with no part of a key."""
    with pytest.raises(KeysError, match=r"keys\.json") as caught:
        keys_of(written(tmp_path, text))
    assert "0203" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_a_desks_is_an_error(tmp_path: Path) -> None:
    """A desk needs its own file: none, or a unit's, is refused."""
    with pytest.raises(KeysError, match="No such file"):
        master_of(tmp_path / "none.json")
    with pytest.raises(KeysError, match="enrolment desk"):
        master_of(written(tmp_path, UNIT))


@pytest.mark.parametrize("key", [None, CardKey(bytes(16)), CardKey(bytes(16), number=2, listed=False)])
def test_a_key_survives_the_pipe(key: CardKey | None) -> None:
    """What the reader's process is told is what its parent knows."""
    assert key_of(key_line(UID, key)) == (UID, key)


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"uid": "04", "key": ["zz", 1, true]}', b'{"uid": "04", "key": 1}'])
def test_a_key_that_is_none_is_an_error(raw: bytes) -> None:
    """What is no key of a parent is refused."""
    with pytest.raises(ValueError):
        key_of(raw)
